"""Build: a day's folder and the database that others read, beside the live ones (SPEC 8.1, 8.4)."""

from datetime import date, timedelta
from glob import escape
from pathlib import Path
from typing import Final

import polars as pl

from flows.night.reconcile import Unreconciled
from flows.published.views import ORDER, select
from flows.state.manifest import write_manifest
from flows.state.warehouse import Connection
from schemas.published import CLOSING, PUBLISHED, TABLES
from schemas.settings import Settings

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
        # Of a lazy frame pandera looks at columns and types alone, which is what is wanted here.
        parquet = pl.scan_parquet(folder / f"{name}.parquet", glob=False)
        PUBLISHED[name.removesuffix(OF_CHANGES)].validate(parquet)
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
        f"COPY ({query}) TO $path (FORMAT parquet)", {"path": path, **used}
    ).fetchall()
    return int(rows)


def _reconcile(warehouse: Connection) -> None:
    for figure, one, other in warehouse.execute(select("reconciliation")).fetchall():
        if one != other:
            raise Unreconciled(f"{figure}: {one} and {other}")
