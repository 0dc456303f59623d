"""Post stock: counts and adjustments as statements, and the movements that follow (SPEC 4.2–4.4).

on_hand of a record is its latest statement plus what moved later than it. Whatever arrived when,
a night posts as `count` the difference between that and the sum of the movements so far.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from schemas.granular import GRANULAR_FIELDS
from schemas.movements import effect
from transforms.full_counts import full_counts, zeros
from transforms.lookup import left_join, looked_up
from transforms.moved_serials import ARRIVAL, arrivals, zeros_elsewhere
from transforms.order import gathered, in_order, order_by

KEY: Final = ("pool_no", *GRANULAR_FIELDS)
"""What is one record of stock."""

STATEMENT: Final = ("at", "run", "file", "row")
"""Of two statements of a record the later in this order holds."""

INFORMATION: Final = ("floor", "safety_stock", "ltd")


@dataclass(frozen=True)
class KnownStock:
    """What is known of the records that tonight may touch.

    pools: theirs and those named tonight, in the order of their texts. records: them, and all
    others of the serials among them. statements: theirs. movements: their adjustments and
    shipments. full_counts: of their locations. replaced: files of counts that came as new versions.
    next_id: the first inventory_id that is free.
    """

    pools: pl.DataFrame
    records: pl.DataFrame
    statements: pl.DataFrame
    movements: pl.DataFrame
    full_counts: pl.DataFrame
    replaced: pl.Series
    next_id: int


@dataclass(frozen=True)
class PostedStock:
    """What tonight's counts and adjustments leave.

    records: images of new and changed ones; is_new tells them apart. statements, full_counts: those
    made tonight. statements_gone (inventory_id, reason, file): those that no longer hold.
    movements: adjustments, and the corrections that counts make.
    """

    records: pl.DataFrame
    statements: pl.DataFrame
    statements_gone: pl.DataFrame
    full_counts: pl.DataFrame
    movements: pl.DataFrame


def post_stock(
    counts: pl.DataFrame,
    adjustments: pl.DataFrame,
    uncertain: pl.DataFrame,
    known: KnownStock,
    run: int,
    closing_at: datetime,
) -> PostedStock:
    """Post tonight's counts and adjustments: as validated, with pool_no, file, row and its day.

    uncertain: what rejected counts may have meant (see full_counts). closing_at: the end of the
    day, at which statements taken back without a successor cease to count.
    """
    rows = pl.concat([counts.select(KEY), adjustments.select(KEY)])
    ids, records = _with_new_records(rows, known)
    counted = _stated(counts.with_columns(ids.head(counts.height)), run)
    adjusted = adjustments.with_columns(ids.tail(adjustments.height))
    full = full_counts(_placed(counts.filter("is_full"), known.pools), uncertain, run)
    is_replaced = pl.col("file").is_in(known.replaced.implode())
    gone, held = _split(known.statements.filter(reason="count"), is_replaced)
    of_others = known.statements.filter(pl.col("reason") != "count")
    follows = following(
        records,
        known.pools,
        pl.concat([held, counted]),
        pl.concat([known.full_counts.filter(~is_replaced), full]),
        pl.concat(
            [
                known.movements.filter(kind="adjust").select(ARRIVAL),
                adjusted.select(
                    "inventory_id",
                    pl.col("adjusted_at").alias("at"),
                    *("quantity", "file", "row"),
                    pl.lit(run, dtype=pl.Int64).alias("run"),
                ),
            ]
        ),
    )
    # What follows from others is stated anew for every record of which it has changed.
    is_changed = pl.col("inventory_id").is_in(_differing(of_others, follows).implode())
    gone = pl.concat([gone, of_others.filter(is_changed)])
    stated = pl.concat([counted, follows.filter(is_changed)])
    touched = pl.concat(
        [rows.get_column("inventory_id") for rows in (stated, adjusted, gone)]
    ).unique()
    adjust = adjusted.select(
        at="adjusted_at",
        kind=pl.lit("adjust"),
        quantity="quantity",
        inventory_id="inventory_id",
        reason="reason",
        file="file",
        row="row",
    )
    images, corrections = _settle(
        records.filter(pl.col("inventory_id").is_in(touched.implode())),
        pl.concat([held, counted, follows]),
        known.movements,
        adjust,
        run,
        closing_at,
    )
    order = ["inventory_id", "at", "quantity", "reason", "file", "row"]
    return PostedStock(
        records=images,
        statements=stated,
        statements_gone=gone.select("inventory_id", "reason", "file").unique(maintain_order=True),
        full_counts=full,
        movements=pl.concat(
            [adjust.sort(order, nulls_last=True), corrections.sort(order, nulls_last=True)],
            how="diagonal",
        ),
    )


def following(
    records: pl.DataFrame,
    pools: pl.DataFrame,
    counted: pl.DataFrame,
    full: pl.DataFrame,
    adjusted: pl.DataFrame,
) -> pl.DataFrame:
    """The statements of 0 that counts and adjustments make of records they don't name (4.3, 4.4).

    pools: of the records. counted: count statements of the records. full: full counts of their
    locations. adjusted: their adjustments (inventory_id, at, quantity, file, row, run).
    """
    follows = [counted.clear()]
    if full.height:
        named = counted.select("inventory_id", "file")
        follows.append(zeros(full, _placed(records, pools), named))
    serials = _placed(records.drop_nulls("serial_number"), pools)
    follows.append(zeros_elsewhere(arrivals(counted, adjusted, serials), serials))
    return pl.concat(follows, how="diagonal")


def _placed(rows: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """Rows with the location, UPC and segment of their pool."""
    return rows.join(pools, on="pool_no", how="left", maintain_order="left")


def _stated(counts: pl.DataFrame, run: int) -> pl.DataFrame:
    return counts.select(
        "inventory_id",
        pl.col("counted_at").alias("at"),
        *("quantity", *INFORMATION),
        pl.lit("count").alias("reason"),
        *("file", "row"),
        pl.lit(run, dtype=pl.Int64).alias("run"),
    )


def _split(frame: pl.DataFrame, condition: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    return frame.filter(condition), frame.filter(~condition)


def _differing(before: pl.DataFrame, after: pl.DataFrame) -> pl.Series:
    """Records whose rows are not the same."""
    key = ["inventory_id", "reason", *STATEMENT]
    one, other = (
        frame.join(rest, on=key, how="anti", nulls_equal=True).get_column("inventory_id")
        for frame, rest in ((before, after), (after, before))
    )
    return pl.concat([one, other]).unique()


def _with_new_records(rows: pl.DataFrame, known: KnownStock) -> tuple[pl.Series, pl.DataFrame]:
    """inventory_id of each row's record; and the known records with those that tonight names first,
    numbered in key order."""
    ids = pl.repeat(None, rows.height, dtype=pl.Int64, eager=True).alias("inventory_id")
    if known.records.height:
        beside = rows.join(
            known.records.select("inventory_id", *KEY),
            on=KEY,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        ids = beside.get_column("inventory_id")
    unknown = rows.with_row_index("place").filter(ids.is_null())
    unknown = gathered(unknown, _key_order(unknown, known.pools))
    is_first = unknown.select(
        pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in KEY)
        | (pl.int_range(pl.len()) == 0)
    ).to_series()
    numbers = is_first.cum_sum().cast(pl.Int64) + (known.next_id - 1)
    ids = ids.clone().scatter(unknown.get_column("place"), numbers)
    fresh = unknown.drop("place").with_columns(numbers.alias("inventory_id")).filter(is_first)
    nothing = pl.lit(0, dtype=pl.Int64)
    fresh = fresh.with_columns(
        on_hand=nothing,
        allocated=nothing,
        safety_stock=nothing,
        is_held=pl.lit(value=False),
        is_expired=pl.lit(value=False),
        is_new=pl.lit(value=True),
    )
    records = known.records.with_columns(is_new=pl.lit(value=False))
    return ids, pl.concat([records, fresh], how="diagonal")


def _key_order(rows: pl.DataFrame, pools: pl.DataFrame) -> pl.Series:
    """The rows in the order of their keys, null last."""
    turns = pl.int_range(pools.height, dtype=pl.Int64, eager=True).alias("turn")
    turn = looked_up(rows.get_column("pool_no"), pools.get_column("pool_no"), turns)
    told = [name for name in GRANULAR_FIELDS if rows[name].null_count() < rows.height]
    # The first field that is told most often decides.
    keyed = rows.select(turn, *(pl.col(name).rank("dense") for name in told[:1]))
    few = order_by(keyed, *keyed.columns)
    tied = keyed[few]
    is_tied = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(name).shift(1)) for name in tied.columns
    )
    if len(told) < 2 or not tied.select(is_tied.any()).item():
        return few
    keyed = rows.select(turn, *(pl.col(name).rank("dense") for name in told))
    return order_by(keyed, *keyed.columns)


def _last(ordered: pl.DataFrame) -> pl.DataFrame:
    """The last row of each record, of rows sorted by record."""
    is_last = pl.col("inventory_id").ne_missing(pl.col("inventory_id").shift(-1))
    return ordered.filter(is_last)


def _moved_later(latest: pl.DataFrame, past: pl.DataFrame, adjust: pl.DataFrame) -> pl.DataFrame:
    """inventory_id, moved, adjusted: units since the latest statement, and all of tonight's."""
    moves = pl.concat([past, adjust], how="diagonal").select(
        "inventory_id", moved_at="at", moved=effect("on_hand")
    )
    # Of a record without a statement, or with none left, everything that moved counts.
    later = (
        moves.join(latest.select("inventory_id", "at"), on="inventory_id", how="left")
        .filter(pl.col("at").is_null() | (pl.col("moved_at") > pl.col("at")))
        .group_by("inventory_id")
        .agg(pl.col("moved").sum())
    )
    tonight = adjust.group_by("inventory_id").agg(adjusted=pl.col("quantity").sum())
    return later.join(tonight, on="inventory_id", how="full", coalesce=True)


