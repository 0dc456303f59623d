"""Post stock: counts and adjustments as statements, and the movements that follow (SPEC 4.2–4.4).

on_hand of a record is its latest statement plus what moved later than it. Whatever arrived when,
a night posts as `count` the difference between that and the sum of the movements so far.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from schemas.granular import GRANULAR_KEY
from schemas.movements import effect
from transforms.full_counts import full_counts, zeros
from transforms.moved_serials import ARRIVAL, arrivals, zeros_elsewhere

STATEMENT: Final = ("at", "run", "file", "row")
"""Of two statements of a record the later in this order holds."""

INFORMATION: Final = ("floor", "safety_stock", "ltd")


@dataclass(frozen=True)
class KnownStock:
    """What is known of the records that tonight may touch.

    records: them, and all others of the serials among them. statements: theirs. movements: their
    adjustments and shipments. full_counts: of their locations. replaced: files of counts that came
    as new versions. next_id: the first inventory_id that is free.
    """

    records: pl.DataFrame
    statements: pl.DataFrame
    movements: pl.DataFrame
    full_counts: pl.DataFrame
    replaced: pl.Series
    next_id: int


@dataclass(frozen=True)
class PostedStock:
    """What tonight's counts and adjustments leave.

    records: new images of new and changed ones. statements, full_counts: those made tonight.
    statements_gone (inventory_id, reason, file): those that no longer hold. movements: adjustments,
    and the corrections that counts make.
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
    """Post tonight's counts and adjustments (as validated, with file, row and the file's day).

    uncertain: what rejected counts may have meant (see full_counts). closing_at: the end of the
    day, at which statements taken back without a successor cease to count.
    """
    records = _with_new_records(counts, adjustments, known)
    ids = records.select("inventory_id", *GRANULAR_KEY)
    counted = _stated(counts.join(ids, on=GRANULAR_KEY, nulls_equal=True), run)
    adjusted = adjustments.join(ids, on=GRANULAR_KEY, nulls_equal=True)
    full = full_counts(counts, uncertain, run)
    is_replaced = pl.col("file").is_in(known.replaced.implode())
    gone, held = _split(known.statements.filter(reason="count"), is_replaced)
    of_others = known.statements.filter(pl.col("reason") != "count")
    follows = following(
        records,
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
    records: pl.DataFrame, counted: pl.DataFrame, full: pl.DataFrame, adjusted: pl.DataFrame
) -> pl.DataFrame:
    """The statements of 0 that counts and adjustments make of records they don't name (4.3, 4.4).

    counted: count statements of the records. full: full counts of their locations. adjusted: their
    adjustments (inventory_id, at, quantity, file, row, run).
    """
    return pl.concat(
        [
            counted.clear(),
            zeros(full, records, counted.select("inventory_id", "file")),
            zeros_elsewhere(arrivals(counted, adjusted, records), records),
        ],
        how="diagonal",
    )


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


def _with_new_records(
    counts: pl.DataFrame, adjustments: pl.DataFrame, known: KnownStock
) -> pl.DataFrame:
    """The known records and those that tonight names first, numbered in key order."""
    keys = pl.concat([counts.select(GRANULAR_KEY), adjustments.select(GRANULAR_KEY)])
    unknown = keys.join(known.records, on=GRANULAR_KEY, how="anti", nulls_equal=True)
    is_first = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) | (pl.int_range(pl.len()) == 0)
        for name in GRANULAR_KEY
    )
    fresh = (
        unknown.sort(GRANULAR_KEY, nulls_last=True)
        .filter(is_first)
        .with_row_index("inventory_id", offset=known.next_id)
        .with_columns(
            pl.col("inventory_id").cast(pl.Int64),
            on_hand=pl.lit(0, dtype=pl.Int64),
            allocated=pl.lit(0, dtype=pl.Int64),
            safety_stock=pl.lit(0, dtype=pl.Int64),
            is_held=pl.lit(value=False),
            is_expired=pl.lit(value=False),
        )
    )
    return pl.concat([known.records, fresh], how="diagonal")


def _last(ordered: pl.DataFrame) -> pl.DataFrame:
    """The last row of each record, of rows sorted by record."""
    is_last = pl.col("inventory_id").ne_missing(pl.col("inventory_id").shift(-1))
    return ordered.filter(is_last)


def _settle(
    records: pl.DataFrame,
    statements: pl.DataFrame,
    past: pl.DataFrame,
    adjust: pl.DataFrame,
    run: int,
    closing_at: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New images of the records, and the `count` movements that make their sums right."""
    ordered = statements.sort("inventory_id", *STATEMENT, nulls_last=False)
    latest = _last(ordered).drop(INFORMATION)
    for name in INFORMATION:
        said = _last(ordered.filter(pl.col(name).is_not_null()))
        latest = latest.join(said.select("inventory_id", name), on="inventory_id", how="left")
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
    settled = (
        records.drop(INFORMATION, "counted_at")
        .join(latest, on="inventory_id", how="left")
        .join(later, on="inventory_id", how="left")
        .join(tonight, on="inventory_id", how="left")
        .with_columns(
            summed=pl.col("on_hand") + pl.col("adjusted").fill_null(0),
            counted_at="at",
            safety_stock=pl.col("safety_stock").fill_null(0),
        )
        .with_columns(on_hand=pl.col("quantity").fill_null(0) + pl.col("moved").fill_null(0))
        .with_columns(correction=pl.col("on_hand") - pl.col("summed"))
        .sort("inventory_id")
    )
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
    return settled.select(records.columns), corrections
