"""Order lines: what customers asked for and what became of it, one row per line (SPEC 10.3)."""

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas.granular import Granular, Published


class OrderLines(Granular):
    """What customers asked for: quantity = allocated + pending + shipped + cancelled + refused."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    placed_at: Published = pa.Field(description="When the customer ordered (UTC).")
    priority: pl.Int64 = pa.Field(description="Higher is served first.")
    location_code: pl.String = pa.Field(description="The location that is to serve the line.")
    upc: pl.String = pa.Field(description="The product asked for.")
    segment: pl.String = pa.Field(description="Part of the stock set apart; '' is the whole.")
    customer_id: pl.String = pa.Field(nullable=True, description="Who ordered.")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units ordered.")
    allocated: pl.Int64 = pa.Field(ge=0, description="Units promised from stock.")
    pending: pl.Int64 = pa.Field(ge=0, description="Units that wait for stock.")
    shipped: pl.Int64 = pa.Field(ge=0, description="Units that left.")
    cancelled: pl.Int64 = pa.Field(ge=0, description="Units nobody wants any more.")
    refused: pl.Int64 = pa.Field(ge=0, description="Units that will not be served.")

    class Config:
        name = "order_lines"
        strict = True
        unique: ClassVar = ["order_id", "line_id"]
