"""DuckDB chunks: rows of a file by DuckDB, in chunks, as long as it is sure of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any, Final

import duckdb
import polars as pl
from pyarrow import ArrowException

from schemas.raw import Misread

MEMORY: Final = "1GiB"
"""What DuckDB may hold of a file, however many threads read it."""

MOST_BYTES: Final = 256 << 20
"""Bytes of the rows of a chunk that DuckDB reads: rows may be long, if not as long as to be read
one by one."""


PATIENCE: Final = 20
"""Seconds in which DuckDB is to come to a row. It looks for the end of one to the end of the file;
whoever waits for no reason loses time only, since the exact reader reads the same."""


@contextmanager
def reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to read a file with. Raises Misread where DuckDB can't read it."""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET produce_arrow_string_view = true")
        connection.execute("SET enable_progress_bar = false")
        try:
            yield connection
        except (duckdb.Error, ArrowException, OSError) as error:
            # What DuckDB finds on the way comes through Arrow, as an error of its own.
            raise Misread from error


def quick_chunks(
    connection: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, height: int
) -> Iterator[pl.DataFrame]:
    """A relation's rows in its order, in frames of about so many rows."""
    batches: list[pl.DataFrame] = []
    size = told = 0
    with _impatient(connection):
        reader = rows.to_arrow_reader(height)
    while (batch := _next_batch(connection, reader)) is not None:
        batches.append(pl.DataFrame(batch))
        size += batch.nbytes
        told += batch.num_rows
        if told >= height or size >= MOST_BYTES:
            yield pl.concat(batches, rechunk=True)
            batches, size, told = [], 0, 0
    if batches:
        yield pl.concat(batches, rechunk=True)


def _next_batch(connection: duckdb.DuckDBPyConnection, reader: Iterator[Any]) -> Any:
    with _impatient(connection):
        return next(reader, None)


@contextmanager
def _impatient(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    timer = Timer(PATIENCE, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
