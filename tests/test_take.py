"""Which files a run takes, and what their names say (SPEC 2.5, 2.6)."""

from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.night.take import TICK, changed_at, list_inbox
from flows.settings import places
from schemas.settings import Settings, Source
from transforms.take import choose, dated, is_input, source_of

FIRST = date(2010, 12, 1)
FOUND = {"file": pl.String, "kind": pl.String, "dated": pl.Date, "sha256": pl.String}


def clock(hour: int, minute: int) -> datetime:
    """A time of the first day, in the zone of whoever wrote the name."""
    return datetime.combine(FIRST, time(hour, minute))


@pytest.mark.parametrize(
    "name",
    [
        "2010-12-01.csv",
        "20101201.csv",
        "stock_2010-12-01_store7.csv.gz",
        "store12_20101201.csv",
        "20101201-2.csv",
        "2010-12-01.20101202.csv",
    ],
)
def test_a_name_may_hold_a_day(name: str) -> None:
    assert dated(name) == (FIRST, None)


@pytest.mark.parametrize(
    "name",
    [
        "RefreshInventory_101201082600.csv",
        "20101201082600.json",
        "20101201_082600.csv",
        "stock-20101201T082600.csv",
        "2010-12-01T08-26-00.csv",
        "2010-12-01T08:26:00.csv",
        "2010-12-01 08.26.00.csv",
        "2010-12-01_082600.parquet",
    ],
)
def test_a_name_may_hold_an_instant(name: str) -> None:
    assert dated(name) == (FIRST, clock(8, 26))


@pytest.mark.parametrize(
    "name", ["orders.csv", "store12.csv", "2010-13-01.csv", "20100230.csv", "2010_12_01.csv"]
)
def test_a_name_without_a_real_day_has_none(name: str) -> None:
    assert dated(name) == (None, None)


@pytest.mark.parametrize("name", ["120101201.csv", "2010-12-011.csv", "4006381333931.csv"])
def test_digits_of_a_longer_number_are_no_day(name: str) -> None:
    assert dated(name) == (None, None)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("2010-12-01_of_2010-12-05.csv", (FIRST, None)),
        ("20101201-20101205.csv", (FIRST, None)),
        ("4006381333931_2010-12-01.csv", (FIRST, None)),
        ("2010-02-30_2010-12-01.csv", (FIRST, None)),
        ("2010-12-01_sent_20101205T082600.csv", (FIRST, None)),
        ("20101201T082600_for_2010-12-05.csv", (FIRST, clock(8, 26))),
    ],
)
def test_of_several_dates_the_first_that_stands_alone_counts(
    name: str, found: tuple[date, datetime | None]
) -> None:
    assert dated(name) == found


@pytest.mark.parametrize("between", ["_", "-", " "])
def test_a_day_after_another_is_no_clock_time(between: str) -> None:
    assert dated(f"2010-12-01{between}2010-12-05.csv") == (FIRST, None)


@pytest.mark.parametrize(
    ("file", "judgement"),
    [
        ("a.csv", True),
        ("store.d/a.csv", True),
        ("done.csv", True),
        (".a.csv", False),
        ("_a.csv", False),
        (".trash/a.csv", False),
        ("_old/a.csv", False),
        ("a.csv.part", False),
        ("a.csv.tmp", False),
        ("a.csv.done", False),
        ("a.csv.PART", False),
    ],
)
def test_hidden_files_unfinished_ones_and_markers_are_no_inputs(file: str, judgement: bool) -> None:
    assert is_input(file) is judgement


def test_a_file_belongs_to_the_first_source_of_its_kind_whose_pattern_fits() -> None:
    store = Source(name="store", kind="inventory", files="store*/*.csv")
    rest = Source(name="rest", kind="inventory")
    sources = (Source(name="orders", kind="orders"), store, rest)
    assert source_of("inventory", "store7/a.csv", sources) == store
    assert source_of("inventory", "a.csv", sources) == rest
    assert source_of("shipments", "a.csv", sources) is None


def files(*rows: tuple[str, date | None, str]) -> pl.DataFrame:
    """file, kind, dated, sha256 of files whose kind is the folder that they are in."""
    told = [(file, file.partition("/")[0], day, content) for file, day, content in rows]
    return pl.DataFrame(told, schema=FOUND, orient="row")


def seen(status: str, *rows: tuple[str, date | None, str], run: int = 1) -> pl.DataFrame:
    return files(*rows).with_columns(status=pl.lit(status), run=pl.lit(run))


NOTHING = seen("taken")


def assert_chosen(
    found: pl.DataFrame, known: pl.DataFrame, *expected: tuple[str, str, str | None]
) -> None:
    told = pl.DataFrame(
        list(expected),
        schema={"file": pl.String, "status": pl.String, "twin": pl.String},
        orient="row",
    )
    assert_frame_equal(choose(found, known).select("file", "status", "twin"), told)


def test_a_file_that_no_run_has_seen_is_new() -> None:
    assert_chosen(files(("orders/a", FIRST, "x")), NOTHING, ("orders/a", "new", None))


@pytest.mark.parametrize("status", ["taken", "repeated", "refused"])
def test_a_file_known_as_it_is_is_left_out(status: str) -> None:
    found = files(("orders/a", FIRST, "x"))
    assert_chosen(found, seen(status, ("orders/a", FIRST, "x")))


