"""Moved serials: one unit is in one place, so where it arrives it is gone elsewhere (SPEC 4.4)."""

from typing import Final

import polars as pl

ARRIVAL: Final = ("inventory_id", "at", "quantity", "file", "row", "run")
UNIT: Final = ("upc", "serial_number")


def arrivals(
    statements: pl.DataFrame, adjusted: pl.DataFrame, records: pl.DataFrame
) -> pl.DataFrame:
    """Serials that counts of 1 and adjustments of +1 say to be somewhere.

    A unit that arrives in two places at one instant is where it was said to be last, by run, file
    and row: otherwise each place would take it from the other.
    """
    serials = records.drop_nulls("serial_number").select("inventory_id", *UNIT)
    return (
        pl.concat([statements.select(ARRIVAL), adjusted.select(ARRIVAL)])
        .filter(quantity=1)
        .join(serials, on="inventory_id")
        .sort(*UNIT, "at", "run", "file", "row")
        .unique([*UNIT, "at"], keep="last", maintain_order=True)
    )


def zeros_elsewhere(arrived: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """A statement of 0 for each of the records that has an arrived serial but not the arrival."""
    others = records.select(*UNIT, other_id="inventory_id")
    return (
        arrived.join(others, on=UNIT)
        .filter(pl.col("other_id") != pl.col("inventory_id"))
        .select(
            pl.col("other_id").alias("inventory_id"),
            "at",
            pl.lit(0, dtype=pl.Int64).alias("quantity"),
            pl.lit("moved").alias("reason"),
            *("file", "row", "run"),
        )
    )
