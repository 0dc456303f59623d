"""What if: from which record to which other a line's units would move (SPEC 7.6)."""

from typing import Any

import polars as pl

MOVES = {
    "order_id": pl.String,
    "line_id": pl.String,
    "from_inventory_id": pl.Int64,
    "to_inventory_id": pl.Int64,
    "quantity": pl.Int64,
}


def what_if_moves(moved: pl.DataFrame) -> pl.DataFrame:
    """order_id, line_id, from_inventory_id, to_inventory_id, quantity: units by their old and new
    record, null where they waited before or wait then.

    moved: releases and allocations of lines: line_no, order_id, line_id, kind, inventory_id, date
    and quantity. Units are paired in use order, first with first.
    """
    ordered = moved.sort("line_no", "date", "inventory_id", nulls_last=True)
    told: list[dict[str, Any]] = []
    for (_, order_id, line_id), rows in ordered.group_by(
        "line_no", "order_id", "line_id", maintain_order=True
    ):
        gone, come = (
            [
                [inventory_id, units]
                for inventory_id, units in rows.filter(kind=kind)
                .select("inventory_id", "quantity")
                .iter_rows()
            ]
            for kind in ("release", "allocate")
        )
        while gone or come:
            units = min(side[0][1] for side in (gone, come) if side)
            told.append(
                {
                    "order_id": order_id,
                    "line_id": line_id,
                    "from_inventory_id": gone[0][0] if gone else None,
                    "to_inventory_id": come[0][0] if come else None,
                    "quantity": units,
                }
            )
            for side in (gone, come):
                if side:
                    side[0][1] -= units
                    if not side[0][1]:
                        side.pop(0)
    return pl.DataFrame(told, schema=MOVES)
