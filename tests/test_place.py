"""Placing keeps what lines have, and moves nothing without need (SPEC 6.0)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests import clerks
from transforms.place import changes, place
from transforms.post_allocations import moved_lines, moved_records, refusals
from transforms.rank import rank_key, ranks

Row = dict[str, Any]
Promises = dict[tuple[str, int], int]
"""Units by order and record."""

IDENTITY: dict[str, Any] = {
    "pool_no": pl.Int64,
    "sku": pl.String,
    "lot_code": pl.String,
    "date": pl.Date,
    "condition": pl.String,
    "serial_number": pl.String,
}
LINES: dict[str, Any] = {
    "line_no": pl.Int64,
    "order_id": pl.String,
    "line_id": pl.String,
    "placed_at": pl.Datetime("us", "UTC"),
    "priority": pl.Int64,
    **IDENTITY,
    "allocated": pl.Int64,
    "pending": pl.Int64,
}
RECORDS: dict[str, Any] = {"inventory_id": pl.Int64, **IDENTITY, "capacity": pl.Int64}
PROMISES: dict[str, Any] = {
    "line_no": pl.Int64,
    "inventory_id": pl.Int64,
    "quantity": pl.Int64,
}
MOVES: dict[str, Any] = {
    "kind": pl.String,
    "quantity": pl.Int64,
    "inventory_id": pl.Int64,
    "line_no": pl.Int64,
}
NOTHING = dict.fromkeys(("sku", "lot_code", "date", "condition", "serial_number"))
HERE: dict[str, Any] = {"location_code": "L", "upc": "U", "segment": "", **NOTHING}
POOLS = [("L", "U", ""), ("L", "V", ""), ("M", "U", ""), ("L", "U", "wholesale")]


def line(order_id: str, pending: int = 0, **other: Any) -> Row:
    """A line that waits; what it has already is in the promises."""
    return {
        "order_id": order_id,
        "line_id": "1",
        "placed_at": datetime(2026, 1, 1, tzinfo=UTC),
        "priority": 0,
        **HERE,
        "allocated": 0,
        "pending": pending,
        **other,
    }


def record(inventory_id: int, capacity: int, **other: Any) -> Row:
    return {"inventory_id": inventory_id, **HERE, "capacity": capacity, **other}


def day(number: int) -> date:
    return date(2026, 5, number)


def in_pool(row: Row) -> Row:
    return row | {"pool_no": POOLS.index((row["location_code"], row["upc"], row["segment"]))}


def promise_table(promises: Promises) -> pl.DataFrame:
    """A line's number is its order's letter."""
    rows = [(ord(order_id), one, units) for (order_id, one), units in promises.items()]
    return pl.DataFrame(rows, schema=PROMISES, orient="row")


def placed(lines: Iterable[Row], records: Sequence[Row], promises: Promises) -> Promises:
    """Where units stand after a night; the lines' allocated units are those of the promises."""
    had: Counter[str] = Counter()
    for (order_id, _), units in promises.items():
        had[order_id] += units
    told = [
        in_pool(row) | {"allocated": had[row["order_id"]], "line_no": ord(row["order_id"])}
        for row in lines
    ]
    open_lines = pl.DataFrame(told, schema=LINES)
    table = place(
        open_lines.with_columns(ranks(open_lines, open_lines.clear())),
        pl.DataFrame([in_pool(row) for row in records], schema=RECORDS),
        promise_table(promises),
    )
    return {(chr(line_no), one): units for line_no, one, units in table.iter_rows()}


# Waiting units


def test_waiting_units_are_placed_by_rank_and_in_use_order() -> None:
    lines = [line("B", 2), line("A", 2), line("C", 2, priority=9)]
    records = [record(1, 3), record(2, 2, date=day(1))]
    assert placed(lines, records, {}) == {("C", 2): 2, ("A", 1): 2, ("B", 1): 1}


def test_what_a_line_has_and_what_it_is_given_on_one_record_is_one_promise() -> None:
    assert placed([line("A", 2)], [record(1, 5)], {("A", 1): 1}) == {("A", 1): 3}


def test_nothing_is_placed_beyond_capacity() -> None:
    assert placed([line("A", 9)], [record(1, 2), record(2, -1), record(3, 0)], {}) == {("A", 1): 2}


def test_pools_are_placed_apart() -> None:
    lines = [line("A", 2), line("B", 2, upc="V"), line("C", 2, location_code="M")]
    records = [record(1, 1), record(2, 1, upc="V"), record(3, 1, segment="wholesale")]
    assert placed(lines, records, {}) == {("A", 1): 1, ("B", 2): 1}


