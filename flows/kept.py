"""Kept: what a file has left in the night's tables so far, and how much of it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from flows.warehouse import Connection, load, save
from schemas.settings import Kind
from transforms.parse import UTC_INSTANT
from transforms.rows import PAGES
from transforms.validate import count_breaches

TABLES: Final[dict[Kind, str]] = {
    "inventory": "counts",
    "adjustments": "adjustments",
    "orders": "orders",
    "cancellations": "cancellations",
    "shipments": "shipments",
}
"""Kind: the night's table of its kept rows."""


@dataclass(frozen=True)
class Stamp:
    """What is written beside a file's rows: its name, its day, and the run and its day."""

    file: str
    kind: Kind
    day: date
    run_day: date
    run: int


@dataclass
class Tally:
    """What is known of a file on the way through it.

    kept: rows by kind. keys: row, key by kind, a list of frames for each rule among rows. broken:
    rule, rows, first.
    """

    header: tuple[str, ...] = ()
    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    kept: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))
    unknown: frozenset[str] | None = None
    broken: list[pl.DataFrame] = field(default_factory=list)
    keys: dict[Kind, list[list[pl.DataFrame]]] = field(default_factory=dict)


def reject(night: Connection, rejects: pl.DataFrame, stamp: Stamp, tally: Tally) -> None:
    """Write down rejects: row, kind, rule, column, value, raw."""
    save(night, "rejects", rejects, file=stamp.file, day=stamp.run_day, run=stamp.run)
    tally.rejected += rejects.get_column("row").n_unique()
    tally.broken.append(count_breaches(rejects))


def kept_rows(night: Connection, stamp: Stamp, kind: Kind, rows: pl.Series) -> pl.DataFrame:
    """The file's kept rows of these numbers, in their order."""
    night.register("wanted", rows.to_frame())
    query = f'FROM "{TABLES[kind]}" SEMI JOIN wanted USING (row) WHERE file = $file ORDER BY row'
    found = load(night, query, file=stamp.file)
    night.unregister("wanted")
    return found.with_columns(pl.col(PAGES[kind].instant).cast(UTC_INSTANT))


def take_out(night: Connection, stamp: Stamp, kind: Kind, rows: pl.Series, tally: Tally) -> None:
    """Delete kept rows."""
    if rows.len():
        night.register("gone", rows.to_frame())
        night.execute(
            f'DELETE FROM "{TABLES[kind]}" WHERE file = $file AND row IN (SELECT row FROM gone)',  # noqa: S608
            {"file": stamp.file},
        )
        night.unregister("gone")
        tally.kept[kind] -= rows.len()
