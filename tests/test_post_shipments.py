"""Shipments and cancellations, one by one as they happened (SPEC 4.5, 5.3 to 5.5)."""

import copy
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.movements import EFFECTS
from transforms.ledger import Ledger
from transforms.picks import in_words
from transforms.post_shipments import post_shipments

Row = dict[str, Any]
Promises = dict[tuple[str, int], int]
"""Units by order and record."""

FIELDS = ("sku", "lot_code", "date", "condition", "serial_number")
BALANCES = ("allocated", "pending", "shipped", "cancelled", "refused")
HERE = {"location_code": "L", "upc": "U", "segment": ""}
PLAIN = dict.fromkeys(FIELDS)
TODAY = date(2026, 1, 10)
FULL_COUNTS: dict[str, Any] = {
    "location_code": pl.String,
    "day": pl.Date,
    "file": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "uncertain_upcs": pl.List(pl.String),
    "run": pl.Int64,
}
ARRIVED: dict[str, Any] = {
    "inventory_id": pl.Int64,
    "upc": pl.String,
    "serial_number": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "file": pl.String,
    "row": pl.Int64,
    "run": pl.Int64,
}


def at(hour: int) -> datetime:
    return datetime(2026, 1, 10, hour, tzinfo=UTC)


def line(order_id: str, pending: int = 0, **other: Any) -> Row:
    return {
        "order_id": order_id,
        "line_id": "1",
        "placed_at": at(0),
        "priority": 0,
        **HERE,
        **PLAIN,
        "customer_id": None,
        **dict.fromkeys(BALANCES, 0),
        "pending": pending,
        **other,
    }


def record(inventory_id: int, on_hand: int, **other: Any) -> Row:
    return {
        "inventory_id": inventory_id,
        "pool_no": 1,
        **HERE,
        **PLAIN,
        "on_hand": on_hand,
        "allocated": 0,
        "safety_stock": 0,
        "floor": None,
        "ltd": None,
        "counted_at": None,
        "is_held": False,
        "is_expired": False,
        **other,
    }


def ledger(
    lines: Iterable[Row],
    records: Iterable[Row],
    promises: Promises | None = None,
    *,
    without_stock: Iterable[str] = (),
    untracked: Iterable[str] = (),
    known: Iterable[tuple[str, str, int | None]] = (),
    full_counts: Iterable[Row] = (),
    arrived: Iterable[Row] = (),
) -> Ledger:
    """A ledger with these promises on lines and records; `known`: shipment, order and record."""
    line_of = {
        (row["order_id"], row["line_id"]): row | {"line_no": number, "pool_no": 1}
        for number, row in enumerate(lines)
    }
    record_of = {row["inventory_id"]: dict(row) for row in records}
    allocations: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for (order_id, inventory_id), units in (promises or {}).items():
        line_of[order_id, "1"]["allocated"] += units
        record_of[inventory_id]["allocated"] += units
        allocations[order_id, "1"][inventory_id] = units
    shipped: dict[tuple[str, str, str], list[int | None]] = defaultdict(list)
    for shipment_id, order_id, one in known:
        shipped[shipment_id, order_id, "1"].append(one)
    return Ledger(
        lines=line_of,
        records=record_of,
        allocations=allocations,
        known_shipments=shipped,
        without_stock=frozenset(without_stock),
        untracked=frozenset(untracked),
        next_id=max(record_of, default=0) + 1,
        full_counts=pl.DataFrame(list(full_counts), schema=FULL_COUNTS),
        arrived=pl.DataFrame(list(arrived), schema=ARRIVED),
    )


def event(kind: str, order_id: str, quantity: int | None, **other: Any) -> Row:
    return {
        "kind": kind,
        "at": at(12),
        "because": None,
        "file": kind,
        "row": 1,
        "since": TODAY,
        "order_id": order_id,
        "line_id": "1",
        "quantity": quantity,
        "shipment_id": None,
        "inventory_id": None,
        **PLAIN,
        "decrement_on_hand": False,
        "has_waited": False,
        "raw": None,
        **other,
    }


def shipment(order_id: str, quantity: int, **other: Any) -> Row:
    return event("shipments", order_id, quantity, **other)


def cancellation(order_id: str, quantity: int | None = None, **other: Any) -> Row:
    return event("cancellations", order_id, quantity, **other)


def post(at_ledger: Ledger, *events: Row) -> Ledger:
    post_shipments(at_ledger, events, TODAY, wait_days=7)
    return at_ledger


def shipped(at_ledger: Ledger) -> list[tuple[str, int | None, int]]:
    """What was fulfilled: order, record, units."""
    order = {line["line_no"]: line["order_id"] for line in at_ledger.lines.values()}
    return [
        (order[row["line_no"]], row["inventory_id"], row["quantity"]) for row in at_ledger.fulfilled
    ]


def moves(at_ledger: Ledger) -> list[tuple[str, int, int | None]]:
    return [(row["kind"], row["quantity"], row["inventory_id"]) for row in at_ledger.movements]


def balances(at_ledger: Ledger, order_id: str) -> dict[str, int]:
    """The balances of a line that aren't 0."""
    row = at_ledger.lines[order_id, "1"]
    return {name: row[name] for name in BALANCES if row[name]}


def on_hand(at_ledger: Ledger) -> dict[int, int]:
    return {one: row["on_hand"] for one, row in at_ledger.records.items()}


def promised(at_ledger: Ledger, order_id: str) -> dict[int, int]:
    return {one: units for one, units in at_ledger.allocations[order_id, "1"].items() if units}


def waits(at_ledger: Ledger) -> list[str]:
    return [row["reason"] for row in at_ledger.waiting]


