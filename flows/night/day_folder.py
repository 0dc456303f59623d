"""Build: a day's folder and the database that others read, beside the live ones (SPEC 8.1, 8.4)."""

from datetime import date
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl

from flows.night.reconcile import Unreconciled
from flows.published.views import select, select_in_order
from flows.state.manifest import write_manifest
from flows.state.warehouse import Connection
from schemas.published import PUBLISHED, TABLES
from schemas.settings import Settings


def build_day(warehouse: Connection, settings: Settings, day: date, folder: Path) -> dict[str, int]:
    """Write the day's facts and closing state to an empty place. Returns the rows of each table.

    Raises Unreconciled where tables contradict each other.
    """
    _reconcile(warehouse)
    folder.mkdir(parents=True)
    rows = {table: _write(warehouse, table, day, folder) for table in written_tables(settings)}
    write_manifest(warehouse, day, folder / "manifest")
    for csv in settings.csv_tables:
        warehouse.execute(
            "COPY (FROM read_parquet($source)) TO $target (FORMAT csv, HEADER)",
            {
                "source": escape(str(folder / f"{csv}.parquet")),
                "target": str(folder / f"{csv}.csv"),
            },
        )
    for table in rows:
        # Of a lazy frame pandera looks at columns and types alone, which is what is wanted here.
        PUBLISHED[table].validate(pl.scan_parquet(folder / f"{table}.parquet", glob=False))
    return rows


def written_tables(settings: Settings) -> list[str]:
    """The tables that a day's folder has as Parquet: what views can tell is left to them."""
    return [*TABLES, *(name for name in settings.csv_tables if name not in TABLES)]


def _write(warehouse: Connection, table: str, day: date, folder: Path) -> int:
    query = select_in_order(table)
    values: dict[str, Any] = {"path": str(folder / f"{table}.parquet")}
    if "$first_day" in query:
        values |= {"first_day": day, "last_day": day}
    ((rows,),) = warehouse.execute(f"COPY ({query}) TO $path (FORMAT parquet)", values).fetchall()
    return int(rows)


def _reconcile(warehouse: Connection) -> None:
    for figure, one, other in warehouse.execute(select("reconciliation")).fetchall():
        if one != other:
            raise Unreconciled(f"{figure}: {one} and {other}")
