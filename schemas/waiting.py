"""Waiting: shipments and cancellations that don't fit yet, one row each (SPEC 5.4)."""

import pandera.polars as pa
import polars as pl


class Waiting(pa.DataFrameModel):
    """Shipments and cancellations that don't fit yet; tried again every night."""

    file: pl.String = pa.Field(description="The file, as its path inside the inbox.")
    row: pl.Int64 = pa.Field(description="Row of the file.")
    kind: pl.String = pa.Field(isin=["shipments", "cancellations"], description="What it is.")
    reason: pl.String = pa.Field(description="What it waits for, in its own words.")
    since: pl.Date = pa.Field(description="Business day of the run that took it.")

    class Config:
        name = "waiting"
        strict = True


class Discrepancies(pa.DataFrameModel):
    """What can't be true, or was more than there was to take: to be looked at by a person."""

    kind: pl.String = pa.Field(
        description="What is wrong: negative_on_hand; serial_on_many_records, "
        "serial_with_many_units; lot_with_two_dates on hand; negative_count, taken as 0; "
        "wrong_unit, which left though the line doesn't ask for it; cancelled_too_much; "
        "unknown_return, of a line that never shipped it; arrived_more than left by a transfer."
    )
    inventory_id: pl.Int64 = pa.Field(nullable=True, description="The record.")
    order_id: pl.String = pa.Field(nullable=True, description="The order.")
    line_id: pl.String = pa.Field(nullable=True, description="The line.")
    quantity: pl.Int64 = pa.Field(description="Units.")
    detail: pl.String = pa.Field(description="The same in words.")

    class Config:
        name = "discrepancies"
        strict = True
