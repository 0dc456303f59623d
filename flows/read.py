"""Read: a file's rows as text, as they stand in it, the reader chosen by suffix (SPEC 2.1).

A file is read in chunks of rows. Where there are two readers, the first is quick, and gives up as
soon as it can't be sure of what it read; the second takes the file from its beginning.
"""

import gzip
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from flows.opened import PORTION, open_bytes
from flows.read_csv import read_csv_exactly, read_csv_quickly
from flows.read_json import read_json, read_ndjson_exactly
from flows.read_ndjson import read_ndjson_quickly
from flows.read_parquet import read_parquet
from schemas.raw import CELLS, Misread, RawRows, Unreadable

T = TypeVar("T")
Chunks = Iterator[RawRows]
Reader = Callable[[Path, int], Chunks]

SMALL: Final = 1 << 16
"""Bytes of a file that is read before a quick reader is set up."""

READERS: Final[dict[str, tuple[Reader, ...]]] = {
    ".csv": (read_csv_quickly, read_csv_exactly),
    ".tsv": (read_csv_quickly, read_csv_exactly),
    ".json": (read_json,),
    ".ndjson": (read_ndjson_quickly, read_ndjson_exactly),
    ".jsonl": (read_ndjson_quickly, read_ndjson_exactly),
    ".parquet": (read_parquet,),
}


def read(path: Path) -> RawRows:
    """Every row of a file at once. Raises Unreadable."""
    return read_through(path, RawRows.together)


def read_through(path: Path, through: Callable[[Chunks], T], cells: int = CELLS) -> T:
    """What `through` makes of the rows of a CSV, JSON, NDJSON or Parquet file, gzipped or not.

    It is given at least one chunk, each of about so many `cells`, in the order of the file. It is
    called anew where the first reader misread the file, so it must begin with nothing.
    Raises Unreadable where the file as a whole makes no sense, with the rule and what to do.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else path.suffix.lower()
    if suffix not in READERS:
        known = ", ".join(READERS)
        raise Unreadable("unknown_suffix", f"no reader for '{suffix}'; Lotwise reads {known}")
    *quick, exact = READERS[suffix]
    if path.stat().st_size <= SMALL:
        return through(_told(path, exact(path, cells)))
    for reader in quick:
        with suppress(Misread):
            return through(_ahead(_told(path, reader(path, cells))))
    return through(_ahead(_told(path, exact(path, cells))))


def _ahead(chunks: Chunks) -> Chunks:
    """The next chunk is read while one is looked at."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            yield chunk


def _told(path: Path, chunks: Chunks) -> Chunks:
    try:
        yield from _in_utf8(path, chunks)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable("not_gzip", f"{error}; send the file again") from error


def _in_utf8(path: Path, chunks: Chunks) -> Chunks:
    try:
        yield from chunks
    except UnicodeDecodeError as error:
        line = _first_line_not_in_utf8(path)
        raise Unreadable("not_utf8", f"line {line} is not UTF-8; save the file as UTF-8") from error
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])
        raise Unreadable(
            "not_utf8", f"{half} is half of a character; write UTF-8, and send the file again"
        ) from error


def _first_line_not_in_utf8(path: Path) -> int:
    number = 1
    decoder = getincrementaldecoder("utf-8")()
    with open_bytes(path) as file:
        try:
            while portion := file.read(PORTION):
                number += decoder.decode(portion).count("\n")
        except UnicodeDecodeError as error:
            number += error.object[: error.start].count(b"\n")
    return number
