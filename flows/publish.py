"""Publish: commit the night and swap in what others read, both or neither (SPEC 8, 9.1).

Tables are built beside the published ones from the warehouse as it will be, checked, and only then
is the night committed and are they swapped in. A run that was killed in between leaves published
behind the warehouse; the next one finds that and publishes first.
"""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import duckdb
import pandera.polars as pa
import polars as pl

from flows.commit import committed, write_run
from flows.manifest import write_manifest
from flows.reconcile import Unreconciled
from flows.settings import Places, Stopped
from flows.warehouse import Connection, night_settings, only, open_warehouse
from schemas.published import PUBLISHED, VIEWS
from schemas.settings import Settings

READABLE_SINCE: Final = "v1.2.0"
"""Storage version of the published database; DuckDB 1.4 reads it."""


def publish(
    places: Places, day: date, started: datetime, finished: datetime, seconds: Mapping[str, float]
) -> dict[str, int]:
    """Commit the night and publish it. Returns the rows of each table of the day.

    Raises Unreconciled where tables contradict each other; nothing has changed then.
    """
    write_run(places, started, finished, seconds)
    with committed(places) as warehouse:
        rows = _build(warehouse, places, night_settings(places), day)
    _swap(places, day)
    return rows


def publish_again(places: Places, settings: Settings) -> date | None:
    """Publish the last committed run, if a killed one left it unpublished. Returns its day."""
    with open_warehouse(places) as warehouse:
        last = only(warehouse, "SELECT max(started) FROM runs")
    return publish_last(places, settings) if last != _published_run(places) else None


def publish_last(places: Places, settings: Settings) -> date:
    """Publish the last run of the warehouse, whatever is published. Returns its day."""
    with open_warehouse(places) as warehouse:
        day: date = only(warehouse, "SELECT max(day) FROM runs")
        _build(warehouse, places, settings, day)
    _swap(places, day)
    return day


def _published_run(places: Places) -> datetime | None:
    path = places.published / "lotwise.duckdb"
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as published:
            started: datetime | None = only(published, "SELECT max(started) FROM runs")
            return started and started.replace(tzinfo=UTC)
    except duckdb.Error:
        # Not ours, or broken: publishing puts a good one in its place.
        return None


def _next(places: Places) -> Path:
    return places.published / ".next"


def _build(warehouse: Connection, places: Places, settings: Settings, day: date) -> dict[str, int]:
    """Write the day's folder and the database of the last `history_days` beside the live ones."""
    staged = _next(places)
    shutil.rmtree(staged, ignore_errors=True)
    for folder in (staged / "day", staged / "history"):
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise Stopped(f"{places.published} can't be written: {error.strerror}") from error
    warehouse.execute(f"CREATE OR REPLACE TEMP VIEW published_inventory AS {_select('inventory')}")
    today = {"first_day": day, "last_day": day}
    before = {
        "first_day": day - timedelta(days=settings.history_days - 1),
        "last_day": day - timedelta(days=1),
    }
    rows = {}
    for table in PUBLISHED:
        query = _select(table)
        is_fact = "$first_day" in query
        path = staged / "day" / f"{table}.parquet"
        rows[table] = _write(warehouse, query, path, today if is_fact else {})
        if is_fact:
            _write(warehouse, query, staged / "history" / f"{table}.parquet", before)
        # Of a lazy frame pandera looks at columns and types alone, which is what is wanted here.
        PUBLISHED[table].validate(pl.scan_parquet(path))
    write_manifest(warehouse, day, staged / "day" / "manifest")
    with duckdb.connect() as builder:
        builder.execute("SET TimeZone = 'UTC'")
        _build_database(builder, staged)
        for table in settings.csv_tables:
            builder.execute(
                "COPY (FROM read_parquet($source)) TO $target (FORMAT csv, HEADER)",
                {
                    "source": str(staged / "day" / f"{table}.parquet"),
                    "target": str(staged / "day" / f"{table}.csv"),
                },
            )
    return rows


def _write(warehouse: Connection, query: str, path: Path, days: dict[str, Any]) -> int:
    ((rows,),) = warehouse.execute(
        f"COPY ({query}) TO $path (FORMAT parquet)", {"path": str(path), **days}
    ).fetchall()
    return int(rows)


def _build_database(builder: Connection, staged: Path) -> None:
    builder.execute(
        f"ATTACH $path AS published (STORAGE_VERSION '{READABLE_SINCE}')",
        {"path": str(staged / "lotwise.duckdb")},
    )
    builder.execute("USE published")
    for table, schema in PUBLISHED.items():
        parts = [staged / folder / f"{table}.parquet" for folder in ("history", "day")]
        builder.execute(
            f'CREATE TABLE "{table}" AS FROM read_parquet($parts)',
            {"parts": [str(part) for part in parts if part.exists()]},
        )
        _comment(builder, "TABLE", table, schema)
    for view, schema in VIEWS.items():
        builder.execute(f'CREATE VIEW "{view}" AS {_select(view)}')
        _comment(builder, "VIEW", view, schema)
    for figure, one, other in builder.execute(_select("reconciliation")).fetchall():
        if one != other:
            raise Unreconciled(f"{figure}: {one} and {other}")
    builder.execute("USE memory")
    builder.execute("DETACH published")


def _comment(builder: Connection, kind: str, name: str, schema: type[pa.DataFrameModel]) -> None:
    told = [(f'{kind} "{name}"', (schema.__doc__ or "").strip())]
    for column, field in schema.to_schema().columns.items():
        told.append((f'COLUMN "{name}"."{column}"', field.description or ""))
    for place, text in told:
        # COMMENT takes no bound value; the text is our own, from the schemas.
        quoted = text.replace("'", "''")
        builder.execute(f"COMMENT ON {place} IS '{quoted}'")


def _swap(places: Places, day: date) -> None:
    staged = _next(places)
    folder = places.published / f"day={day}"
    replaced = places.published / ".replaced"
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    (staged / "day").rename(folder)
    # The database goes last: it is what tells that publishing is done.
    os.replace(staged / "lotwise.duckdb", places.published / "lotwise.duckdb")  # noqa: PTH105
    shutil.rmtree(replaced, ignore_errors=True)
    shutil.rmtree(staged, ignore_errors=True)


def _select(table: str) -> str:
    return files("flows").joinpath("published", f"{table}.sql").read_text(encoding="utf-8")


def _sql(name: str) -> str:
    return files("flows").joinpath(name).read_text(encoding="utf-8")
