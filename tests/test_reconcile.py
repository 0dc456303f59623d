"""Every balance is the sum of its movements, or the night says which is not (SPEC 4.1, 4.6)."""

from typing import Any

import duckdb
import polars as pl
import pytest

from flows.night.reconcile import BALANCES, UNPROMISED, unbalanced
from schemas.movements import EFFECTS
from schemas.state import create_table

Row = dict[str, Any]

_, LINE_BALANCES = BALANCES["line_state"]
_, RECORD_BALANCES = BALANCES["record_state"]


def line(line_no: int = 1, **balances: int) -> Row:
    return {"line_no": line_no, **dict.fromkeys(LINE_BALANCES, 0), **balances}


def record(inventory_id: int = 1, **balances: int) -> Row:
    return {"inventory_id": inventory_id, **dict.fromkeys(RECORD_BALANCES, 0), **balances}


def moved(
    kind: str, quantity: int, *, inventory_id: int | None = None, line_no: int | None = None
) -> Row:
    return {
        "kind": kind,
        "quantity": quantity,
        "inventory_id": inventory_id,
        "line_no": line_no,
    }


def found(table: str, before: list[Row], after: list[Row], moves: list[Row]) -> list[Row]:
    with duckdb.connect() as night:
        night.execute("ATTACH ':memory:' AS warehouse; CREATE SCHEMA warehouse.state")
        for where, name, rows in (
            ("warehouse.state", table, before),
            ("memory.main", table, after),
            ("memory.main", "movements", moves),
        ):
            night.execute(f"USE {where}")
            night.execute(create_table(name))
            if rows:
                told = pl.DataFrame(rows)
                night.register("told", told)
                night.execute(f"INSERT INTO {name} BY NAME FROM told")
        night.execute("USE memory.main")
        broken: list[Row] = night.sql(unbalanced(table)).pl().to_dicts()
    return [{name: one for name, one in row.items() if one} for row in broken]


def lines_unbalanced(before: list[Row], after: list[Row], moves: list[Row]) -> list[Row]:
    return found("line_state", before, after, moves)


def records_unbalanced(before: list[Row], after: list[Row], moves: list[Row]) -> list[Row]:
    return found("record_state", before, after, moves)


def test_a_night_of_a_line_balances() -> None:
    moves = [
        moved("order", 9, line_no=1),
        moved("allocate", 6, inventory_id=1, line_no=1),
        moved("release", 1, inventory_id=1, line_no=1),
        moved("ship", 3, inventory_id=1, line_no=1),
        moved("cancel", 1, line_no=1),
        moved("refuse", 1, line_no=1),
        moved("pass", 1, line_no=1),
    ]
    # Pending: 9 - 6 + 1 - 1 - 1 - 1; allocated: 6 - 1 - 3; shipped: 3 + 1.
    after = [line(pending=1, allocated=2, shipped=4, cancelled=1, refused=1)]
    assert lines_unbalanced([], after, moves) == []


def test_a_night_of_a_record_balances() -> None:
    moves = [
        moved("count", 9, inventory_id=1),
        moved("adjust", -2, inventory_id=1),
        moved("allocate", 4, inventory_id=1, line_no=1),
        moved("release", 1, inventory_id=1, line_no=1),
        moved("ship", 2, inventory_id=1, line_no=1),
    ]
    before, after = [record(on_hand=1)], [record(on_hand=6, allocated=1)]
    assert records_unbalanced(before, after, moves) == []


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_a_movement_that_no_balance_followed_is_found(kind: str) -> None:
    moves = [moved(kind, 2, inventory_id=1, line_no=1)]
    broken = lines_unbalanced([line(pending=5)], [line(pending=5)], moves)
    effects = {name: 2 * factor for name, factor in EFFECTS[kind].items() if name != "on_hand"}
    assert broken == ([{"line_no": 1, **effects}] if effects else [])


def test_a_balance_that_no_movement_made_is_found() -> None:
    broken = lines_unbalanced([line(pending=5)], [line(pending=5, shipped=1)], [])
    assert broken == [{"line_no": 1, "shipped": -1}]


def test_a_new_row_began_with_0_of_everything() -> None:
    assert records_unbalanced([], [record(on_hand=3)], [moved("count", 3, inventory_id=1)]) == []
    assert records_unbalanced([], [record(on_hand=3)], []) == [{"inventory_id": 1, "on_hand": -3}]


def test_a_movement_of_an_unknown_row_is_found() -> None:
    broken = lines_unbalanced([], [], [moved("order", 2, line_no=9)])
    assert broken == [{"line_no": 9, "pending": 2}]


def test_movements_of_one_row_dont_make_up_for_another() -> None:
    before = [record(1, on_hand=5), record(2, on_hand=5)]
    after = [record(1, on_hand=6), record(2, on_hand=4)]
    assert records_unbalanced(before, after, []) == [
        {"inventory_id": 1, "on_hand": -1},
        {"inventory_id": 2, "on_hand": 1},
    ]


def test_units_that_wait_belong_to_lines_and_not_to_records() -> None:
    moves = [moved("order", 4, line_no=1), moved("allocate", 4, inventory_id=1, line_no=1)]
    assert lines_unbalanced([], [line(allocated=4)], moves) == []
    assert records_unbalanced([record()], [record(allocated=4)], moves) == []


def test_a_line_keeps_ordered_equal_to_all_that_became_of_it() -> None:
    """Of every kind but `order` the effects on a line's five balances add up to 0."""
    for kind, effects in EFFECTS.items():
        ordered = sum(effects.get(balance, 0) for balance in LINE_BALANCES)
        assert ordered == (kind == "order")


@pytest.mark.parametrize(
    ("promised", "found"),
    [
        ([(1, 1, 2), (1, 2, 1)], []),
        ([(1, 1, 3)], [("record 1", 2, 3), ("record 2", 1, 0)]),
        ([(1, 1, 2)], [("line 1", 3, 2), ("record 2", 1, 0)]),
    ],
)
def test_promises_that_dont_add_up_by_line_and_by_record_are_found(
    promised: list[tuple[int, int, int]], found: list[tuple[str, int, int]]
) -> None:
    with duckdb.connect() as night:
        for table in ("line_state", "record_state", "allocations"):
            night.execute(create_table(table))
        night.execute("CREATE SCHEMA state; CREATE VIEW state.allocations AS FROM main.allocations")
        night.execute("INSERT INTO line_state (line_no, allocated) VALUES (1, 3)")
        night.execute("INSERT INTO record_state (inventory_id, allocated) VALUES (1, 2), (2, 1)")
        night.executemany("INSERT INTO allocations VALUES (?, ?, ?)", promised)

        assert night.execute(UNPROMISED).fetchall() == found
