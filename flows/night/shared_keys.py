"""Shared keys: rules of a file's rows among each other, asked where a key is shared (SPEC 3.2)."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from flows.night.valid_rows import (
    Batch,
    Tally,
    count,
    doubt,
    kept_rows,
    reject,
    repeated_rows,
    take_out,
)
from flows.state.warehouse import Connection
from schemas.settings import Kind
from transforms.rows import PAGES, sharing
from transforms.validate import UNCERTAIN

TOGETHER: Final = 200_000
"""Rows that share keys, validated at once. Of each that breaks a rule pandera tells all it says,
some two kilobytes; keys that only look equal are rare, so there is seldom more than one portion."""


def validate_shared_keys(night: Connection, batch: Batch, kind: Kind, tally: Tally) -> None:
    """Count equal rows once, and reject what breaks a rule of rows among each other."""
    rules = PAGES[kind].among
    if not rules:
        return
    suspects = [_sharing(batch, pl.concat(parts)) for parts in tally.keys[kind]]
    repeated = repeated_rows(night, batch, kind, suspects[0].get_column("row"))
    take_out(night, batch, kind, repeated, tally)
    tally.repeated.update(count(batch, repeated))

    found: list[pl.DataFrame] = []
    for rule, shared in zip(rules, suspects, strict=True):
        once = _sharing(batch, shared.filter(~pl.col("row").is_in(repeated.implode())))
        for rows in _together(once):
            together = kept_rows(night, batch, kind, rows)
            found += [rule.breaches(of_file) for of_file in _by_file(batch, together)]
    broken = pl.concat(found) if found else pl.DataFrame()
    if broken.height:
        _reject_kept(night, broken, batch, kind, tally)


def _sharing(batch: Batch, keys: pl.DataFrame) -> pl.DataFrame:
    """Those of row, key whose key another row of the same file has, by key."""
    if len(batch.stamps) > 1:
        place = batch.places(keys.get_column("row"))
        keys = keys.with_columns(key=pl.struct("key", place.alias("place")).hash())
    return sharing(keys)


def _by_file(batch: Batch, rows: pl.DataFrame) -> list[pl.DataFrame]:
    if len(batch.stamps) == 1:
        return [rows]
    place = batch.places(rows.get_column("row")).alias("place")
    return rows.with_columns(place).partition_by("place", include_key=False)


def _together(suspects: pl.DataFrame) -> Iterator[pl.Series]:
    """Rows in portions, those of a key in one."""
    keys, start = suspects.get_column("key"), 0
    while start < keys.len():
        last = keys[min(start + TOGETHER, keys.len()) - 1]
        end = int(keys.search_sorted(last, side="right"))
        yield suspects.get_column("row").slice(start, end - start)
        start = end


def _reject_kept(
    night: Connection, broken: pl.DataFrame, batch: Batch, kind: Kind, tally: Tally
) -> None:
    rows = broken.get_column("row").unique()
    if kind == "inventory":
        doubt(night, kept_rows(night, batch, kind, rows).select(*UNCERTAIN), batch)
    take_out(night, batch, kind, rows, tally)
    nothing = pl.lit(None, dtype=pl.String)
    rejects = broken.with_columns(kind=pl.lit(kind), value=nothing, raw=nothing)
    reject(night, rejects, batch, tally)
