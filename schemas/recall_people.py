"""Recall people: who customers are, and what they answered; read by a report alone (SPEC 7.9)."""

from typing import ClassVar

import pandera.polars as pa
import polars as pl

from schemas import rules


class Customers(pa.DataFrameModel):
    """Customers, one row each, as text: how to reach them. No table that others read has it."""

    customer_id: pl.String
    name: pl.String = pa.Field(nullable=True)
    phone: pl.String = pa.Field(nullable=True)
    email: pl.String = pa.Field(nullable=True)
    address: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code("customer_id")
    invisible_character = rules.visible("customer_id")
    spreadsheet_error = rules.computed("customer_id")

    class Config:
        name = "customers"
        strict = True
        unique: ClassVar = ["customer_id"]


class RawAnswers(pa.DataFrameModel):
    """What was heard of those who were called, as text: the sheet of contacts, filled in."""

    customer_id: pl.String = pa.Field(nullable=True)
    order_id: pl.String = pa.Field(nullable=True)
    notified_at: pl.String = pa.Field(nullable=True)
    notified_by: pl.String = pa.Field(nullable=True)
    answered_at: pl.String = pa.Field(nullable=True)
    held: pl.String = pa.Field(nullable=True)
    destroyed: pl.String = pa.Field(nullable=True)
    note: pl.String = pa.Field(nullable=True)

    whole_number = rules.whole_number("held", "destroyed")
    names_somebody = rules.table_rule(
        "names_nobody",
        holds=pl.any_horizontal(pl.col("customer_id", "order_id").is_not_null()),
        advice="name the customer, or the order of one who isn't known",
    )

    class Config:
        name = "answers"
        strict = True


class Answers(pa.DataFrameModel):
    """What was heard, a row for each customer, or order of one who isn't known."""

    customer_id: pl.String = pa.Field(nullable=True)
    order_id: pl.String = pa.Field(nullable=True)
    notified_at: pl.String = pa.Field(nullable=True)
    notified_by: pl.String = pa.Field(nullable=True)
    answered_at: pl.String = pa.Field(nullable=True)
    held: pl.Int64 = pa.Field(nullable=True)
    destroyed: pl.Int64 = pa.Field(nullable=True)
    note: pl.String = pa.Field(nullable=True)

    class Config:
        name = "answers"
        strict = True
