"""Full counts: what the files of a location and day together say of the records they don't name."""

import polars as pl

WHOLE = ("location_code", "day")


def full_counts(
    counts: pl.DataFrame, uncertain: pl.DataFrame, known: pl.DataFrame, replaced: pl.Series
) -> pl.DataFrame:
    """location_code, day, at, files, uncertain_upcs: locations counted whole, as tonight has it.

    Files of one location and day count it together, whenever they come, at their latest instant
    (SPEC 4.3). known: those of former runs; what they and tonight's share is stated again, and
    files that came as new versions (`replaced`) have nothing more to say.
    """
    whole = (
        counts.filter("is_full")
        .group_by(WHOLE)
        .agg(pl.col("counted_at").max().alias("at"), pl.col("file").unique().alias("files"))
    )
    doubts = (
        whole.explode("files")
        .join(uncertain, left_on="files", right_on="file", suffix="_told")
        .filter(
            pl.col("location_code_told").is_null()
            | (pl.col("location_code") == pl.col("location_code_told"))
        )
        .group_by(WHOLE)
        .agg(uncertain_upcs=pl.col("upc").unique())
    )
    tonight = whole.join(doubts, on=WHOLE, how="left").with_columns(
        pl.col("uncertain_upcs").fill_null([])
    )
    gone = replaced.implode()
    former = former_full_counts(tonight, known, replaced).with_columns(
        pl.col("files").list.filter(~pl.element().is_in(gone))
    )
    return (
        pl.concat([tonight, former.select(tonight.columns)])
        .group_by(WHOLE)
        .agg(
            pl.col("at").max(),
            pl.col("files").list.explode(empty_as_null=False).unique().sort(),
            pl.col("uncertain_upcs").list.explode(empty_as_null=False).unique().sort(),
        )
        .filter(pl.col("files").list.len() > 0)
        .sort(WHOLE)
    )


def former_full_counts(
    tonight: pl.DataFrame, known: pl.DataFrame, replaced: pl.Series
) -> pl.DataFrame:
    """Of the known ones those that tonight states again, or whose files came anew."""
    again = known.join(tonight, on=WHOLE, how="semi")
    gone = replaced.implode()
    anew = known.filter(pl.col("files").list.eval(pl.element().is_in(gone)).list.any())
    return pl.concat([again, anew]).unique(WHOLE)


def zeros(full: pl.DataFrame, records: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """A statement of 0 for each record of a location counted whole that its files don't name.

    full: with the run that stated it. named: inventory_id, file of count statements.
    """
    counted = named.join(
        full.select(*WHOLE, "files").explode("files"), left_on="file", right_on="files"
    )
    upcs = pl.col("uncertain_upcs")
    may_be_any = upcs.list.eval(pl.element().is_null()).list.any()
    is_doubtful = upcs.list.contains(pl.col("upc")).fill_null(value=False) | may_be_any
    return (
        records.select("inventory_id", "location_code", "upc")
        .join(full, on="location_code")
        .join(counted, on=["inventory_id", *WHOLE], how="anti")
        .filter(~is_doubtful)
        .select(
            "inventory_id",
            "at",
            pl.lit(0, dtype=pl.Int64).alias("quantity"),
            pl.lit("full").alias("reason"),
            pl.col("files").list.last().alias("file"),
            "run",
        )
    )
