"""Freshness: what a person expects every night, and was not there (SPEC 3.5)."""

from datetime import date, timedelta
from typing import Final

import polars as pl

from flows.state.warehouse import Connection, load, sql
from schemas.settings import Settings
from transforms.parse import end_of_day
from transforms.take import source_of

OF_DAY: Final = """
    SELECT file FROM warehouse.state.files WHERE coalesce(dated, day) = $day
    UNION
    SELECT file FROM files WHERE coalesce(dated, day) = $day
"""


def late(night: Connection, settings: Settings, day: date) -> list[tuple[str, str]]:
    """Source or location, and what is late of it: no file of the day, or no count for too long."""
    return [*_late_sources(night, settings, day), *_late_counts(night, settings, day)]


def _late_sources(night: Connection, settings: Settings, day: date) -> list[tuple[str, str]]:
    found = set()
    for (file,) in load(night, OF_DAY, day=day).iter_rows():
        kind, _, name = file.partition("/")
        source = source_of(kind, name, settings.sources)
        found.add(source and source.name)
    return [
        (source.name, f"no file of {day} in {source.kind}/ ({source.files})")
        for source in settings.sources
        if source.expect == "daily" and source.name not in found
    ]


def _late_counts(night: Connection, settings: Settings, day: date) -> list[tuple[str, str]]:
    if settings.max_count_age_days is None:
        return []
    oldest = end_of_day(day - timedelta(days=settings.max_count_age_days + 1), settings.zone)
    counted = (
        load(night, sql("state", "last_counts.sql"))
        .filter(pl.col("counted_at") <= oldest)
        .sort("location_code")
    )
    return [
        (location_code, f"last counted on {counted_at.astimezone(settings.zone).date()}")
        for location_code, counted_at in counted.iter_rows()
    ]
