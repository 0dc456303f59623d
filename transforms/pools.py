"""Pools: location, UPC and segment, which stock is never allocated across (SPEC 1)."""

from collections.abc import Sequence

import polars as pl

from schemas.granular import POOL
from transforms.nested import with_packed


def named_pools(tables: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, pl.Series]:
    """The pools that rows name, in the order of their texts; and the place among them of each
    row's pool, the rows of the tables one after the other."""
    rows = pl.concat([table.select(POOL) for table in tables])
    codes = rows.select(
        pl.col(name).cast(pl.Categorical(pl.Categories.random())).to_physical() for name in POOL
    )
    packed, _ = with_packed("key", POOL, codes, codes.clear())
    first = packed.get_column("key").arg_unique()
    texts, keys = rows[first], packed[first]
    order = texts.select(pl.arg_sort_by(POOL)).to_series()
    places = keys[order].with_row_index("place")
    beside = packed.join(places, on="key", how="left", maintain_order="left")
    return texts[order], beside.get_column("place")
