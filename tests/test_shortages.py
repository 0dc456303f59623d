"""Why units wait (SPEC 6.7), beside a clerk who looks at every record for every line."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.shortages import REASONS
from transforms.shortages import shortages

Row = dict[str, Any]
FIELDS = ("serial_number", "lot_code", "date", "sku", "condition")
POOL = {"location_code": "L", "upc": "U", "segment": ""}
LINES = {
    "line_no": pl.Int64,
    "pool_no": pl.Int64,
    **{field: pl.Date if field == "date" else pl.String for field in FIELDS},
    "allocated": pl.Int64,
    "pending": pl.Int64,
}
RECORDS = {
    "inventory_id": pl.Int64,
    "pool_no": pl.Int64,
    **{field: pl.Date if field == "date" else pl.String for field in FIELDS},
    "on_hand": pl.Int64,
    "allocated": pl.Int64,
    "is_held": pl.Boolean,
    "is_expired": pl.Boolean,
}


def line(pending: int, **fields: Any) -> Row:
    told = {"order_id": "1", "line_id": "1", **POOL, **dict.fromkeys(FIELDS), "allocated": 0}
    return told | {"pending": pending, **fields}


def record(on_hand: int, **fields: Any) -> Row:
    told = {"inventory_id": 1, **POOL, **dict.fromkeys(FIELDS), "allocated": 0}
    return told | {"on_hand": on_hand, "is_held": False, "is_expired": False, **fields}


def explained(lines: Sequence[Row], records: Sequence[Row]) -> list[tuple[str, str, int]]:
    pools = list({tuple(row[name] for name in POOL): None for row in (*lines, *records)})

    def in_pool(row: Row) -> Row:
        return row | {"pool_no": pools.index(tuple(row[name] for name in POOL))}

    asked = [in_pool(row) | {"line_no": number} for number, row in enumerate(lines)]
    found = shortages(
        pl.DataFrame(asked, schema=LINES),
        pl.DataFrame([in_pool(row) for row in records], schema=RECORDS),
    )
    told = found.select("line_no", "reason", "quantity").iter_rows()
    return [(lines[line_no]["order_id"], reason, units) for line_no, reason, units in told]


@pytest.mark.parametrize(
    ("reason", "asks", "stands"),
    [
        ("taken", {}, {"allocated": 9}),
        ("safety_stock", {}, {}),
        ("held", {}, {"is_held": True}),
        ("held", {}, {"is_held": True, "is_expired": True}),
        ("expired", {}, {"is_expired": True}),
        ("other_serial", {"serial_number": "S"}, {"serial_number": "T"}),
        ("other_lot", {"lot_code": "A"}, {"lot_code": None}),
        ("other_date", {"date": date(2026, 1, 1)}, {"date": date(2026, 1, 2)}),
        ("other_sku", {"sku": "A"}, {"sku": "B"}),
        ("other_condition", {"condition": "New"}, {"condition": "Used"}),
        ("no_stock", {}, {"upc": "another"}),
    ],
)
def test_each_reason_has_its_units(reason: str, asks: Row, stands: Row) -> None:
    assert explained([line(2, **asks)], [record(9, **stands)]) == [("1", reason, 2)]


def test_reasons_are_drawn_in_their_order_and_the_rest_is_no_stock() -> None:
    records = [
        record(5, inventory_id=1, allocated=3, condition="New"),
        record(1, inventory_id=2, condition="New", is_held=True),
        record(4, inventory_id=3, condition="Used"),
    ]
    assert explained([line(20, condition="New")], records) == [
        ("1", "taken", 3),
        ("1", "safety_stock", 2),
        ("1", "held", 1),
        ("1", "other_condition", 4),
        ("1", "no_stock", 10),
    ]


def test_units_the_line_has_itself_are_not_taken_by_others() -> None:
    assert explained([line(2, allocated=3)], [record(4, allocated=4)]) == [
        ("1", "taken", 1),
        ("1", "no_stock", 1),
    ]


def test_a_record_counts_by_its_first_mismatch() -> None:
    asks = line(5, lot_code="A", condition="New")
    assert explained([asks], [record(5, lot_code="B", condition="Used")]) == [("1", "other_lot", 5)]


def test_units_both_held_and_expired_count_as_held_alone() -> None:
    blocked = record(5, is_held=True, is_expired=True)
    assert explained([line(20)], [blocked]) == [("1", "held", 5), ("1", "no_stock", 15)]


def test_the_same_units_may_explain_several_lines() -> None:
    lines = [line(2), line(2, order_id="2")]
    assert explained(lines, [record(2, is_held=True)]) == [("1", "held", 2), ("2", "held", 2)]


def clerk(lines: Sequence[Row], records: Sequence[Row]) -> list[Any]:
    found = []
    for asked in lines:
        units = dict.fromkeys(REASONS, 0)
        units["taken"] = -asked["allocated"]
        for stock in records:
            if any(stock[name] != asked[name] for name in POOL):
                continue
            there = max(stock["on_hand"], 0)
            mismatch = next((f for f in FIELDS if asked[f] not in (None, stock[f])), None)
            if mismatch:
                units[f"other_{mismatch.removesuffix('_number').removesuffix('_code')}"] += there
                continue
            promised = min(stock["allocated"], there)
            units["taken"] += promised
            kept = "held" if stock["is_held"] else "expired" if stock["is_expired"] else None
            units[kept or "safety_stock"] += there - promised
        left = asked["pending"]
        for reason in REASONS:
            drawn = left if reason == "no_stock" else min(left, units[reason])
            if drawn:
                found.append((asked["order_id"], reason, drawn))
            left -= drawn
    return found


def few(*values: object) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


VALUES = {
    "upc": few("U", "V"),
    "serial_number": few(None, None, "S"),
    "lot_code": few(None, "A", "B"),
    "date": few(None, date(2026, 1, 1)),
    "sku": few(None, "K"),
    "condition": few(None, "New", "Used"),
}


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    records = [
        record(
            draw(st.integers(-1, 4)),
            inventory_id=number,
            is_held=draw(st.booleans()),
            is_expired=draw(st.booleans()),
            **{name: draw(values) for name, values in VALUES.items()},
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    lines = [
        line(
            draw(st.integers(0, 9)),
            order_id=str(number),
            **{name: draw(values) for name, values in VALUES.items()},
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    for stock in records:
        stock["allocated"] = draw(st.integers(0, max(stock["on_hand"], 0)))
        asked = draw(st.sampled_from(lines)) if lines else line(1, upc="nobody's")
        fits = all(asked[f] in (None, stock[f]) for f in FIELDS) and asked["upc"] == stock["upc"]
        asked["allocated"] += draw(st.integers(0, stock["allocated"])) if fits else 0
    return lines, records


@settings(max_examples=150)
@given(nights())
def test_the_reasons_are_the_clerks_and_add_up_for_every_short_line(
    night: tuple[list[Row], list[Row]],
) -> None:
    lines, records = night

    found = explained(lines, records)

    assert found == clerk(lines, records)
    for asked in lines:
        told = [units for order_id, _, units in found if order_id == asked["order_id"]]
        assert sum(told) == asked["pending"]
