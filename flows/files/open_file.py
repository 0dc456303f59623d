"""Open file: a file's bytes or text, unzipped where its name says so (SPEC 2.1)."""

import gzip
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from threading import Event
from typing import IO, AnyStr, Final

from schemas.raw import LONGEST_RAW, LONGEST_ROW, Unreadable

LARGEST_CHUNK: Final = 64 << 20
"""Characters of the rows of a chunk that are read one by one: Python holds them in several times as
much memory."""

PORTION: Final = 1 << 20
"""Bytes read at once."""

LONGEST_SKIPPED: Final = 256 << 20
"""Characters of a line that are passed over to find the next one. A few kilobytes of gzip unzip to
gigabytes of one line, and nobody wants to wait for its end."""


LARGEST_UNZIPPED: Final = 16 << 30
"""Bytes. What can't be read as it is unzipped is written to disk, and a few megabytes may fill
it."""


def open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def check_unzips(path: Path, given_up: Event) -> None:
    """Read a gzipped file to its end: DuckDB doesn't compare its checksums.

    Raises BadGzipFile, EOFError or zlib.error where its content isn't what was zipped.
    """
    if path.suffix.lower() == ".gz":
        with open_bytes(path) as file:
            while not given_up.is_set() and file.read(PORTION):
                pass


def open_text(path: Path, encoding: str = "utf-8-sig") -> TextIOWrapper:
    return TextIOWrapper(open_bytes(path), encoding=encoding, newline="")


def copy_unzipped(unzipped: IO[AnyStr], target: IO[AnyStr], passed: int = 0) -> int:
    """Write what comes unzipped to disk. passed: bytes written before. Returns bytes with these.

    Raises Unreadable where there is no end to it.
    """
    while portion := unzipped.read(PORTION):
        passed += target.write(portion)
        if passed > LARGEST_UNZIPPED:
            raise too_large(LARGEST_UNZIPPED)
    return passed


def too_large(most: int) -> Unreadable:
    return Unreadable(
        "file_too_large",
        f"it unzips to more than {most >> 30} GiB; send it in parts, or as Parquet, which is "
        "compressed by itself",
    )


def separator_named(line: str) -> str | None:
    """The separator that a first line `sep=;` names, as spreadsheets write it; it is no row."""
    found = re.fullmatch(r'"?sep=([,;\t|])"?', line.strip("\r\n "), re.IGNORECASE)
    return found and found[1]


def lines_of(text: IO[str]) -> Iterator[tuple[str, int | None]]:
    """The lines of a text with their ends; of one longer than a row may be only the beginning.

    Beside such a beginning stands the number of quotes in all of its line, beside others null.
    Raises Unreadable where a line goes on and on.
    """
    while line := text.readline(LONGEST_ROW):
        if len(line) < LONGEST_ROW or line.endswith(("\n", "\r")):
            yield line, None
            continue
        passed, quotes, rest = len(line), line.count('"'), line
        while rest and not rest.endswith(("\n", "\r")):
            rest = text.readline(LONGEST_ROW)
            passed += len(rest)
            quotes += rest.count('"')
            if passed > LONGEST_SKIPPED:
                raise Unreadable(
                    "row_too_long",
                    f"a line is longer than {LONGEST_SKIPPED >> 20} Mi characters; "
                    "write each row on a line of its own, and send the file again",
                )
        yield line[:LONGEST_RAW], quotes
