"""Post orders: load the lines that tonight's order rows are about, post, save."""

from datetime import date
from zoneinfo import ZoneInfo

import polars as pl

from flows.night.late_rejects import save_late_rejects
from flows.state.warehouse import (
    Connection,
    columns_of,
    load,
    only,
    save,
    save_movements,
    whole_lines,
)
from schemas.settings import Settings
from transforms.parse import end_of_day
from transforms.post_orders import post_orders as post
from transforms.take import source_of


def post_orders(
    night: Connection, orders: pl.DataFrame, settings: Settings, day: date
) -> pl.DataFrame:
    """Returns what restated lines no longer want, to be cancelled in its turn."""
    posted = post(
        orders.join(_spoke_at(night, settings), on="file", how="left", maintain_order="left"),
        whole_lines(night, "orders"),
        load(night, "FROM products"),
        settings.default_condition,
        only(night, "SELECT coalesce(max(line_no), 0) + 1 FROM warehouse.state.lines"),
    )
    run = only(night, "SELECT run FROM tonight")
    lines = posted.lines.with_columns(pl.col("run").fill_null(run))
    # What never changes is written once, and again where a line's customer is another.
    said = lines.filter(pl.col("is_new") | pl.col("has_new_customer"))
    save(night, "lines", said.select(columns_of("lines")))
    save(night, "line_state", lines.select(columns_of("line_state")))
    # A line of the night carries all its allocations, changed or not.
    night.execute(
        """
        INSERT INTO allocations
        FROM warehouse.state.allocations SEMI JOIN line_state USING (line_no)
        """
    )
    save_movements(night, posted.movements)
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
