"""Aggregates: stock and demand rolled up, one row per UPC, or location and UPC (SPEC 10.3)."""

import pandera.polars as pa
import polars as pl


class _Aggregate(pa.DataFrameModel):
    upc: pl.String = pa.Field(description="Product code.")
    on_hand: pl.Int64 = pa.Field(description="Units physically there.")
    allocated: pl.Int64 = pa.Field(ge=0, description="Units promised to open order lines.")
    pending: pl.Int64 = pa.Field(ge=0, description="Ordered units that wait for stock.")
    available: pl.Int64 = pa.Field(description="on_hand - allocated - safety_stock.")
    net_available: pl.Int64 = pa.Field(description="available - pending.")
    free: pl.Int64 = pa.Field(ge=0, description="Units the next lines could get.")
    held: pl.Int64 = pa.Field(description="Units on hand on blocked records.")
    safety_stock: pl.Int64 = pa.Field(ge=0, description="Units not to be promised.")
    floor: pl.Int64 = pa.Field(description="Reorder points, summed.")
    records: pl.Int64 = pa.Field(ge=0, description="Number of records.")
    skus: pl.Int64 = pa.Field(ge=0, description="Number of SKUs.")
    lots: pl.Int64 = pa.Field(ge=0, description="Number of lots.")
    earliest_date: pl.Date = pa.Field(
        nullable=True, description="Earliest date with units on hand."
    )
    below_floor: pl.Boolean = pa.Field(description="available < floor: time to reorder.")
    below_safety_stock: pl.Boolean = pa.Field(description="on_hand - allocated < safety_stock.")
    out_of_stock: pl.Boolean = pa.Field(description="net_available <= 0.")


class AggregateByUpc(_Aggregate):
    """Stock and demand, one row per UPC that has records or open lines."""

    upc: pl.String = pa.Field(unique=True, description="Product code.")
    locations: pl.Int64 = pa.Field(ge=0, description="Number of locations.")

    class Config:
        name = "aggregate_by_upc"
        strict = True


class AggregateByLocation(_Aggregate):
    """Stock and demand, one row per location, UPC and segment that has records or open lines."""

    location_code: pl.String = pa.Field(description="The location.")
    segment: pl.String = pa.Field(description="Part of the stock set apart; '' is the whole.")

    class Config:
        name = "aggregate_by_location"
        strict = True
