"""Allocated: promises that stand, one row per order line and record (SPEC 10.3)."""

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.granular import Granular, Units


class Allocated(Granular):
    """Units promised to open order lines and not shipped yet, one row per line and record."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    inventory_id: pl.Int64 = pa.Field(description="The record that the units are on.")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units.")
    location_code: pl.String = pa.Field(description="Where the units are.")
    upc: pl.String = pa.Field(description="Product code the stock is kept under.")

    class Config:
        name = "allocated"
        strict = True
        unique: ClassVar = ["order_id", "line_id", "inventory_id"]


class ShipmentLines(pa.DataFrameModel):
    """Allocated units as a fulfiller works: a row per order line, condition and serial number."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    location_code: pl.String = pa.Field(description="Where to pick.")
    upc: pl.String = pa.Field(description="What to pick.")
    condition: pl.String = pa.Field(nullable=True, description="Condition, such as New or Used.")
    serial_number: pl.String = pa.Field(nullable=True, description="The very unit to pick.")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units to pick.")
    inventory_ids: Units = pa.Field(description="The records to pick from, in use order.")
    quantities: Units = pa.Field(description="Units of each of them.")

    class Config:
        name = "shipment_lines"
        strict = True
