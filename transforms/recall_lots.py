"""Recall lots: the balance of each recalled UPC, lot and date (SPEC 7.2.1)."""

from typing import Final

import polars as pl

from schemas.recall import CLASSES

LOT: Final = ("upc", "lot_code", "date")


def recall_lots(
    stood: pl.DataFrame, events: pl.DataFrame, shipped: pl.DataFrame, stop: pl.DataFrame
) -> pl.DataFrame:
    """A row per UPC, lot and date.

    stood: records with on_hand, allocated and the units of each class. events: their movements.
    shipped: inventory_id, order_id, customer_id of what left. stop: the same of what is promised.
    """
    whose = pl.concat(
        rows.select("inventory_id", "order_id", "customer_id") for rows in (shipped, stop)
    ).join(stood.select("inventory_id", *LOT), on="inventory_id")
    people = whose.group_by(LOT).agg(
        orders=pl.col("order_id").n_unique(),
        customers=pl.col("customer_id").drop_nulls().n_unique(),
    )
    on_the_way = in_transit(events).group_by(LOT).agg(pl.col("in_transit").sum())
    seen = events.group_by(LOT).agg(
        first_seen=pl.col("at").min().dt.replace_time_zone(None),
        last_seen=pl.col("at").max().dt.replace_time_zone(None),
    )
    return (
        stood.group_by(LOT)
        .agg(
            pl.col("on_hand", "allocated", *CLASSES).sum(),
            locations=pl.col("location_code").n_unique(),
        )
        .with_columns(outstanding=pl.col("shipped") - pl.col("returned"))
        .join(people, on=LOT, how="left", nulls_equal=True)
        .join(seen, on=LOT, how="left", nulls_equal=True)
        .join(on_the_way, on=LOT, how="left", nulls_equal=True)
        .with_columns(pl.col("orders", "customers", "in_transit").fill_null(0))
        .sort(LOT, nulls_last=True)
    )


def in_transit(events: pl.DataFrame) -> pl.DataFrame:
    """inventory_id, upc, lot_code, date, in_transit: units that left by a transfer and have not
    arrived, of the record that they left first."""
    sides = events.filter(
        pl.col("transfer_id").is_not_null(),
        pl.col("event").is_in(["transferred_in", "transferred_out"]),
    )
    leaves = pl.col("event") == "transferred_out"
    return (
        sides.sort("at", "movement_id")
        .group_by("transfer_id", "upc", "sku", "lot_code", "serial_number", maintain_order=True)
        .agg(
            pl.col("inventory_id", "date").filter(leaves).first(),
            in_transit=pl.when(leaves).then("units").otherwise(-pl.col("units")).sum(),
        )
        .filter(pl.col("in_transit") > 0)
        .select("inventory_id", *LOT, "in_transit")
    )
