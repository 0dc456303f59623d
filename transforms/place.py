"""Place: all open units of the night, nothing moved without need (SPEC 6.0)."""

from typing import Final, cast

import polars as pl
from pandera.typing.polars import DataFrame

from schemas.allocations import FreeStock, OpenLines
from schemas.granular import GRANULAR_FIELDS, POOL
from transforms.allocate import allocate
from transforms.rank import by_rank

LINE: Final = ("order_id", "line_id")
PROMISE: Final = ("order_id", "line_id", "inventory_id")


def place(lines: pl.DataFrame, records: pl.DataFrame, promises: pl.DataFrame) -> pl.DataFrame:
    """order_id, line_id, inventory_id, quantity: where units of these pools stand after tonight.

    lines: open ones with allocated and pending. records: with capacity. promises: where the
    allocated units stand now. All three of the same pools, whole.
    """
    entries = _entries(lines)
    used = promises.group_by("inventory_id").agg(used=pl.col("quantity").sum())
    stock = records.join(used, on="inventory_id", how="left").with_columns(
        pl.col("used").fill_null(0)
    )
    broken = stock.filter(pl.col("used") > pl.col("capacity")).select(POOL).unique()
    whole = stock.join(broken, on=POOL, how="anti")
    left = whole.with_columns(free=pl.col("capacity") - pl.col("used"))
    waiting = entries.filter(~pl.col("is_kept")).join(broken, on=POOL, how="anti")
    added = _allocate(waiting, left)
    better = _better(entries, waiting, stock, left, added)
    anew = pl.concat([broken, better])
    placed_anew = _allocate(
        entries.join(anew, on=POOL, how="semi"),
        stock.join(anew, on=POOL, how="semi").with_columns(free="capacity"),
    )
    moved = lines.join(anew, on=POOL, how="semi").select(LINE)
    stays = pl.concat([promises, added.select(promises.columns)]).join(moved, on=LINE, how="anti")
    return (
        pl.concat([stays, placed_anew.select(promises.columns)])
        .group_by(PROMISE)
        .agg(pl.col("quantity").sum())
        .sort(PROMISE)
    )


def _entries(lines: pl.DataFrame) -> pl.DataFrame:
    """A line's kept and waiting units, each an entry of its own: all kept ones come first."""
    ranked = by_rank(lines).with_row_index("rank").cast({"rank": pl.Int64})
    kept = ranked.with_columns(quantity="allocated", is_kept=pl.lit(value=True))
    waiting = ranked.with_columns(quantity="pending", is_kept=pl.lit(value=False))
    return (
        pl.concat([kept, waiting])
        .with_columns(rank=pl.col("rank") + pl.when("is_kept").then(0).otherwise(lines.height))
        .filter(pl.col("quantity") > 0)
        .sort("rank")
    )


def _better(
    entries: pl.DataFrame,
    waiting: pl.DataFrame,
    stock: pl.DataFrame,
    left: pl.DataFrame,
    added: pl.DataFrame,
) -> pl.DataFrame:
    """Pools whose waiting lines get more, read by rank, if kept units may stand elsewhere."""
    got = added.group_by("rank").agg(got=pl.col("quantity").sum())
    served = waiting.join(got, on="rank", how="left").with_columns(pl.col("got").fill_null(0))
    by_pool = served.group_by(POOL).agg(
        short=(pl.col("quantity") - pl.col("got")).sum(), got=pl.col("got").sum()
    )
    # Where nothing is left at all, nobody can gain: the lines kept keep all they have.
    free = left.group_by(POOL).agg(pl.col("free").sum())
    hopeful = (
        by_pool.join(free, on=POOL)
        .filter((pl.col("short") > 0) & (pl.col("free") > 0))
        .select(POOL)
    )
    anew = _allocate(
        entries.join(hopeful, on=POOL, how="semi"),
        stock.join(hopeful, on=POOL, how="semi").with_columns(free="capacity"),
    )
    would_get = anew.group_by("rank").agg(would_get=pl.col("quantity").sum())
    return (
        served.join(hopeful, on=POOL, how="semi")
        .join(would_get, on="rank", how="left")
        .filter(pl.col("would_get").fill_null(0) != pl.col("got"))
        .select(POOL)
        .unique()
    )


def _allocate(entries: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """rank, order_id, line_id, inventory_id, quantity: the entries placed from nothing."""
    named = entries.select(
        "rank",
        *POOL,
        *GRANULAR_FIELDS,
        "quantity",
        order_id=pl.col("rank").cast(pl.String),
        line_id=pl.lit(""),
    )
    free = stock.select("inventory_id", *POOL, *GRANULAR_FIELDS, "free")
    placed = allocate(cast("DataFrame[OpenLines]", named), cast("DataFrame[FreeStock]", free))
    return placed.select(
        pl.col("order_id").cast(pl.Int64).alias("rank"), "inventory_id", "quantity"
    ).join(entries.select("rank", *LINE), on="rank")


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """kind (release, allocate), quantity, inventory_id, order_id, line_id: what moved, by line."""
    was = before.select(*PROMISE, change=-pl.col("quantity"))
    both = pl.concat([was, after.select(*PROMISE, change="quantity")])
    return (
        both.group_by(PROMISE)
        .agg(pl.col("change").sum())
        .filter(pl.col("change") != 0)
        .select(
            *PROMISE,
            kind=pl.when(pl.col("change") < 0)
            .then(pl.lit("release"))
            .otherwise(pl.lit("allocate")),
            quantity=pl.col("change").abs(),
        )
        .sort(pl.col("kind") != "release", *PROMISE)
    )
