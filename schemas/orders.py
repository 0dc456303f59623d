"""Orders: what customers asked for, one row per order line and file (SPEC 5.1)."""

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas import rules
from schemas.granular import (
    CODES,
    LARGEST_QUANTITY,
    CheckedGranular,
    CheckedPool,
    Instant,
    RawGranular,
)


class RawOrders(RawGranular):
    """Order lines as text, trimmed, blank as null."""

    order_id: pl.String
    line_id: pl.String
    location_code: pl.String
    upc: pl.String
    part_number: pl.String = pa.Field(nullable=True)
    quantity: pl.String
    placed_at: pl.String = pa.Field(nullable=True)
    priority: pl.String = pa.Field(nullable=True)
    customer_id: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code(
        "order_id", "line_id", "location_code", "upc", "part_number", "customer_id", *CODES
    )
    invisible_character = rules.visible(
        "order_id", "line_id", "location_code", "upc", "part_number", "customer_id", *CODES
    )
    spreadsheet_error = rules.computed(
        "order_id", "line_id", "location_code", "upc", "part_number", "customer_id", *CODES
    )
    whole_number = rules.whole_number("quantity", "priority")
    instant = rules.instant("placed_at")

    class Config:
        name = "orders"
        strict = True


class Orders(CheckedGranular, CheckedPool):
    """Order lines as typed, beside what the reference tables and the file's day say of them."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.Int64 = pa.Field(ge=0, le=LARGEST_QUANTITY)
    placed_at: Instant
    priority: pl.Int64
    customer_id: pl.String = pa.Field(nullable=True)
    latest_at: Instant

    serial_quantity = rules.one_unit_a_serial(0)
    too_late = rules.not_later_than_the_day_after("placed_at")

    class Config:
        name = "orders"
        strict = True
        unique: ClassVar = ["order_id", "line_id"]
