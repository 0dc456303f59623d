"""Validate a batch: read files chunk by chunk, their good rows and rejects into the night's tables.

Rows are checked by themselves as they come. What they are among each other is asked at the end, and
only of rows that share a key with another; so memory holds a chunk, and two numbers a row.
"""

from collections import Counter
from typing import TypeVar

import polars as pl

from flows.files.read import Chunks
from flows.files.read_input import Reading
from flows.night.shared_keys import validate_shared_keys
from flows.night.valid_rows import Batch, Tally, count, doubt, keep, note_negative, reject
from flows.night.versions import remember_contents
from flows.state.warehouse import Connection, load
from schemas.raw import RawRows, Unreadable
from schemas.settings import Settings, Source
from transforms.rows import PAGES, Circumstances
from transforms.validate import UNCERTAIN, Outcome, Part, check_parts, malformed_rejects

T = TypeVar("T")


def validate_batch(
    night: Connection,
    reading: Reading,
    batch: Batch,
    source: Source | None,
    settings: Settings,
    around: Circumstances,
) -> list[Outcome]:
    """What becomes of each file of a batch (SPEC 3).

    Begins a transaction and leaves it open: the caller commits what the files left in the night's
    tables, or takes it back. Raises Unreadable where the files can't be read at all.
    """
    night.execute("BEGIN")

    def through(chunks: Chunks) -> list[Outcome]:
        # What a reader that misread the file had left.
        night.execute("ROLLBACK")
        night.execute("BEGIN")
        tally = Tally()
        for raw in chunks:
            _count_rows(raw, batch, tally)
            try:
                _take_chunk(night, raw, batch, source, around, tally)
            except Unreadable as why:
                # None of its rows is taken, but they are counted.
                for rest in chunks:
                    _count_rows(rest, batch, tally)
                return [
                    Outcome.unreadable(why, tally.rows[place]) for place in range(len(batch.stamps))
                ]
        for kind in tally.keys:
            validate_shared_keys(night, batch, kind, tally)
        return [_outcome(batch, place, tally, settings) for place in range(len(batch.stamps))]

    outcomes = reading(through)
    _tell_what_was_read(night, reading, batch)
    return outcomes


def _count_rows(raw: RawRows, batch: Batch, tally: Tally) -> None:
    for part in (raw.rows, raw.malformed):
        tally.rows.update(count(batch, part.get_column("row")))
    of_each = (raw.ignored,) if len(batch.stamps) == 1 else batch.ignored
    passed = Counter(dict(enumerate(of_each)))
    tally.rows.update(passed)
    tally.ignored.update(passed)


def _outcome(batch: Batch, place: int, tally: Tally, settings: Settings) -> Outcome:
    unknown = tally.unknown or ()
    broken = [rules.filter(file=batch.stamps[place].file) for rules in tally.broken]
    return Outcome(
        rows=tally.rows[place],
        tables={kind: kept[place] for kind, kept in tally.kept.items()},
        repeated=tally.repeated[place],
        rejected=tally.rejected[place],
        ignored=tally.ignored[place],
        unknown_columns=tuple(name for name in tally.header if name in unknown),
    ).or_refused(settings, broken)


def _take_chunk(
    night: Connection,
    raw: RawRows,
    batch: Batch,
    source: Source | None,
    around: Circumstances,
    tally: Tally,
) -> None:
    tally.header = raw.header
    for part in check_parts(raw, batch.kind, source, around):
        _take_part(night, part, batch, tally)
    reject(night, malformed_rejects(raw, batch.kind), batch, tally)
    if batch.kind == "inventory" and raw.malformed.height:
        # It may have meant any record.
        nothing = pl.lit(None, dtype=pl.String)
        any_record = raw.malformed.select("row", location_code=nothing, upc=nothing)
        doubt(night, any_record.select(*UNCERTAIN), batch)


def _take_part(night: Connection, part: Part, batch: Batch, tally: Tally) -> None:
    page = PAGES[part.kind]
    kept = part.kept
    if page.is_event:
        remember_contents(night, kept, part.kind, batch)
        kept = kept.drop("content", "has_id")
    keep(night, kept, part.kind, batch)
    note_negative(night, part.negative.join(kept, on="row", how="semi"), batch)
    doubt(night, part.uncertain, batch)
    reject(night, part.rejects, batch, tally)
    tally.kept[part.kind].update(count(batch, kept.get_column("row")))
    tally.unknown = part.unknown & (part.unknown if tally.unknown is None else tally.unknown)
    keys = tally.keys.setdefault(part.kind, [[] for _ in page.among])
    for rule, known in zip(page.among, keys, strict=True):
        known.append(rule.keys(kept))


def _tell_what_was_read(night: Connection, reading: Reading, batch: Batch) -> None:
    """Write beside rejects found at the end how their rows were read."""
    query = "SELECT DISTINCT file, row FROM rejects WHERE raw IS NULL"
    untold = load(night, query)
    if untold.is_empty():
        return
    wanted = batch.numbered_on(untold).get_column("row")

    def through(chunks: Chunks) -> None:
        for raw in chunks:
            night.register("told", batch.stamped(raw.as_json(wanted)))
            night.execute(
                """
                UPDATE rejects SET raw = told.raw FROM told
                WHERE rejects.row = told.row
                    AND rejects.file = told.file
                    AND rejects.raw IS NULL
                """
            )
            night.unregister("told")

    reading(through)
