"""Post orders: load the lines that tonight's order rows are about, post, save."""

from datetime import date
from zoneinfo import ZoneInfo

import polars as pl

from flows.rejects import save_late_rejects
from flows.warehouse import Connection, load, only, replace, save, save_movements
from schemas.settings import Settings
from transforms.parse import end_of_day
from transforms.post_orders import post_orders as post
from transforms.take import source_of


def post_orders(night: Connection, settings: Settings, day: date) -> pl.DataFrame:
    """Returns what restated lines no longer want, to be cancelled in its turn."""
    lines = load(night, "SELECT * FROM now_order_lines SEMI JOIN orders USING (order_id, line_id)")
    orders = load(night, "FROM orders").join(_spoke_at(night, settings), on="file")
    posted = post(orders, lines, load(night, "FROM products"), settings.default_condition)
    replace(night, "order_lines", posted.lines, "order_id", "line_id")
    # A line of the night carries all its allocations, changed or not.
    night.execute(
        "INSERT INTO allocations FROM warehouse.allocations "
        "SEMI JOIN order_lines USING (order_id, line_id)"
    )
    save_movements(night, posted.movements)
    run = only(night, "SELECT run FROM tonight")
    save(night, "repeats", posted.repeats.with_columns(run=pl.lit(run)))
    save_late_rejects(night, posted.rejects.with_columns(kind=pl.lit("orders")), day)
    return posted.decreases


def _spoke_at(night: Connection, settings: Settings) -> pl.DataFrame:
    """file, restated_at: the instant in the file's name, else the end of its day (SPEC 2.4).

    A restated line may want fewer units, which is a cancellation that carries no instant.
    """
    files = load(night, "SELECT file, day, named_at FROM taken").rows()
    told = []
    for file, day, named_at in files:
        kind, _, name = file.partition("/")
        source = source_of(kind, name, settings.sources)
        zone = ZoneInfo(source.timezone) if source and source.timezone else settings.zone
        spoke = named_at.replace(tzinfo=zone) if named_at else end_of_day(day, zone)
        told.append((file, spoke.astimezone(ZoneInfo("UTC"))))
    columns = [("file", pl.String()), ("restated_at", pl.Datetime("us", "UTC"))]
    return pl.DataFrame(told, schema=columns, orient="row")
