"""Freshness: how new the figures of a report are, and what no night has read (SPEC 7.3)."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from flows.night.take import Input, list_inbox
from flows.settings import Places
from flows.state.warehouse import Connection, load
from schemas.settings import Settings


@dataclass(frozen=True)
class Freshness:
    """How new the figures are (SPEC 7.3).

    counted: location_code, counted_at of each location concerned. unread: files of the inbox that
    no run has read. held: how many of the `records` recalled a hold or their date blocks.
    """

    day: date
    finished: datetime
    counted: pl.DataFrame
    unread: list[str]
    records: int
    held: int


def freshness(
    published: Connection, places: Places, settings: Settings, records: pl.DataFrame
) -> Freshness:
    """records: those recalled, with location_code and is_blocked."""
    (day, finished) = load(
        published,
        "SELECT day, CAST(finished AS TIMESTAMP) FROM state.runs ORDER BY run DESC LIMIT 1",
    ).row(0)
    published.register("concerned", records.select("location_code").unique())
    counted = load(
        published,
        """
        SELECT pools.location_code, CAST(max(counted_at) AS TIMESTAMP) AS counted_at
        FROM (
            SELECT pool_no, max(counted_at) AS counted_at
            FROM state.record_state
            JOIN (SELECT inventory_id, pool_no FROM state.records) USING (inventory_id)
            GROUP BY pool_no
        )
        JOIN state.pools AS pools USING (pool_no)
        SEMI JOIN concerned USING (location_code)
        GROUP BY location_code
        ORDER BY location_code
        """,
    )
    unread = [one.file for one in unread_files(published, places, settings)]
    held = int(records.get_column("is_blocked").sum())
    return Freshness(day, finished, counted, unread, records.height, held)


def unread_files(published: Connection, places: Places, settings: Settings) -> list[Input]:
    """Files of the inbox that no run has read, or that are others since."""
    known = {*load(published, "SELECT DISTINCT file, size FROM state.files").iter_rows()}
    return [
        one
        for one in list_inbox(places, settings, date.max)
        if (one.file, one.path.lstat().st_size) not in known
    ]
