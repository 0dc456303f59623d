"""Versions: of a changed file of events only what an earlier version hadn't applies (SPEC 2.6)."""

import polars as pl


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