def rejects(at_ledger: Ledger) -> list[tuple[str, str | None]]:
    return [(row["rule"], row["column"]) for row in at_ledger.rejects]


# Shipments: where the units come from


def test_a_shipment_takes_the_lines_own_allocation() -> None:
    after = post(ledger([line("A")], [record(1, 5)], {("A", 1): 3}), shipment("A", 2))
    assert shipped(after) == [("A", 1, 2)]
    assert moves(after) == [("ship", 2, 1)]
    assert balances(after, "A") == {"allocated": 1, "shipped": 2}
    assert on_hand(after) == {1: 3}
    assert promised(after, "A") == {1: 1}


def test_own_allocations_are_taken_in_use_order() -> None:
    records = [
        record(1, 5),
        record(3, 5, lot_code="3", date=date(2026, 5, 2)),
        record(2, 5, lot_code="2", date=date(2026, 5, 2)),
        record(4, 5, date=date(2026, 5, 1)),
    ]
    promises = {("A", 1): 1, ("A", 2): 1, ("A", 3): 1, ("A", 4): 1}
    after = post(ledger([line("A")], records, promises), shipment("A", 3))
    assert shipped(after) == [("A", 4, 1), ("A", 2, 1), ("A", 3, 1)]


def test_own_allocations_go_before_free_units_of_an_earlier_date() -> None:
    records = [record(1, 5, date=date(2026, 5, 1)), record(2, 5)]
    after = post(ledger([line("A")], records, {("A", 2): 2}), shipment("A", 2))
    assert shipped(after) == [("A", 2, 2)]


def test_free_units_come_next_in_use_order() -> None:
    records = [record(1, 2), record(2, 2, date=date(2026, 5, 2)), record(3, 9, lot_code="7")]
    after = post(ledger([line("A", 4)], records, {("A", 3): 1}), shipment("A", 5))
    assert shipped(after) == [("A", 3, 1), ("A", 2, 2), ("A", 1, 2)]
    assert balances(after, "A") == {"shipped": 5}
    assert on_hand(after) == {1: 0, 2: 0, 3: 8}


def test_units_from_elsewhere_are_allocated_and_shipped() -> None:
    after = post(ledger([line("A", 2)], [record(1, 5)]), shipment("A", 2))
    assert moves(after) == [("allocate", 2, 1), ("ship", 2, 1)]
    assert promised(after, "A") == {}


@pytest.mark.parametrize("unfree", [{"safety_stock": 2}, {"is_held": True}, {"is_expired": True}])
def test_units_that_are_not_free_go_after_free_ones(unfree: Row) -> None:
    records = [record(1, 2, **unfree), record(2, 2, lot_code="7")]
    assert shipped(post(ledger([line("A", 2)], records), shipment("A", 2))) == [("A", 2, 2)]
    assert shipped(post(ledger([line("A", 3)], records), shipment("A", 3))) == [
        ("A", 2, 2),
        ("A", 1, 1),
    ]


def serial(inventory_id: int, on_hand: int, **other: Any) -> Row:
    return record(inventory_id, on_hand, serial_number="7", **other)


def test_of_a_serial_on_two_records_the_unit_of_the_one_counted_last_is_free() -> None:
    records = [serial(1, 1, counted_at=at(1)), serial(2, 1, lot_code="8", counted_at=at(2))]
    after = post(ledger([line("A", 1)], records), shipment("A", 1, serial_number="7"))
    assert shipped(after) == [("A", 2, 1)]


def test_of_a_serial_that_is_promised_no_other_unit_is_free_wherever_it_stands() -> None:
    elsewhere = serial(3, 1, location_code="M", counted_at=at(3))
    records = [serial(1, 1), serial(2, 2, lot_code="8", counted_at=at(2)), elsewhere]
    before = ledger([line("A", 1), line("B")], records, {("B", 2): 1})
    assert [before.free(one) for one in before.records.values()] == [0, 0, 0]
    before = ledger([line("A", 1)], records)
    assert [before.free(one) for one in before.records.values()] == [0, 0, 1]


def test_units_promised_to_others_come_last() -> None:
    records = [record(1, 3, date=date(2026, 5, 1)), record(2, 1)]
    before = ledger([line("A", 3), line("B")], records, {("B", 1): 3})
    after = post(before, shipment("A", 3))
    assert shipped(after) == [("A", 2, 1), ("A", 1, 2)]
    assert on_hand(after) == {1: 1, 2: 0}
    assert promised(after, "B") == {1: 3}
    assert balances(after, "B") == {"allocated": 3}


def test_free_and_promised_units_of_one_record_are_one_row_of_fulfilled() -> None:
    before = ledger([line("A", 3), line("B")], [record(1, 3)], {("B", 1): 2})
    assert shipped(post(before, shipment("A", 3))) == [("A", 1, 3)]


def test_an_own_allocation_whose_stock_vanished_is_shipped_from_elsewhere() -> None:
    records = [record(1, 1), record(2, 5, lot_code="7")]
    after = post(ledger([line("A")], records, {("A", 1): 3}), shipment("A", 3))
    assert shipped(after) == [("A", 1, 1), ("A", 2, 2)]
    assert on_hand(after) == {1: 0, 2: 3}
    assert balances(after, "A") == {"shipped": 3}
    assert promised(after, "A") == {}


def test_what_is_shipped_from_elsewhere_replaces_the_lines_allocations_before_its_pending() -> None:
    records = [record(1, 5, lot_code="1"), record(2, 5, lot_code="2")]
    after = post(ledger([line("A", 4)], records, {("A", 1): 2}), shipment("A", 3, lot_code="2"))
    assert moves(after) == [("release", 2, 1), ("allocate", 3, 2), ("ship", 3, 2)]
    assert balances(after, "A") == {"pending": 3, "shipped": 3}


