"""Which units of a line would move where, beside a slow look at each of them."""

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from transforms.what_if import what_if_moves

MOVED = {
    "line_no": pl.Int64,
    "order_id": pl.String,
    "line_id": pl.String,
    "kind": pl.String,
    "inventory_id": pl.Int64,
    "date": pl.Date,
    "quantity": pl.Int64,
}


def unit_by_unit(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Runs of units with the same old and new record, of each line."""
    told: list[tuple[Any, ...]] = []
    for line in sorted({row[0] for row in rows}):
        sides = [
            [row[4] for row in rows if row[0] == line and row[3] == kind for _ in range(row[6])]
            for kind in ("release", "allocate")
        ]
        most = max(map(len, sides))
        gone, come = ([*side, *[None] * (most - len(side))] for side in sides)
        for pair in zip(gone, come, strict=True):
            if told and told[-1][:4] == (str(line), "1", *pair):
                told[-1] = (*told[-1][:4], told[-1][4] + 1)
            else:
                told.append((str(line), "1", *pair, 1))
    return told


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(["release", "allocate"]),
            st.integers(1, 5),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda row: (row[0], row[1], row[2]),
    )
)
def test_units_move_first_with_first(rows: list[tuple[int, str, int, int]]) -> None:
    moved = [
        (line, str(line), "1", kind, record, None, units)
        for line, kind, record, units in sorted(rows, key=lambda row: row[2])
    ]

    told = what_if_moves(
        pl.DataFrame(moved, schema=MOVED, orient="row").sample(fraction=1, shuffle=True, seed=1)
    )

    assert told.rows() == unit_by_unit(moved)
