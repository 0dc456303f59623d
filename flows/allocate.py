"""Allocate: place all open units of the pools that tonight may have changed."""

from datetime import date
from importlib.resources import files

import polars as pl

from flows.settings import Places
from flows.warehouse import (
    Connection,
    load,
    night_settings,
    replace,
    save,
    save_movements,
    tonight,
)
from transforms.parse import end_of_day
from transforms.place import changes, place
from transforms.post_allocations import moved_lines, moved_records, refusals
from transforms.shortages import shortages


def allocate(places: Places, day: date) -> dict[str, int]:
    """Place, then refuse what products say to refuse. Returns units of each kind of movement."""
    settings = night_settings(places)
    at = end_of_day(day, settings.zone)
    with tonight(places) as night:
        replace(night, "records", load(night, _sql("blocked.sql"), day=day), "inventory_id")
        _list_pools(night)
        lines = load(night, _sql("open_lines.sql"))
        records = load(night, _sql("stock.sql"))
        promises = load(
            night,
            """
            SELECT order_id, line_id, inventory_id, quantity
            FROM now_allocations
            SEMI JOIN (
                SELECT inventory_id FROM now_records
                SEMI JOIN pools USING (location_code, upc, segment)
            ) USING (inventory_id)
            """,
        )
        promises = promises.join(lines, on=["order_id", "line_id"], how="semi")
        placed = place(lines, records, promises)
        moves = changes(promises, placed)
        refused = refusals(lines, moves, load(night, "FROM products"))
        movements = pl.concat([moves, refused], how="diagonal").with_columns(
            at=pl.lit(at).dt.cast_time_unit("us"),
        )
        _save(night, movements, placed)
        _explain(night)
    units = movements.group_by("kind").agg(pl.col("quantity").sum())
    return dict(units.sort("kind").iter_rows())


def _list_pools(night: Connection) -> None:
    """Pools in play: those of tonight's records and lines; all, if what rules them has changed."""
    night.execute(
        """
        CREATE TABLE pools AS
        SELECT location_code, upc, segment FROM records
        UNION
        SELECT location_code, upc, segment FROM order_lines
        UNION
        SELECT location_code, upc, segment FROM now_order_lines
        WHERE allocated + pending > 0 AND (SELECT has_new_circumstances FROM tonight)
        """
    )


def _save(night: Connection, movements: pl.DataFrame, placed: pl.DataFrame) -> None:
    save_movements(night, movements)
    night.register("moves", movements)
    lines = load(night, "SELECT * FROM now_order_lines SEMI JOIN moves USING (order_id, line_id)")
    records = load(night, "SELECT * FROM now_records SEMI JOIN moves USING (inventory_id)")
    night.unregister("moves")
    key = lines.select("order_id", "line_id")
    replace(night, "order_lines", moved_lines(lines, movements), "order_id", "line_id")
    replace(night, "records", moved_records(records, movements), "inventory_id")
    promises = placed.join(key, on=["order_id", "line_id"], how="semi")
    replace(night, "allocations", promises, "order_id", "line_id", of=key)


def _explain(night: Connection) -> None:
    lines = load(night, _sql("open_lines.sql"))
    records = load(
        night,
        """
        SELECT * FROM now_records
        SEMI JOIN (SELECT location_code, upc, segment FROM now_order_lines WHERE pending > 0)
        USING (location_code, upc, segment)
        SEMI JOIN pools USING (location_code, upc, segment)
        """,
    )
    save(night, "shortages", shortages(lines, records))


def _sql(name: str) -> str:
    return files("flows").joinpath(name).read_text(encoding="utf-8")
