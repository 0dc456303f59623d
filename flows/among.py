"""Among: what a file's rows are among each other, asked of those that share a key (SPEC 3.2)."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from flows.kept import TABLES, Stamp, Tally, doubt, kept_rows, reject, show, take_out
from flows.warehouse import Connection, load
from schemas.settings import Kind
from transforms.rows import PAGES, sharing
from transforms.validate import UNCERTAIN

TOGETHER: Final = 200_000
"""Rows that share keys, judged at once. Of each that breaks a rule pandera tells all that it says,
some two kilobytes; keys that only look equal are rare, so there is seldom more than one portion."""


def judge_among(night: Connection, stamp: Stamp, kind: Kind, tally: Tally) -> None:
    """Count equal rows once, and reject what breaks a rule of rows among each other."""
    rules = PAGES[kind].among
    if not rules:
        return
    suspects = [sharing(pl.concat(parts)) for parts in tally.keys[kind]]
    repeated = _repeated(night, stamp, kind, suspects[0].get_column("row"))
    take_out(night, stamp, kind, repeated, tally)
    tally.repeated += repeated.len()

    found: list[pl.DataFrame] = []
    for rule, shared in zip(rules, suspects, strict=True):
        once = sharing(shared.filter(~pl.col("row").is_in(repeated.implode())))
        found += [rule.breaches(kept_rows(night, stamp, kind, rows)) for rows in _together(once)]
    broken = pl.concat(found) if found else pl.DataFrame()
    if broken.height:
        _reject_kept(night, broken, stamp, kind, tally)


def _repeated(night: Connection, stamp: Stamp, kind: Kind, suspects: pl.Series) -> pl.Series:
    """Those of the suspects that say what an earlier row says."""
    if suspects.is_empty():
        return suspects
    said = ", ".join(f'"{name}"' for name in PAGES[kind].content)
    show(night, kind)
    night.register("suspects", suspects.to_frame())
    repeated = load(
        night,
        f"""
        SELECT row
        FROM "{TABLES[kind]}" SEMI JOIN suspects USING (row)
        WHERE file = $file
        QUALIFY row_number() OVER (PARTITION BY {said} ORDER BY row) > 1
        """,  # noqa: S608
        file=stamp.file,
    )
    night.unregister("suspects")
    return repeated.get_column("row")


def _together(suspects: pl.DataFrame) -> Iterator[pl.Series]:
    """Rows in portions, those of a key in one."""
    keys, start = suspects.get_column("key"), 0
    while start < keys.len():
        last = keys[min(start + TOGETHER, keys.len()) - 1]
        end = int(keys.search_sorted(last, side="right"))
        yield suspects.get_column("row").slice(start, end - start)
        start = end


def _reject_kept(
    night: Connection, broken: pl.DataFrame, stamp: Stamp, kind: Kind, tally: Tally
) -> None:
    rows = broken.get_column("row").unique()
    if kind == "inventory":
        meant = kept_rows(night, stamp, kind, rows).select(*UNCERTAIN).unique()
        doubt(night, meant, stamp)
    take_out(night, stamp, kind, rows, tally)
    nothing = pl.lit(None, dtype=pl.String)
    rejects = broken.with_columns(kind=pl.lit(kind), value=nothing, raw=nothing)
    reject(night, rejects, stamp, tally)
