"""What if: from which record to which other a line's units would move (SPEC 7.6)."""

import polars as pl


def what_if_moves(moved: pl.DataFrame) -> pl.DataFrame:
    """order_id, line_id, from_inventory_id, to_inventory_id, quantity: units by their old and new
    record, null where they waited before or wait then.

    moved: releases and allocations of lines: line_no, order_id, line_id, kind, inventory_id, date
    and quantity. Units are paired in use order, first with first.
    """
    # Of each line, both kinds lie on a scale of its units; it is cut wherever a row of either ends.
    scale = moved.sort("line_no", "date", "inventory_id", nulls_last=True).select(
        "line_no",
        "order_id",
        "line_id",
        "kind",
        "inventory_id",
        end=pl.col("quantity").cum_sum().over("line_no", "kind"),
    )
    told = scale.select("line_no", "order_id", "line_id", "end").unique().sort("line_no", "end")
    told = told.with_columns(
        quantity=pl.col("end") - pl.col("end").shift(1, fill_value=0).over("line_no")
    ).sort("end")
    for kind, record in (("release", "from_inventory_id"), ("allocate", "to_inventory_id")):
        told = told.join_asof(
            scale.filter(kind=kind)
            .select("line_no", "end", pl.col("inventory_id").alias(record))
            .sort("end"),
            on="end",
            by="line_no",
            strategy="forward",
            check_sortedness=False,
        )
    return told.sort("line_no", "end").select(
        "order_id", "line_id", "from_inventory_id", "to_inventory_id", "quantity"
    )
