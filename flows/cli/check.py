"""Check: read and validate a file as the night would, and change nothing (SPEC 10.1)."""

import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from flows.cli.hints import hints, hints_of_published
from flows.files.inputs import spelled_out
from flows.files.reference import read_reference
from flows.night.batches import Taken, taken_file
from flows.night.validate import Reference, circumstances, validate_file
from flows.settings import Places, Stopped, load_settings, places
from flows.state.warehouse import Connection, load, save, scratch
from schemas.advice import advice
from schemas.raw import Unreadable
from schemas.settings import Kind, Rows, Source
from transforms.column_mapping import ColumnMapping, column_mapping
from transforms.columns import some_of
from transforms.hints import Hint
from transforms.likely_columns import likely_columns, proposal
from transforms.rows import Circumstances
from transforms.take import dated
from transforms.validate import Outcome

FIRST_ROWS: Final = 3
"""Broken rows shown of each rule."""

WIDE: Final = 60
"""Characters of a value or a row that are shown."""

LINE: Final = 100
"""Characters of a line that goes on in the next."""

BROKEN: Final = """
    SELECT kind, rule, "column", count(DISTINCT row) AS rows
    FROM rejects
    GROUP BY ALL
    ORDER BY rows DESC, kind, rule, "column" NULLS FIRST
"""

ROWS_BROKEN: Final = """
    SELECT row, value, raw
    FROM rejects
    WHERE kind = $kind AND rule = $rule AND "column" IS NOT DISTINCT FROM $column
    ORDER BY row
    LIMIT $rows
"""


@dataclass(frozen=True)
class Report:
    """What a file would come to, a line for a person each; the last one has the numbers."""

    lines: list[str]
    is_refused: bool


def check_file(path: Path, kind: Kind, root: Path, rows: int = FIRST_ROWS) -> Report:
    """Validate `path` as if it stood in the inbox folder `kind`; of each rule show so many `rows`.

    `path` may also be a file of the inbox as the published tables name it. Raises Stopped if it
    isn't there.
    """
    settings = load_settings(root)
    there = places(root, settings)
    path, name = _found(path, kind, there)
    reference = Reference.of(read_reference(there, settings))
    named, named_at = dated(path.name)
    day = named or datetime.now(settings.zone).date()
    file = f"{kind}/{name}"
    line = {"file": file, "kind": kind, "day": day, "copy": str(path), "named_at": named_at}
    taken = taken_file(line, 0, settings)
    source = taken.declared
    around = circumstances([(day, named_at)], (0,), source, settings, reference)
    with scratch() as night:
        save(night, "taken", pl.DataFrame({"file": [file], "day": [day]}))
        outcome = validate_file(night, taken, day, settings, reference)
        broken = [*_broken(night, rows)]
        found, as_hinted = hints(taken)
        if kind == "inventory":
            found += hints_of_published(night, there, settings)
    day_of = "the day in its name" if named else "today, as its name has no day"
    by = f"source '{source.name}'" if source else "columns by their names"
    lines = [
        f"{_shown(name)} as {kind} of {day} ({day_of}), {by}",
        *_outcome(outcome),
        *broken,
        *_hints(found),
        *_reading(as_hinted, source, around),
        "",
        f"rows={outcome.rows} kept={outcome.kept} repeated={outcome.repeated} "
        f"rejected={outcome.rejected} ignored={outcome.ignored} "
        f"refused={'yes' if outcome.refused else 'no'}",
    ]
    return Report(lines, outcome.refused is not None)


def _found(path: Path, kind: Kind, there: Places) -> tuple[Path, str]:
    """The file, and its name inside its folder of the inbox."""
    folder = there.inbox / kind
    for place in (path, there.inbox / path):
        if place.is_file():
            inside = place.absolute().is_relative_to(folder)
            name = str(place.absolute().relative_to(folder)) if inside else place.name
            return place, spelled_out(name)
    raise Stopped(f"there is no file {spelled_out(str(path))}")


def _outcome(outcome: Outcome) -> Iterator[str]:
    ignored = f", {outcome.ignored:,} ignored" if outcome.ignored else ""
    yield (
        f"{outcome.rows:,} rows: {outcome.kept:,} kept, {outcome.repeated:,} repeated, "
        f"{outcome.rejected:,} rejected{ignored}"
    )
    if len(outcome.tables) > 1:
        yield from (f"  {rows:,} kept as {part}" for part, rows in outcome.tables.items())
    if outcome.refused:
        yield from _wrapped(f"REFUSED {outcome.refused}")


