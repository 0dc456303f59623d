"""Of a changed file of events only what no earlier version had applies (SPEC 2.6)."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl

from tests.clerk_of_rules import COUNTED_AT, LATEST_AT, STOCK, Text
from transforms.columns import recognise, select
from transforms.rows import PAGES, Circumstances, check_rows
from transforms.versions import all_events, count_events, new_events


def events(*rows: Text, nights: int = 0) -> pl.DataFrame:
    """Adjustments as a file without a day states them when it is found so many nights later."""
    header = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = {f"c{place}": [row.get(name) for row in rows] for place, name in enumerate(header)}
    raw = pl.DataFrame({"row": range(1, len(rows) + 1), **cells})
    wanted = PAGES["adjustments"].columns
    later = timedelta(nights)
    around = Circumstances(ZoneInfo("UTC"), COUNTED_AT + later, LATEST_AT + later)
    texts = select(raw, recognise(header, wanted, None), wanted, None)
    return check_rows(texts, "adjustments", around).kept


def test_a_new_version_of_an_event_file_applies_only_what_the_earlier_one_had_not() -> None:
    one, other = {**STOCK, "quantity": "1"}, {**STOCK, "quantity": "2"}
    known = count_events(events(one, one, other))
    fresh = new_events(events(other, one, one, one, other), known)
    assert fresh.select("row", "quantity").rows() == [(4, 1), (5, 2)]


def test_an_event_with_an_id_is_known_by_it_alone() -> None:
    known = count_events(events({**STOCK, "event_id": "e1"}))
    fresh = new_events(
        events({**STOCK, "event_id": "e1", "quantity": "7"}, {**STOCK, "event_id": "e2"}), known
    )
    assert fresh.select("row", "event_id").rows() == [(2, "e2")]


def test_an_event_that_states_no_instant_is_the_same_in_a_version_found_a_night_later() -> None:
    known = count_events(events(STOCK))
    assert new_events(events(STOCK, nights=1), known).height == 0


def test_an_event_that_states_its_instant_is_another_at_another_instant() -> None:
    known = count_events(events({**STOCK, "adjusted_at": "2026-01-01"}))
    fresh = events({**STOCK, "adjusted_at": "2026-01-01T00:00Z"}, STOCK)
    assert new_events(fresh, known).select("row", "adjusted_at").rows() == [(2, COUNTED_AT)]


def test_what_a_version_left_out_is_no_news_when_it_comes_back() -> None:
    one, other = {**STOCK, "quantity": "1"}, {**STOCK, "quantity": "2"}
    versions = [events(one, one, other), events(other, other)]
    known = all_events(*map(count_events, versions))
    assert new_events(events(one, one, other, other, one), known).select("row").rows() == [(5,)]