def test_of_the_lines_allocations_the_last_in_use_order_is_replaced_first() -> None:
    records = [
        record(1, 5, lot_code="1", date=date(2026, 5, 1)),
        record(2, 5, lot_code="1"),
        record(3, 5, lot_code="3"),
    ]
    before = ledger([line("A")], records, {("A", 1): 2, ("A", 2): 2})
    after = post(before, shipment("A", 3, lot_code="3"))
    assert moves(after)[:2] == [("release", 2, 2), ("release", 1, 1)]
    assert promised(after, "A") == {1: 1}


# Shipments: what they name


def test_a_shipment_ships_exactly_the_record_it_names() -> None:
    records = [record(1, 5), record(2, 5, lot_code="7")]
    after = post(ledger([line("A")], records, {("A", 1): 2}), shipment("A", 1, inventory_id=2))
    assert shipped(after) == [("A", 2, 1)]
    assert promised(after, "A") == {1: 1}
    assert after.fulfilled[0]["is_scanned"]


@pytest.mark.parametrize("inventory_id", [9, 2, 3, 4])
def test_a_record_that_is_unknown_or_of_another_pool_is_rejected(inventory_id: int) -> None:
    records = [
        record(1, 5),
        record(2, 5, location_code="M"),
        record(3, 5, upc="V"),
        record(4, 5, segment="wholesale"),
    ]
    for one in (shipment, cancellation):
        after = post(
            ledger([line("A")], records, {("A", 1): 2}), one("A", 1, inventory_id=inventory_id)
        )
        assert rejects(after) == [("unknown_record", "inventory_id")]
        assert not after.movements


@pytest.mark.parametrize(
    ("field", "value", "other"),
    [
        ("sku", "9", "8"),
        ("lot_code", "9", "8"),
        ("date", date(2026, 5, 9), date(2026, 5, 8)),
        ("condition", "Used", "New"),
        ("serial_number", "S9", "S8"),
    ],
)
def test_granular_fields_are_a_filter(field: str, value: object, other: object) -> None:
    records = [record(1, 1), record(2, 1, **{field: other}), record(3, 1, **{field: value})]
    before = ledger([line("A")], records, {("A", 1): 1})
    after = post(before, shipment("A", 1, **{field: value}))
    assert shipped(after) == [("A", 3, 1)]
    assert promised(after, "A") == {}


@pytest.mark.parametrize(
    ("field", "value", "other"),
    [
        ("sku", "9", "8"),
        ("lot_code", "9", "8"),
        ("date", date(2026, 5, 9), date(2026, 5, 8)),
        ("condition", "New", "Used"),
        ("serial_number", "S9", "S8"),
    ],
)
def test_a_bare_shipment_means_the_units_that_the_line_asks_for(
    field: str, value: object, other: object
) -> None:
    asking = line("A", 1, **{field: value})
    others = [record(1, 5), record(2, 1, **{field: other})]
    assert waits(post(ledger([asking], others), shipment("A", 1))) == [
        f"no record of {in_words(PLAIN | {field: value})} in this pool"
    ]
    after = post(ledger([asking], [*others, record(3, 1, **{field: value})]), shipment("A", 1))
    assert shipped(after) == [("A", 3, 1)]
    assert not after.discrepancies


def test_a_bare_shipment_of_more_than_there_is_takes_nothing_else() -> None:
    records = [record(1, 2, lot_code="1"), record(2, 10, lot_code="2")]
    after = post(ledger([line("A", 4, lot_code="1")], records), shipment("A", 4))
    assert waits(after) == ["it ships 4 of lot 1, more than is on hand: 2"]
    assert not after.movements


def test_a_bare_shipment_of_a_held_lot_is_booked_on_that_lot() -> None:
    records = [record(1, 4, lot_code="1", is_held=True), record(2, 10, lot_code="2")]
    after = post(ledger([line("A", 4, lot_code="1")], records), shipment("A", 4))
    assert shipped(after) == [("A", 1, 4)]


def test_of_the_units_that_a_shipment_names_those_that_the_line_asks_for_go_first() -> None:
    early = date(2026, 5, 1)
    records = [
        record(1, 1, lot_code="1", condition="Used", date=early),
        record(2, 1, lot_code="1", condition="New"),
    ]
    asking = line("A", 2, condition="New")
    assert shipped(post(ledger([asking], records), shipment("A", 1, lot_code="1"))) == [("A", 2, 1)]
    after = post(ledger([asking], records), shipment("A", 2, lot_code="1"))
    assert shipped(after) == [("A", 2, 1), ("A", 1, 1)]


def test_units_that_left_though_the_line_asks_for_others_are_shipped_and_told() -> None:
    records = [record(1, 3, condition="Used", lot_code="7"), record(2, 1, condition="New")]
    before = ledger([line("A", 1, condition="New")], records, {("A", 2): 1})
    after = post(before, shipment("A", 2, condition="Used"))
    assert shipped(after) == [("A", 1, 2)]
    assert promised(after, "A") == {}
    assert after.discrepancies == [
        {
            "kind": "wrong_unit",
            "inventory_id": 1,
            "order_id": "A",
            "line_id": "1",
            "quantity": 2,
            "detail": "2 of record 1 left (lot 7, condition Used), the line asks for "
            "condition New (shipments, row 1)",
        }
    ]


def test_a_named_record_that_the_line_does_not_ask_for_is_shipped_and_told() -> None:
    before = ledger([line("A", 1, lot_code="6")], [record(1, 1)])
    after = post(before, shipment("A", 1, inventory_id=1))
    assert shipped(after) == [("A", 1, 1)]
    assert [row["detail"] for row in after.discrepancies] == [
        "1 of record 1 left (no granular field), the line asks for lot 6 (shipments, row 1)"
    ]


