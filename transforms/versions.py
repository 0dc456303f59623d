"""Versions: what an event says, by which it is known again (SPEC 2.6)."""

from typing import Final

import polars as pl

BETWEEN: Final = "\x1f"
"""Stands between what the columns say. No code has it, and the one free text comes last."""


def event_content(told: list[str], instant: str, is_dated: pl.Expr) -> pl.Expr:
    """An event's id, else what its row says: an `instant` that the file gave it is not of it.

    A file without a day gives its rows another instant every night.
    """
    names = sorted((name for name in told if name != "event_id"), key=lambda name: name == "reason")
    said = [
        # As numbers, which cost a tenth of writing them out.
        (pl.when(is_dated).then(instant) if name == instant else pl.col(name)).to_physical()
        for name in names
    ]
    spelled = [part.cast(pl.String).fill_null("") for part in said]
    return pl.coalesce("event_id", pl.concat_str(spelled, separator=BETWEEN))
