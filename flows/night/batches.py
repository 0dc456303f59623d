"""Batches: which of the night's files are validated together (SPEC 2, 3).

To validate a chunk of rows costs some forty questions to polars and pandera, however few rows it
has. So small files of one kind, source and header are read one by one and validated as one, each
with an outcome of its own; a large file is validated alone, chunk by chunk.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.files.read import Chunks
from flows.files.read_input import Reading, reading_of
from flows.night.valid_rows import Batch, Stamp
from schemas.raw import CELLS, RawRows, Unreadable
from schemas.settings import Kind, Settings, Source
from transforms.resubmitted import is_resubmitted, resubmitted_source
from transforms.take import source_of

SMALL: Final = 4 << 20
"""Bytes of a file that is validated together with others."""


@dataclass(frozen=True)
class Taken:
    """A file to be validated, as the night lists it. source: as it reads this file's rows."""

    line: dict[str, Any]
    kind: Kind
    stamp: Stamp
    path: Path
    named_at: datetime | None
    declared: Source | None

    @property
    def source(self) -> Source | None:
        return (
            resubmitted_source(self.declared) if is_resubmitted(self.stamp.file) else self.declared
        )

    @property
    def reading(self) -> Reading:
        return reading_of(self.path, self.stamp.file, self.declared)


@dataclass(frozen=True)
class ToValidate:
    """Files that are validated together, and how their rows are gone through.

    rows: those of each, where they have been read already.
    """

    files: tuple[Taken, ...]
    batch: Batch
    reading: Reading
    rows: tuple[RawRows, ...] = ()


def taken_file(line: dict[str, Any], number: int, settings: Settings) -> Taken:
    """A line of the night's list of files. number: its place there."""
    kind, _, name = line["file"].partition("/")
    return Taken(
        line,
        line["kind"],
        Stamp(line["file"], line["day"], number),
        Path(line["copy"]),
        line["named_at"],
        source_of(kind, name, settings.sources),
    )


def alone(taken: Taken, run_day: date, run: int) -> ToValidate:
    """One file, of any size."""
    return ToValidate((taken,), _batch((taken,), run_day, run), taken.reading)


def without(together: ToValidate, refused: set[str]) -> ToValidate:
    """Those of files validated together that are not refused: one of them at least."""
    kept = [
        (taken, raw)
        for taken, raw in zip(together.files, together.rows, strict=True)
        if taken.stamp.file not in refused
    ]
    files, rows = zip(*kept, strict=True)
    return _together(files, rows, together.batch.run_day, together.batch.run)


def batches(
    files: list[Taken], run_day: date, run: int
) -> Iterator[ToValidate | tuple[Taken, Unreadable]]:
    """The files in batches, each file in one; those that can't be read with the reason."""
    pending: dict[tuple[object, ...], list[tuple[Taken, RawRows]]] = defaultdict(list)
    cells = 0
    for taken in files:
        if taken.path.stat().st_size > SMALL:
            yield alone(taken, run_day, run)
            continue
        try:
            raw = taken.reading(_only_chunk)
        except Unreadable as why:
            yield taken, why
            continue
        if raw is None:
            yield alone(taken, run_day, run)
            continue
        named = taken.source.name if taken.source else None
        pending[taken.kind, named, is_resubmitted(taken.stamp.file), raw.header].append(
            (taken, raw)
        )
        cells += raw.height * len(raw.header)
        if cells >= CELLS:
            yield from _all_together(pending, run_day, run)
            pending.clear()
            cells = 0
    yield from _all_together(pending, run_day, run)


def _all_together(
    pending: Mapping[tuple[object, ...], list[tuple[Taken, RawRows]]], run_day: date, run: int
) -> Iterator[ToValidate]:
    for read in pending.values():
        files, rows = zip(*read, strict=True)
        yield _together(files, rows, run_day, run)


def _only_chunk(chunks: Chunks) -> RawRows | None:
    """A file's rows, or null where they are more than one chunk: a small file may be zipped."""
    first = next(chunks)
    return first if next(chunks, None) is None else None


def _batch(
    files: tuple[Taken, ...],
    run_day: date,
    run: int,
    starts: tuple[int, ...] = (0,),
    ignored: tuple[int, ...] = (0,),
) -> Batch:
    source = files[0].declared
    is_full = source is not None and source.count_mode == "full"
    stamps = tuple(taken.stamp for taken in files)
    return Batch(stamps, files[0].kind, run_day, run, is_full, starts, ignored)


def _together(
    files: tuple[Taken, ...], rows: tuple[RawRows, ...], run_day: date, run: int
) -> ToValidate:
    starts, numbered, malformed, start = [], [], [], 0
    for raw in rows:
        starts.append(start)
        number = pl.col("row") + start
        numbered.append(raw.rows.with_columns(number, row_of_file="row"))
        malformed.append(raw.malformed.with_columns(number))
        start += raw.last_row
    together = RawRows(
        rows[0].header,
        pl.concat(numbered),
        pl.concat(malformed),
        rows[0].ignored if len(rows) == 1 else 0,
    )
    ignored = tuple(raw.ignored for raw in rows)
    return ToValidate(
        files,
        _batch(files, run_day, run, tuple(starts), ignored),
        lambda through: through(iter([together])),
        rows,
    )
