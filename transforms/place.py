"""Place: all open units of the night, nothing moved without need (SPEC 6.0)."""

from typing import Final

import polars as pl

from schemas.granular import GRANULAR_FIELDS
from transforms.allocate import coded, pieces_of
from transforms.order import in_order

PROMISE: Final = ("line_no", "inventory_id")


def place(lines: pl.DataFrame, records: pl.DataFrame, promises: pl.DataFrame) -> pl.DataFrame:
    """line_no, inventory_id, quantity: where units of these pools stand after tonight.

    lines: open ones with rank, allocated and pending. records: with capacity. promises: where
    the allocated units stand now. All three of the same pools, whole.
    """
    entries = _entries(lines)
    used = promises.group_by("inventory_id").agg(used=pl.col("quantity").sum())
    stock = records.join(used, on="inventory_id", how="left").with_columns(
        pl.col("used").fill_null(0)
    )
    broken = stock.filter(pl.col("used") > pl.col("capacity")).select("pool_no").unique()
    whole = stock.join(broken, on="pool_no", how="anti")
    left = whole.with_columns(free=pl.col("capacity") - pl.col("used"))
    waiting = entries.filter(~pl.col("is_kept")).join(broken, on="pool_no", how="anti")
    added = _allocate(waiting, left)
    if promises.is_empty() and broken.is_empty():
        return in_order(added.select(promises.columns), *PROMISE)
    better = _better(entries, waiting, stock, left, added)
    anew = pl.concat([broken, better])
    placed_anew = _allocate(
        entries.join(anew, on="pool_no", how="semi"),
        stock.join(anew, on="pool_no", how="semi").with_columns(free="capacity"),
    )
    moved = lines.join(anew, on="pool_no", how="semi").select("line_no")
    stays = pl.concat([promises, added.select(promises.columns)]).join(
        moved, on="line_no", how="anti"
    )
    placed = pl.concat([stays, placed_anew.select(promises.columns)])
    placed = placed.group_by(PROMISE).agg(pl.col("quantity").sum())
    return in_order(placed, *PROMISE)


def _entries(lines: pl.DataFrame) -> pl.DataFrame:
    """A line's kept and waiting units, each an entry of its own: all kept ones come first."""
    names = ("line_no", "pool_no", *GRANULAR_FIELDS)
    kept = lines.filter(pl.col("allocated") > 0).select(
        *names, "rank", quantity="allocated", is_kept=pl.lit(value=True)
    )
    waiting = lines.filter(pl.col("pending") > 0).select(
        *names,
        rank=pl.col("rank") + lines.height,
        quantity="pending",
        is_kept=pl.lit(value=False),
    )
    return pl.concat([kept, waiting])


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
    by_pool = served.group_by("pool_no").agg(
        short=(pl.col("quantity") - pl.col("got")).sum(), got=pl.col("got").sum()
    )
    # Where nothing is kept nothing can make room; where nothing is left at all, nobody can gain, as
    # the lines kept keep all they have.
    free = left.group_by("pool_no").agg(pl.col("free", "used").sum())
    hopeful = (
        by_pool.join(free, on="pool_no")
        .filter((pl.col("short") > 0) & (pl.col("free") > 0) & (pl.col("used") > 0))
        .select("pool_no")
    )
    anew = _allocate(
        entries.join(hopeful, on="pool_no", how="semi"),
        stock.join(hopeful, on="pool_no", how="semi").with_columns(free="capacity"),
    )
    would_get = anew.group_by("rank").agg(would_get=pl.col("quantity").sum())
    return (
        served.join(hopeful, on="pool_no", how="semi")
        .join(would_get, on="rank", how="left")
        .filter(pl.col("would_get").fill_null(0) != pl.col("got"))
        .select("pool_no")
        .unique()
    )


def _allocate(entries: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """rank, line_no, inventory_id, quantity: the entries placed from nothing."""
    asked, records = coded(entries, stock, ("pool_no",))
    asked, pieces = pieces_of(asked, records)
    return pieces.select(
        rank=asked["rank"].gather(pieces["turn"]),
        line_no=entries["line_no"].gather(asked["row"].gather(pieces["turn"])),
        inventory_id=records["inventory_id"].gather(pieces["use"]),
        quantity="quantity",
    )


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """kind (release, allocate), quantity, inventory_id, line_no: what moved, releases first."""
    was = before.select(*PROMISE, change=-pl.col("quantity"))
    both = pl.concat([was, after.select(*PROMISE, change="quantity")])
    if before.height:
        both = both.group_by(PROMISE).agg(pl.col("change").sum()).filter(pl.col("change") != 0)
    is_allocated = pl.col("change") > 0
    both = in_order(both.with_columns(is_allocated.cast(pl.Int8).alias("kind")), "kind", *PROMISE)
    return both.select(
        *PROMISE,
        kind=pl.when(is_allocated).then(pl.lit("allocate")).otherwise(pl.lit("release")),
        quantity=pl.col("change").abs(),
    )
