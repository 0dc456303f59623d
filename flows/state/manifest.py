"""Manifest: what the runs of a day took and went by, as tables in the day's folder (SPEC 9.4)."""

import json
from dataclasses import dataclass
from datetime import date
from glob import escape
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from flows.files.reference import TABLES
from flows.settings import Places, Stopped
from flows.state.warehouse import Connection, connected, load
from schemas.settings import Settings

SIZE: Final = "manifest/database.json"
"""Of the published database, which grows in another way each time: no table, so that tables are the
same bytes whatever was published before."""

# Where and when a file was found is not of the run: a rebuild may find it elsewhere.
MANIFEST: Final = {
    "runs": "SELECT * FROM runs WHERE day = $day ORDER BY run",
    "files": "SELECT * EXCLUDE (size, changed_ns) FROM files WHERE day = $day ORDER BY ALL",
    "circumstances": "FROM circumstances ORDER BY ALL",
    **{table: f"FROM {table}" for table in TABLES},
}
"""Table of the manifest: its rows in the warehouse, which has the circumstances of the last day."""


@dataclass(frozen=True)
class Run:
    """A run as its manifest tells it.

    told: its one row of `runs`. files: its rows of `files`. reference: tables by name.
    """

    number: int
    day: date
    told: pl.DataFrame
    files: pl.DataFrame
    settings: Settings
    reference: dict[str, pl.DataFrame]


def write_manifest(warehouse: Connection, day: date, folder: Path) -> None:
    """Write the manifest of the warehouse's last day to an empty place."""
    folder.mkdir()
    for table, query in MANIFEST.items():
        values = {"path": str(folder / f"{table}.parquet")}
        if "$day" in query:
            values["day"] = str(day)
        warehouse.execute(f"COPY ({query}) TO $path (FORMAT parquet)", values).fetchall()


def write_size(database: Path, folder: Path) -> None:
    """Write down how large the database is that is published with the day's folder."""
    (folder / SIZE).write_text(json.dumps({"bytes": database.stat().st_size}), encoding="utf-8")


def is_whole(database: Path, folder: Path) -> bool:
    """The database has the size that the day's folder tells: nobody has cut or changed it."""
    try:
        told = json.loads((folder / SIZE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(told == {"bytes": database.stat().st_size})


def read_manifests(places: Places) -> list[Run]:
    """Every run ever published, in order. Raises Stopped where one is missing or unreadable."""
    try:
        with connected() as reader:
            tables = {table: _all_days(reader, places, table) for table in MANIFEST}
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise Stopped(f"the manifests in {places.published} can't be read: {reason}") from error
    runs = [_run(told, tables) for told in tables["runs"].sort("run").iter_slices(1)]
    expected = range(1, max((run.number for run in runs), default=0) + 1)
    missing = sorted({*expected} - {run.number for run in runs})
    if missing:
        raise Stopped(
            f"run {missing[0]} has no manifest in {places.published}; put its day's folder back"
        )
    return runs


def _all_days(reader: Connection, places: Places, table: str) -> pl.DataFrame:
    paths = sorted(places.published.glob(f"day=*/manifest/{table}.parquet"))
    if not paths:
        raise Stopped(f"{places.published} has no manifest to rebuild from")
    # A table may have had fewer columns when an earlier version wrote it.
    query = "FROM read_parquet($paths, hive_partitioning = false, union_by_name = true)"
    return load(reader, query, paths=[escape(str(path)) for path in paths])


def _run(told: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> Run:
    (row,) = told.iter_rows(named=True)
    by = pl.col("circumstances") == row["circumstances"]
    stated = tables["circumstances"].filter(by).item(0, "settings")
    # Days that went by the same tables each tell them.
    reference = {name: tables[name].filter(by).drop("circumstances") for name in TABLES}
    return Run(
        number=row["run"],
        day=row["day"],
        told=told,
        files=tables["files"].filter(pl.col("run") == row["run"]),
        settings=Settings.model_validate_json(stated),
        reference={name: frame.unique(maintain_order=True) for name, frame in reference.items()},
    )
