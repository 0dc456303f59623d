"""Recalls for tests: a report of some lots, and the sums of its tables."""

from typing import Any, Final

import polars as pl

from flows.recalls.named import named_by_lots
from flows.recalls.report import Recall, recall
from flows.settings import load_settings, places
from tests.roots import Root

COUNTS: Final = "location_code,upc,lot_code,date,quantity,counted_at\n"
LINES: Final = "order_id,line_id,location_code,upc,quantity,customer_id\n"
SHIPPED: Final = "order_id,line_id,quantity,lot_code,shipped_at\n"


def recalled(root: Root, *lots: str, **codes: str) -> Recall:
    settings = load_settings(root.path)
    named = named_by_lots(lots, None, None, **codes)
    return recall(named, places(root.path, settings), settings)


def figures(table: pl.DataFrame, **of: object) -> dict[str, Any]:
    """The sums of a table's rows of some kind, by column."""
    rows = table.filter(**of) if of else table
    return rows.select(pl.col(pl.Int64).sum()).row(0, named=True)
