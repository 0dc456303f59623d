"""Blocked: records that holds or expiry keep from being promised tonight (SPEC 6.8, 7.5)."""

from datetime import date

import polars as pl

from flows.published.named_records import named_records
from flows.state.warehouse import Connection, load, replace, sql


def block(night: Connection, day: date) -> None:
    """Write down of each record whether it is held or expired, where its state says otherwise."""
    in_force = load(
        night,
        """
        SELECT * EXCLUDE (reason, held_from, held_until, circumstances), row_number() OVER () AS row
        FROM holds
        WHERE coalesce(held_from <= $day, TRUE) AND coalesce(held_until >= $day, TRUE)
        """,
        day=day,
    )
    held = named_records(night, in_force)
    night.register("held", held.select(pl.col("inventory_id").unique()))
    replace(
        night, "record_state", load(night, sql("night", "blocked.sql"), day=day), "inventory_id"
    )
    night.unregister("held")
