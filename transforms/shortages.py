"""Shortages: why each unit that waits does (SPEC 6.7).

What the units of a pool are to a line depends on the fields that the line names alone. So lines are
taken by the set of fields they name, and the records of their pools summed once for each set.
"""

from typing import Final

import polars as pl

from schemas.granular import POOL
from schemas.shortages import REASONS

MISMATCHES: Final = {
    "serial_number": "other_serial",
    "lot_code": "other_lot",
    "date": "other_date",
    "sku": "other_sku",
    "condition": "other_condition",
}
"""Field: the reason it gives, in the order in which a record's first mismatch is looked for."""

OWN: Final = ("taken", "safety_stock", "held", "expired")


def shortages(lines: pl.DataFrame, records: pl.DataFrame, promises: pl.DataFrame) -> pl.DataFrame:
    """order_id, line_id, reason, quantity, detail: the pending units of each line, explained.

    lines: with what they name and pending. records: of their pools, whole, with on_hand, allocated
    and why they are blocked. promises: units by line and record. The same units may explain several
    lines.
    """
    short = lines.filter(pl.col("pending") > 0).with_row_index("short")
    mine = (
        promises.join(short.select("order_id", "line_id", "short"), on=["order_id", "line_id"])
        .group_by("short")
        .agg(mine=pl.col("quantity").sum())
    )
    short = short.join(mine, on="short", how="left").with_columns(pl.col("mine").fill_null(0))
    units = _units(records)
    names = [pl.col(field).is_not_null().alias(f"names_{field}") for field in MISMATCHES]
    parts = [
        _explained(part.drop(f"names_{field}" for field in MISMATCHES), fields, units)
        for flags, part in short.with_columns(names)
        .partition_by([f"names_{field}" for field in MISMATCHES], as_dict=True)
        .items()
        for fields in [[field for field, named in zip(MISMATCHES, flags, strict=True) if named]]
    ]
    if not parts:
        return pl.DataFrame(schema=TOLD)
    return _drawn(pl.concat(parts, how="diagonal"))


TOLD: Final = {
    "order_id": pl.String,
    "line_id": pl.String,
    "reason": pl.String,
    "quantity": pl.Int64,
    "detail": pl.String,
}


def _units(records: pl.DataFrame) -> pl.DataFrame:
    """Units of each record by what keeps an eligible line from them."""
    there = pl.max_horizontal(pl.col("on_hand"), 0)
    promised = pl.min_horizontal(pl.col("allocated"), there)
    rest = there - promised
    is_open = ~pl.col("is_held") & ~pl.col("is_expired")
    return records.select(
        *POOL,
        *MISMATCHES,
        there=there,
        taken=promised,
        safety_stock=pl.when(is_open).then(rest).otherwise(0),
        held=pl.when("is_held").then(rest).otherwise(0),
        expired=pl.when(pl.col("is_expired") & ~pl.col("is_held")).then(rest).otherwise(0),
    )


def _explained(short: pl.DataFrame, fields: list[str], units: pl.DataFrame) -> pl.DataFrame:
    """The lines with the units of each reason that their pools have, whether needed or not."""
    for depth in range(len(fields) + 1):
        key = [*POOL, *fields[:depth]]
        sums = (
            units.drop_nulls(fields[:depth])
            .group_by(key)
            .agg(
                pl.col("there").sum().alias(f"there_{depth}"),
                *([pl.col(OWN).sum()] if depth == len(fields) else []),
            )
        )
        short = short.join(sums, on=key, how="left")
    short = short.with_columns(pl.col("^there_.*$", *OWN).fill_null(0))
    return short.with_columns(
        (pl.col("taken") - pl.col("mine")).alias("taken"),
        *(
            (pl.col(f"there_{depth}") - pl.col(f"there_{depth + 1}")).alias(MISMATCHES[field])
            for depth, field in enumerate(fields)
        ),
    ).drop("^there_.*$")


def _drawn(short: pl.DataFrame) -> pl.DataFrame:
    """Draw each line's pending units from the reasons in their order; the rest is no_stock."""
    left = pl.col("pending")
    drawn = {}
    for reason in REASONS:
        if reason == "no_stock":
            drawn[reason] = left
        elif reason in short.columns:
            drawn[reason] = pl.min_horizontal(left, pl.col(reason).fill_null(0))
            left = left - drawn[reason]
    told = short.select("order_id", "line_id", **drawn).unpivot(
        index=["order_id", "line_id"], variable_name="reason", value_name="quantity"
    )
    order = {reason: place for place, reason in enumerate(REASONS)}
    return (
        told.filter(pl.col("quantity") > 0)
        .sort("order_id", "line_id", pl.col("reason").replace_strict(order, return_dtype=pl.Int64))
        .with_columns(detail=_words())
        .select(*TOLD)
    )


def _words() -> pl.Expr:
    unit = pl.when(pl.col("quantity") == 1).then(pl.lit("unit")).otherwise(pl.lit("units"))
    return pl.format("{} {} {}", "quantity", unit, pl.col("reason").replace_strict(REASONS))