@pytest.mark.parametrize(
    ("named", "is_scanned"),
    [
        ({}, False),
        ({"inventory_id": 1}, True),
        ({"lot_code": "7"}, True),
        ({"serial_number": "S"}, True),
        ({"sku": "K"}, False),
        ({"date": date(2026, 5, 1)}, False),
        ({"condition": "New"}, False),
        ({"condition": "New", "lot_code": "7"}, True),
    ],
)
def test_a_shipment_is_scanned_if_it_names_the_record_its_lot_or_its_serial(
    named: Row, is_scanned: bool
) -> None:
    fields = {"sku": "K", "lot_code": "7", "date": date(2026, 5, 1), "condition": "New"}
    unit = record(1, 1, **fields, serial_number="S")
    after = post(ledger([line("A", 1, lot_code="7")], [unit]), shipment("A", 1, **named))
    assert [row["is_scanned"] for row in after.fulfilled] == [is_scanned]


# A serial number is one unit


def serials(*on_hand: int, **other: Any) -> list[Row]:
    return [
        record(one, units, serial_number=f"S{one}", **other) for one, units in enumerate(on_hand, 1)
    ]


def test_a_shipment_takes_one_unit_of_each_serial_number() -> None:
    after = post(ledger([line("A", 3)], serials(3, 1, 1)), shipment("A", 3))
    assert shipped(after) == [("A", 1, 1), ("A", 2, 1), ("A", 3, 1)]


def test_a_serial_number_with_many_units_gives_one() -> None:
    for told in (shipment("A", 2), shipment("A", 2, inventory_id=1)):
        after = post(ledger([line("A", 2)], serials(3)), told)
        assert [reason.endswith("more than is on hand: 1") for reason in waits(after)] == [True]


def test_a_count_includes_one_unit_of_each_serial_number() -> None:
    counted = serials(0, 0, counted_at=at(13))
    after = post(ledger([line("A", 2)], counted), shipment("A", 2))
    assert shipped(after) == [("A", 1, 1), ("A", 2, 1)]
    assert on_hand(after) == {1: 0, 2: 0}
    assert waits(post(ledger([line("A", 3)], counted), shipment("A", 3))) == [
        "it ships 3, more than is on hand: 2"
    ]


def test_what_serial_numbers_do_not_cover_goes_to_the_next_record_that_includes_it() -> None:
    records = [*serials(0, counted_at=at(13)), record(2, 0, counted_at=at(13))]
    after = post(ledger([line("A", 3)], records), shipment("A", 3))
    assert shipped(after) == [("A", 1, 1), ("A", 2, 2)]


def test_without_stock_no_serial_number_goes_below_zero_unless_it_is_named() -> None:
    after = post(ledger([line("A", 3)], serials(1, 0), without_stock="L"), shipment("A", 3))
    assert shipped(after) == [("A", 1, 1), ("A", 3, 2)]
    assert on_hand(after) == {1: 0, 2: 0, 3: -2}
    assert after.records[3]["serial_number"] is None

    after = post(
        ledger([line("A", 3)], [*serials(1), record(2, 0)], without_stock="L"), shipment("A", 3)
    )
    assert shipped(after) == [("A", 1, 1), ("A", 2, 2)]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, {"serial_number": "S2"}),
        ({}, {"inventory_id": 2}),
        ({"serial_number": "S2"}, {}),
        ({"serial_number": "S2"}, {"condition": "New"}),
    ],
)
def test_without_stock_a_serial_number_that_is_named_goes_one_below_zero(
    asked: Row, named: Row
) -> None:
    before = ledger([line("A", 1, **asked)], serials(0, 0, condition="New"), without_stock="L")
    after = post(before, shipment("A", 1, **named))
    assert on_hand(after) == {1: 0, 2: -1}


def test_without_stock_a_named_serial_number_owes_no_second_unit() -> None:
    before = ledger([line("A", 2)], serials(0), without_stock="L")
    after = post(before, shipment("A", 2, inventory_id=1))
    assert waits(after) == ["it ships 2 of record 1, more than is on hand: 0"]
    before = ledger([line("A", 2, serial_number="S1")], serials(0), without_stock="L")
    after = post(before, shipment("A", 2))
    assert waits(after) == ["it ships 2 of serial number S1, more than is on hand: 0"]
    assert set(after.records) == {1}


# Shipments that a count includes


def test_a_shipment_that_a_count_includes_isnt_held_against_on_hand() -> None:
    """At the same instant it is included, too."""
    before = ledger([line("A")], [record(1, 2, counted_at=at(12))], {("A", 1): 3})
    after = post(before, shipment("A", 3))
    assert shipped(after) == [("A", 1, 3)]
    assert moves(after) == [("ship", 3, 1), ("count", 3, 1)]
    assert after.movements[1]["reason"] == "late"
    assert on_hand(after) == {1: 2}


def test_a_shipment_after_the_count_is_held_against_on_hand() -> None:
    before = ledger([line("A")], [record(1, 2, counted_at=at(11))], {("A", 1): 3})
    after = post(before, shipment("A", 3))
    assert waits(after) == ["it ships 3, more than is on hand: 2"]


def test_what_allocations_and_free_units_dont_cover_goes_to_the_first_record_that_includes_it() -> (
    None
):
    records = [
        record(1, 1, lot_code="1", date=date(2026, 5, 1), counted_at=at(11)),
        record(2, 0, lot_code="2", date=date(2026, 5, 2), counted_at=at(13)),
        record(3, 0, lot_code="3", date=date(2026, 5, 3), counted_at=at(13)),
    ]
    after = post(ledger([line("A", 4)], records), shipment("A", 4))
    assert shipped(after) == [("A", 1, 1), ("A", 2, 3)]
    assert on_hand(after) == {1: 0, 2: 0, 3: 0}
    assert balances(after, "A") == {"shipped": 4}


