"""Of a changed file of events only what no earlier version had applies (SPEC 2.6)."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl

from flows.night.valid_rows import Batch, Stamp, keep, kept_rows
from flows.night.versions import remember_contents, repeat_known_events
from flows.state.warehouse import scratch
from tests.clerk_of_rules import COUNTED_AT, LATEST_AT, STOCK, Text
from transforms.columns import recognise, select
from transforms.rows import PAGES, Circumstances, check_rows


def events(*rows: Text, nights: int = 0) -> pl.DataFrame:
    """Adjustments as a file without a day states them when it is found so many nights later."""
    header = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = {f"c{place}": [row.get(name) for row in rows] for place, name in enumerate(header)}
    raw = pl.DataFrame({"row": range(1, len(rows) + 1), **cells})
    wanted = PAGES["adjustments"].columns
    later = timedelta(nights)
    default_at = {"adjusted_at": (COUNTED_AT + later,)}
    around = Circumstances(ZoneInfo("UTC"), default_at, (LATEST_AT + later,))
    texts = select(raw, recognise(header, wanted, None), wanted, None)
    return check_rows(texts, "adjustments", around).kept


def fresh(*versions: pl.DataFrame) -> pl.DataFrame:
    """The rows of the last version that none before it had."""
    day = COUNTED_AT.date()
    batch = Batch((Stamp("adjustments/file", day),), "adjustments", day, 1)
    with scratch() as night:
        night.execute("INSERT INTO taken (file) VALUES ('adjustments/file')")
        for version in versions:
            for table in ("events", "event_ids"):
                night.execute(
                    f"DELETE FROM warehouse.state.{table} WHERE file IN (SELECT file FROM {table})"
                )
                night.execute(f"INSERT INTO warehouse.state.{table} FROM {table}")
                night.execute(f"DELETE FROM {table}")
            night.execute("DELETE FROM parts")
            remember_contents(night, version, "adjustments", batch)
            keep(night, version.drop("content", "has_id"), "adjustments", batch)
            repeat_known_events(night)
        assert night.execute("SELECT count(*) FROM contents").fetchall() == [(0,)]
        return kept_rows(night, batch, "adjustments", version.get_column("row"))


def test_a_new_version_of_an_event_file_applies_only_what_the_earlier_one_had_not() -> None:
    one, other = {**STOCK, "quantity": "1"}, {**STOCK, "quantity": "2"}
    new = fresh(events(one, one, other), events(other, one, one, one, other))
    assert new.select("row", "quantity").rows() == [(4, 1), (5, 2)]


def test_an_event_with_an_id_is_known_by_it_alone() -> None:
    new = fresh(
        events({**STOCK, "event_id": "e1"}),
        events({**STOCK, "event_id": "e1", "quantity": "7"}, {**STOCK, "event_id": "e2"}),
    )
    assert new.select("row", "event_id").rows() == [(2, "e2")]


def test_an_event_that_states_no_instant_is_the_same_in_a_version_found_a_night_later() -> None:
    assert fresh(events(STOCK), events(STOCK, nights=1)).height == 0


def test_an_event_that_states_its_instant_is_another_at_another_instant() -> None:
    new = fresh(
        events({**STOCK, "adjusted_at": "2026-01-01"}),
        events({**STOCK, "adjusted_at": "2026-01-01T00:00Z"}, STOCK),
    )
    assert new.select("row", "adjusted_at").rows() == [(2, COUNTED_AT)]


def test_what_a_version_left_out_is_no_news_when_it_comes_back() -> None:
    one, other = {**STOCK, "quantity": "1"}, {**STOCK, "quantity": "2"}
    versions = [events(one, one, other), events(other, other), events(one, one, other, other, one)]
    assert fresh(*versions).select("row").rows() == [(5,)]
