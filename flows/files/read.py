"""Read: a file's rows as text, as they stand in it, the reader chosen by suffix (SPEC 2.1).

A file is read in chunks of rows. Where there are two readers, the first is quick, and gives up as
soon as it can't be sure of what it read; the second takes the file from its beginning.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from flows.files.encoding import UTF8, as_text
from flows.files.formats import Format, Plain, in_zip, plain_files
from flows.files.read_csv import read_csv_exactly, read_csv_quickly
from flows.files.read_json import read_json, read_ndjson_exactly
from flows.files.read_ndjson import read_ndjson_quickly
from flows.files.read_parquet import read_parquet
from flows.files.read_workbook import read_workbook
from schemas.raw import CELLS, PLAIN, Layout, Misread, RawRows, Unreadable

T = TypeVar("T")
Chunks = Iterator[RawRows]
Reader = Callable[[Path, int], Chunks]

SMALL: Final = 1 << 16
"""Bytes of a file that is read before a quick reader is set up."""


def read(path: Path, layout: Layout = PLAIN) -> RawRows:
    """Every row of a file at once. Raises Unreadable."""
    return read_through(path, RawRows.together, layout)


def read_through(
    path: Path, through: Callable[[Chunks], T], layout: Layout = PLAIN, cells: int = CELLS
) -> T:
    """What `through` makes of the rows of a file of any format of SPEC 2.1.

    It is given at least one chunk, each of about so many `cells`, in the order of the file. It is
    called anew where the first reader misread the file, so it must begin with nothing.
    Raises Unreadable where the file as a whole makes no sense, with the rule and what to do.
    """
    with plain_files(path, layout) as files:
        *quick, exact = _readers(files[0].format, layout)
        if all(file.path.stat().st_size <= SMALL for file in files):
            return through(_rows(files, exact, cells))
        for reader in quick:
            with suppress(Misread):
                return through(_ahead(_rows(files, reader, cells)))
        return through(_ahead(_rows(files, exact, cells)))


def _readers(of: Format, layout: Layout) -> tuple[Reader, ...]:
    if of == "CSV":
        readers = (read_csv_quickly, read_csv_exactly)
        return tuple(partial(reader, footer=layout.footer) for reader in readers)
    if of == "XLSX":
        return (partial(read_workbook, layout=layout),)
    if of == "NDJSON":
        return (read_ndjson_quickly, read_ndjson_exactly)
    return (read_json,) if of == "JSON" else (read_parquet,)


def _rows(files: list[Plain], reader: Reader, cells: int) -> Chunks:
    """The rows of one file, or of those of a ZIP as of one: numbered on, columns as in the first.

    Raises Unreadable where another one has other columns.
    """
    header = None
    passed = 0
    for file in files:
        skipped, last = file.skipped, 0
        with in_zip(file.name), as_text(file.path, UTF8, None):
            for chunk in reader(file.path, cells):
                header = header or chunk.header
                last = max(last, chunk.last_row)
                told = replace(chunk, ignored=chunk.ignored + skipped)
                yield _as_in(header, told).numbered_on(passed)
                skipped = 0
        passed += last


def _as_in(header: tuple[str, ...], chunk: RawRows) -> RawRows:
    if chunk.header == header:
        return chunk
    names = [name.strip() for name in header]
    theirs = [name.strip() for name in chunk.header]
    if sorted(theirs) != sorted(names) or len({*names}) < len(names):
        raise Unreadable(
            "other_columns", "its columns are not those of the first file; zip it by itself"
        )
    texts = [
        pl.col(f"c{theirs.index(name)}").alias(f"c{place}") for place, name in enumerate(names)
    ]
    return replace(chunk, header=header, rows=chunk.rows.select("row", *texts))


def _ahead(chunks: Chunks) -> Chunks:
    """The next chunk is read while one is looked at."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            yield chunk
