"""Full counts: what the files of a location and day together say of the records they don't name.

Kept as one row per location, day and file, so that a file that comes later adds to what the others
said, and one that is replaced takes back only its own.
"""

from typing import Final

import polars as pl

WHOLE: Final = ("location_code", "day")
FULL_COUNT: Final = (*WHOLE, "file", "at", "uncertain_upcs", "run")

OF_OTHER_CODES: Final = (
    "spreadsheet_number",
    "invisible_character",
    "spreadsheet_error",
    "lacks_leading_zeros",
    "sku_of_another_upc",
    "part_number_of_another_upc",
)
"""Rules that a code breaks where the row means another than the one that stands there."""


def may_have_meant(broken: pl.DataFrame, breaches: pl.DataFrame) -> pl.DataFrame:
    """row, location_code, upc: what rejected counts may have meant; null is any (SPEC 4.3).

    broken: the same, as the rows name it. breaches: row, rule, column.
    """
    other = breaches.filter(pl.col("rule").is_in(OF_OTHER_CODES))
    is_of_another_upc = pl.col("rule").str.ends_with("_of_another_upc")
    lost = {
        "location_code": other.filter(column="location_code"),
        "upc": other.filter((pl.col("column") == "upc") | is_of_another_upc),
    }
    return broken.with_columns(
        pl.when(~pl.col("row").is_in(rows.get_column("row").implode())).then(name).alias(name)
        for name, rows in lost.items()
    )


def full_counts(counts: pl.DataFrame, uncertain: pl.DataFrame, run: int) -> pl.DataFrame:
    """location_code, day, file, at, uncertain_upcs, run: what tonight's files say as full counts.

    uncertain: file, day, is_full, location_code and upc that a rejected row may have meant; null
    is any. `at` is null where all rows of a file were rejected that are of a location.
    """
    each = [*WHOLE, "file"]
    whole = counts.filter("is_full").group_by(each).agg(pl.col("counted_at").max().alias("at"))
    doubts = uncertain.filter("is_full")
    of_any_place = doubts.filter(pl.col("location_code").is_null()).drop("location_code")
    told = [
        doubts.filter(pl.col("location_code").is_not_null()).select(*each, "upc"),
        of_any_place.join(whole, on=["day", "file"]).select(*each, "upc"),
    ]
    upcs = pl.concat(told).group_by(each).agg(uncertain_upcs=pl.col("upc").unique().sort())
    return (
        whole.join(upcs, on=each, how="full", coalesce=True)
        .with_columns(
            pl.col("uncertain_upcs").fill_null([]),
            run=pl.lit(run, dtype=pl.Int64),
        )
        .select(FULL_COUNT)
        .sort(each)
    )


def zeros(full: pl.DataFrame, records: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """A statement of 0 for each record of a location counted whole that its files don't name.

    full: all rows of the locations. named: inventory_id, file of count statements. The files of a
    location and day state it together, once, at their latest instant (SPEC 4.3).
    """
    together = (
        full.sort("run", "file")
        .group_by(WHOLE, maintain_order=True)
        .agg(
            pl.col("at").max(),
            pl.col("run", "file").last(),
            pl.col("uncertain_upcs").list.explode(empty_as_null=False),
        )
        .filter(pl.col("at").is_not_null())
    )
    by_their_files = named.join(full.select(*WHOLE, "file"), on="file")
    upcs = pl.col("uncertain_upcs")
    may_be_any = upcs.list.eval(pl.element().is_null()).list.any()
    is_doubtful = upcs.list.contains(pl.col("upc")).fill_null(value=False) | may_be_any
    return (
        records.select("inventory_id", "location_code", "upc")
        .join(together, on="location_code")
        .join(by_their_files, on=["inventory_id", *WHOLE], how="anti")
        .filter(~is_doubtful)
        .select(
            "inventory_id",
            "at",
            pl.lit(0, dtype=pl.Int64).alias("quantity"),
            pl.lit("full").alias("reason"),
            "file",
            "run",
        )
    )
