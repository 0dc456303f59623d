"""Post stock: counts and adjustments as statements, and the movements that follow (SPEC 4.2–4.4).

on_hand of a record is its latest statement plus what moved later than it. Whatever arrived when,
a night posts as `count` the difference between that and the sum of the movements so far.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from schemas.granular import GRANULAR_KEY
from schemas.movements import effect

STATEMENT: Final = ("at", "run", "file", "row")
"""Of two statements of a record the later in this order holds."""

INFORMATION: Final = ("floor", "safety_stock", "ltd")


@dataclass(frozen=True)
class PostedStock:
    """records: new images of new and changed records. statements, full_counts: those made
    tonight. movements: adjustments and corrections.
    """

    records: pl.DataFrame
    statements: pl.DataFrame
    full_counts: pl.DataFrame
    movements: pl.DataFrame


@dataclass(frozen=True)
class KnownStock:
    """What is known of the records that tonight may touch.

    records: them. statements: theirs. movements: their adjustments and shipments. full_counts:
    of their locations. restated: inventory_ids whose statements a new version of a file took back.
    """

    records: pl.DataFrame
    statements: pl.DataFrame
    movements: pl.DataFrame
    full_counts: pl.DataFrame
    restated: pl.Series
    next_id: int


def post_stock(
    counts: pl.DataFrame,
    adjustments: pl.DataFrame,
    uncertain: pl.DataFrame,
    known: KnownStock,
    run: int,
) -> PostedStock:
    """Post tonight's counts and adjustments (as validated, with file, row and the file's day).

    uncertain: location_code and upc, per file, that a rejected count may have meant.
    """
    records = _with_new_records(counts, adjustments, known)
    ids = records.select("inventory_id", *GRANULAR_KEY)
    counted = counts.join(ids, on=GRANULAR_KEY, nulls_equal=True)
    adjusted = adjustments.join(ids, on=GRANULAR_KEY, nulls_equal=True)
    full_counts = _full_counts(counts, uncertain)
    earlier = known.full_counts.select("location_code", "at", "file", "uncertain_upcs")
    new_records = records.filter(pl.col("inventory_id") >= known.next_id)
    stated = pl.concat(
        [
            counted.select(
                "inventory_id",
                pl.col("counted_at").alias("at"),
                *("quantity", *INFORMATION),
                pl.lit("count").alias("reason"),
                *("file", "row"),
            ),
            _zeros_of_full_counts(full_counts, records, counted),
            _zeros_of_full_counts(earlier, new_records, counted.clear()),
            _zeros_of_moved_serials(counted, adjusted, records),
        ],
        how="diagonal",
    ).with_columns(run=pl.lit(run, dtype=pl.Int64))
    touched = pl.concat(
        [stated.get_column("inventory_id"), adjusted.get_column("inventory_id"), known.restated]
    ).unique()
    statements = pl.concat([known.statements, stated.select(known.statements.columns)])
    touched_records = records.filter(pl.col("inventory_id").is_in(touched.implode()))
    adjust = adjusted.select(
        at="adjusted_at",
        kind=pl.lit("adjust"),
        quantity="quantity",
        inventory_id="inventory_id",
        reason="reason",
        file="file",
        row="row",
    )
    images, corrections = _settle(touched_records, statements, known.movements, adjust, run)
    order = ["inventory_id", "at", "quantity", "reason"]
    return PostedStock(
        records=images,
        statements=stated.select(known.statements.columns),
        full_counts=full_counts.with_columns(run=pl.lit(run, dtype=pl.Int64)),
        movements=pl.concat(
            [adjust.sort(order, nulls_last=True), corrections.sort(order)], how="diagonal"
        ),
    )


def _with_new_records(
    counts: pl.DataFrame, adjustments: pl.DataFrame, known: KnownStock
) -> pl.DataFrame:
    keys = pl.concat([counts.select(GRANULAR_KEY), adjustments.select(GRANULAR_KEY)]).unique()
    fresh = (
        keys.join(known.records, on=GRANULAR_KEY, how="anti", nulls_equal=True)
        .sort(GRANULAR_KEY, nulls_last=True)
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


def _full_counts(counts: pl.DataFrame, uncertain: pl.DataFrame) -> pl.DataFrame:
    """location_code, at, file, uncertain_upcs: the files of a location and day, together."""
    whole = (
        counts.filter("is_full")
        .group_by("location_code", "day")
        .agg(
            pl.col("counted_at").max().alias("at"),
            pl.col("file").max(),
            pl.col("file").unique().alias("of_files"),
        )
    )
    doubts = (
        whole.explode("of_files")
        .join(uncertain, left_on="of_files", right_on="file", suffix="_told")
        .filter(
            pl.col("location_code_told").is_null()
            | (pl.col("location_code") == pl.col("location_code_told"))
        )
        .group_by("location_code", "day")
        .agg(uncertain_upcs=pl.col("upc").unique().sort())
    )
    return (
        whole.join(doubts, on=["location_code", "day"], how="left")
        .with_columns(pl.col("uncertain_upcs").fill_null([]))
        .sort("location_code", "day")
        .select("location_code", "at", "file", "uncertain_upcs")
    )


def _zeros_of_full_counts(
    full_counts: pl.DataFrame, records: pl.DataFrame, counted: pl.DataFrame
) -> pl.DataFrame:
    """A statement of 0 for each record of a location counted whole that its files don't name."""
    named = counted.filter("is_full").select("inventory_id").unique() if counted.height else None
    unnamed = records.select("inventory_id", "location_code", "upc")
    if named is not None:
        unnamed = unnamed.join(named, on="inventory_id", how="anti")
    upcs = pl.col("uncertain_upcs")
    doubtful = upcs.list.contains(pl.col("upc")) | upcs.list.eval(pl.element().is_null()).list.any()
    return (
        unnamed.join(full_counts, on="location_code")
        .filter(~doubtful)
        .select(
            "inventory_id",
            "at",
            pl.lit(0, dtype=pl.Int64).alias("quantity"),
            pl.lit("full").alias("reason"),
            "file",
        )
    )