def test_a_record_that_includes_it_goes_before_units_promised_to_others() -> None:
    records = [record(1, 3, date=date(2026, 5, 1)), record(2, 0, counted_at=at(13))]
    before = ledger([line("A", 2), line("B")], records, {("B", 1): 3})
    assert shipped(post(before, shipment("A", 2))) == [("A", 2, 2)]


def test_an_adjustment_of_a_cancellation_that_a_count_includes_changes_nothing_on_hand() -> None:
    before = ledger([line("A")], [record(1, 5, counted_at=at(13))], {("A", 1): 2})
    after = post(before, cancellation("A", decrement_on_hand=True))
    assert on_hand(after) == {1: 5}


# Without stock, and without tracking


def test_a_location_that_may_ship_without_stock_goes_below_zero() -> None:
    records = [record(1, 1), record(2, 1, lot_code="7", date=date(2026, 5, 1))]
    after = post(ledger([line("A", 5)], records, without_stock="L"), shipment("A", 5))
    assert shipped(after) == [("A", 2, 4), ("A", 1, 1)]
    assert on_hand(after) == {1: 0, 2: -3}


def test_without_a_fitting_record_one_is_made_of_the_shipments_fields_over_the_lines() -> None:
    before = ledger([line("A", 2, condition="New")], [record(1, 5)], without_stock="L")
    after = post(before, shipment("A", 2, lot_code="7", date=date(2026, 5, 1)))
    assert after.records[2] == record(2, -2, condition="New", lot_code="7", date=date(2026, 5, 1))
    assert shipped(after) == [("A", 2, 2)]
    assert on_hand(after)[1] == 5


def test_no_record_is_made_of_a_unit_that_the_line_does_not_ask_for() -> None:
    before = ledger([line("A", 2, lot_code="6")], [record(1, 5)], without_stock="L")
    after = post(before, shipment("A", 2, lot_code="7"))
    assert waits(after) == ["no record of lot 7 in this pool"]
    assert set(after.records) == {1}


def test_a_bare_shipment_without_stock_owes_what_the_line_asks_for() -> None:
    before = ledger([line("A", 2, lot_code="6")], [record(1, 5)], without_stock="L")
    after = post(before, shipment("A", 2))
    assert after.records[2] == record(2, -2, lot_code="6")
    assert on_hand(after)[1] == 5


def test_the_record_that_was_made_is_there_for_the_next_shipment() -> None:
    before = ledger([line("A", 2)], [], without_stock="L")
    after = post(before, shipment("A", 1, lot_code="7"), shipment("A", 1, at=at(13), lot_code="7"))
    assert on_hand(after) == {1: -2}


WHOLE = {
    "location_code": "L",
    "day": TODAY,
    "file": "inventory/whole",
    "at": at(12),
    "uncertain_upcs": [],
    "run": 3,
}


@pytest.mark.parametrize(("shipped_at", "units"), [(11, 0), (12, 0), (13, -2)])
def test_a_record_made_where_all_was_counted_has_nothing_on_hand_up_to_then(
    shipped_at: int, units: int
) -> None:
    before = ledger([line("A", 2)], [], without_stock="L", full_counts=[WHOLE])
    after = post(before, shipment("A", 2, at=at(shipped_at), lot_code="7"))
    assert on_hand(after) == {1: units}
    assert after.records[1]["counted_at"] == at(12)
    (stated,) = after.statements
    assert (stated["inventory_id"], stated["reason"], stated["quantity"]) == (1, "full", 0)
    assert (stated["at"], stated["file"], stated["run"]) == (at(12), "inventory/whole", 3)


def test_a_record_made_of_a_serial_that_arrived_elsewhere_since_has_nothing_on_hand() -> None:
    arrival = {"inventory_id": 9, "upc": "U", "serial_number": "S", "at": at(13)}
    arrival |= {"file": "inventory/elsewhere", "row": 4, "run": 3}
    before = ledger([line("A", 1)], [], without_stock="L", arrived=[arrival])
    after = post(before, shipment("A", 1, serial_number="S"))
    assert on_hand(after) == {1: 0}
    assert [(row["reason"], row["row"]) for row in after.statements] == [("moved", 4)]


def test_a_named_record_may_go_below_zero_where_that_is_allowed() -> None:
    records = [record(1, 5), record(2, 1, lot_code="7")]
    before = ledger([line("A", 3)], records, without_stock="L")
    after = post(before, shipment("A", 3, inventory_id=2))
    assert on_hand(after) == {1: 5, 2: -2}


def test_a_promise_is_not_made_again_for_units_that_leave_without_stock() -> None:
    before = ledger([line("A", 1)], [record(1, 1)], {("A", 1): 2}, without_stock="L")
    after = post(before, shipment("A", 3))
    assert moves(after) == [("ship", 2, 1), ("allocate", 1, 1), ("ship", 1, 1)]
    assert shipped(after) == [("A", 1, 3)]
    assert on_hand(after) == {1: -2}


def test_a_product_not_tracked_is_passed() -> None:
    after = post(ledger([line("A", 5)], [], untracked="U"), shipment("A", 2, shipment_id="S"))
    assert moves(after) == [("pass", 2, None)]
    assert shipped(after) == [("A", None, 2)]
    assert balances(after, "A") == {"pending": 3, "shipped": 2}
    again = post(after, shipment("A", 2, shipment_id="S"))
    assert len(again.repeats) == 1


# Waiting


