"""Inventory: stock as it stands, one row per record (SPEC 10.3)."""

import pandera.polars as pa
import polars as pl

from schemas.granular import Granular, Published


class Inventory(Granular):
    """Stock as it stands at the close of the day, one row per record."""

    inventory_id: pl.Int64 = pa.Field(unique=True, description="The record's key; never changes.")
    location_code: pl.String = pa.Field(description="Where the units are.")
    upc: pl.String = pa.Field(description="Product code the stock is kept under.")
    segment: pl.String = pa.Field(description="Part of the stock set apart; '' is the whole.")
    on_hand: pl.Int64 = pa.Field(description="Units physically there; below 0 is a discrepancy.")
    allocated: pl.Int64 = pa.Field(ge=0, description="Units promised to open order lines.")
    available: pl.Int64 = pa.Field(description="on_hand - allocated - safety_stock.")
    free: pl.Int64 = pa.Field(ge=0, description="Units the next line could get; 0 if blocked.")
    is_blocked: pl.Boolean = pa.Field(description="Held or expired: not to be promised.")
    safety_stock: pl.Int64 = pa.Field(ge=0, description="Units not to be promised.")
    floor: pl.Int64 = pa.Field(nullable=True, description="Reorder point; informs only.")
    ltd: pl.Int64 = pa.Field(nullable=True, description="Lifetime to date; informs only.")
    counted_at: Published = pa.Field(
        nullable=True, description="Instant of the latest count (UTC)."
    )

    class Config:
        name = "inventory"
        strict = True
