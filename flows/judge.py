"""Judge: read a file chunk by chunk, and leave its good rows and its rejects in the night's tables.

Rows are checked by themselves as they come. What they are among each other is asked at the end, and
only of rows that share a key with another; so memory holds a chunk, and two numbers a row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol, TypeVar

import polars as pl

from flows.read import Chunks
from flows.versions import take_known_events
from flows.warehouse import Connection, load, save
from schemas.raw import RawRows, Unreadable
from schemas.settings import Kind, Settings, Source
from transforms.parse import UTC_INSTANT
from transforms.rows import PAGES, Circumstances, sharing
from transforms.validate import (
    UNCERTAIN,
    Outcome,
    Part,
    check_parts,
    count_breaches,
    malformed_rejects,
)

T = TypeVar("T")

TABLES: Final[dict[Kind, str]] = {
    "inventory": "counts",
    "adjustments": "adjustments",
    "orders": "orders",
    "cancellations": "cancellations",
    "shipments": "shipments",
}
"""Kind: the night's table of its kept rows."""

TOGETHER: Final = 500_000
"""Rows that share keys, judged at once: as many as a chunk has."""


@dataclass(frozen=True)
class Stamp:
    """What is written beside a file's rows: its name, its day, and the run and its day."""

    file: str
    kind: Kind
    day: date
    run_day: date
    run: int


@dataclass
class Tally:
    """What is known of a file on the way through it.

    kept: rows by kind. keys: row, key by kind, a list of frames for each rule among rows. broken:
    rule, rows, first.
    """

    header: tuple[str, ...] = ()
    rows: int = 0
    malformed: int = 0
    rejected: int = 0
    repeated: int = 0
    kept: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))
    unknown: frozenset[str] | None = None
    broken: list[pl.DataFrame] = field(default_factory=list)
    keys: dict[Kind, list[list[pl.DataFrame]]] = field(default_factory=dict)


class Reading(Protocol):
    """A file that can be gone through, chunk by chunk, as often as need be."""

    def __call__(self, through: Callable[[Chunks], T]) -> T: ...


def judge(
    night: Connection,
    reading: Reading,
    stamp: Stamp,
    source: Source | None,
    settings: Settings,
    around: Circumstances,
) -> Outcome:
    """What becomes of a file (SPEC 3).

    Begins a transaction and leaves it open: the caller commits what the file left in the night's
    tables, or takes it back. Raises Unreadable where the file can't be read at all.
    """
    night.execute("BEGIN")

    def through(chunks: Chunks) -> Outcome:
        # What a reader that misread the file had left.
        night.execute("ROLLBACK")
        night.execute("BEGIN")
        tally = Tally()
        for raw in chunks:
            tally.rows += raw.height
            try:
                _take_chunk(night, raw, stamp, source, around, tally)
            except Unreadable as why:
                # None of its rows is taken, but they are counted.
                return Outcome.unreadable(why, tally.rows + sum(rest.height for rest in chunks))
        for kind in tally.keys:
            _judge_among(night, stamp, kind, tally)
        for kind in tally.kept:
            if PAGES[kind].is_event:
                _take_back_known_events(night, stamp, kind, tally)
        unknown = tally.unknown or ()
        return Outcome(
            rows=tally.rows,
            tables=dict(tally.kept),
            repeated=tally.repeated,
            rejected=tally.rejected,
            unknown_columns=tuple(name for name in tally.header if name in unknown),
        ).judged(settings, pl.concat(tally.broken))

    outcome = reading(through)
    _tell_what_was_read(night, reading, stamp)
    return outcome


def _take_chunk(
    night: Connection,
    raw: RawRows,
    stamp: Stamp,
    source: Source | None,
    around: Circumstances,
    tally: Tally,
) -> None:
    tally.header = raw.header
    tally.malformed += raw.malformed.height
    for part in check_parts(raw, stamp.kind, source, around):
        _take_part(night, part, stamp, source, tally)
    _reject(night, malformed_rejects(raw, stamp.kind), stamp, tally)
    if stamp.kind == "inventory" and raw.malformed.height:
        # It may have meant any record.
        any_record = pl.DataFrame({"location_code": [None], "upc": [None]}, schema=UNCERTAIN)
        save(night, "uncertain", any_record, file=stamp.file)


def _take_part(
    night: Connection, part: Part, stamp: Stamp, source: Source | None, tally: Tally
) -> None:
    page = PAGES[part.kind]
    stamped: dict[str, object] = {"file": stamp.file, "day": stamp.day}
    if part.kind == "inventory":
        stamped["is_full"] = bool(source and source.count_mode == "full")
    kept = part.kept
    if page.is_event:
        save(night, "contents", kept.select("row", "content"), kind=part.kind)
        kept = kept.drop("content")
    save(night, TABLES[part.kind], kept, **stamped)
    save(night, "uncertain", part.uncertain, file=stamp.file)
    _reject(night, part.rejects, stamp, tally)
    tally.kept[part.kind] += kept.height
    tally.unknown = part.unknown & (part.unknown if tally.unknown is None else tally.unknown)
    keys = tally.keys.setdefault(part.kind, [[] for _ in page.among])
    for rule, known in zip(page.among, keys, strict=True):
        known.append(rule.keys(kept))