@pytest.mark.parametrize(
    ("early", "reason"),
    [
        (shipment("X", 1), "the order line is not known yet"),
        (cancellation("X", 1), "the order line is not known yet"),
        (shipment("A", 4), "it ships 4, more than the line has open: 3"),
        (shipment("A", 3), "it ships 3, more than is on hand: 2"),
        (shipment("A", 1, lot_code="none has it"), "no record of lot none has it in this pool"),
        (
            shipment("A", 1, lot_code="l-1", condition="New"),
            "no record of lot l-1, condition New in this pool; near: L1",
        ),
        (shipment("A", 3, inventory_id=1), "it ships 3 of record 1, more than is on hand: 2"),
        (shipment("A", 3, lot_code="L1"), "it ships 3 of lot L1, more than is on hand: 2"),
    ],
)
def test_what_doesnt_fit_yet_waits_and_changes_nothing(early: Row, reason: str) -> None:
    before = ledger([line("A", 2)], [record(1, 2, lot_code="L1")], {("A", 1): 1})
    after = post(before, early)
    assert waits(after) == [reason]
    assert not after.movements
    assert not after.fulfilled
    assert not after.rejects


@pytest.mark.parametrize(("since", "is_rejected"), [(3, False), (2, True)])
def test_an_event_waits_for_wait_days_and_is_rejected_by_the_next_run(
    since: int, is_rejected: bool
) -> None:
    for one in (shipment, cancellation):
        after = post(ledger([], []), one("X", 1, since=date(2026, 1, since), has_waited=True))
        assert bool(after.waiting) is not is_rejected
        assert rejects(after) == ([("waited_too_long", None)] if is_rejected else [])


def test_an_event_that_waited_longest_is_posted_once_it_fits() -> None:
    before = ledger([line("A", 1)], [record(1, 1)])
    after = post(before, shipment("A", 1, since=date(2025, 1, 1), has_waited=True))
    assert shipped(after) == [("A", 1, 1)]
    assert not after.rejects


def test_a_shipment_of_a_record_that_isnt_there_is_rejected_although_it_ships_too_much() -> None:
    after = post(ledger([line("A", 1)], []), shipment("A", 9, inventory_id=5))
    assert rejects(after) == [("unknown_record", "inventory_id")]
    assert not after.waiting


def test_of_two_equal_shipments_the_one_that_waited_goes_first() -> None:
    told = shipment("A", 1, file="a")
    waited = told | {"file": "b", "since": date(2026, 1, 9), "has_waited": True}
    after = post(ledger([line("A", 1)], [record(1, 9)]), told, waited)
    assert [row["file"] for row in after.movements if row["kind"] == "ship"] == ["b"]
    assert [row["file"] for row in after.waiting] == ["a"]


# Repeats


def test_a_shipment_known_for_its_line_and_record_is_a_repeat() -> None:
    before = ledger([line("A", 5)], [record(1, 9)], known=[("S", "A", 1)])
    after = post(
        before,
        shipment("A", 1, shipment_id="S"),
        shipment("A", 1, shipment_id="S", inventory_id=1, row=2),
    )
    assert [row["row"] for row in after.repeats] == [2, 1]
    assert not after.movements


def test_a_shipment_of_another_line_record_or_filter_is_no_repeat() -> None:
    records = [record(1, 9, condition="New"), record(2, 9, condition="Used")]
    lines = [line("A", 5), line("B", 5)]
    for other in (
        shipment("B", 1, shipment_id="S"),
        shipment("A", 1, shipment_id="T"),
        shipment("A", 1, shipment_id="S", inventory_id=2),
        shipment("A", 1, shipment_id="S", condition="Used"),
        shipment("A", 1),
    ):
        after = post(ledger(lines, records, known=[("S", "A", 1)]), other)
        assert not after.repeats
        assert len(after.fulfilled) == 1


def test_a_bare_shipment_of_a_known_id_is_a_repeat_of_what_the_line_asks_for_alone() -> None:
    records = [record(1, 9, condition="New"), record(2, 9, condition="Used")]
    asking = line("A", 5, condition="New")
    after = post(
        ledger([asking], records, known=[("S", "A", 2)]), shipment("A", 1, shipment_id="S")
    )
    assert shipped(after) == [("A", 1, 1)]
    after = post(
        ledger([asking], records, known=[("S", "A", 1)]), shipment("A", 1, shipment_id="S")
    )
    assert len(after.repeats) == 1


def test_a_named_record_tells_a_repeat_whatever_fields_stand_beside_it() -> None:
    before = ledger([line("A", 5)], [record(1, 9, condition="New")], known=[("S", "A", 1)])
    after = post(before, shipment("A", 1, shipment_id="S", inventory_id=1, condition="Used"))
    assert len(after.repeats) == 1
    assert not after.movements


def test_a_shipment_told_twice_in_a_night_is_shipped_once() -> None:
    told = shipment("A", 1, shipment_id="S")
    after = post(ledger([line("A", 5)], [record(1, 9)]), told, told | {"row": 2})
    assert len(after.fulfilled) == 1
    assert len(after.repeats) == 1


def test_shipments_without_an_id_are_never_repeats() -> None:
    told = shipment("A", 1)
    after = post(ledger([line("A", 5)], [record(1, 9)]), told, told | {"row": 2})
    assert balances(after, "A") == {"pending": 3, "shipped": 2}


def test_a_repeat_of_a_line_with_nothing_open_is_a_repeat_and_doesnt_wait() -> None:
    before = ledger([line("A", shipped=1)], [record(1, 9)], known=[("S", "A", 1)])
    after = post(before, shipment("A", 1, shipment_id="S"))
    assert len(after.repeats) == 1
    assert not after.waiting


