"""Fulfilled: units that left for customers, one row per shipment row and record (SPEC 10.3)."""

import pandera.polars as pa
import polars as pl

from schemas.granular import Granular, Published


class Fulfilled(Granular):
    """Units that left for customers, one row per shipment row and record."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    inventory_id: pl.Int64 = pa.Field(
        nullable=True, description="The record they left; null if the product isn't tracked."
    )
    quantity: pl.Int64 = pa.Field(ge=1, description="Units.")
    shipment_id: pl.String = pa.Field(nullable=True, description="The shipment, where it has one.")
    shipped_at: Published = pa.Field(description="When they left (UTC).")
    is_scanned: pl.Boolean = pa.Field(
        description="The shipment named the record, its lot or its serial number; otherwise it "
        "followed the allocation."
    )
    location_code: pl.String = pa.Field(description="Where they left from.")
    upc: pl.String = pa.Field(description="Product code the stock is kept under.")

    class Config:
        name = "fulfilled"
        strict = True