def test_the_same_content_of_a_kind_and_day_is_a_repeat_under_any_name() -> None:
    known = seen("taken", ("orders/a", FIRST, "x"))
    assert_chosen(files(("orders/b", FIRST, "x")), known, ("orders/b", "repeated", "orders/a"))


@pytest.mark.parametrize(
    "file", [("orders/b", date(2010, 12, 2), "x"), ("shipments/a", FIRST, "x")]
)
def test_equal_content_of_another_day_or_kind_is_another_file(file: tuple[str, date, str]) -> None:
    known = seen("taken", ("orders/a", FIRST, "x"))
    assert_chosen(files(file), known, (file[0], "new", None))


def test_of_two_equal_files_of_one_night_the_first_by_name_is_taken() -> None:
    found = files(("orders/b", FIRST, "x"), ("orders/a", FIRST, "x"))
    assert_chosen(found, NOTHING, ("orders/a", "new", None), ("orders/b", "repeated", "orders/a"))


def test_a_file_that_changed_under_its_name_is_a_version() -> None:
    known = seen("taken", ("orders/a", FIRST, "x"))
    assert_chosen(files(("orders/a", FIRST, "y")), known, ("orders/a", "version", None))


def test_a_corrected_file_replaces_a_refused_one_as_if_it_were_new() -> None:
    known = seen("refused", ("orders/a", FIRST, "x"))
    assert_chosen(files(("orders/a", FIRST, "y")), known, ("orders/a", "new", None))


def test_a_refused_file_is_no_twin() -> None:
    known = seen("refused", ("orders/a", FIRST, "x"))
    assert_chosen(files(("orders/b", FIRST, "x")), known, ("orders/b", "new", None))


def test_an_undated_file_whose_content_an_undated_one_had_counts_nothing() -> None:
    known = seen("taken", ("orders/a", None, "x"))
    found = files(("orders/b", None, "x"), ("orders/c", None, "y"), ("orders/d", None, "y"))
    assert_chosen(
        found,
        known,
        ("orders/b", "repeated", "orders/a"),
        ("orders/c", "new", None),
        ("orders/d", "repeated", "orders/c"),
    )


def test_an_undated_file_whose_content_a_dated_one_had_counts_nothing() -> None:
    known = seen("taken", ("orders/2010-12-01", FIRST, "x"))
    assert_chosen(
        files(("orders/a", None, "x")), known, ("orders/a", "repeated", "orders/2010-12-01")
    )


def test_an_undated_file_whose_content_a_dated_one_has_tonight_counts_nothing() -> None:
    found = files(("orders/a", None, "x"), ("orders/b", FIRST, "x"))
    assert_chosen(found, NOTHING, ("orders/a", "repeated", "orders/b"), ("orders/b", "new", None))


def test_a_dated_file_whose_content_an_undated_one_had_is_another_file() -> None:
    known = seen("taken", ("orders/a", None, "x"))
    assert_chosen(files(("orders/b", FIRST, "x")), known, ("orders/b", "new", None))


def inbox(root: Path, *names: str, done: bool = False) -> list[str]:
    """The files that the run of the first day finds of those named."""
    for name in names:
        path = root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("upc\nA\n")
    sources = (Source(name="orders", kind="orders", done=done),)
    found = list_inbox(places(root, Settings()), Settings(sources=sources), FIRST)
    return [one.file for one in found if one.is_done]


def test_a_run_lists_the_files_of_its_day_earlier_ones_and_undated_ones(tmp_path: Path) -> None:
    names = ["orders/2010-11-30.csv", "orders/2010-12-01.csv", "orders/2010-12-02.csv"]
    names += ["inventory/stores/7.csv", "inventory/_old/8.csv", "returns/9.csv"]
    assert inbox(tmp_path, *names) == [
        "inventory/stores/7.csv",
        "orders/2010-11-30.csv",
        "orders/2010-12-01.csv",
    ]


def test_a_file_of_a_source_with_markers_waits_for_its_own(tmp_path: Path) -> None:
    names = ["orders/a.csv", "orders/b.csv", "orders/b.csv.done", "shipments/c.csv"]
    assert inbox(tmp_path, *names, done=True) == ["orders/b.csv", "shipments/c.csv"]


def test_a_file_that_changed_a_tick_ago_is_looked_into_again(tmp_path: Path) -> None:
    file = tmp_path / "2026-04-01.csv"
    file.touch()
    changed = file.stat().st_ctime_ns
    assert changed_at(file.stat(), read_at=changed + TICK) is None
    assert changed_at(file.stat(), read_at=changed + TICK + 1) == changed


def test_an_inbox_without_folders_is_an_empty_one(tmp_path: Path) -> None:
    assert inbox(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "status", "twin"),
    [
        ("inventory", "version", None),
        ("orders", "version", None),
        ("adjustments", "repeated", "adjustments/a"),
        ("shipments", "repeated", "shipments/a"),
    ],
)
def test_statements_that_go_back_to_what_they_said_are_said_again_and_events_are_not(
    kind: str, status: str, twin: str | None
) -> None:
    file = f"{kind}/a"
    known = pl.concat([seen("taken", (file, FIRST, "x")), seen("taken", (file, FIRST, "y"), run=2)])
    assert_chosen(files((file, FIRST, "x")), known, (file, status, twin))
    assert_chosen(files((file, FIRST, "y")), known)
