"""Versions: of a changed file of events only what an earlier version hadn't applies (SPEC 2.6)."""

import polars as pl


def count_events(rows: pl.DataFrame) -> pl.DataFrame:
    """content, rows: how often each event stands in a file; by `event_id` where it has one."""
    return rows.group_by(content=_content(rows)).agg(rows=pl.len().cast(pl.Int64)).sort("content")


def new_events(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The rows that an earlier version of their file (content, rows) did not have."""
    numbered = rows.sort("row").with_columns(content=_content(rows))
    numbered = numbered.with_columns(nth=pl.int_range(1, pl.len() + 1).over("content"))
    fresh = numbered.join(known.rename({"rows": "had"}), on="content", how="left").filter(
        pl.col("nth") > pl.col("had").fill_null(0)
    )
    return fresh.sort("row").select(rows.columns)


def _content(rows: pl.DataFrame) -> pl.Expr:
    told = [name for name in rows.columns if name not in ("row", "event_id")]
    spelled = pl.struct(sorted(told)).struct.json_encode()
    return (
        pl.when(pl.col("event_id").is_null()).then(spelled).otherwise("event " + pl.col("event_id"))
    )
