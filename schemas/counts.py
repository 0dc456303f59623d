"""Counts: absolute statements of stock, one row per granular key and file (SPEC 2.2, 3.2)."""

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas import rules
from schemas.granular import (
    CODES,
    GRANULAR_KEY,
    LARGEST_QUANTITY,
    CheckedGranular,
    CheckedPool,
    Instant,
    RawGranular,
)


class RawCounts(RawGranular):
    """Counts as text, trimmed, blank as null."""

    location_code: pl.String
    upc: pl.String
    part_number: pl.String = pa.Field(nullable=True)
    quantity: pl.String
    floor: pl.String = pa.Field(nullable=True)
    safety_stock: pl.String = pa.Field(nullable=True)
    ltd: pl.String = pa.Field(nullable=True)
    counted_at: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code("location_code", "upc", "part_number", *CODES)
    invisible_character = rules.visible("location_code", "upc", "part_number", *CODES)
    spreadsheet_error = rules.computed("location_code", "upc", "part_number", *CODES)
    whole_number = rules.whole_number("quantity", "floor", "safety_stock", "ltd")
    instant = rules.instant("counted_at")

    class Config:
        name = "counts"
        strict = True


class Counts(CheckedGranular, CheckedPool):
    """Counts as typed, beside what the reference tables and the file's day say of them."""

    quantity: pl.Int64 = pa.Field(ge=0, le=LARGEST_QUANTITY)
    floor: pl.Int64 = pa.Field(nullable=True, ge=0, le=LARGEST_QUANTITY)
    safety_stock: pl.Int64 = pa.Field(nullable=True, ge=0, le=LARGEST_QUANTITY)
    ltd: pl.Int64 = pa.Field(nullable=True)
    counted_at: Instant
    latest_at: Instant

    serial_quantity = rules.one_unit_a_serial(0)
    too_late = rules.not_later_than_the_day_after("counted_at")
    product_not_tracked = rules.tracked_product()
    serial_in_two_rows = rules.table_rule(
        "serial_in_two_rows",
        holds=pl.col("serial_number").is_null()
        | (pl.col("quantity") == 0)
        | ((pl.col("quantity") == 1).sum().over("upc", "serial_number") == 1),
        advice="a unit is in one place: keep the row that is true",
        among=("upc", "serial_number"),
    )

    class Config:
        name = "counts"
        strict = True
        unique: ClassVar = list(GRANULAR_KEY)