def _reject(night: Connection, rejects: pl.DataFrame, stamp: Stamp, tally: Tally) -> None:
    save(night, "rejects", rejects, file=stamp.file, day=stamp.run_day, run=stamp.run)
    tally.rejected += rejects.get_column("row").n_unique()
    tally.broken.append(count_breaches(rejects))


def _judge_among(night: Connection, stamp: Stamp, kind: Kind, tally: Tally) -> None:
    """Count equal rows once, and reject what breaks a rule of rows among each other."""
    rules = PAGES[kind].among
    if not rules:
        return
    keys = [pl.concat(parts) for parts in tally.keys[kind]]
    repeated = _repeated(night, stamp, kind, sharing(keys[0]).get_column("row"))
    _take_out(night, stamp, kind, repeated, tally)
    tally.repeated += repeated.len()

    found: list[pl.DataFrame] = []
    for rule, told in zip(rules, keys, strict=True):
        once = told.filter(~pl.col("row").is_in(repeated.implode()))
        suspects = _together(sharing(once))
        found += [rule.breaches(_rows(night, stamp, kind, rows)) for rows in suspects]
    broken = pl.concat(found) if found else pl.DataFrame()
    if broken.height:
        _reject_kept(night, broken, stamp, kind, tally)


def _repeated(night: Connection, stamp: Stamp, kind: Kind, suspects: pl.Series) -> pl.Series:
    """Those of the suspects that say what an earlier row says."""
    if suspects.is_empty():
        return suspects
    said = ", ".join(f'"{name}"' for name in PAGES[kind].content)
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


def _rows(night: Connection, stamp: Stamp, kind: Kind, rows: pl.Series) -> pl.DataFrame:
    night.register("wanted", rows.to_frame())
    query = f'FROM "{TABLES[kind]}" SEMI JOIN wanted USING (row) WHERE file = $file ORDER BY row'
    found = load(night, query, file=stamp.file)
    night.unregister("wanted")
    return found.with_columns(pl.col(PAGES[kind].instant).cast(UTC_INSTANT))


def _take_out(
    night: Connection, stamp: Stamp, kind: Kind, rows: pl.Series, tally: Tally
) -> pl.Series:
    """Delete kept rows."""
    if rows.len():
        night.register("gone", rows.to_frame())
        night.execute(
            f'DELETE FROM "{TABLES[kind]}" WHERE file = $file AND row IN (SELECT row FROM gone)',  # noqa: S608
            {"file": stamp.file},
        )
        night.unregister("gone")
        tally.kept[kind] -= rows.len()
    return rows


def _reject_kept(
    night: Connection, broken: pl.DataFrame, stamp: Stamp, kind: Kind, tally: Tally
) -> None:
    rows = broken.get_column("row").unique()
    if kind == "inventory":
        meant = _rows(night, stamp, kind, rows).select(*UNCERTAIN).unique()
        save(night, "uncertain", meant, file=stamp.file)
    _take_out(night, stamp, kind, rows, tally)
    nothing = pl.lit(None, dtype=pl.String)
    rejects = broken.with_columns(kind=pl.lit(kind), value=nothing, raw=nothing)
    _reject(night, rejects, stamp, tally)


def _take_back_known_events(night: Connection, stamp: Stamp, kind: Kind, tally: Tally) -> None:
    """Of a changed file only what no earlier version had applies (SPEC 2.6)."""
    repeated = take_known_events(night, f"{stamp.file} as {kind}", kind)
    _take_out(night, stamp, kind, repeated, tally)
    tally.repeated += repeated.len()


def _tell_what_was_read(night: Connection, reading: Reading, stamp: Stamp) -> None:
    """Write beside rejects found at the end how their rows were read."""
    query = "SELECT DISTINCT row FROM rejects WHERE file = $file AND raw IS NULL"
    untold = load(night, query, file=stamp.file).get_column("row")
    if untold.is_empty():
        return

    def through(chunks: Chunks) -> None:
        for raw in chunks:
            night.register("told", raw.as_json(untold))
            night.execute(
                """
                UPDATE rejects SET raw = told.raw FROM told
                WHERE rejects.row = told.row AND rejects.file = $file AND rejects.raw IS NULL
                """,
                {"file": stamp.file},
            )
            night.unregister("told")

    reading(through)
