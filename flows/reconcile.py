"""Reconcile: what tonight would commit is the sum of its movements, and loses no row (SPEC 4.6)."""

from datetime import date
from typing import Final

import polars as pl

from flows.settings import Places
from flows.warehouse import Connection, load, tonight
from transforms.reconcile import LINE_BALANCES, RECORD_BALANCES, unbalanced

LOST: Final = """
    SELECT
        files.file,
        files.rejected,
        count(DISTINCT rejects.row) AS written_down,
    FROM files
    LEFT JOIN rejects USING (file, run)
    WHERE files.status = 'taken'
    GROUP BY ALL
    HAVING files.rejected <> written_down
        OR any_value(
            files.rows
            <> files.kept + files.repeated + files.waiting + files.rejected + files.ignored
        )
"""

UNEXPLAINED: Final = """
    SELECT
        lines.order_id,
        lines.line_id,
        lines.pending,
        coalesce(told.explained, 0) AS explained,
    FROM now_order_lines AS lines
    SEMI JOIN pools USING (location_code, upc, segment)
    ANTI JOIN (SELECT upc FROM products WHERE NOT track_stock) USING (upc)
    LEFT JOIN (
        SELECT order_id, line_id, sum(quantity) AS explained FROM shortages GROUP BY ALL
    ) AS told USING (order_id, line_id)
    WHERE lines.pending <> coalesce(told.explained, 0)
"""


class Unreconciled(Exception):  # noqa: N818  it is the night that doesn't reconcile
    """Tables that should agree don't: a defect of Lotwise. Nothing has been changed."""


def reconcile(places: Places, day: date) -> dict[str, int]:
    """Check sums, rows and reasons of the night. Returns how many lines and records it saw."""
    with tonight(places) as night:
        movements = load(night, "FROM movements")
        lines = _check(night, "order_lines", movements, ("order_id", "line_id"), LINE_BALANCES)
        records = _check(night, "records", movements, ("inventory_id",), RECORD_BALANCES)
        lost = load(night, LOST)
        unexplained = load(night, UNEXPLAINED)
        if unexplained.height:
            raise Unreconciled(f"{day}: shortages don't add up: {unexplained.row(0, named=True)}")
        if lost.height:
            raise Unreconciled(f"{day}: rows of files don't add up: {lost.row(0, named=True)}")
    return {"lines": lines, "records": records}


def _check(
    night: Connection,
    table: str,
    movements: pl.DataFrame,
    key: tuple[str, ...],
    balances: tuple[str, ...],
) -> int:
    columns = ", ".join((*key, *balances))
    names = ", ".join(key)
    after = load(night, f"SELECT {columns} FROM {table}")  # noqa: S608  our own names
    before = load(
        night,
        f"SELECT {columns} FROM warehouse.{table} SEMI JOIN {table} USING ({names})",  # noqa: S608
    )
    broken = unbalanced(before, after, movements, key, balances)
    if broken.height:
        raise Unreconciled(
            f"{broken.height} balances of {table} are not the sum of their movements: "
            f"{broken.row(0, named=True)}"
        )
    return after.height
