"""Allocate: place all open units of the pools that tonight may have changed."""

from datetime import date
from typing import Final

import polars as pl

from flows.night.blocked import block
from flows.settings import Places
from flows.state.warehouse import (
    Connection,
    columns_of,
    load,
    night_settings,
    night_tables,
    replace,
    save,
    save_movements,
    sql,
)
from transforms.parse import end_of_day
from transforms.place import changes, place
from transforms.post_allocations import moved_lines, moved_records, refusals
from transforms.rank import ranks
from transforms.shortages import shortages

# Those of tonight's records and lines; all, if what rules them has changed.
IN_PLAY: Final = """
    CREATE TABLE pools_in_play AS
    SELECT pool_no FROM records
    UNION
    SELECT pool_no FROM warehouse.state.records SEMI JOIN record_state USING (inventory_id)
    UNION
    SELECT pool_no FROM lines
    UNION
    SELECT pool_no FROM warehouse.state.lines SEMI JOIN line_state USING (line_no)
    UNION
    SELECT pool_no FROM state.lines
    SEMI JOIN (
        SELECT line_no FROM state.line_state WHERE allocated + pending > 0
    ) USING (line_no)
    WHERE (SELECT has_new_circumstances FROM tonight);

    CREATE TABLE tracked_pools AS
    SELECT pool_no FROM pools_in_play
    ANTI JOIN (
        SELECT pool_no FROM state.pools JOIN products USING (upc) WHERE NOT track_stock
    ) USING (pool_no)
"""

PROMISES: Final = """
    SELECT line_no, inventory_id, quantity
    FROM state.allocations
    SEMI JOIN open_lines USING (line_no)
"""

REFUSING: Final = """
    SELECT line_no, pending FROM open_lines
    JOIN state.pools USING (pool_no)
    SEMI JOIN (SELECT upc FROM products WHERE out_of_stock = 'refuse') USING (upc)
"""

STOCK: Final = """
    SELECT inventory_id, pool_no, sku, lot_code, date, condition, serial_number, capacity
    FROM state.stock
    SEMI JOIN pools_in_play USING (pool_no)
"""

# Whole, for each pool with units that wait.
SHORT_POOLS: Final = """
    FROM state.records
    SEMI JOIN short_lines USING (pool_no)
    JOIN state.record_state USING (inventory_id)
"""


def allocate(places: Places, day: date) -> dict[str, int]:
    """Place, then refuse what products say to refuse. Returns units of each kind of movement."""
    settings = night_settings(places)
    at = end_of_day(day, settings.zone)
    with night_tables(places) as night:
        block(night, day)
        night.execute(IN_PLAY)
        lines = load(night, sql("night", "open_lines.sql"))
        night.register("open_lines", lines)
        lines = lines.with_columns(ranks(lines, load(night, sql("night", "tied_lines.sql"))))
        promises = load(night, PROMISES)
        placed = place(lines, load(night, STOCK), promises)
        moves = changes(promises, placed)
        refused = refusals(load(night, REFUSING), moves)
        movements = pl.concat([moves, refused], how="diagonal").with_columns(
            at=pl.lit(at).dt.cast_time_unit("us"),
        )
        save_movements(night, movements)
        lines = moved_lines(lines, movements)
        _save_images(night, lines, movements, placed)
        _explain(night, lines)
    units = movements.group_by("kind").agg(pl.col("quantity").sum())
    return dict(units.sort("kind").iter_rows())


def _save_images(
    night: Connection, lines: pl.DataFrame, movements: pl.DataFrame, placed: pl.DataFrame
) -> None:
    night.register("moves", movements)
    records = load(night, "FROM state.record_state SEMI JOIN moves USING (inventory_id)")
    night.unregister("moves")
    replace(night, "record_state", moved_records(records, movements), "inventory_id")
    moved = lines.select(columns_of("line_state")).join(movements, on="line_no", how="semi")
    replace(night, "line_state", moved, "line_no")
    promises = placed.join(moved, on="line_no", how="semi", maintain_order="left")
    replace(night, "allocations", promises, "line_no", of=moved)


def _explain(night: Connection, lines: pl.DataFrame) -> None:
    short = lines.filter(pl.col("pending") > 0)
    night.register("short_lines", short)
    save(night, "shortages", shortages(short, load(night, SHORT_POOLS)))
