"""Errors: what the disk or DuckDB complained of, in one line with what to do (SPEC 10.1)."""

import errno
import re
from typing import Final

import duckdb

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
IS_FULL: Final = re.compile(r"No space left on device|Disk quota exceeded")
IS_BROKEN: Final = re.compile(
    r"Corrupt|not a valid DuckDB database|Could not read (enough bytes )?from file|replaying WAL"
)
BROKEN: Final = (duckdb.InternalException, duckdb.FatalException, duckdb.SerializationException)


def error_message(error: OSError | duckdb.Error) -> str:
    """One line. It says nothing of what has changed: after the commit, publishing may be left."""
    if isinstance(error, OSError):
        is_full = error.errno in FULL
        file = error.filename2 or error.filename
        reason = f"{file}: {error.strerror}" if file else error.strerror or str(error)
    else:
        # The first line may say no more than that a checkpoint failed; the cause stands below.
        reason = " ".join(str(error).split())
        is_full = IS_FULL.search(reason) is not None
        written = re.search(r'Could not write file \\?"([^"\\]+)', reason)
        if is_full and written:
            reason = f"{written[1]} can't be written: no space left on its disk"
        elif isinstance(error, BROKEN) or IS_BROKEN.search(reason):
            return f"the warehouse is damaged ({reason}); `lotwise rebuild` makes it anew"
        elif "Could not set lock" in reason:
            return f"{reason.partition('. See also')[0]}; close it there and run it again"
    return f"{reason}; {'make space and ' if is_full else ''}run it again"
