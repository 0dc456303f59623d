"""Text becomes types by the formats that a source declares, and never by guessing (SPEC 2.4)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from schemas.rules import ISO, WHOLE
from schemas.settings import Settings, Source
from transforms import parse
from transforms.columns import recognise, select
from transforms.rows import PAGES, Circumstances, check_rows

LONDON = ZoneInfo("Europe/London")
GERMAN = {"thousands": ".", "decimal": ","}
BRITISH = {"thousands": ",", "decimal": "."}


def at(year: int, month: int, day: int, *clock: int) -> datetime:
    hour, minute, second, micro = (*clock, 0, 0, 0, 0)[:4]
    return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)


def checked(text: str, column: str, zone: str = "UTC", **described: Any) -> object:
    """What `text` becomes in a count's `column`, or the rule that it breaks."""
    count = {"location_code": "L", "upc": "U", "quantity": "1", column: text}
    source = Source(name="ours", kind="inventory", **described)
    page = PAGES["inventory"]
    rows = pl.DataFrame({"row": [1], **{f"c{n}": [text] for n, text in enumerate(count.values())}})
    texts = select(rows, recognise(tuple(count), page.columns, None), page.columns, None)
    texts = parse.bare_numbers(texts, list(page.whole))
    texts = parse.normalise(texts, source, list(page.whole), [page.instant], pl.lit(2026))
    around = Circumstances(ZoneInfo(zone), {"counted_at": (at(2026, 1, 1),)}, (at(2100, 1, 1),))
    outcome = check_rows(texts, "inventory", around)
    if outcome.breaches.height:
        return outcome.breaches.get_column("rule").to_list()
    return outcome.kept.item(0, column)


@pytest.mark.parametrize(
    ("text", "units"),
    [("4", 4), ("4.0", 4), ("4.00", 4), ("+4", 4), ("007", 7), ("2147483647", 2147483647)],
)
def test_whole_units_are_digits_with_at_most_zeros_behind_the_point(text: str, units: int) -> None:
    assert checked(text, "quantity") == units


@pytest.mark.parametrize(
    "text", ["2.390", "4.000", "2,390", "4.5", "1e3", "4,0", "--4", "four", "4.", "0x4", "٤"]
)
def test_undeclared_numbers_that_are_no_whole_units_are_rejected(text: str) -> None:
    assert checked(text, "quantity") == ["whole_number"]


@pytest.mark.parametrize(
    ("numbers", "text", "units"),
    [
        (GERMAN, "2.390", 2390),
        (GERMAN, "1.002.390", 1002390),
        (GERMAN, "2390", 2390),
        (GERMAN, "2.390,00", 2390),
        (BRITISH, "2,390", 2390),
        (BRITISH, "2,390.0", 2390),
        ({"thousands": " "}, "2 390", 2390),
        ({"thousands": "'"}, "2'390", 2390),
        ({"decimal": ","}, "4,0", 4),
    ],
)
def test_a_declared_number_format_is_read_by_its_own_marks(
    numbers: dict[str, str], text: str, units: int
) -> None:
    assert checked(text, "quantity", numbers=numbers) == units


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        (GERMAN, "2,390.00"),
        (GERMAN, "23.90"),
        (GERMAN, "2.39.0"),
        (GERMAN, "1000.000"),
        (GERMAN, "4,5"),
        (GERMAN, "4.0"),
        (BRITISH, "2.390,00"),
        (BRITISH, "23,90"),
        ({"decimal": ","}, "4.0"),
        ({"thousands": "'"}, "2 390"),
    ],
)
def test_numbers_in_another_format_than_the_declared_one_are_rejected(
    numbers: dict[str, str], text: str
) -> None:
    assert checked(text, "quantity", numbers=numbers) == ["whole_number"]


def test_the_whole_number_rule_takes_a_sign_and_no_blanks() -> None:
    texts = pl.Series(["-4", "+4", "- 4", "4 ", ""])
    assert texts.str.contains(WHOLE).to_list() == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2028-02-29", date(2028, 2, 29)),
        ("2025-07-30T23:15:30-05:00", date(2025, 7, 30)),
        ("2025-07-30T00:15:30+13:00", date(2025, 7, 30)),
        ("2025-07-30 09:15", date(2025, 7, 30)),
    ],
)
def test_a_date_is_the_calendar_day_as_written_in_its_own_offset(text: str, day: date) -> None:
    assert checked(text, "date", zone="Asia/Tokyo") == day


@pytest.mark.parametrize(
    "text",
    [
        "05/06/2026",
        "0026-01-31",
        "2026-02-30",
        "2026-02-29",
        "2026-1-1",
        "20260101",
        "2026-01-01T25:00",
        "soon",
    ],
)
def test_an_undeclared_date_that_is_no_iso_day_is_rejected(text: str) -> None:
    assert checked(text, "date") == ["real_date"]


