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
        .with_columns(pl.col("orders", "customers").fill_null(0))
        .sort(LOT, nulls_last=True)
    )