def _zeros_of_moved_serials(
    counted: pl.DataFrame, adjusted: pl.DataFrame, records: pl.DataFrame
) -> pl.DataFrame:
    """A statement of 0 for each other record of a serial that is said to be somewhere now."""
    told = ["inventory_id", "upc", "serial_number", "at", "file", "row"]
    arrivals = pl.concat(
        [
            rows.rename({instant: "at"})
            .filter(pl.col("serial_number").is_not_null() & (pl.col("quantity") == 1))
            .select(told)
            for rows, instant in ((counted, "counted_at"), (adjusted, "adjusted_at"))
        ]
    )
    others = records.select("upc", "serial_number", other_id="inventory_id")
    return (
        arrivals.join(others, on=["upc", "serial_number"])
        .filter(pl.col("other_id") != pl.col("inventory_id"))
        .select(
            pl.col("other_id").alias("inventory_id"),
            "at",
            pl.lit(0, dtype=pl.Int64).alias("quantity"),
            pl.lit("moved").alias("reason"),
            "file",
            "row",
        )
    )


def _settle(
    records: pl.DataFrame,
    statements: pl.DataFrame,
    past: pl.DataFrame,
    adjust: pl.DataFrame,
    run: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """New images of the records, and the `count` movements that make their sums right."""
    latest = (
        statements.sort(STATEMENT, nulls_last=False)
        .group_by("inventory_id", maintain_order=True)
        .agg(
            pl.col("at", "quantity", "reason", "file", "row", "run").last(),
            *(pl.col(name).drop_nulls().last() for name in INFORMATION),
        )
    )
    moves = pl.concat([past, adjust], how="diagonal").select(
        "inventory_id", moved_at="at", moved=effect("on_hand")
    )
    later = (
        moves.join(latest.select("inventory_id", "at"), on="inventory_id")
        .filter(pl.col("moved_at") > pl.col("at"))
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
        .with_columns(
            on_hand=pl.coalesce(pl.col("quantity") + pl.col("moved").fill_null(0), pl.col("summed"))
        )
        .with_columns(correction=pl.col("on_hand") - pl.col("summed"))
        .sort("inventory_id")
    )
    corrections = settled.filter(pl.col("correction") != 0).select(
        "at",
        pl.lit("count").alias("kind"),
        pl.col("correction").alias("quantity"),
        "inventory_id",
        pl.when(pl.col("run") == run).then("reason").otherwise(pl.lit("late")).alias("reason"),
        "file",
        "row",
    )
    return settled.select(records.columns), corrections