def exists(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def test_the_days_that_look_real_are_those_of_the_calendar() -> None:
    years = [1000, 1096, 1100, *range(1900, 2301), 9600, 9996, 9999]
    days = [(year, month, day) for year in years for month in range(14) for day in range(33)]
    texts = pl.Series([f"{year:04}-{month:02}-{day:02}" for year, month, day in days])
    looks_real = texts.str.contains(ISO)
    assert looks_real.to_list() == [exists(*day) for day in days]
    assert parse.instants(texts.filter(looks_real), ZoneInfo("UTC")).null_count() == 0


@pytest.mark.parametrize(
    ("declared", "text", "day"),
    [
        ("%d/%m/%Y", "05/06/2026", date(2026, 6, 5)),
        ("%m/%d/%Y", "05/06/2026", date(2026, 5, 6)),
        ("%Y%m%d", "20260605", date(2026, 6, 5)),
        ("%d.%m.%y", "05.06.26", date(2026, 6, 5)),
    ],
)
def test_a_declared_date_is_read_by_its_format(declared: str, text: str, day: date) -> None:
    assert checked(text, "date", dates=declared) == day


@pytest.mark.parametrize(
    "text", ["2026-06-05", "31/02/2026", "05/06/2026 10:00", "05/06/26", "05-06-2026"]
)
def test_a_date_in_another_format_than_the_declared_one_is_rejected(text: str) -> None:
    assert checked(text, "date", dates="%d/%m/%Y") == ["real_date"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01T12:00:00", at(2026, 7, 1, 11)),
        ("2026-07-01 12:00", at(2026, 7, 1, 11)),
        ("2026-07-01", at(2026, 6, 30, 23)),
        ("2026-07-01T12:00:00Z", at(2026, 7, 1, 12)),
        ("2026-07-01T12:00:00+02:00", at(2026, 7, 1, 10)),
        ("2026-07-01T12:00:00-0530", at(2026, 7, 1, 17, 30)),
        ("2026-07-01T12:00:00+02", at(2026, 7, 1, 10)),
        ("2026-07-01T12:00:00.5Z", at(2026, 7, 1, 12, 0, 0, 500_000)),
        ("2026-07-01T12:00:00,25Z", at(2026, 7, 1, 12, 0, 0, 250_000)),
    ],
)
def test_an_offset_is_obeyed_and_clock_times_without_one_are_in_the_zone(
    text: str, instant: datetime
) -> None:
    assert checked(text, "counted_at", zone="Europe/London") == instant


@pytest.mark.parametrize(
    "text",
    ["01/07/2026 12:00", "2026-07-01T25:00:00", "2026-07-01T12", "2026-07-01T12:00:00+99:99"],
)
def test_text_that_is_no_instant_is_rejected(text: str) -> None:
    assert checked(text, "counted_at") == ["instant"]


def test_a_clock_time_that_the_spring_skips_is_taken_as_the_hour_after() -> None:
    times = ["2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T01:30", "2026-03-29T02:00"]
    assert [checked(text, "counted_at", zone="Europe/London") for text in times] == [
        at(2026, 3, 29, 0, 59),
        at(2026, 3, 29, 1, 0),
        at(2026, 3, 29, 1, 30),
        at(2026, 3, 29, 1, 0),
    ]


def test_a_clock_time_that_the_autumn_repeats_is_taken_as_the_first() -> None:
    times = ["2026-10-25T00:59", "2026-10-25T01:30", "2026-10-25T02:00", "2026-10-25T01:30+00:00"]
    assert [checked(text, "counted_at", zone="Europe/London") for text in times] == [
        at(2026, 10, 24, 23, 59),
        at(2026, 10, 25, 0, 30),
        at(2026, 10, 25, 2, 0),
        at(2026, 10, 25, 1, 30),
    ]


def test_declared_instants_are_clock_times_in_the_zone() -> None:
    declared = {"instants": "%d/%m/%Y %H:%M", "zone": "Europe/London"}
    assert checked("01/07/2026 12:00", "counted_at", **declared) == at(2026, 7, 1, 11)
    assert checked("2026-07-01T12:00", "counted_at", **declared) == ["instant"]


def test_a_declared_instant_may_be_a_day_alone() -> None:
    declared = {"instants": "%d/%m/%Y", "zone": "Europe/London"}
    assert checked("01/07/2026", "counted_at", **declared) == at(2026, 6, 30, 23)


def test_a_declared_offset_is_obeyed_whatever_the_zone() -> None:
    declared = {"instants": "%d/%m/%Y %H:%M %z", "zone": "Europe/London"}
    assert checked("01/07/2026 12:00 +0200", "counted_at", **declared) == at(2026, 7, 1, 10)


@pytest.mark.parametrize("declared", ["%s", "%s%.f"])
def test_declared_seconds_since_1970_are_utc_whatever_the_zone(declared: str) -> None:
    instant = checked("1782903600", "counted_at", instants=declared, zone="Europe/London")
    assert instant == at(2026, 7, 1, 11)


def test_a_day_lasts_23_hours_in_spring_and_25_in_autumn() -> None:
    def hours(day: date) -> float:
        length = parse.end_of_day(day, LONDON) - parse.start_of_day(day, LONDON)
        return (length + timedelta(microseconds=1)).total_seconds() / 3600

    assert [hours(date(2026, month, day)) for month, day in ((3, 29), (10, 25), (7, 1))] == [
        23,
        25,
        24,
    ]


def test_a_day_starts_and_ends_by_the_clocks_of_its_zone() -> None:
    assert parse.start_of_day(date(2026, 7, 1), LONDON) == at(2026, 6, 30, 23)
    assert parse.end_of_day(date(2026, 7, 1), LONDON) == at(2026, 7, 1, 22, 59, 59, 999_999)


def test_the_default_zone_is_utc() -> None:
    assert parse.start_of_day(date(2026, 7, 1), Settings().zone) == at(2026, 7, 1)


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("YES", True), ("1", True), ("0", False), (None, False)]
)
def test_a_flag_is_yes_or_no_in_several_words(text: str | None, truth: bool) -> None:
    flag = pl.DataFrame({"flag": [text]}, schema={"flag": pl.String})
    assert flag.select(parse.boolean("flag", False)).item() is truth
