"""Cancellations: units of order lines nobody wants any more, one row per event (SPEC 5.3)."""

import pandera.polars as pa
import polars as pl

from schemas import rules
from schemas.granular import LARGEST_QUANTITY, Instant


class RawCancellations(pa.DataFrameModel):
    """Cancellations as text, trimmed, blank as null."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.String = pa.Field(nullable=True)
    inventory_id: pl.String = pa.Field(nullable=True)
    decrement_on_hand: pl.String = pa.Field(nullable=True)
    cancelled_at: pl.String = pa.Field(nullable=True)
    event_id: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code("order_id", "line_id", "event_id")
    invisible_character = rules.visible("order_id", "line_id", "event_id")
    spreadsheet_error = rules.computed("order_id", "line_id", "event_id")
    whole_number = rules.whole_number("quantity", "inventory_id")
    yes_or_no = rules.yes_or_no("decrement_on_hand")
    instant = rules.instant("cancelled_at")

    class Config:
        name = "cancellations"
        strict = True


class Cancellations(pa.DataFrameModel):
    """Cancellations as typed; a null quantity is every open unit."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.Int64 = pa.Field(nullable=True, ge=1, le=LARGEST_QUANTITY)
    inventory_id: pl.Int64 = pa.Field(nullable=True)
    decrement_on_hand: pl.Boolean
    cancelled_at: Instant
    event_id: pl.String = pa.Field(nullable=True)
    latest_at: Instant

    too_late = rules.not_later_than_the_day_after("cancelled_at")

    class Config:
        name = "cancellations"
        strict = True
