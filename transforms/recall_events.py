"""Recall events: what moved recalled units, from where to where (SPEC 7.2.3), and the sheet for a
tracing request that is made of them (SPEC 7.8)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

DOCUMENTS: Final = {
    "opened": "count",
    "received": "receipt",
    "returned": "return",
    "transferred_in": "transfer",
    "transferred_out": "transfer",
    "shipped": "shipment",
    "adjusted_out": "adjustment",
    "unaccounted": "count",
}
"""What kind of paper goes with each class of movement."""

LEAVES: Final = ("shipped", "transferred_out")
ARRIVES: Final = ("received", "returned", "transferred_in")

LACKED: Final = (
    "lot_code",
    "description",
    "unit",
    "lot_source",
    "from_name",
    "from_address",
    "to_name",
    "to_address",
    "document_number",
)
"""Columns that whoever traces a lot asks for."""

LACKED_WHEN_OPENED: Final = ("from_name", "document_number")
"""Of units that the first count found nobody knows where they came from."""


@dataclass(frozen=True)
class MasterData:
    """What reference tables tell of those concerned, as text, for a report alone.

    products: upc, description, unit, lot_source. locations: location_code, name, address.
    customers: customer_id, name, address. All of them may be empty.
    """

    products: pl.DataFrame
    locations: pl.DataFrame
    customers: pl.DataFrame


def recall_events(
    events: pl.DataFrame, shipments: pl.DataFrame, sides: pl.DataFrame, known: MasterData
) -> pl.DataFrame:
    """As RecallEvents: every movement in order of time, with both its ends and its document.

    events: as `classed` has them. shipments: what left, as RecallCustomers, with inventory_id.
    sides: transfer_id, leaves, location_code: where each transfer began and ended.
    """
    told = (
        _with_shipments(events.sort("at", "movement_id"), shipments)
        .pipe(_with_other_place, sides)
        .join(known.products, on="upc", how="left", maintain_order="left")
    )
    for ends, code in (("location", "location_code"), ("other_location", "other_location_code")):
        named = known.locations.select(
            pl.col("location_code").alias(code),
            pl.col("name").alias(f"{ends}_name"),
            pl.col("address").alias(f"{ends}_address"),
        )
        told = told.join(named, on=code, how="left", maintain_order="left")
    people = known.customers.select("customer_id", customer_name="name", customer_address="address")
    told = told.join(people, on="customer_id", how="left", maintain_order="left")

    event = pl.col("event")
    is_transfer = event.is_in(["transferred_in", "transferred_out"])
    supplier = pl.col("supplier")
    return told.with_columns(
        *_ends("code", "customer_id", supplier),
        *_ends("name", "customer_name", supplier),
        *_ends("address", "customer_address", pl.lit(None, dtype=pl.String)),
        moved_at=pl.col("at").dt.replace_time_zone(None),
        quantity="units",
        document_type=event.replace_strict(DOCUMENTS, return_dtype=pl.String),
        document_number=pl.when(event == "shipped")
        .then("shipment_id")
        .otherwise(pl.coalesce("document", pl.when(is_transfer).then("transfer_id"))),
    )


def _ends(what: str, customer: str, supplier: pl.Expr) -> list[pl.Expr]:
    """A column of where units came from and one of where they went: the place, and who or what is
    at the other end."""
    event, here = pl.col("event"), pl.col(f"location_{what}")
    there = (
        pl.when(event.is_in(["shipped", "returned"]))
        .then(customer)
        .when(event.is_in(["transferred_in", "transferred_out"]))
        .then(f"other_location_{what}")
        .when(event == "received")
        .then(supplier)
    )
    leaves, arrives = event.is_in([*LEAVES, "adjusted_out"]), event.is_in(ARRIVES)
    return [
        pl.when(leaves).then(here).when(arrives).then(there).alias(f"from_{what}"),
        pl.when(arrives).then(here).when(leaves).then(there).alias(f"to_{what}"),
    ]


def _with_shipments(events: pl.DataFrame, shipments: pl.DataFrame) -> pl.DataFrame:
    """Which shipment each movement was, and how sure it is. Of several alike, each has its own."""
    alike = ["order_id", "line_id", "inventory_id", "at", "units"]
    left = shipments.select(
        "order_id",
        "line_id",
        "inventory_id",
        pl.col("shipped_at").dt.replace_time_zone("UTC").alias("at"),
        pl.col("quantity").alias("units"),
        "shipment_id",
        "certainty",
    ).sort(*alike, "shipment_id")
    turn = pl.int_range(pl.len()).over(alike)
    ships = events.filter(kind="ship").select("movement_id", *alike).with_columns(turn=turn)
    which = ships.join(left.with_columns(turn=turn), on=[*alike, "turn"])
    return events.join(
        which.select("movement_id", "shipment_id", "certainty"),
        on="movement_id",
        how="left",
        maintain_order="left",
    )


def _with_other_place(events: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    """Where units went that left by a transfer, and where those came from that arrived: a serial
    number that was found elsewhere was so at one instant."""
    leaves = pl.col("event") == "transferred_out"
    arrived = sides.select("transfer_id", leaves=~pl.col("leaves"), by_transfer="location_code")
    serial = ["upc", "serial_number", "at"]
    found = (
        events.filter(
            pl.col("event").is_in(["transferred_in", "transferred_out"]),
            pl.col("transfer_id").is_null(),
            pl.col("serial_number").is_not_null(),
        )
        .group_by(*serial, leaves=~leaves)
        .agg(by_serial=pl.col("location_code").min())
    )
    return (
        events.with_columns(leaves=leaves)
        .join(arrived, on=["transfer_id", "leaves"], how="left", maintain_order="left")
        .join(found, on=[*serial, "leaves"], how="left", maintain_order="left")
        .with_columns(other_location_code=pl.coalesce("by_transfer", "by_serial"))
    )


def tracing_sheet(
    events: pl.DataFrame, zone: str, first: date | None = None, last: date | None = None
) -> pl.DataFrame:
    """As RecallFsma: what was shipped and received, in the words of those who ask for it, of the
    days from `first` to `last` in that time zone."""
    leaves = pl.col("event").is_in(LEAVES)
    day = pl.col("moved_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    started, ended = _place("from"), _place("to")
    return (
        events.filter(pl.col("event").is_in([*LEAVES, *ARRIVES]))
        .with_columns(day=day)
        .filter(pl.col("day").is_between(first or date.min, last or date.max))
        .select(
            "upc",
            "quantity",
            event=pl.when(leaves).then(pl.lit("shipping")).otherwise(pl.lit("receiving")),
            traceability_lot_code="lot_code",
            unit_of_measure="unit",
            product_description="description",
            immediate_previous_source=pl.when(~leaves).then(started),
            location_received=pl.when(~leaves).then(ended),
            date_received=pl.when(~leaves).then("day"),
            immediate_subsequent_recipient=pl.when(leaves).then(ended),
            location_shipped_from=pl.when(leaves).then(started),
            date_shipped=pl.when(leaves).then("day"),
            traceability_lot_code_source="lot_source",
            reference_document_type="document_type",
            reference_document_number="document_number",
        )
    )


def _place(end: str) -> pl.Expr:
    name = pl.coalesce(f"{end}_name", f"{end}_code")
    told = pl.concat_str([name, pl.col(f"{end}_address")], separator=", ", ignore_nulls=True)
    return pl.when(told != "").then(told)


def lacking(events: pl.DataFrame) -> pl.DataFrame:
    """As RecallLacking: what a tracing request asks for and the data doesn't tell."""
    counted = []
    for event in (*LEAVES, *ARRIVES, "opened"):
        rows = events.filter(event=event)
        columns = LACKED_WHEN_OPENED if event == "opened" else LACKED
        counted += [(event, name, rows[name].null_count(), rows.height) for name in columns]
    schema = {"event": pl.String, "column": pl.String, "rows": pl.Int64, "of_rows": pl.Int64}
    return pl.DataFrame(counted, schema=schema, orient="row").filter(pl.col("rows") > 0)
