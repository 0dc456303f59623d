"""Recall events: what moved recalled units, from where to where (SPEC 7.2.3)."""

from typing import Final

import polars as pl

from schemas.reference import MasterData

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