# Cancellations


def test_a_cancellation_takes_pending_units_first() -> None:
    after = post(ledger([line("A", 2)], [record(1, 3)], {("A", 1): 3}), cancellation("A", 2))
    assert moves(after) == [("cancel", 2, None)]
    assert balances(after, "A") == {"allocated": 3, "cancelled": 2}


def test_a_cancellation_then_takes_allocations_in_reverse_use_order() -> None:
    records = [
        record(1, 9, date=date(2026, 5, 1)),
        record(2, 9, date=date(2026, 5, 2)),
        record(3, 9),
    ]
    promises = {("A", 1): 2, ("A", 2): 2, ("A", 3): 2}
    after = post(ledger([line("A", 1)], records, promises), cancellation("A", 4))
    assert moves(after) == [
        ("cancel", 1, None),
        ("release", 2, 3),
        ("cancel", 2, None),
        ("release", 1, 2),
        ("cancel", 1, None),
    ]
    assert promised(after, "A") == {1: 2, 2: 1}
    assert on_hand(after) == {1: 9, 2: 9, 3: 9}


def test_a_cancellation_without_quantity_takes_all_open_units() -> None:
    before = ledger([line("A", 2, shipped=4)], [record(1, 3)], {("A", 1): 3})
    after = post(before, cancellation("A"))
    assert balances(after, "A") == {"shipped": 4, "cancelled": 5}
    assert not after.discrepancies


def test_a_cancellation_that_names_a_record_takes_exactly_that_records_units() -> None:
    records = [record(1, 3), record(2, 3, lot_code="7")]
    before = ledger([line("A", 2)], records, {("A", 1): 3, ("A", 2): 1})
    after = post(before, cancellation("A", 2, inventory_id=1))
    assert balances(after, "A") == {"allocated": 2, "pending": 2, "cancelled": 2}
    assert promised(after, "A") == {1: 1, 2: 1}
    after = post(after, cancellation("A", inventory_id=1))
    assert promised(after, "A") == {2: 1}
    assert not after.discrepancies


@pytest.mark.parametrize(
    ("told", "cancelled", "too_much"),
    [
        (cancellation("A", 9), 5, 4),
        (cancellation("A", 9, inventory_id=1), 3, 6),
        (cancellation("A", 1, inventory_id=2), 0, 1),
    ],
)
def test_what_exceeds_the_open_units_is_a_discrepancy(
    told: Row, cancelled: int, too_much: int
) -> None:
    records = [record(1, 3), record(2, 3, lot_code="7")]
    after = post(ledger([line("A", 2)], records, {("A", 1): 3}), told)
    assert balances(after, "A").get("cancelled", 0) == cancelled
    found = [(row["kind"], row["order_id"], row["quantity"]) for row in after.discrepancies]
    assert found == [("cancelled_too_much", "A", too_much)]


def test_decrement_on_hand_acts_only_on_units_taken_off_records() -> None:
    before = ledger([line("A", 2)], [record(1, 5)], {("A", 1): 3})
    after = post(before, cancellation("A", 4, decrement_on_hand=True))
    assert moves(after) == [
        ("cancel", 2, None),
        ("release", 2, 1),
        ("cancel", 2, None),
        ("adjust", -2, 1),
    ]
    assert on_hand(after) == {1: 3}


# The order of events


def test_events_go_by_their_instants() -> None:
    before = ledger([line("A", 1)], [record(1, 1)])
    after = post(copy.deepcopy(before), shipment("A", 1, at=at(2)), cancellation("A", at=at(1)))
    assert balances(after, "A") == {"cancelled": 1}
    assert waits(after) == ["it ships 1, more than the line has open: 0"]


def test_at_one_instant_shipments_go_before_cancellations() -> None:
    after = post(ledger([line("A", 1)], [record(1, 1)]), cancellation("A", 1), shipment("A", 1))
    assert balances(after, "A") == {"shipped": 1}


def test_at_one_instant_rows_that_name_a_record_go_first() -> None:
    lines = [line("A", 1, priority=9), line("B", 1)]
    before = ledger(lines, [record(1, 1)])
    after = post(before, shipment("A", 1), shipment("B", 1, inventory_id=1))
    assert shipped(after) == [("B", 1, 1)]


def test_at_one_instant_events_go_by_the_rank_of_their_line() -> None:
    lines = [line("A", 1), line("B", 1, priority=9), line("10", 1), line("9", 1)]
    before = ledger(lines, [record(1, 9)])
    told = [shipment(order_id, 1) for order_id in ("A", "B", "10", "9")]
    assert [order_id for order_id, _, _ in shipped(post(before, *told))] == ["B", "9", "10", "A"]


def test_rows_that_name_a_record_go_by_the_rank_of_their_line_too() -> None:
    lines = [line("A", 1, priority=9), line("B", 1)]
    before = ledger(lines, [record(1, 1), record(2, 1, lot_code="7")])
    told = [shipment("A", 1, inventory_id=2), shipment("B", 1, inventory_id=1)]
    assert shipped(post(before, *told)) == [("A", 2, 1), ("B", 1, 1)]


def test_cancellations_with_and_without_decrement_dont_go_by_row_order() -> None:
    before = ledger([line("A", 1)], [record(1, 5)], {("A", 1): 1})
    flags = (True, False)
    ends = [
        on_hand(
            post(
                copy.deepcopy(before),
                cancellation("A", 1, decrement_on_hand=flag, row=1),
                cancellation("A", 1, decrement_on_hand=not flag, row=2),
            )
        )
        for flag in flags
    ]
    assert ends[0] == ends[1]


# Any events