def _settle(
    records: pl.DataFrame,
    statements: pl.DataFrame,
    past: pl.DataFrame,
    adjust: pl.DataFrame,
    run: int,
    closing_at: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New images of the records, and the `count` movements that make their sums right."""
    # Of most records one thing is said.
    is_lone = statements.get_column("inventory_id").is_unique()
    lone, several = _split(statements, pl.lit(is_lone))
    ordered = several.sort("inventory_id", *STATEMENT, nulls_last=False)
    latest = _last(ordered).drop(INFORMATION)
    for name in INFORMATION:
        said = _last(ordered.filter(pl.col(name).is_not_null()))
        latest = latest.join(said.select("inventory_id", name), on="inventory_id", how="left")
    latest = pl.concat([latest, lone.select(latest.columns)])
    settled = left_join(
        records.drop(INFORMATION, "counted_at", strict=False), latest, "inventory_id"
    )
    nothing = pl.lit(0, dtype=pl.Int64)
    if past.height or adjust.height:
        settled = left_join(settled, _moved_later(latest, past, adjust), "inventory_id")
    else:
        settled = settled.with_columns(moved=nothing, adjusted=nothing)
    settled = settled.with_columns(
        pl.col("safety_stock").fill_null(0),
        counted_at="at",
        on_hand=pl.col("quantity").fill_null(0) + pl.col("moved").fill_null(0),
        summed=pl.col("on_hand") + pl.col("adjusted").fill_null(0),
    ).with_columns(correction=pl.col("on_hand") - pl.col("summed"))
    settled = in_order(settled, "inventory_id")
    corrections = settled.filter(pl.col("correction") != 0).select(
        pl.col("at").fill_null(pl.lit(closing_at).dt.cast_time_unit("us")),
        pl.lit("count").alias("kind"),
        pl.col("correction").alias("quantity"),
        "inventory_id",
        pl.when(pl.col("at").is_null())
        .then(pl.lit("taken back"))
        .when(pl.col("run") == run)
        .then("reason")
        .otherwise(pl.lit("late"))
        .alias("reason"),
        "file",
        "row",
    )
    return settled.select(*records.columns), corrections
