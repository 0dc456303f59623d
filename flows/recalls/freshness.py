"""Freshness: how new the figures of a report are, and what no night has read (SPEC 7.3)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from flows.files.inputs import digest_of
from flows.night.take import Input
from flows.state.warehouse import Connection, load, sql

NEWEST: Final = 100_000
"""Counts among which most locations are found."""


@dataclass(frozen=True)
class Freshness:
    """How new the figures are (SPEC 7.3).

    counted: location_code, counted_at of each location concerned. unread: files of the inbox that
    no run has read, and how long they have lain there. held: how many of the `records` recalled a
    hold or their date blocks.
    """

    day: date
    finished: datetime
    counted: pl.DataFrame
    unread: dict[str, timedelta]
    records: int
    held: int


def freshness(published: Connection, records: pl.DataFrame, unread: list[Input]) -> Freshness:
    """records: those recalled, with location_code and is_blocked."""
    (day, finished) = load(
        published,
        "SELECT day, CAST(finished AS TIMESTAMP) FROM state.runs ORDER BY run DESC LIMIT 1",
    ).row(0)
    counted = last_counts(published, records.select("location_code").unique())
    held = int(records.get_column("is_blocked").sum())
    now = datetime.now(UTC)
    files = {
        one.file: now - datetime.fromtimestamp(one.path.stat().st_mtime, UTC) for one in unread
    }
    return Freshness(day, finished, counted, files, records.height, held)


def last_counts(
    published: Connection, locations: pl.DataFrame, newest: int = NEWEST
) -> pl.DataFrame:
    """location_code, counted_at: when each of the locations was last counted, null where it never
    was. Most were so lately, and are found among the newest counts; for others all are gone
    through, which takes seconds where there are millions."""
    published.register("concerned", locations)
    found = load(published, sql("recalls", "newest_counts.sql"), newest=newest)
    others = locations.join(found, on="location_code", how="anti")
    if others.height:
        counted = load(published, sql("state", "last_counts.sql"))
        counted = counted.join(others, on="location_code", how="semi")
        found = pl.concat([found, counted])
    return found.with_columns(pl.col("counted_at").dt.replace_time_zone(None)).sort("location_code")


def unread_files(published: Connection, inbox: list[Input]) -> list[Input]:
    """Files that no run has read, or that say something else since. Links that lead out of the
    inbox are no inputs."""
    known = load(published, "SELECT file, sha256, size, changed_ns FROM state.files")
    seen = {*known.select("file", "size", "changed_ns").iter_rows()}
    read = {*known.select("file", "sha256").iter_rows()}
    return [
        one
        for one in inbox
        if not one.is_foreign
        and (one.file, *_size_and_change(one.path)) not in seen
        and (one.file, digest_of(one.path)) not in read
    ]


def _size_and_change(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_ctime_ns
