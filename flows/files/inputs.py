"""Inputs: contents of taken files, kept by their SHA-256 so that a rebuild can read them again.

A file that was corrected or that grew in place is no longer in the inbox as an earlier run took it.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

import duckdb

from flows.settings import Places

CHUNK: Final = 1 << 20

LONGEST_SUFFIX: Final = 40
"""Characters. Of a name full of dots all may be suffix."""

# Of a file refused or repeated nothing was taken, so nobody will read it again.
TAKEN: Final = """
    SELECT taken.copy, taken.sha256
    FROM night.taken
    JOIN night.files USING (file, sha256)
    WHERE files.status = 'taken'
"""


def copy_input(path: Path, copy: Path) -> str:
    """Copy a file. Returns the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def spelled_out(name: str) -> str:
    """A file's name, bytes of it that are no UTF-8 spelled out: no table can hold them."""
    return os.fsencode(name).decode(errors="backslashreplace")


def suffixes_of(path: Path) -> str:
    """What tells a file's reader, such as `.csv` or `.csv.gz`; no longer than a name may be."""
    suffixes = "".join(path.suffixes[-2:]) if path.suffix.lower() == ".gz" else path.suffix
    return suffixes[:LONGEST_SUFFIX]


def kept_input(places: Places, sha256: str, name: str) -> Path:
    """Where the content of a file called `name` is kept."""
    return places.inputs / f"{sha256}{suffixes_of(Path(name))}"


def keep_inputs(warehouse: duckdb.DuckDBPyConnection, places: Places) -> None:
    """Move the night's copies of taken files to where a rebuild looks for them."""
    places.inputs.mkdir(exist_ok=True)
    for copy, sha256 in warehouse.execute(TAKEN).fetchall():
        Path(copy).replace(kept_input(places, sha256, copy))
