"""Shipments: units that left for a customer, one row per event (SPEC 5.4)."""

import pandera.polars as pa
import polars as pl

from schemas import rules
from schemas.granular import CODES, LARGEST_QUANTITY, CheckedGranular, Instant, RawGranular


class RawShipments(RawGranular):
    """Shipments as text, trimmed, blank as null."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.String
    shipment_id: pl.String = pa.Field(nullable=True)
    inventory_id: pl.String = pa.Field(nullable=True)
    shipped_at: pl.String = pa.Field(nullable=True)
    event_id: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code("order_id", "line_id", "shipment_id", "event_id", *CODES)
    invisible_character = rules.visible("order_id", "line_id", "shipment_id", "event_id", *CODES)
    spreadsheet_error = rules.computed("order_id", "line_id", "shipment_id", "event_id", *CODES)
    whole_number = rules.whole_number("quantity", "inventory_id")
    instant = rules.instant("shipped_at")

    class Config:
        name = "shipments"
        strict = True


class Shipments(CheckedGranular):
    """Shipments as typed; the granular fields are a filter, null is no limit."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.Int64 = pa.Field(ge=1, le=LARGEST_QUANTITY)
    shipment_id: pl.String = pa.Field(nullable=True)
    inventory_id: pl.Int64 = pa.Field(nullable=True)
    shipped_at: Instant
    event_id: pl.String = pa.Field(nullable=True)
    latest_at: Instant

    serial_quantity = rules.one_unit_a_serial(1)
    too_late = rules.not_later_than_the_day_after("shipped_at")

    class Config:
        name = "shipments"
        strict = True
