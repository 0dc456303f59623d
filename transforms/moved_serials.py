"""Moved serials: one unit is in one place, so where it arrives it is gone elsewhere (SPEC 4.4)."""

from typing import Final

import polars as pl

ARRIVAL: Final = ("inventory_id", "upc", "serial_number", "at", "file", "row", "run")


def arrivals(counted: pl.DataFrame, adjusted: pl.DataFrame) -> pl.DataFrame:
    """Serials that tonight's counts of 1 and adjustments of +1 say to be somewhere."""
    return pl.concat(
        [
            rows.rename({instant: "at"})
            .filter(pl.col("serial_number").is_not_null() & (pl.col("quantity") == 1))
            .select(ARRIVAL)
            for rows, instant in ((counted, "counted_at"), (adjusted, "adjusted_at"))
        ]
    )


def known_arrivals(
    records: pl.DataFrame, counts: pl.DataFrame, movements: pl.DataFrame
) -> pl.DataFrame:
    """The same of former nights, for records that become known later.

    records: known ones. counts: their count statements that still hold. movements: theirs.
    """
    serials = records.drop_nulls("serial_number").select("inventory_id", "upc", "serial_number")
    adjusted = movements.filter(kind="adjust", quantity=1)
    told = pl.concat(
        [counts.filter(quantity=1), adjusted.with_columns(run=pl.lit(0, dtype=pl.Int64))],
        how="diagonal",
    )
    return told.join(serials, on="inventory_id").select(ARRIVAL)


def zeros_elsewhere(arrived: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """A statement of 0 for each of the records that has an arrived serial but not the arrival."""
    others = records.select("upc", "serial_number", other_id="inventory_id")
    return (
        arrived.join(others, on=["upc", "serial_number"])
        .filter(pl.col("other_id") != pl.col("inventory_id"))
        .select(
            pl.col("other_id").alias("inventory_id"),
            "at",
            pl.lit(0, dtype=pl.Int64).alias("quantity"),
            pl.lit("moved").alias("reason"),
            *("file", "row", "run"),
        )
    )
