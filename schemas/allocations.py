"""Allocations: units of one record promised to one order line, one row per line and record.

Beside the two tables they come from: open lines, one row per order line that still wants units, and
free stock, one row per record (SPEC 10.4).
"""

from typing import ClassVar

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from schemas.granular import GRANULAR_KEY, Granular


class OpenLines(Granular):
    """Lines to place; null in a granular field means any."""

    order_id: pl.String
    line_id: pl.String
    rank: pl.Int64
    location_code: pl.String
    upc: pl.String
    segment: pl.String
    quantity: pl.Int64

    class Config:
        name = "open_lines"
        strict = True
        unique: ClassVar = ["order_id", "line_id"]


class FreeStock(Granular):
    """Records and the units of each that lines could get; null in a granular field is a value."""

    inventory_id: pl.Int64 = pa.Field(unique=True)
    location_code: pl.String
    upc: pl.String
    segment: pl.String
    free: pl.Int64

    class Config:
        name = "free_stock"
        strict = True
        unique: ClassVar = [*GRANULAR_KEY]


class Allocations(pa.DataFrameModel):
    """Who gets what, by rank of the line, then use order of the record."""

    order_id: pl.String
    line_id: pl.String
    inventory_id: pl.Int64
    quantity: pl.Int64 = pa.Field(ge=1)

    @pa.dataframe_check
    @classmethod
    def one_row_per_line_and_record(cls, allocations: PolarsData) -> pl.LazyFrame:
        """A line's rows stand together in use order, so equal keys would be neighbours."""
        key = ("inventory_id", "line_id", "order_id")
        is_repeated = pl.all_horizontal(pl.col(column) == pl.col(column).shift() for column in key)
        return allocations.lazyframe.select(is_repeated.fill_null(value=False).not_())

    class Config:
        name = "allocations"
        strict = True