def test_a_night_without_lines_or_stock_places_nothing() -> None:
    assert placed([], [], {}) == {}
    assert placed([line("A", 1)], [], {}) == {}
    assert placed([], [record(1, 1)], {}) == {}


# Kept units


def test_an_allocation_that_fits_stays_although_an_earlier_date_came_in() -> None:
    records = [record(1, 2), record(2, 9, date=day(1))]
    assert placed([line("A")], records, {("A", 1): 2}) == {("A", 1): 2}


def test_waiting_units_take_the_earlier_date_that_came_in() -> None:
    records = [record(1, 4), record(2, 1, date=day(1))]
    before = {("A", 1): 2}
    assert placed([line("A", 2)], records, before) == {("A", 1): 3, ("A", 2): 1}


def test_a_new_order_takes_nothing_from_a_line_that_has() -> None:
    lines = [line("A"), line("B", 2, priority=9)]
    assert placed(lines, [record(1, 2)], {("A", 1): 2}) == {("A", 1): 2}


def test_a_new_order_takes_nothing_even_where_the_pool_is_placed_anew() -> None:
    """Record 1 lost a unit, so A and B are placed again; C waits although it ranks first."""
    lines = [line("A"), line("B"), line("C", 2, priority=9)]
    records = [record(1, 1), record(2, 1, lot_code="7")]
    before = {("A", 1): 1, ("B", 1): 1}
    assert placed(lines, records, before) == {("A", 1): 1, ("B", 2): 1}


def test_where_stock_vanished_the_latest_ranked_loses() -> None:
    lines = [line("A"), line("B"), line("C", priority=9)]
    before = {("A", 1): 2, ("B", 1): 2, ("C", 1): 2}
    assert placed(lines, [record(1, 3)], before) == {("C", 1): 2, ("A", 1): 1}


def test_lines_keep_before_any_line_is_given_more() -> None:
    """A ranks first, but the unit left goes to B, who had it."""
    lines = [line("A", 3), line("B")]
    before = {("A", 1): 1, ("B", 1): 1}
    assert placed(lines, [record(1, 2)], before) == {("A", 1): 1, ("B", 1): 1}
    assert placed(lines, [record(1, 1)], before) == {("A", 1): 1}


def test_what_vanished_is_placed_on_other_records() -> None:
    records = [record(1, 0), record(2, 2, date=day(1)), record(3, 2, date=day(2))]
    assert placed([line("A")], records, {("A", 1): 3}) == {("A", 2): 2, ("A", 3): 1}


def test_a_blocked_record_gives_its_lines_to_others_by_rank() -> None:
    lines = [line("A"), line("B")]
    records = [record(1, 0, lot_code="held"), record(2, 3, lot_code="7")]
    before = {("A", 1): 2, ("B", 1): 2}
    assert placed(lines, records, before) == {("A", 2): 2, ("B", 2): 1}


def test_a_line_whose_lot_is_blocked_isnt_given_another_one() -> None:
    lines = [line("A", lot_code="held"), line("B", 1)]
    records = [record(1, 0, lot_code="held"), record(2, 3, lot_code="7")]
    assert placed(lines, records, {("A", 1): 2}) == {("B", 2): 1}


def test_a_pool_whose_allocations_no_longer_fit_is_placed_anew_as_a_whole() -> None:
    """B moves to the earlier date too: 6.4 speaks of all units of a placed pool."""
    lines = [line("A"), line("B", lot_code="2")]
    records = [
        record(1, 0, lot_code="1", date=day(9)),
        record(2, 2, lot_code="2", date=day(2)),
        record(3, 1, lot_code="2", date=day(1)),
        record(4, 5, lot_code="4", date=day(3)),
    ]
    before = {("A", 1): 1, ("B", 2): 1}
    assert placed(lines, records, before) == {("A", 2): 1, ("B", 3): 1}


def test_another_pool_doesnt_move_with_a_broken_one() -> None:
    lines = [line("A"), line("B", upc="V")]
    records = [
        record(1, 0),
        record(2, 1, lot_code="7"),
        record(3, 1, upc="V"),
        record(4, 1, upc="V", date=day(1)),
    ]
    before = {("A", 1): 1, ("B", 3): 1}
    assert placed(lines, records, before) == {("A", 2): 1, ("B", 3): 1}


# Moved for others


