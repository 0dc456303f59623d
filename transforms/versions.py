"""Versions: of a changed file of events only what an earlier version hadn't applies (SPEC 2.6)."""

import polars as pl


def count_events(rows: pl.DataFrame) -> pl.DataFrame:
    """content, rows: how often each event stands in a file; by `event_id` where it has one."""
    return rows.group_by("content").agg(rows=pl.len().cast(pl.Int64)).sort("content")


def new_events(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The rows that an earlier version of their file (content, rows) did not have."""
    nth = pl.int_range(1, pl.len() + 1).over("content")
    numbered = rows.sort("row").with_columns(nth=nth)
    fresh = numbered.join(known.rename({"rows": "had"}), on="content", how="left").filter(
        pl.col("nth") > pl.col("had").fill_null(0)
    )
    return fresh.sort("row").select(rows.columns)


def all_events(*counted: pl.DataFrame) -> pl.DataFrame:
    """content, rows: each event as often as the version that had it most often."""
    return pl.concat(counted).group_by("content").agg(pl.col("rows").max()).sort("content")


def event_content(told: list[str], instant: str, is_dated: pl.Expr) -> pl.Expr:
    """An event's id, else what its row says: an `instant` that the file gave it is not of it.

    A file without a day gives its rows another instant every night.
    """
    said = [
        pl.when(is_dated).then(instant).alias(instant) if name == instant else pl.col(name)
        for name in sorted(told)
        if name != "event_id"
    ]
    spelled = pl.struct(said).struct.json_encode()
    return pl.coalesce("event " + pl.col("event_id"), spelled)
