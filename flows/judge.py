"""Judge: read a file chunk by chunk, and leave its good rows and its rejects in the night's tables.

Rows are checked by themselves as they come. What they are among each other is asked at the end, and
only of rows that share a key with another; so memory holds a chunk, and two numbers a row.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import polars as pl

from flows.among import judge_among
from flows.kept import Stamp, Tally, doubt, keep, reject, take_out
from flows.read import Chunks
from flows.versions import take_known_events
from flows.warehouse import Connection, load, save
from schemas.raw import RawRows, Unreadable
from schemas.settings import Kind, Settings, Source
from transforms.rows import PAGES, Circumstances
from transforms.validate import (
    UNCERTAIN,
    Outcome,
    Part,
    check_parts,
    malformed_rejects,
)

T = TypeVar("T")


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
            judge_among(night, stamp, kind, tally)
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
    for part in check_parts(raw, stamp.kind, source, around):
        _take_part(night, part, stamp, tally)
    reject(night, malformed_rejects(raw, stamp.kind), stamp, tally)
    if stamp.kind == "inventory" and raw.malformed.height:
        # It may have meant any record.
        any_record = pl.DataFrame({"location_code": [None], "upc": [None]}, schema=UNCERTAIN)
        doubt(night, any_record, stamp)


def _take_part(night: Connection, part: Part, stamp: Stamp, tally: Tally) -> None:
    page = PAGES[part.kind]
    kept = part.kept
    if page.is_event:
        save(night, "contents", kept.select("row", "content"), kind=part.kind)
        kept = kept.drop("content")
    keep(night, kept, part.kind, stamp)
    doubt(night, part.uncertain, stamp)
    reject(night, part.rejects, stamp, tally)
    tally.kept[part.kind] += kept.height
    tally.unknown = part.unknown & (part.unknown if tally.unknown is None else tally.unknown)
    keys = tally.keys.setdefault(part.kind, [[] for _ in page.among])
    for rule, known in zip(page.among, keys, strict=True):
        known.append(rule.keys(kept))


def _take_back_known_events(night: Connection, stamp: Stamp, kind: Kind, tally: Tally) -> None:
    """Of a changed file only what no earlier version had applies (SPEC 2.6)."""
    repeated = take_known_events(night, f"{stamp.file} as {kind}", kind)
    take_out(night, stamp, kind, repeated, tally)
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
