"""Granular fields: what tells one unit of a UPC from another (SPEC 1)."""

from typing import Annotated, Final

import pandera.polars as pa
import polars as pl

from schemas import rules

GRANULAR_FIELDS: Final = ("sku", "lot_code", "date", "condition", "serial_number")
CODES: Final = ("sku", "lot_code", "condition", "serial_number")
"""Granular fields that are codes."""
POOL: Final = ("location_code", "upc", "segment")
GRANULAR_KEY: Final = (*POOL, *GRANULAR_FIELDS)

LARGEST_QUANTITY: Final = 2_147_483_647
"""Units; the most that one row may state (SPEC 3.2)."""

Instant = Annotated[pl.Datetime, "us", "UTC"]
Published = Annotated[pl.Datetime, "us", None]
"""A UTC instant as others read it: without a zone, so that it looks the same in every session."""

Names = Annotated[pl.List, pl.String()]
Units = Annotated[pl.List, pl.Int64()]


class RawGranular(pa.DataFrameModel):
    """The five fields as text, trimmed, blank as null."""

    sku: pl.String = pa.Field(nullable=True)
    lot_code: pl.String = pa.Field(nullable=True, str_length={"max_value": 50})
    date: pl.String = pa.Field(nullable=True)
    condition: pl.String = pa.Field(nullable=True, str_length={"max_value": 50})
    serial_number: pl.String = pa.Field(nullable=True, str_length={"max_value": 30})

    real_date = rules.real_date("date")


class CheckedGranular(pa.DataFrameModel):
    """The five fields as typed, beside the names of those that the settings enable."""

    sku: pl.String = pa.Field(nullable=True)
    lot_code: pl.String = pa.Field(nullable=True)
    date: pl.Date = pa.Field(nullable=True)
    condition: pl.String = pa.Field(nullable=True)
    serial_number: pl.String = pa.Field(nullable=True)
    granular_fields: Names

    field_not_enabled = rules.enabled_field(*GRANULAR_FIELDS)


class CheckedPool(pa.DataFrameModel):
    """The pool, beside what the reference tables say of it."""

    location_code: pl.String
    upc: pl.String
    segment: pl.String
    location_state: pl.String
    product_state: pl.String

    lacks_leading_zeros = rules.with_leading_zeros(
        location_code="location_state", upc="product_state"
    )
    unknown_location = rules.known_location()
    location_without_inventory = rules.location_with_inventory()
    unknown_product = rules.known_product()


class FoundUpc(pa.DataFrameModel):
    """What the codes come to that a row's UPC may be found by (SPEC 3.3)."""

    sku: pl.String
    part_number: pl.String

    lacks_leading_zeros = rules.with_leading_zeros(sku="sku", part_number="part_number")
    unknown_sku = rules.leads_to_a_upc("sku", "reference/skus")
    ambiguous_sku = rules.leads_to_one_upc("sku", "reference/skus")
    sku_of_another_upc = rules.leads_to_this_upc("sku", "reference/skus")
    unknown_part_number = rules.leads_to_a_upc("part_number", "reference/products")
    ambiguous_part_number = rules.leads_to_one_upc("part_number", "reference/products")
    part_number_of_another_upc = rules.leads_to_this_upc("part_number", "reference/products")

    class Config:
        strict = True


class Granular(pa.DataFrameModel):
    """The five fields of a record or a line."""

    sku: pl.String = pa.Field(
        nullable=True, description="Stock keeping unit; a UPC may have several."
    )
    lot_code: pl.String = pa.Field(nullable=True, description="Lot the unit was made in.")
    date: pl.Date = pa.Field(nullable=True, description="Manufacturing or expiration day.")
    condition: pl.String = pa.Field(nullable=True, description="Condition, such as New or Used.")
    serial_number: pl.String = pa.Field(nullable=True, description="Serial number of one unit.")
