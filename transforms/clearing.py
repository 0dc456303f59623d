"""Clearing: counts that would empty a location, most often by accident (SPEC 4.3)."""

import polars as pl

from schemas.granular import GRANULAR_KEY


def clearing_counts(
    counts: pl.DataFrame, records: pl.DataFrame, least_units: int, max_share: float
) -> pl.DataFrame:
    """file, reason: files of a location and day that take more than `max_share` off its units.

    records: all of the locations counted. Only locations that hold `least_units` are judged, day
    by day, each by what the day before left.
    """
    held = records.select(*GRANULAR_KEY, "on_hand", "counted_at")
    refused = [pl.DataFrame(schema={"file": pl.String, "reason": pl.String})]
    told = counts.sort("day", "counted_at", "file", "row")
    for counted in told.partition_by("day", maintain_order=True):
        after = _after(held, counted)
        cleared = (
            after.group_by("location_code")
            .agg(pl.col("on_hand").sum(), pl.col("after").sum())
            .filter(
                (pl.col("on_hand") >= least_units)
                & (pl.col("on_hand") - pl.col("after") > max_share * pl.col("on_hand"))
            )
        )
        files = counted.select("location_code", "file").unique().join(cleared, on="location_code")
        refused.append(files.sort("file", "location_code").select("file", _reason()))
        held = pl.concat(
            [
                held.join(cleared, on="location_code", how="semi"),
                after.join(cleared, on="location_code", how="anti").select(
                    *GRANULAR_KEY, on_hand="after", counted_at="after_at"
                ),
            ]
        )
    return pl.concat(refused).unique(subset="file", keep="first", maintain_order=True)


def _after(held: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """The records with `after` and `after_at`: their units as the counts of a day would have it."""
    said = counted.group_by(GRANULAR_KEY, maintain_order=True).agg(
        pl.col("quantity", "counted_at").last().name.prefix("said_")
    )
    whole = (
        counted.filter("is_full")
        .group_by("location_code")
        .agg(pl.col("counted_at").max().alias("whole_at"))
    )
    unnamed = pl.when(pl.col("whole_at").is_not_null()).then(0)
    said_at = pl.coalesce("said_counted_at", "whole_at")
    is_newer = (said_at >= pl.col("counted_at")).fill_null(value=True)
    return (
        held.join(said, on=GRANULAR_KEY, how="full", coalesce=True, nulls_equal=True)
        .join(whole, on="location_code", how="left")
        .with_columns(pl.col("on_hand").fill_null(0))
        .with_columns(
            after=pl.when(is_newer)
            .then(pl.coalesce("said_quantity", unnamed, "on_hand"))
            .otherwise("on_hand"),
            after_at=pl.max_horizontal("counted_at", said_at),
        )
    )


def _reason() -> pl.Expr:
    return pl.format(
        "clears_location: {} would go from {} to {} units; if that is so, raise max_cleared_share",
        "location_code",
        "on_hand",
        "after",
    ).alias("reason")
