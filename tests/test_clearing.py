"""A count that would empty a location is refused (SPEC 4.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from transforms.clearing import clearing_counts

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


def refused(
    counts: Sequence[Row], records: Sequence[Row], least_units: int = 100, max_share: float = 0.5
) -> list[str]:
    found = clearing_counts(
        pl.DataFrame(counts, schema=COUNTS, orient="row"),
        pl.DataFrame(records, schema=RECORDS, orient="row"),
        least_units,
        max_share,
    )
    return found.get_column("file").to_list()


def test_an_export_of_zeros_is_refused_and_says_what_it_would_do() -> None:
    found = clearing_counts(
        pl.DataFrame([count(2, 0)], schema=COUNTS),
        pl.DataFrame([record(200)], schema=RECORDS),
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
