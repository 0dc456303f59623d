"""Holds: the rows that a recall needs, added to a table of holds (SPEC 7.5)."""

import os
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from flows.files.reference import read_holds
from flows.settings import Stopped
from schemas.reference import NAMED_CODES

MATCHED_BY: Final = (*NAMED_CODES, "date_from", "date_to")


def add_holds(named: pl.DataFrame, file: Path, reason: str, day: date) -> int:
    """Add a hold from `day` on for each row to a CSV file, and put it in its place as a whole.

    Those that are there already are not doubled. Returns how many were added. Raises Stopped where
    the file is no table of holds.
    """
    if file.suffix.lower() != ".csv":
        raise Stopped(f"{file} is no .csv: holds are written as CSV")
    wanted = named.select(*MATCHED_BY, reason=pl.lit(reason), held_from=pl.lit(day)).unique(
        maintain_order=True
    )
    there = read_holds(file, str(file))[0] if file.exists() else wanted.clear()
    lasting = there
    if "held_until" in there.columns:
        lasting = there.filter(pl.col("held_until").is_null())
    new = wanted.join(lasting, on=MATCHED_BY, how="anti", nulls_equal=True, maintain_order="left")
    told = pl.concat([there, new], how="diagonal")
    beside = file.with_name(f".{file.name}.next")
    file.parent.mkdir(parents=True, exist_ok=True)
    names = {"held_from": "from", "held_until": "until"}
    told.rename(names, strict=False).write_csv(beside)
    os.replace(beside, file)  # noqa: PTH105
    return new.height
