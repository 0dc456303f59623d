"""Explanations: what became of each order line, in a sentence, one row per line."""

from typing import ClassVar

import pandera.polars as pa
import polars as pl


class Explanations(pa.DataFrameModel):
    """What became of each order line, in a sentence for who is asked about it."""

    order_id: pl.String = pa.Field(description="The order.")
    line_id: pl.String = pa.Field(description="The line within the order.")
    location_code: pl.String = pa.Field(description="The location that is to serve the line.")
    upc: pl.String = pa.Field(description="The product asked for.")
    quantity: pl.Int64 = pa.Field(ge=1, description="Units ordered.")
    allocated: pl.Int64 = pa.Field(ge=0, description="Units promised from stock.")
    pending: pl.Int64 = pa.Field(ge=0, description="Units that wait for stock.")
    sentence: pl.String = pa.Field(description="All of it in words.")

    class Config:
        name = "explanations"
        strict = True
        unique: ClassVar = ["order_id", "line_id"]
