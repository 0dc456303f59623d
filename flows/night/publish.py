"""Publish: commit the night and swap in what others read, both or neither (SPEC 8, 9.1).

The day's tables are written beside the published ones from the warehouse as it will be, and only
then is the night committed. What others read is a copy of the warehouse, in which the published
tables are views. A run that was killed in between leaves published behind the warehouse; the next
one finds that and publishes first.
"""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import duckdb

from flows.night.day_folder import build_day, csv_files, written_tables
from flows.settings import Places, Stopped
from flows.state.commit import committed, write_run
from flows.state.manifest import is_whole, write_size
from flows.state.warehouse import connected, night_settings, only, open_warehouse
from schemas.settings import Settings

READ_ONLY: Final = 0o444
"""Nobody writes to what others read; the next night puts another file in its place."""


def publish(
    places: Places, day: date, started: datetime, finished: datetime, seconds: Mapping[str, float]
) -> dict[str, int]:
    """Commit the night and publish it. Returns the rows of each table of the day.

    Raises Unreconciled where tables contradict each other; nothing has changed then.
    """
    write_run(places, started, finished, seconds)
    staged = _staged(places)
    with committed(places) as warehouse:
        rows = build_day(warehouse, night_settings(places), day, staged / "day")
    _swap(places, day)
    return rows


def publish_again(places: Places, settings: Settings) -> date | None:
    """Publish the last committed run, if a killed one left it unpublished. Returns its day."""
    with open_warehouse(places) as warehouse:
        last = only(warehouse, "SELECT max(started) FROM runs")
    return publish_last(places, settings) if last != _published_run(places, settings) else None


def publish_last(places: Places, settings: Settings) -> date:
    """Publish the last run of the warehouse, whatever is published. Returns its day."""
    staged = _staged(places)
    with open_warehouse(places) as warehouse:
        day: date = only(warehouse, "SELECT max(day) FROM runs")
        build_day(warehouse, settings, day, staged / "day")
        # What a killed run committed may stand in the log beside the file alone.
        warehouse.execute("CHECKPOINT warehouse")
    _swap(places, day)
    return day


def _published_run(places: Places, settings: Settings) -> datetime | None:
    """When the run began whose tables are published, all of them and whole; else null."""
    live = _live(places)
    if not live.is_file() or live.is_symlink() or _log_of(live).exists():
        return None
    try:
        with connected(live, read_only=True) as published:
            query = "SELECT max(day), max(started) FROM runs"
            ((day, started),) = published.execute(query).fetchall()
    except duckdb.Error:
        # Not ours, or broken: publishing puts a good one in its place.
        return None
    if day is None:
        return None
    folder = places.day_folder(day)
    names = [
        *(f"{name}.parquet" for name in written_tables(settings, day)),
        *(f"{table}.csv" for table in csv_files(settings, day)),
    ]
    has_all = is_whole(live, folder) and all((folder / name).is_file() for name in names)
    return started.replace(tzinfo=UTC) if started and has_all else None


def _live(places: Places) -> Path:
    return places.published / "lotwise.duckdb"


def _next(places: Places) -> Path:
    return places.published / ".next"


def _staged(places: Places) -> Path:
    """An empty folder to build in, on the disk of the published tables."""
    staged = _next(places)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(parents=True)
    except OSError as error:
        raise Stopped(f"{places.published} can't be written: {error.strerror}") from error
    return staged


def _swap(places: Places, day: date) -> None:
    staged = _next(places)
    database = staged / "lotwise.duckdb"
    shutil.copyfile(places.warehouse, database)
    write_size(database, staged / "day")
    folder = places.day_folder(day)
    replaced = places.published / ".replaced"
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    (staged / "day").rename(folder)
    database.chmod(READ_ONLY)
    _log_of(_live(places)).unlink(missing_ok=True)
    # The database goes last: it is what tells that publishing is done.
    os.replace(database, _live(places))  # noqa: PTH105
    shutil.rmtree(replaced, ignore_errors=True)
    shutil.rmtree(staged, ignore_errors=True)
    _see_that_it_opens(_live(places))


def _log_of(database: Path) -> Path:
    """What a writer leaves beside it that dies; nobody can open another file beside that."""
    return database.with_name(f"{database.name}.wal")


def _see_that_it_opens(live: Path) -> None:
    try:
        connected(live, read_only=True).close()
    except duckdb.Error as error:
        told = " ".join(str(error).split())
        raise Stopped(
            f"{live} is published and can't be opened ({told}); close who writes to it, "
            "and run the night again: it publishes again"
        ) from error
