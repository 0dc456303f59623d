"""Day folder: a day's facts and closing state, beside the published ones (SPEC 8.1, 8.4)."""

from collections.abc import Mapping
from datetime import date, timedelta
from glob import escape
from pathlib import Path
from typing import Final

import polars as pl

from flows.night.reconcile import Unreconciled
from flows.published.views import select
from flows.state.manifest import write_manifest
from flows.state.warehouse import Connection, sql
from schemas.published import CLOSING, PUBLISHED, TABLES
from schemas.settings import Settings

ORDER: Final = {
    "inventory": "stock.inventory_id",
    "order_lines": "lines.line_no",
    "allocated": "allocations.line_no, allocations.inventory_id",
    "fulfilled": "ALL",
    "shipment_lines": "ALL",
    "shortages": "ALL",
    "aggregate_by_upc": "upc",
    "aggregate_by_location": "location_code, upc, segment",
    "waiting": "ALL",
    "discrepancies": "ALL",
    "in_transit": "ALL",
    "movements": "movements.movement_id",
    "rejects": "ALL",
    "files": "ALL",
    "runs": "run",
}
"""Table: what its rows are written in the order of, so that they are the same bytes each time."""

WRITTEN: Final = ("inventory", "order_lines", "allocated", "shortages", "fulfilled", "movements")
"""Tables with a row for each of the state's."""

OF_CHANGES: Final = "_changes"

CHANGED: Final = {
    "inventory": "stock.inventory_id IN (SELECT inventory_id FROM state.record_state WHERE {})",
    "order_lines": "lines.line_no IN (SELECT line_no FROM state.line_state WHERE {})",
    "allocated": "lines.line_no IN (SELECT line_no FROM state.line_state WHERE {})",
}
"""Table of what stands: which of its rows a day has changed."""


def build_day(warehouse: Connection, settings: Settings, day: date, folder: Path) -> dict[str, int]:
    """Write the day's facts and closing state to an empty place. Returns the rows of each table.

    Raises Unreconciled where tables contradict each other.
    """
    _reconcile(warehouse)
    folder.mkdir(parents=True)
    # Several tables ask for it, and a view is worked out anew each time.
    warehouse.execute("CREATE OR REPLACE TEMP TABLE stock AS FROM state.stock")
    rows = {name: _write(warehouse, name, day, folder) for name in written_tables(settings, day)}
    _reconcile_written(warehouse, rows, day, folder)
    write_manifest(warehouse, day, folder / "manifest")
    for table in csv_files(settings, day):
        warehouse.execute(
            "COPY (FROM read_parquet($source)) TO $target (FORMAT csv, HEADER)",
            {
                "source": escape(str(folder / f"{table}.parquet")),
                "target": str(folder / f"{table}.csv"),
            },
        )
    for name in rows:
        _see_columns(name, folder)
    return rows


def written_tables(settings: Settings, day: date) -> list[str]:
    """The files of Parquet that a day's folder has; what views can tell is left to them."""
    named = [name for name in settings.csv_tables if name not in TABLES]
    whole = _is_whole(settings, day)
    return [
        *(name if whole or name not in CLOSING else f"{name}{OF_CHANGES}" for name in TABLES),
        *named,
    ]


def csv_files(settings: Settings, day: date) -> list[str]:
    """The tables that a day's folder has as CSV."""
    whole = _is_whole(settings, day)
    return [name for name in settings.csv_tables if whole or name not in CLOSING]


def _is_whole(settings: Settings, day: date) -> bool:
    is_last_of_month = (day + timedelta(days=1)).day == 1
    return settings.closing == "daily" or (settings.closing == "month_end" and is_last_of_month)


def _write(warehouse: Connection, name: str, day: date, folder: Path) -> int:
    table = name.removesuffix(OF_CHANGES)
    of_day = f"WHERE {CHANGED[table].format('changed_on = $day')}" if name != table else ""
    rows_of = select(table).replace("FROM state.stock", "FROM temp.stock")
    query = f"{rows_of} {of_day} ORDER BY {ORDER[table]}"
    days = {"day": day, "first_day": day, "last_day": day}
    used = {name: value for name, value in days.items() if f"${name}" in query}
    path = str(folder / f"{name}.parquet")
    ((rows,),) = warehouse.execute(
        f"COPY ({query}) TO $path (FORMAT parquet, PARQUET_VERSION v2)", {"path": path, **used}
    ).fetchall()
    return int(rows)


def _see_columns(name: str, folder: Path) -> None:
    """A file has the columns and types that the schema of its table tells."""
    schema = PUBLISHED[name.removesuffix(OF_CHANGES)].to_schema()
    told = {column: field.dtype.type for column, field in schema.columns.items()}
    # Not read_parquet_schema: to it the brackets of a folder's name are a pattern.
    file = pl.scan_parquet(folder / f"{name}.parquet", glob=False)
    written = dict(file.collect_schema())
    if written != told:
        raise Unreconciled(f"{name}.parquet has columns {written}, its schema tells {told}")


def _reconcile(warehouse: Connection) -> None:
    _agree(warehouse.execute(select("reconciliation")).fetchall())


def _reconcile_written(
    warehouse: Connection, rows: Mapping[str, int], day: date, folder: Path
) -> None:
    """A join may lose a row that no sum tells of. Of what a day has not whole, no rows are told."""
    told = {name: rows.get(name) for name in WRITTEN}
    by_upc, by_location = (
        escape(str(folder / f"aggregate_by_{of}.parquet")) for of in ("upc", "location")
    )
    values = {"by_upc": by_upc, "by_location": by_location, "day": day, **told}
    _agree(warehouse.execute(sql("night", "written.sql"), values).fetchall())


def _agree(figures: list[tuple[str, int | None, int]]) -> None:
    for figure, one, other in figures:
        if one is not None and one != other:
            raise Unreconciled(f"{figure}: {one} and {other}")
