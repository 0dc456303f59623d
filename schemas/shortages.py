"""Shortages: why units of an order line wait, one row per line and reason (SPEC 6.7)."""

from typing import ClassVar, Final

import pandera.polars as pa
import polars as pl

REASONS: Final = {
    "taken": "promised to other lines",
    "safety_stock": "kept as safety stock",
    "held": "held",
    "expired": "too close to their expiry, or past it",
    "other_serial": "there, but with another serial number",
    "other_lot": "there, but of another lot",
    "other_date": "there, but with another date",
    "other_sku": "there, but of another SKU",
    "other_condition": "there, but in another condition",
    "no_stock": "not in stock",
}
"""Reason: what is so of the units, in the order in which they explain a short line."""


class Shortages(pa.DataFrameModel):
    """Why units of order lines wait: the reasons of a line add up to its pending units."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    reason: pl.String = pa.Field(isin=list(REASONS), description="Why these units wait.")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units.")
    detail: pl.String = pa.Field(description="The same in words.")

    class Config:
        name = "shortages"
        strict = True
        unique: ClassVar = ["order_id", "line_id", "reason"]
