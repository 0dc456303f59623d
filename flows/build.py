"""Build: a day's folder and the database that others read, beside the live ones (SPEC 8.1, 8.4).

All of it is told by the warehouse. Of the live database only the movements of earlier days are used
again, so that a night doesn't pay for the history of ninety; they are compared first.
"""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from glob import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import duckdb
import pandera.polars as pa
import polars as pl

from flows.manifest import write_manifest, write_size
from flows.reconcile import Unreconciled
from flows.warehouse import Connection, connected
from schemas.published import PUBLISHED, TABLES, VIEWS
from schemas.settings import Settings

READABLE_SINCE: Final = "v1.4.0"
"""Storage version of the published database; DuckDB 1.4 reads it."""

# A movement never changes and ids leave no gap, so these three tell whether all of them are there.
MOVEMENTS: Final = """
    SELECT count(*), min(movement_id), max(movement_id)
    FROM movements
    WHERE day BETWEEN $first_day AND $last_day
"""

# Views first: they stand on the tables.
OTHERS: Final = """
    SELECT 'VIEW', view_name FROM duckdb_views() WHERE database_name = 'published' AND NOT internal
    UNION ALL
    SELECT 'TABLE', table_name FROM duckdb_tables()
    WHERE database_name = 'published' AND table_name <> 'movements'
"""

Days = Mapping[str, date]
"""first_day and last_day."""


def build(
    warehouse: Connection, settings: Settings, day: date, staged: Path, live: Path | None
) -> dict[str, int]:
    """Write the folder `day` and `lotwise.duckdb` of the last `history_days` into `staged`.

    live: the database published before, to go on from where it fits. Returns the rows of each
    table of the day. Raises Unreconciled where tables contradict each other.
    """
    for folder in (staged / "day", staged / "history"):
        folder.mkdir(parents=True)
    today = {"first_day": day, "last_day": day}
    before = {
        "first_day": day - timedelta(days=settings.history_days - 1),
        "last_day": day - timedelta(days=1),
    }
    database = staged / "lotwise.duckdb"
    goes_on = live is not None and _has_movements(warehouse, live, before)
    if live is not None and goes_on:
        shutil.copyfile(live, database)
    warehouse.execute(f"CREATE OR REPLACE TEMP VIEW published_inventory AS {_select('inventory')}")
    rows = {}
    with connected() as builder:
        _open(builder, database, before if goes_on else None)
        # Each table goes into the database while the next one is written beside.
        with ThreadPoolExecutor(1) as beside:
            added = []
            for table in TABLES:
                query = _select(table)
                is_fact = "$first_day" in query
                path = staged / "day" / f"{table}.parquet"
                rows[table] = _write(warehouse, query, path, today if is_fact else {})
                if is_fact and not (table == "movements" and goes_on):
                    _write(warehouse, query, staged / "history" / f"{table}.parquet", before)
                added.append(beside.submit(_add_table, builder, staged, table))
            write_manifest(warehouse, day, staged / "day" / "manifest")
            for one in added:
                one.result()
        _add_views(builder)
        _reconcile(builder)
        builder.execute("COMMIT")
        rows["shipment_lines"] = _write(
            builder,
            "FROM shipment_lines ORDER BY order_id, line_id, condition, serial_number",
            staged / "day" / "shipment_lines.parquet",
            {},
        )
        builder.execute("USE memory")
        builder.execute("DETACH published")
        write_size(database, staged / "day")
        for table in settings.csv_tables:
            builder.execute(
                "COPY (FROM read_parquet($source)) TO $target (FORMAT csv, HEADER)",
                {
                    "source": escape(str(staged / "day" / f"{table}.parquet")),
                    "target": str(staged / "day" / f"{table}.csv"),
                },
            )
    for table, schema in PUBLISHED.items():
        # Of a lazy frame pandera looks at columns and types alone, which is what is wanted here.
        schema.validate(pl.scan_parquet(staged / "day" / f"{table}.parquet", glob=False))
    return rows


def _has_movements(warehouse: Connection, live: Path, before: Days) -> bool:
    """The live database has the movements of the days before as the warehouse has them."""
    expected = warehouse.execute(MOVEMENTS, before).fetchall()
    try:
        with connected(live, read_only=True) as published:
            columns = [name for name, *_ in published.execute("DESCRIBE movements").fetchall()]
            found = published.execute(MOVEMENTS, before).fetchall()
    except duckdb.Error:
        # Not ours, or broken: all of it is built anew.
        return False
    return found == expected and columns == list(TABLES["movements"].to_schema().columns)


def _write(connection: Connection, query: str, path: Path, days: Mapping[str, Any]) -> int:
    ((rows,),) = connection.execute(
        f"COPY ({query}) TO $path (FORMAT parquet)", {"path": str(path), **days}
    ).fetchall()
    return int(rows)


def _open(builder: Connection, database: Path, before: Days | None) -> None:
    """Begin to fill a database; one that goes on keeps its movements of the days `before`."""
    builder.execute(
        f"ATTACH $path AS published (STORAGE_VERSION '{READABLE_SINCE}')", {"path": str(database)}
    )
    builder.execute("USE published")
    # In one transaction the file is written once, at its end.
    builder.execute("BEGIN")
    if before is None:
        return
    for kind, name in builder.execute(OTHERS).fetchall():
        builder.execute(f'DROP {kind} "{name}"')
    builder.execute("DELETE FROM movements WHERE day NOT BETWEEN $first_day AND $last_day", before)


def _add_table(builder: Connection, staged: Path, table: str) -> None:
    parts = [staged / folder / f"{table}.parquet" for folder in ("history", "day")]
    goes_on = table == "movements" and not parts[0].exists()
    make = "INSERT INTO movements" if goes_on else f'CREATE TABLE "{table}" AS'
    builder.execute(
        f"{make} FROM read_parquet($parts)",
        {"parts": [escape(str(part)) for part in parts if part.exists()]},
    )
    if not goes_on:
        _comment(builder, "TABLE", table, TABLES[table])


def _add_views(builder: Connection) -> None:
    for view, schema in VIEWS.items():
        builder.execute(f'CREATE VIEW "{view}" AS {_select(view)}')
        _comment(builder, "VIEW", view, schema)


def _reconcile(builder: Connection) -> None:
    for figure, one, other in builder.execute(_select("reconciliation")).fetchall():
        if one != other:
            raise Unreconciled(f"{figure}: {one} and {other}")


def _comment(builder: Connection, kind: str, name: str, schema: type[pa.DataFrameModel]) -> None:
    told = [(f'{kind} "{name}"', (schema.__doc__ or "").strip())]
    for column, field in schema.to_schema().columns.items():
        told.append((f'COLUMN "{name}"."{column}"', field.description or ""))
    for place, text in told:
        # COMMENT takes no bound value; the text is our own, from the schemas.
        quoted = text.replace("'", "''")
        builder.execute(f"COMMENT ON {place} IS '{quoted}'")


def _select(table: str) -> str:
    return files("flows").joinpath("published", f"{table}.sql").read_text(encoding="utf-8")
