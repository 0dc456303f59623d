"""Commit: the night's rows and images, put into the warehouse in one transaction (SPEC 9.1)."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Final

import polars as pl

from flows.files.inputs import keep_inputs
from flows.files.reference import TABLES
from flows.settings import Places
from flows.state.warehouse import (
    Connection,
    load,
    night_settings,
    night_tables,
    save,
    sql,
    writing_warehouse,
)
from schemas.movements import STAYING

LEAVING: Final = {
    "movements": f"AND kind NOT IN {STAYING}",
    "rejects": "",
    "discrepancies": "",
}
"""Table of facts: which of an old day's rows leave the file."""

LIBRARIES: Final = ("lotwise", "polars", "duckdb", "pandera", "prefect")


def write_run(
    places: Places, started: datetime, finished: datetime, seconds: Mapping[str, float]
) -> None:
    """Write down what tonight's run did, as a row of the night's `runs`."""
    with night_tables(places) as night:
        night.execute(
            sql("state", "run.sql"),
            {
                "started": started,
                "finished": finished,
                "seconds": json.dumps({name: round(spent, 3) for name, spent in seconds.items()}),
                "versions": json.dumps({name: version(name) for name in LIBRARIES}),
            },
        )


@contextmanager
def committed(places: Places) -> Iterator[Connection]:
    """The warehouse as the night leaves it; it stays so where the block ends well."""
    settings = night_settings(places)
    with writing_warehouse(places) as warehouse:
        warehouse.execute(sql("state", "commit.sql"), {"history_days": settings.history_days})
        _keep_circumstances(warehouse)
        _let_days_leave(warehouse, places)
        if settings.keep_inputs:
            keep_inputs(warehouse, places)
        yield warehouse


def _let_days_leave(warehouse: Connection, places: Places) -> None:
    """Take facts of days before the history out of the file, where their folders have them."""
    old = load(
        warehouse,
        """
        SELECT DISTINCT runs.day
        FROM runs
        JOIN published_days ON runs.day < published_days.first_day
        ANTI JOIN left_days USING (day)
        """,
    ).get_column("day")
    leaving = [
        day
        for day in old
        if all((places.day_folder(day) / f"{table}.parquet").is_file() for table in LEAVING)
    ]
    save(warehouse, "left_days", pl.DataFrame({"day": leaving}, schema={"day": pl.Date}))
    for table, rows in LEAVING.items():
        warehouse.execute(
            f"DELETE FROM {table} WHERE day IN (SELECT unnest($days)) {rows}",  # noqa: S608
            {"days": leaving},
        )


def _keep_circumstances(warehouse: Connection) -> None:
    """Those of the last day; what runs of days before went by is told by their manifests."""
    # The digests last: by them the tables know whether they are there.
    for table in (*TABLES, "circumstances"):
        warehouse.execute(
            f"""
            DELETE FROM {table} WHERE circumstances NOT IN (
                SELECT circumstances FROM runs WHERE day = (SELECT max(day) FROM runs)
            )
            """  # noqa: S608  our own names
        )
    for table in (*TABLES, "circumstances"):
        warehouse.execute(
            f"""
            INSERT INTO {table}
            FROM night.{table} ANTI JOIN circumstances USING (circumstances)
            """
        )
