"""A count that would empty a location is refused (SPEC 4.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from transforms.cleared_locations import Surroundings, counts_that_clear

Row = dict[str, Any]

INSTANT = pl.Datetime("us", "UTC")
FIELDS: dict[str, Any] = {
    "location_code": pl.String,
    "upc": pl.String,
    "segment": pl.String,
    "sku": pl.String,
    "lot_code": pl.String,
    "date": pl.Date,
    "condition": pl.String,
    "serial_number": pl.String,
}
COUNTS: dict[str, Any] = {
    "file": pl.String,
    "row": pl.Int64,
    "day": pl.Date,
    **FIELDS,
    "quantity": pl.Int64,
    "counted_at": INSTANT,
    "is_full": pl.Boolean,
}
RECORDS: dict[str, Any] = {
    "inventory_id": pl.Int64,
    **FIELDS,
    "on_hand": pl.Int64,
    "counted_at": INSTANT,
}
MOVES: dict[str, Any] = {**FIELDS, "at": INSTANT, "quantity": pl.Int64, "is_new": pl.Boolean}
SHIPPED: dict[str, Any] = {"location_code": pl.String, "at": INSTANT, "quantity": pl.Int64}
NAMED: dict[str, Any] = {**FIELDS, "day": pl.Date}
DOUBTS: dict[str, Any] = {"location_code": pl.String, "day": pl.Date, "upc": pl.String}
KEY: dict[str, Any] = {
    "location_code": "L",
    "upc": "U",
    "segment": "",
    **dict.fromkeys(("sku", "lot_code", "date", "condition", "serial_number")),
}


def at(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def count(number: int, quantity: int, **other: Any) -> Row:
    """A row of a file of January `number`."""
    return {
        "file": "a",
        "row": 1,
        "day": at(number).date(),
        **KEY,
        "quantity": quantity,
        "counted_at": at(number),
        "is_full": False,
        **other,
    }


def record(on_hand: int, **other: Any) -> Row:
    return {"inventory_id": 1, **KEY, "on_hand": on_hand, "counted_at": at(1), **other}


def around(
    records: Sequence[Row],
    moves: Sequence[Row] = (),
    shipped: Sequence[Row] = (),
    named: Sequence[Row] = (),
    doubts: Sequence[Row] = (),
) -> Surroundings:
    return Surroundings(
        records=pl.DataFrame(records, schema=RECORDS, orient="row"),
        moves=pl.DataFrame(moves, schema=MOVES, orient="row"),
        shipped=pl.DataFrame(shipped, schema=SHIPPED, orient="row"),
        named=pl.DataFrame(named, schema=NAMED, orient="row"),
        doubts=pl.DataFrame(doubts, schema=DOUBTS, orient="row"),
    )


def moved(number: int, quantity: int, **other: Any) -> Row:
    """An adjustment of tonight, or with is_new=False what an earlier night knew of."""
    return {**KEY, "at": at(number), "quantity": quantity, "is_new": True, **other}


def refused(
    counts: Sequence[Row],
    records: Sequence[Row],
    least_units: int = 100,
    max_share: float = 0.5,
    **other: Sequence[Row],
) -> list[str]:
    found = counts_that_clear(
        pl.DataFrame(counts, schema=COUNTS, orient="row"),
        around(records, **other),
        least_units,
        max_share,
    )
    return found.get_column("file").to_list()


def test_an_export_of_zeros_is_refused_and_says_what_it_would_do() -> None:
    found = counts_that_clear(
        pl.DataFrame([count(2, 0)], schema=COUNTS),
        around([record(200)]),
        100,
        0.5,
    )
    assert found.rows() == [
        (
            "a",
            "clears_location: L would go from 200 to 0 units; "
            "if that is so, raise max_cleared_share",
        )
    ]


@pytest.mark.parametrize(("quantity", "files"), [(99, ["a"]), (100, []), (101, []), (900, [])])
def test_more_than_the_share_must_go_for_a_refusal(quantity: int, files: list[str]) -> None:
    assert refused([count(2, quantity)], [record(200)]) == files


@pytest.mark.parametrize(("on_hand", "files"), [(99, []), (100, ["a"])])
def test_only_locations_that_hold_enough_are_judged(on_hand: int, files: list[str]) -> None:
    assert refused([count(2, 0)], [record(on_hand)]) == files


def test_a_share_of_1_lets_everything_go() -> None:
    assert refused([count(2, 0)], [record(200)], max_share=1) == []


def test_a_first_count_of_a_location_clears_nothing() -> None:
    assert refused([count(2, 0)], []) == []


def test_units_told_under_another_key_are_not_gone() -> None:
    told = [count(2, 0, row=1), count(2, 200, row=2, lot_code="7")]
    assert refused(told, [record(200)]) == []


def test_a_count_that_leaves_most_records_out_clears_nothing_of_them() -> None:
    records = [record(200), record(300, inventory_id=2, lot_code="7")]
    assert refused([count(2, 0)], records) == []


def test_a_full_count_clears_what_it_leaves_out() -> None:
    records = [record(200), record(300, inventory_id=2, lot_code="7")]
    assert refused([count(2, 200, is_full=True)], records) == ["a"]


def test_the_files_of_a_location_and_day_are_judged_together() -> None:
    records = [record(200), record(300, inventory_id=2, lot_code="7")]
    aisles = [
        count(2, 200, is_full=True, file="aisle 1"),
        count(2, 300, is_full=True, file="aisle 2", lot_code="7"),
    ]
    assert refused(aisles, records) == []
    emptied = [aisles[0] | {"quantity": 0}, aisles[1] | {"quantity": 0}]
    assert refused(emptied, records) == ["aisle 1", "aisle 2"]


def test_of_the_files_of_a_day_the_latest_word_on_a_record_counts() -> None:
    corrected = [count(2, 0, file="a"), count(2, 200, file="b")]
    assert refused(corrected, [record(200)]) == []
    assert refused(corrected[::-1], [record(200)]) == []


def test_another_location_doesnt_make_up_for_a_cleared_one() -> None:
    records = [record(200), record(900, inventory_id=2, location_code="M")]
    told = [
        count(2, 0, file="a"),
        count(2, 900, file="b", location_code="M"),
    ]
    assert refused(told, records) == ["a"]


def test_a_file_that_clears_one_of_its_locations_is_refused_once() -> None:
    records = [record(200), record(200, inventory_id=2, location_code="M")]
    told = [count(2, 0, row=1), count(2, 0, row=2, location_code="M")]
    assert refused(told, records) == ["a"]


def test_days_are_judged_apart() -> None:
    told = [count(2, 200, file="a"), count(3, 0, file="b")]
    assert refused(told, [record(200)]) == ["b"]


def test_a_stale_count_clears_nothing() -> None:
    assert refused([count(2, 0)], [record(200, counted_at=at(3))]) == []


def test_a_stale_full_count_clears_nothing_that_was_counted_since() -> None:
    records = [record(300, lot_code="7", counted_at=at(3)), record(10, inventory_id=2)]
    assert refused([count(2, 10, is_full=True)], records) == []


def test_null_is_a_value_of_the_key() -> None:
    records = [record(200), record(200, inventory_id=2, condition="New")]
    told = [count(2, 200, row=1), count(2, 0, row=2, condition="New")]
    assert refused(told, records) == []
    assert refused([told[1], count(2, 0)], records) == ["a"]


def test_a_night_without_counts_refuses_nothing() -> None:
    assert refused([], [record(200)]) == []


# What else takes units away, or brings them


def test_what_was_adjusted_away_before_the_count_is_not_cleared_by_it() -> None:
    assert refused([count(3, 50)], [record(200)]) == ["a"]
    assert refused([count(3, 50)], [record(200)], moves=[moved(2, -150)]) == []


def test_what_came_in_since_the_count_is_not_cleared_by_it() -> None:
    """200 units are 50 counted on the 2nd and 150 that arrived on the 3rd."""
    came = moved(3, 150, is_new=False)
    assert refused([count(2, 50)], [record(200)], moves=[came]) == []
    assert refused([count(2, 0)], [record(200)], max_share=0.2, moves=[came]) == ["a"]


def test_what_went_out_since_the_count_doesnt_hide_what_it_clears() -> None:
    """140 are left of 200; a count of 140 before that takes 60 of them, one of 60 takes all."""
    assert refused([count(2, 140)], [record(200)], moves=[moved(3, -60)]) == []
    assert refused([count(2, 60)], [record(200)], moves=[moved(3, -60)]) == ["a"]


def test_an_adjustment_that_the_last_count_included_changes_nothing() -> None:
    records = [record(200, counted_at=at(2))]
    assert refused([count(3, 90)], records, moves=[moved(1, -150)]) == ["a"]


@pytest.mark.parametrize(("shipped_on", "files"), [(2, []), (3, []), (4, ["a"])])
def test_what_was_shipped_before_the_count_is_not_cleared_by_it(
    shipped_on: int, files: list[str]
) -> None:
    shipped = [{"location_code": "L", "at": at(shipped_on), "quantity": 150}]
    assert refused([count(3, 50)], [record(200)], shipped=shipped) == files


def test_a_shipment_excuses_the_count_of_one_day_alone() -> None:
    shipped = [{"location_code": "L", "at": at(2), "quantity": 150}]
    told = [count(2, 150, file="a"), count(3, 50, file="b")]
    assert refused(told, [record(300)], shipped=shipped) == ["b"]


@pytest.mark.parametrize("location_code", ["L", None])
@pytest.mark.parametrize("upc", ["V", None])
def test_what_a_rejected_row_may_have_meant_is_not_cleared(
    upc: str | None, location_code: str | None
) -> None:
    records = [record(100), record(300, inventory_id=2, upc="V")]
    doubts = [{"location_code": location_code, "day": at(2).date(), "upc": upc}]
    assert refused([count(2, 100, is_full=True)], records) == ["a"]
    assert refused([count(2, 100, is_full=True)], records, doubts=doubts) == []


def test_what_an_earlier_file_of_the_day_named_is_not_cleared_by_one_that_comes_late() -> None:
    records = [record(100), record(300, inventory_id=2, lot_code="7")]
    named = [{**KEY, "lot_code": "7", "day": at(2).date()}]
    assert refused([count(2, 100, is_full=True)], records, named=named) == []
    other_day = [{**KEY, "lot_code": "7", "day": at(1).date()}]
    assert refused([count(2, 100, is_full=True)], records, named=other_day) == ["a"]
