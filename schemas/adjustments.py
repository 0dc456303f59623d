"""Adjustments: signed changes of stock, one row per change (SPEC 2.2, 4.4)."""

from typing import Final

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

OTHER_CODES: Final = (
    "location_code",
    "upc",
    "part_number",
    "event_id",
    "order_id",
    "line_id",
    "transfer_id",
    "document",
)
"""Codes beside the granular ones. A return names its order line, a transfer the
units that left for another place; supplier and document say where units came from (SPEC 5.6, 5.7).
"""


class RawAdjustments(RawGranular):
    """Adjustments as text, trimmed, blank as null."""

    location_code: pl.String
    upc: pl.String
    part_number: pl.String = pa.Field(nullable=True)
    quantity: pl.String
    adjusted_at: pl.String = pa.Field(nullable=True)
    reason: pl.String = pa.Field(nullable=True)
    event_id: pl.String = pa.Field(nullable=True)
    order_id: pl.String = pa.Field(nullable=True)
    line_id: pl.String = pa.Field(nullable=True)
    transfer_id: pl.String = pa.Field(nullable=True, str_length={"max_value": 50})
    supplier: pl.String = pa.Field(nullable=True, str_length={"max_value": 50})
    document: pl.String = pa.Field(nullable=True, str_length={"max_value": 50})

    spreadsheet_number = rules.code(*OTHER_CODES, *CODES)
    invisible_character = rules.visible(*OTHER_CODES, "supplier", *CODES)
    spreadsheet_error = rules.computed(*OTHER_CODES, "supplier", *CODES)
    whole_number = rules.whole_number("quantity")
    instant = rules.instant("adjusted_at")

    class Config:
        name = "adjustments"
        strict = True


class Adjustments(CheckedGranular, CheckedPool):
    """Adjustments as typed, beside what the reference tables and the file's day say of them."""

    quantity: pl.Int64 = pa.Field(ne=0, ge=-LARGEST_QUANTITY, le=LARGEST_QUANTITY)
    adjusted_at: Instant
    reason: pl.String = pa.Field(nullable=True)
    event_id: pl.String = pa.Field(nullable=True)
    order_id: pl.String = pa.Field(nullable=True)
    line_id: pl.String = pa.Field(nullable=True)
    transfer_id: pl.String = pa.Field(nullable=True)
    supplier: pl.String = pa.Field(nullable=True)
    document: pl.String = pa.Field(nullable=True)
    latest_at: Instant

    serial_quantity = rules.one_unit_a_serial(-1)
    too_late = rules.not_later_than_the_day_after("adjusted_at")

    class Config:
        name = "adjustments"
        strict = True