def _hints(found: list[Hint]) -> Iterator[str]:
    if found:
        yield ""
        yield "Look at this; the lines belong in the source in lotwise.toml, if it is so"
    for hint in found:
        yield from _wrapped(f"  {hint.sentence}")
        yield from (f"    {_shown_whole(line)}" for line in hint.settings)


def _reading(taken: Taken, source: Source | None, around: Circumstances) -> Iterator[str]:
    """How the file's columns are understood, as far as they can be told."""
    header: tuple[str, ...] = ()
    with suppress(Unreadable):
        # Why it can't be read is told already.
        header = taken.reading(lambda chunks: next(chunks).header)
    if not header:
        return
    parts: list[tuple[Kind, Rows | None]] = [(taken.kind, None)]
    parts += [(part.kind, part) for part in (source.rows if source else ())]
    for kind, part in parts:
        yield ""
        where = f", the rows with {_where(part)}" if part else ""
        yield f"Read as {kind}{where}"
        try:
            read = column_mapping(header, kind, taken.source, around)
        except Unreadable:
            yield from _wrapped(f"  columns in the file: {some_of(header)}")
            continue
        yield from _columns(read)
        guessed = {**likely_columns(kind, read.columns), **read.columns.positions}
        if read.missing and guessed and source is None:
            yield ""
            yield "If the guesses are right, this in lotwise.toml reads it; correct what is not:"
            yield ""
            name = Path(taken.stamp.file).name
            skip_rows = taken.source.skip_rows if taken.source else 0
            proposed = proposal(name, kind, header, read.columns, skip_rows)
            yield from map(_shown_whole, proposed)


def _where(part: Rows) -> str:
    conditions = " and ".join(
        f"{name} matching {_shown(like)}" for name, like in part.where.items()
    )
    return f"{conditions}, {', '.join(part.negate)} negated" if part.negate else conditions


def _columns(read: ColumnMapping) -> Iterator[str]:
    guessed = likely_columns(read.kind, read.columns)
    lines = [*read.lines]
    lines += [
        (name, "??", guessed.get(name, "required, not there"), "perhaps" if name in guessed else "")
        for name in read.missing
    ]
    ours = max((len(name) for name, *_ in lines), default=0)
    theirs = min(max((len(_shown(told)) for _, _, told, _ in lines), default=0), WIDE // 2)
    for name, mark, told, how in lines:
        yield f"  {name:<{ours}} {mark:<2} {_shown(told):<{theirs}}  {_shown(how)}".rstrip()
    meant = {theirs: ours for ours, theirs in guessed.items()}
    for word, names in (
        ("nothing tells", read.unnamed),
        ("left out", read.left_out),
        ("not read", [_perhaps(name, meant) for name in read.columns.unknown]),
    ):
        if names:
            yield from _wrapped(f"  {word}: {some_of(tuple(names))}")


def _perhaps(name: str, meant: dict[str, str]) -> str:
    return f"{name} (perhaps {meant[name]})" if name in meant else name


def _broken(night: Connection, rows: int) -> Iterator[str]:
    """Each rule that is broken: in how many rows, what to do, and the first rows."""
    found = load(night, BROKEN).rows()
    if found:
        yield ""
        yield "To mend"
    is_mixed = len({kind for kind, *_ in found}) > 1
    for kind, rule, column, count in found:
        where = f" in {column}" if column else ""
        yield (
            f"  {rule}{where}, {count:,} {'row' if count == 1 else 'rows'}"
            f"{f' of {kind}' if is_mixed else ''}"
        )
        yield f"    {advice(rule)}"
        first = load(night, ROWS_BROKEN, kind=kind, rule=rule, column=column, rows=rows).rows()
        wide = max((len(str(row)) for row, *_ in first), default=0)
        for row, value, raw in first:
            yield f"    row {row:>{wide}}  {_shown(value if value is not None else raw or '')}"
        if count > len(first):
            yield f"    and {count - len(first):,} more"


def _shown(text: str, wide: int = WIDE) -> str:
    """A text in one short line; what a terminal would act on is no part of it."""
    plain = _shown_whole(" ".join(text.split()))
    return plain if len(plain) <= wide else f"{plain[: wide - 1]}…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(_shown_whole(text), LINE, subsequent_indent="    ", break_on_hyphens=False)


def _shown_whole(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text)
