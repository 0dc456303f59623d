"""Rows not posted: those that no movement speaks for and that carry a recalled lot (SPEC 7.2.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from flows.files.read import Chunks
from flows.files.read_input import reading_of
from flows.night.take import Input
from flows.settings import Places
from flows.state.warehouse import Connection, load, sql
from schemas.raw import Unreadable
from schemas.settings import Settings
from transforms.possible_lots import alike
from transforms.recall_rows import rows_that_carry
from transforms.take import source_of

MOST_BYTES: Final = 256 << 20
"""Of files that are read for a report, in all. Of more none is read: the report names them."""

REJECTED: Final = {
    "file": pl.String,
    "row": pl.Int64,
    "kind": pl.String,
    "rule": pl.String,
    "raw": pl.String,
}
NOT_TAKEN: Final = {
    "file": pl.String,
    "row": pl.Int64,
    "kind": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
    "raw": pl.String,
}


@dataclass(frozen=True)
class NotTaken:
    """A file of the inbox of which no row was taken: unread or refused, and why."""

    file: str
    kind: str
    path: Path
    outcome: str
    reason: str


def rows_not_posted(
    published: Connection,
    places: Places,
    settings: Settings,
    lots: list[str],
    records: pl.DataFrame,
    files: list[NotTaken],
) -> pl.DataFrame:
    """As RecallRows: rows that wait, were rejected, or stand in files of which none was taken.

    files: those that are looked through (see `searched`).
    """
    published.register("left_rejects", _left_rejects(published, places))
    listed = load(published, sql("recalls", "rows.sql"))
    read = [_carrying(one, settings, lots) for one in files]
    listed = pl.concat([listed, *read], how="diagonal")
    here = [*records.select("location_code", "upc").unique().iter_rows()]
    found = rows_that_carry(listed, lots, here)
    published.register("carried", found.select("order_id").drop_nulls().unique())
    customers = load(
        published,
        """
        SELECT order_id, any_value(customer_id) AS customer_id
        FROM state.lines SEMI JOIN carried USING (order_id)
        GROUP BY order_id
        """,
    )
    return found.join(customers, on="order_id", how="left", maintain_order="left")


def searched(files: list[NotTaken]) -> tuple[list[NotTaken], list[str]]:
    """The files whose rows are looked through for a report, and names of those that are too much
    for that."""
    if sum(one.path.stat().st_size for one in files) <= MOST_BYTES:
        return files, []
    return [], [one.file for one in files]


def _left_rejects(published: Connection, places: Places) -> pl.DataFrame:
    """Rejects of days that have left the database for their folders."""
    days = load(published, "FROM state.left_days ORDER BY day").get_column("day")
    paths = [places.day_folder(day) / "rejects.parquet" for day in days]
    told = [pl.scan_parquet(path, glob=False).collect() for path in paths if path.is_file()]
    return pl.concat([pl.DataFrame(schema=REJECTED), *(one.select(REJECTED) for one in told)])


def not_read(unread: list[Input]) -> list[NotTaken]:
    """Files that no night has read."""
    why = "no night has read it"
    return [NotTaken(one.file, one.kind, one.path, "unread", why) for one in unread]


def refused_files(published: Connection, inbox: list[Input]) -> Iterator[NotTaken]:
    """Files that were refused, and stand in the inbox as they were then."""
    refused = load(
        published,
        """
        SELECT file, any_value(size) AS size, any_value(reason) AS reason
        FROM state.files
        WHERE status = 'refused'
        GROUP BY file
        """,
    )
    why = {file: (size, reason) for file, size, reason in refused.iter_rows()}
    for one in inbox:
        size, reason = why.get(one.file, (None, ""))
        if not one.is_foreign and one.path.stat().st_size == size:
            yield NotTaken(one.file, one.kind, one.path, "refused", reason)


def _carrying(one: NotTaken, settings: Settings, lots: list[str]) -> pl.DataFrame:
    """Rows of a file that have a cell that reads like one of the lots."""
    _, _, name = one.file.partition("/")
    reading = reading_of(one.path, one.file, source_of(one.kind, name, settings.sources))

    def through(chunks: Chunks) -> list[pl.DataFrame]:
        found = []
        for raw in chunks:
            cells = [column for column in raw.rows.columns if column != "row"]
            rows = [
                raw.rows.filter(pl.col(cell).is_in(alike(raw.rows[cell], lots).implode()))
                for cell in cells
            ]
            numbers = pl.concat([raw.rows.head(0), *rows]).get_column("row").unique().sort()
            # Rows that fit no header come along: what they carry is looked for in their text.
            found.append(raw.as_json(numbers))
        return found

    try:
        found = reading(through)
    except Unreadable:
        # It is told by its name among those that no night has read, or was refused for it.
        found = []
    told = pl.concat([pl.DataFrame(schema={"row": pl.Int64, "raw": pl.String}), *found])
    stamped = told.with_columns(
        file=pl.lit(one.file),
        kind=pl.lit(one.kind),
        outcome=pl.lit(one.outcome),
        reason=pl.lit(one.reason),
    )
    return stamped.select(pl.col(name).cast(of) for name, of in NOT_TAKEN.items())