def test_a_line_of_any_condition_makes_room_for_one_that_names_it_a_night_later() -> None:
    records = [
        record(1, 1, condition="New", date=day(1)),
        record(2, 1, condition="Used", date=day(2)),
    ]
    first = placed([line("A", 1)], records, {})
    assert first == {("A", 1): 1}
    second = placed([line("A"), line("B", 1, condition="New")], records, first)
    assert second == {("A", 2): 1, ("B", 1): 1}


def test_nobody_moves_for_a_line_that_gains_nothing_by_it() -> None:
    records = [
        record(1, 1, condition="New", date=day(2)),
        record(2, 1, condition="Used", date=day(1)),
    ]
    lines = [line("A"), line("B", 1, condition="Refurbished")]
    assert placed(lines, records, {("A", 1): 1}) == {("A", 1): 1}


def test_a_pool_is_placed_anew_if_the_earlier_of_the_waiting_lines_gains() -> None:
    """As A stands B gets nothing and C one; if A moves B gets it and C nothing."""
    lines = [line("A"), line("B", 1, condition="New"), line("C", 1)]
    records = [record(1, 1, condition="New"), record(2, 1, condition="Used")]
    assert placed(lines, records, {("A", 1): 1}) == {("A", 2): 1, ("B", 1): 1}


def test_moving_for_a_waiting_line_costs_no_line_that_has() -> None:
    lines = [line("A", condition="New"), line("B", 1, condition="New", priority=9)]
    records = [record(1, 1, condition="New"), record(2, 1, condition="Used")]
    assert placed(lines, records, {("A", 1): 1}) == {("A", 1): 1}


# What moved


def test_moves_are_releases_then_allocations_by_line() -> None:
    before = promise_table({("A", 1): 3, ("A", 2): 1, ("B", 2): 2})
    after = promise_table({("A", 1): 1, ("A", 3): 3, ("B", 2): 2})
    expected = [
        (ord("A"), 1, "release", 2),
        (ord("A"), 2, "release", 1),
        (ord("A"), 3, "allocate", 3),
    ]
    assert changes(before, after).rows() == expected


def test_where_nothing_moved_there_is_nothing_to_write_down() -> None:
    stands = promise_table({("A", 1): 3})
    assert changes(stands, stands).is_empty()


def test_moves_are_posted_on_lines_and_records() -> None:
    lines = pl.DataFrame(
        [
            {"line_no": 1, "allocated": 4, "pending": 0, "refused": 0},
            {"line_no": 2, "allocated": 0, "pending": 5, "refused": 1},
        ]
    )
    records = pl.DataFrame({"inventory_id": [1, 2], "allocated": [4, 0]})
    moves = pl.DataFrame(
        [
            ("release", 3, 1, 1),
            ("allocate", 2, 1, 2),
            ("allocate", 1, 2, 2),
            ("refuse", 2, None, 2),
        ],
        schema=MOVES,
        orient="row",
    )
    expected = lines.with_columns(
        allocated=pl.Series([1, 3]), pending=pl.Series([3, 0]), refused=pl.Series([0, 3])
    )
    assert_frame_equal(moved_lines(lines, moves), expected)
    moved = records.with_columns(allocated=pl.Series([3, 1]))
    assert_frame_equal(moved_records(records, moves), moved)


def test_what_stays_pending_of_a_product_that_refuses_is_refused() -> None:
    refusing = pl.DataFrame({"line_no": [1, 2, 5], "pending": [5, 2, 0]})
    moves = pl.DataFrame(
        [
            ("allocate", 3, 1, 1),
            ("allocate", 2, 1, 2),
            ("allocate", 9, 1, 3),
            ("release", 1, 1, 5),
        ],
        schema=MOVES,
        orient="row",
    )
    assert refusals(refusing, moves).rows() == [("refuse", 2, 1), ("refuse", 1, 5)]


# Against the clerk

