"""Post orders: load the lines that tonight's order rows are about, post, save."""

from datetime import date

import polars as pl

from flows.rejects import save_late_rejects
from flows.warehouse import Connection, load, replace, save, save_movements
from schemas.settings import Settings
from transforms.post_orders import post_orders as post


def post_orders(night: Connection, settings: Settings, day: date) -> pl.DataFrame:
    """Returns what restated lines no longer want, to be cancelled in its turn."""
    lines = load(night, "SELECT * FROM now_order_lines SEMI JOIN orders USING (order_id, line_id)")
    posted = post(
        load(night, "FROM orders"), lines, load(night, "FROM products"), settings.default_condition
    )
    replace(night, "order_lines", posted.lines, "order_id", "line_id")
    # A line of the night carries all its allocations, changed or not.
    night.execute(
        "INSERT INTO allocations FROM warehouse.allocations "
        "SEMI JOIN order_lines USING (order_id, line_id)"
    )
    save_movements(night, posted.movements)
    save(night, "repeats", posted.repeats)
    conflicts = posted.conflicts.with_columns(kind=pl.lit("orders"), rule=pl.lit("conflict"))
    save_late_rejects(night, conflicts, day)
    return posted.decreases
