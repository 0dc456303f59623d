"""Clearing: counts that would empty a location, most often by accident (SPEC 4.3)."""

import polars as pl

from schemas.granular import GRANULAR_KEY


def clearing_counts(
    counts: pl.DataFrame,
    records: pl.DataFrame,
    least_units: int,
    max_share: float,
) -> pl.DataFrame:
    """file, reason: files of a location and day that take more than `max_share` off its units.

    records: all of the locations counted. Only locations that hold `least_units` are judged.
    """
    told = (
        counts.sort("counted_at", "file", "row")
        .group_by("day", *GRANULAR_KEY, maintain_order=True)
        .agg(pl.col("quantity", "counted_at").last())
    )
    days = counts.group_by("location_code", "day").agg(
        pl.col("is_full").any(), pl.col("file").unique().sort()
    )
    held = records.select(*GRANULAR_KEY, "on_hand", known_at="counted_at")
    known = held.join(days.select("location_code", "day", "is_full"), on="location_code")
    both = known.join(
        told, on=["day", *GRANULAR_KEY], how="full", coalesce=True, nulls_equal=True
    ).with_columns(
        is_stale=(pl.col("counted_at") < pl.col("known_at")).fill_null(value=False),
        before=pl.col("on_hand").fill_null(0),
    )
    unnamed = pl.when(pl.col("is_full").fill_null(value=False)).then(0).otherwise("before")
    after = pl.when("is_stale").then("before").otherwise(pl.coalesce("quantity", unnamed))
    judged = (
        both.group_by("location_code", "day")
        .agg(pl.col("before").sum(), after.sum().alias("after"))
        .filter(
            (pl.col("before") >= least_units)
            & (pl.col("before") - pl.col("after") > max_share * pl.col("before"))
        )
        .join(days, on=["location_code", "day"])
        .sort("location_code", "day")
    )
    return (
        judged.with_columns(
            reason=pl.format(
                "clears_location: {} would go from {} to {} units; "
                "if that is so, raise max_cleared_share",
                "location_code",
                "before",
                "after",
            )
        )
        .explode("file")
        .unique(subset="file", keep="first", maintain_order=True)
        .select("file", "reason")
    )
