"""Reference tables, read afresh every night: locations, products, SKUs, holds (SPEC 3.3, 7.5)."""

from dataclasses import dataclass
from typing import ClassVar, Final

import pandera.polars as pa
import polars as pl

from schemas import rules


class RawLocations(pa.DataFrameModel):
    """Locations as text; what is left out has its default."""

    location_code: pl.String
    supports_inventory: pl.String = pa.Field(nullable=True)
    allow_fulfillment_without_stock: pl.String = pa.Field(nullable=True)
    name: pl.String = pa.Field(nullable=True)
    address: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code("location_code")
    invisible_character = rules.visible("location_code")
    spreadsheet_error = rules.computed("location_code")
    yes_or_no = rules.yes_or_no("supports_inventory", "allow_fulfillment_without_stock")

    class Config:
        name = "locations"
        strict = True
        unique: ClassVar = ["location_code"]


class Locations(pa.DataFrameModel):
    """Locations, one row each, as a night reads them; their names are for reports alone."""

    location_code: pl.String
    supports_inventory: pl.Boolean
    allow_fulfillment_without_stock: pl.Boolean

    class Config:
        name = "locations"
        strict = True


class RawProducts(pa.DataFrameModel):
    """Products as text; what is left out has its default."""

    upc: pl.String
    part_number: pl.String = pa.Field(nullable=True)
    track_stock: pl.String = pa.Field(nullable=True)
    out_of_stock: pl.String = pa.Field(nullable=True, isin=["backorder", "refuse"])
    default_condition: pl.String = pa.Field(nullable=True, str_length={"max_value": 50})
    date_kind: pl.String = pa.Field(nullable=True, isin=["manufacturing", "expiration"])
    min_days_left: pl.String = pa.Field(nullable=True)
    description: pl.String = pa.Field(nullable=True)
    unit: pl.String = pa.Field(nullable=True)
    lot_source: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code("upc", "part_number", "default_condition")
    invisible_character = rules.visible("upc", "part_number", "default_condition")
    spreadsheet_error = rules.computed("upc", "part_number", "default_condition")
    yes_or_no = rules.yes_or_no("track_stock")
    whole_number = rules.whole_number("min_days_left")

    class Config:
        name = "products"
        strict = True
        unique: ClassVar = ["upc"]


class Products(pa.DataFrameModel):
    """Products, one row per UPC, as a night reads them; what they are is for reports alone."""

    upc: pl.String
    part_number: pl.String = pa.Field(nullable=True)
    track_stock: pl.Boolean
    out_of_stock: pl.String
    default_condition: pl.String = pa.Field(nullable=True)
    date_kind: pl.String = pa.Field(nullable=True)
    min_days_left: pl.Int64

    class Config:
        name = "products"
        strict = True


class RawSkus(pa.DataFrameModel):
    """SKUs as text."""

    sku: pl.String
    upc: pl.String

    spreadsheet_number = rules.code("sku", "upc")
    invisible_character = rules.visible("sku", "upc")
    spreadsheet_error = rules.computed("sku", "upc")

    class Config:
        name = "skus"
        strict = True


class Skus(pa.DataFrameModel):
    """SKUs, a row for each UPC that one is of: of several it finds none."""

    sku: pl.String
    upc: pl.String

    class Config:
        name = "skus"
        strict = True


NAMED_CODES: Final = ("location_code", "upc", "sku", "lot_code", "condition", "serial_number")
"""Codes by which holds and recalls name records, beside bounds of their date (SPEC 7.1)."""


class RawHolds(pa.DataFrameModel):
    """Holds as text; a field left out matches every record."""

    lot_code: pl.String = pa.Field(nullable=True)
    upc: pl.String = pa.Field(nullable=True)
    sku: pl.String = pa.Field(nullable=True)
    condition: pl.String = pa.Field(nullable=True)
    serial_number: pl.String = pa.Field(nullable=True)
    location_code: pl.String = pa.Field(nullable=True)
    date_from: pl.String = pa.Field(nullable=True)
    date_to: pl.String = pa.Field(nullable=True)
    reason: pl.String = pa.Field(nullable=True)
    held_from: pl.String = pa.Field(nullable=True)
    held_until: pl.String = pa.Field(nullable=True)

    spreadsheet_number = rules.code(*NAMED_CODES)
    invisible_character = rules.visible(*NAMED_CODES)
    spreadsheet_error = rules.computed(*NAMED_CODES)
    real_date = rules.real_date("date_from", "date_to", "held_from", "held_until")
    names_something = rules.table_rule(
        "names_nothing",
        holds=pl.any_horizontal(pl.col(*NAMED_CODES, "date_from", "date_to").is_not_null()),
        advice="a row that names no code and no date is about all stock",
    )

    class Config:
        name = "holds"
        strict = True


class Holds(pa.DataFrameModel):
    """Holds, one row each: the days it is in force, both included, and what it matches."""

    lot_code: pl.String = pa.Field(nullable=True)
    upc: pl.String = pa.Field(nullable=True)
    sku: pl.String = pa.Field(nullable=True)
    condition: pl.String = pa.Field(nullable=True)
    serial_number: pl.String = pa.Field(nullable=True)
    location_code: pl.String = pa.Field(nullable=True)
    date_from: pl.Date = pa.Field(nullable=True)
    date_to: pl.Date = pa.Field(nullable=True)
    reason: pl.String = pa.Field(nullable=True)
    held_from: pl.Date = pa.Field(nullable=True)
    held_until: pl.Date = pa.Field(nullable=True)

    class Config:
        name = "holds"
        strict = True


@dataclass(frozen=True)
class MasterData:
    """What reference tables tell of those concerned, as text, for a report alone.

    products: upc, description, unit, lot_source. locations: location_code, name, address.
    customers: customer_id, name, address. All of them may be empty.
    """

    products: pl.DataFrame
    locations: pl.DataFrame
    customers: pl.DataFrame