NAMES = st.sampled_from([(), (), ("condition",), ("lot_code",), ("condition", "lot_code")])
VALUES = {"condition": ["New", "Used"], "lot_code": ["1", "2"]}
Night = tuple[list[Row], list[int]]
"""The lines that a night brings, and the capacity of each record."""


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[Row], list[Night]]:
    """Records, and two or three nights of new lines and changed capacities."""
    upcs = draw(st.sampled_from(["U", "U", "UV"]))
    records = [
        record(
            number,
            0,
            date=draw(st.sampled_from([None, day(1), day(2)])),
            sku=str(number),
            upc=draw(st.sampled_from(upcs)),
            **{name: draw(st.sampled_from(values)) for name, values in VALUES.items()},
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    told: list[Night] = []
    names = iter("ABCDEFGHI")
    capacities = [draw(st.integers(0, 2)) for _ in records]
    for _ in range(draw(st.integers(2, 3))):
        lines = [
            line(
                next(names),
                draw(st.integers(1, 2)),
                priority=draw(st.integers(0, 1)),
                upc=draw(st.sampled_from(upcs)),
                **{name: draw(st.sampled_from(VALUES[name])) for name in draw(NAMES)},
            )
            for _ in range(draw(st.integers(1, 3)))
        ]
        told.append((lines, capacities))
        changed = st.tuples(*(st.sampled_from([units, units, 0, 1, 3]) for units in capacities))
        capacities = list(draw(changed))
    return records, told


def entries_of(lines: Iterable[Row], had: Counter[str]) -> list[Row]:
    """What lines have, by rank, then what they wait for, by rank."""
    ranked = sorted(lines, key=rank_key)
    kept = [row | {"quantity": had[row["order_id"]]} for row in ranked]
    return [*kept, *(row | {"quantity": row["pending"]} for row in ranked)]


def units_by_order(promises: Promises) -> Counter[str]:
    units: Counter[str] = Counter()
    for (order_id, _), quantity in promises.items():
        units[order_id] += quantity
    return units


def clerks_quantities(
    entries: Sequence[Row], records: Sequence[Row], capacities: Sequence[int]
) -> list[int]:
    free = [row | {"free": units} for row, units in zip(records, capacities, strict=True)]
    return clerks.quantities(entries, free)


def used_of(promises: Promises, inventory_id: int) -> int:
    return sum(units for (_, one), units in promises.items() if one == inventory_id)


@settings(deadline=None, max_examples=50)
@given(nights())
def test_night_after_night_every_line_has_what_the_clerk_gives_it(
    story: tuple[list[Row], list[Night]],
) -> None:
    records, told = story
    lines: list[Row] = []
    promises: Promises = {}
    before = [0 for _ in records]
    for new, capacities in told:
        lines += new
        had = units_by_order(promises)
        stock = [row | {"capacity": units} for row, units in zip(records, capacities, strict=True)]
        after = placed(lines, stock, promises)
        has = units_by_order(after)

        entries = entries_of(lines, had)
        quantities = clerks_quantities(entries, records, capacities)
        given_to: Counter[str] = Counter()
        for entry, units in zip(entries, quantities, strict=True):
            given_to[entry["order_id"]] += units
        assert has == +given_to

        line_of = {row["order_id"]: row for row in lines}
        record_of = {row["inventory_id"]: row for row in stock}
        for (order_id, inventory_id), units in after.items():
            assert units > 0
            assert clerks.fits(line_of[order_id], record_of[inventory_id])
        for row in stock:
            assert used_of(after, row["inventory_id"]) <= row["capacity"]
        if all(now >= was for now, was in zip(capacities, before, strict=True)):
            assert all(has[order_id] >= units for order_id, units in had.items())
        for upc in "UV":
            stays_unless_needed(upc, lines, stock, promises, after)
        assert followed(promises, after) == after

        for row in lines:
            row["pending"] += had[row["order_id"]] - has[row["order_id"]]
        promises, before = after, capacities


def followed(promises: Promises, after: Promises) -> Promises:
    """The promises, changed by the moves that are written down."""
    stands = Counter(promises)
    moves = changes(promise_table(promises), promise_table(after))
    for line_no, inventory_id, kind, units in moves.iter_rows():
        stands[chr(line_no), inventory_id] += units if kind == "allocate" else -units
    return dict(+stands)


def stays_unless_needed(
    upc: str, lines: Sequence[Row], stock: Sequence[Row], promises: Promises, after: Promises
) -> None:
    """A pool's allocations stay where they fit, and no waiting line would gain by moving them."""
    pool = [row for row in stock if row["upc"] == upc]
    left = [row["capacity"] - used_of(promises, row["inventory_id"]) for row in pool]
    if any(units < 0 for units in left):
        return
    of_pool = [row for row in lines if row["upc"] == upc]
    entries = entries_of(of_pool, units_by_order(promises))
    waiting = entries[len(of_pool) :]
    capacities = [row["capacity"] for row in pool]
    staying = clerks_quantities(waiting, pool, left)
    if clerks_quantities(entries, pool, capacities)[len(of_pool) :] != staying:
        return
    ids = {row["inventory_id"] for row in pool}
    had = {key: units for key, units in promises.items() if key[1] in ids}
    assert all(after.get(key, 0) >= units for key, units in had.items())
