"""In transit: units that left one place and have not arrived at another (SPEC 5.7)."""

import pandera.polars as pa
import polars as pl

from schemas.granular import Published


class InTransit(pa.DataFrameModel):
    """Units on the way, on nobody's hand and promised to nobody: a row per transfer and lot."""

    transfer_id: pl.String = pa.Field(description="The transfer, as both its sides name it.")
    location_code: pl.String = pa.Field(description="Where the units left.")
    upc: pl.String = pa.Field(description="Product code the stock is kept under.")
    sku: pl.String = pa.Field(nullable=True, description="SKU.")
    lot_code: pl.String = pa.Field(nullable=True, description="Lot.")
    serial_number: pl.String = pa.Field(nullable=True, description="Serial number.")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units that left, less those that arrived.")
    since: Published = pa.Field(description="When the first of them left (UTC).")

    class Config:
        name = "in_transit"
        strict = True
