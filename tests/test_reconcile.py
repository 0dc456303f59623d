"""Every balance is the sum of its movements, or the night says which is not (SPEC 4.1, 4.6)."""

from typing import Any

import polars as pl
import pytest

from schemas.movements import EFFECTS
from transforms.reconcile import LINE_BALANCES, RECORD_BALANCES, unbalanced

Row = dict[str, Any]

LINE = ("order_id", "line_id")
RECORD = ("inventory_id",)
MOVEMENTS: dict[str, Any] = {
    "kind": pl.String,
    "quantity": pl.Int64,
    "inventory_id": pl.Int64,
    "order_id": pl.String,
    "line_id": pl.String,
}
LINES: dict[str, Any] = {
    "order_id": pl.String,
    "line_id": pl.String,
    **dict.fromkeys(LINE_BALANCES, pl.Int64),
}
RECORDS: dict[str, Any] = {"inventory_id": pl.Int64, **dict.fromkeys(RECORD_BALANCES, pl.Int64)}


def line(line_id: str = "1", **balances: int) -> Row:
    return {"order_id": "A", "line_id": line_id, **dict.fromkeys(LINE_BALANCES, 0), **balances}


def record(inventory_id: int = 1, **balances: int) -> Row:
    return {"inventory_id": inventory_id, **dict.fromkeys(RECORD_BALANCES, 0), **balances}


def moved(
    kind: str, quantity: int, *, inventory_id: int | None = None, line_id: str | None = None
) -> Row:
    order_id = None if line_id is None else "A"
    return {
        "kind": kind,
        "quantity": quantity,
        "inventory_id": inventory_id,
        "order_id": order_id,
        "line_id": line_id,
    }


def lines_unbalanced(
    before: list[Row], after: list[Row], moves: list[Row]
) -> list[tuple[Any, ...]]:
    return unbalanced(
        pl.DataFrame(before, schema=LINES),
        pl.DataFrame(after, schema=LINES),
        pl.DataFrame(moves, schema=MOVEMENTS),
        LINE,
        LINE_BALANCES,
    ).rows()


def records_unbalanced(
    before: list[Row], after: list[Row], moves: list[Row]
) -> list[tuple[Any, ...]]:
    return unbalanced(
        pl.DataFrame(before, schema=RECORDS),
        pl.DataFrame(after, schema=RECORDS),
        pl.DataFrame(moves, schema=MOVEMENTS),
        RECORD,
        RECORD_BALANCES,
    ).rows()


def test_a_night_of_a_line_balances() -> None:
    moves = [
        moved("order", 9, line_id="1"),
        moved("allocate", 6, inventory_id=1, line_id="1"),
        moved("release", 1, inventory_id=1, line_id="1"),
        moved("ship", 3, inventory_id=1, line_id="1"),
        moved("cancel", 1, line_id="1"),
        moved("refuse", 1, line_id="1"),
        moved("pass", 1, line_id="1"),
    ]
    # Pending: 9 - 6 + 1 - 1 - 1 - 1; allocated: 6 - 1 - 3; shipped: 3 + 1.
    after = [line(pending=1, allocated=2, shipped=4, cancelled=1, refused=1)]
    assert lines_unbalanced([], after, moves) == []


def test_a_night_of_a_record_balances() -> None:
    moves = [
        moved("count", 9, inventory_id=1),
        moved("adjust", -2, inventory_id=1),
        moved("allocate", 4, inventory_id=1, line_id="1"),
        moved("release", 1, inventory_id=1, line_id="1"),
        moved("ship", 2, inventory_id=1, line_id="1"),
    ]
    before, after = [record(on_hand=1)], [record(on_hand=6, allocated=1)]
    assert records_unbalanced(before, after, moves) == []


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_a_movement_that_no_balance_followed_is_found(kind: str) -> None:
    found = lines_unbalanced(
        [line(pending=5)], [line(pending=5)], [moved(kind, 2, inventory_id=1, line_id="1")]
    )
    assert {row[2] for row in found} == set(EFFECTS[kind]) - {"on_hand"}


def test_a_balance_that_no_movement_made_is_found() -> None:
    found = lines_unbalanced([line(pending=5)], [line(pending=5, shipped=1)], [])
    assert found == [("A", "1", "shipped", 0, 0, 1)]


def test_a_new_row_began_with_0_of_everything() -> None:
    assert records_unbalanced([], [record(on_hand=3)], [moved("count", 3, inventory_id=1)]) == []
    assert records_unbalanced([], [record(on_hand=3)], []) == [(1, "on_hand", 0, 0, 3)]


def test_a_row_that_is_gone_is_found() -> None:
    assert records_unbalanced([record(on_hand=3)], [], []) == [(1, "on_hand", 3, 0, 0)]


def test_a_movement_of_an_unknown_row_is_found() -> None:
    assert lines_unbalanced([], [], [moved("order", 2, line_id="9")]) == [
        ("A", "9", "pending", 0, 2, 0)
    ]


def test_movements_of_one_row_dont_make_up_for_another() -> None:
    before = [record(1, on_hand=5), record(2, on_hand=5)]
    after = [record(1, on_hand=6), record(2, on_hand=4)]
    assert records_unbalanced(before, after, []) == [
        (1, "on_hand", 5, 0, 6),
        (2, "on_hand", 5, 0, 4),
    ]


def test_units_that_wait_belong_to_lines_and_not_to_records() -> None:
    moves = [moved("order", 4, line_id="1"), moved("allocate", 4, inventory_id=1, line_id="1")]
    assert lines_unbalanced([], [line(allocated=4)], moves) == []
    assert records_unbalanced([record()], [record(allocated=4)], moves) == []


def test_a_line_keeps_ordered_equal_to_all_that_became_of_it() -> None:
    """Of every kind but `order` the effects on a line's five balances add up to 0."""
    for kind, effects in EFFECTS.items():
        ordered = sum(effects.get(balance, 0) for balance in LINE_BALANCES)
        assert ordered == (kind == "order")