LOTS = [None, "1", "2"]


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """A few lines and records of one pool, promised more or less what is there."""
    records = [
        record(
            number,
            draw(st.integers(-1, 4)),
            lot_code=draw(st.sampled_from(LOTS)),
            date=draw(st.sampled_from([None, date(2026, 5, 1), date(2026, 5, 2)])),
            sku=str(number),
            safety_stock=draw(st.integers(0, 1)),
            is_held=draw(st.sampled_from([False, False, True])),
            counted_at=draw(st.sampled_from([None, None, at(1), at(2), at(9)])),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    lines = [
        line(order_id, draw(st.integers(0, 3)), priority=draw(st.integers(0, 1)))
        for order_id in "ABC"[: draw(st.integers(1, 3))]
    ]
    promises = {
        (row["order_id"], one["inventory_id"]): units
        for row in lines
        for one in records
        if (units := draw(st.integers(0, 2)))
    }
    without_stock = draw(st.sampled_from(["", "", "L"]))
    untracked = () if promises else draw(st.sampled_from(["", "", "U"]))
    return ledger(lines, records, promises, without_stock=without_stock, untracked=untracked)


@st.composite
def events(draw: st.DrawFn) -> Row:
    order_id = draw(st.sampled_from("ABCX"))
    told: Row = {
        "at": at(draw(st.integers(0, 3))),
        "inventory_id": draw(st.sampled_from([None, None, 1, 2, 9])),
        "since": draw(st.sampled_from([TODAY, TODAY, date(2025, 1, 1)])),
    }
    if draw(st.booleans()):
        told["lot_code"] = draw(st.sampled_from(LOTS))
        told["shipment_id"] = draw(st.sampled_from([None, None, "S", "T"]))
        return shipment(order_id, draw(st.integers(1, 4)), **told)
    told["decrement_on_hand"] = draw(st.booleans())
    return cancellation(order_id, draw(st.sampled_from([None, 1, 2, 5])), **told)


def numbered(rows: Iterable[Row]) -> list[Row]:
    return [row | {"row": number} for number, row in enumerate(rows)]


def sums(at_ledger: Ledger, keys: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """What the movements did, by the columns named and balance."""
    moved: Counter[tuple[Any, ...]] = Counter()
    for row in at_ledger.movements:
        for balance, factor in EFFECTS[row["kind"]].items():
            moved[*(row[key] for key in keys), balance] += factor * row["quantity"]
    return moved


@settings(deadline=None, max_examples=120)
@given(ledgers(), st.lists(events(), max_size=7))
def test_after_any_events_everything_balances(before: Ledger, told: list[Row]) -> None:
    after = post(copy.deepcopy(before), *numbered(told))

    of_lines = sums(after, ("line_no",))
    for key, row in after.lines.items():
        was = before.lines[key]
        for balance in BALANCES:
            assert row[balance] == was[balance] + of_lines[row["line_no"], balance]
            assert row[balance] >= 0
        assert sum(row[name] for name in BALANCES) == sum(was[name] for name in BALANCES)

    of_records = sums(after, ("inventory_id",))
    decremented: Counter[int] = Counter()
    for move in after.movements:
        if move["kind"] == "adjust":
            decremented[move["inventory_id"]] -= move["quantity"]
    for inventory_id, row in after.records.items():
        was = before.records.get(inventory_id, record(inventory_id, 0))
        for balance in ("on_hand", "allocated"):
            assert row[balance] == was[balance] + of_records[inventory_id, balance]
        assert row["allocated"] >= 0
        if not after.without_stock:
            assert row["on_hand"] >= min(was["on_hand"], 0) - decremented[inventory_id]

    by_line: Counter[tuple[str, str]] = Counter()
    by_record: Counter[int] = Counter()
    for key, promises in after.allocations.items():
        for inventory_id, units in promises.items():
            assert units >= 0
            by_line[key] += units
            by_record[inventory_id] += units
    assert all(row["allocated"] == by_line[key] for key, row in after.lines.items())
    assert all(row["allocated"] == by_record[one] for one, row in after.records.items())

    left: Counter[int] = Counter()
    for row in after.fulfilled:
        assert row["quantity"] > 0
        left[row["line_no"]] += row["quantity"]
    assert all(row["shipped"] == left[row["line_no"]] for row in after.lines.values())


@settings(deadline=None, max_examples=120)
@given(ledgers(), st.lists(events(), max_size=7))
def test_every_event_is_posted_repeated_waiting_or_rejected(
    before: Ledger, told: list[Row]
) -> None:
    after = post(before, *numbered(told))
    aside = [row["row"] for row in (*after.repeats, *after.waiting, *after.rejects)]
    assert len(aside) == len(set(aside))
    assert not {row["row"] for row in after.movements} & set(aside)
    posted = [row for row in numbered(told) if row["row"] not in aside]
    asked = sum(row["quantity"] for row in posted if row["kind"] == "shipments")
    assert sum(row["quantity"] for row in after.fulfilled) == asked
    assert all(row["since"] == TODAY for row in after.waiting)


@settings(deadline=None, max_examples=120)
@given(
    ledgers(),
    st.lists(events(), min_size=2, max_size=6).flatmap(
        lambda told: st.tuples(st.just(told), st.permutations(told))
    ),
)
def test_neither_file_nor_row_order_changes_what_happens(
    before: Ledger, told: tuple[list[Row], list[Row]]
) -> None:
    # An event's last chance is its own, not one of the order.
    one, other = (
        post(copy.deepcopy(before), *numbered(row | {"since": TODAY} for row in turn))
        for turn in told
    )
    assert one.lines == other.lines
    assert one.records == other.records
    assert one.fulfilled == other.fulfilled
    assert [row["reason"] for row in one.waiting] == [row["reason"] for row in other.waiting]
