"""Pools: location, UPC and segment, which stock is never allocated across (SPEC 1)."""

from collections.abc import Sequence

import polars as pl

from schemas.granular import POOL
from transforms.lookup import looked_up
from transforms.order import ranked_texts, with_packed


def named_pools(tables: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, pl.Series]:
    """The pools that rows name, in the order of their texts; and the place among them of each
    row's pool, the rows of the tables one after the other."""
    rows = pl.concat([table.select(POOL) for table in tables])
    codes = rows.select(ranked_texts(rows.get_column(name)) for name in POOL)
    packed, _ = with_packed("key", POOL, codes, codes.clear())
    key = packed.get_column("key")
    first = key.arg_unique()
    first = first.gather(key.gather(first).arg_sort())
    places = pl.int_range(first.len(), dtype=pl.UInt32, eager=True)
    return rows[first], looked_up(key, key.gather(first), places)
