"""Rejected rows: written as files to mend and send back (SPEC 3.1).

What is written is told by the published tables alone. A file that is there already is left as it
is: somebody may have mended it.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from flows.settings import Places, Stopped, load_settings, places
from flows.state.warehouse import connected, load
from schemas.advice import advice
from schemas.settings import RAW, Settings, Source
from transforms.resubmitted import (
    NOTES,
    ROW,
    is_resubmitted,
    takes_line_ids,
)
from transforms.take import dated, source_of

T = TypeVar("T")
Cells = dict[str, str | None]

OF_FILE: Final = """
    FROM read_parquet($path, hive_partitioning = false)
    WHERE coalesce(file = $file, true)
"""

TAKEN_DAYS: Final = """
    SELECT file, max(day) AS day
    FROM read_parquet($paths, hive_partitioning = false)
    WHERE status = 'taken' AND day <= $day
    GROUP BY file
"""


@dataclass(frozen=True)
class Written:
    """A file of rejected rows. is_new: false where it was there already, and was left as it is."""

    path: Path
    file: str
    rows: int
    is_new: bool
    is_sent: bool
    """A file of that name is in the inbox."""


@dataclass(frozen=True)
class Mending:
    """What there is to mend of a day: files of rows, and files refused as a whole."""

    day: date
    inbox: Path
    written: list[Written]
    refused: list[tuple[str, str]]


def write_rejects(root: Path, day: date | None, file: str | None, out: Path) -> Mending:
    """Write the rejected rows of a night, the last one if no day is named, a file for each file
    they are of, in the folder of its kind. Raises Stopped where there is no such night.
    """
    settings = load_settings(root)
    there = places(root, settings)
    day = day or _last_day(there)
    folder = there.day_folder(day)
    if not folder.is_dir():
        raise Stopped(f"no night of {day} is published in {there.published}")
    with connected() as reader:
        rejects, files = (
            load(
                reader,
                OF_FILE,
                path=str(folder / f"{table}.parquet"),
                file=file,
            )
            for table in ("rejects", "files")
        )
        paths = [str(path) for path in sorted(there.published.glob("day=*/files.parquet"))]
        taken = dict(load(reader, TAKEN_DAYS, paths=paths, day=day).iter_rows())
    written = []
    for (name,), rows in rejects.sort("file", "row", "column", "rule").group_by(
        "file", maintain_order=True
    ):
        sent_as = _name(str(name), taken.get(name, day), day)
        target = out / sent_as
        is_new = not target.exists()
        if is_new:
            _write(target, _table(str(name), rows, settings))
        is_sent = (there.inbox / sent_as).exists()
        written.append(
            Written(target, str(name), rows.get_column("row").n_unique(), is_new, is_sent)
        )
    refused = files.filter(status="refused").select("file", "reason").sort("file").rows()
    return Mending(day, root / settings.inbox, written, refused)


def _last_day(there: Places) -> date:
    days = [path.name.removeprefix("day=") for path in there.published.glob("day=*")]
    if not days:
        raise Stopped(f"no night is published in {there.published}")
    return date.fromisoformat(max(days))


def _name(file: str, taken: date, day: date) -> str:
    """What the rows are sent back as: a file that has no day in its name is of the day taken."""
    named, _ = dated(Path(file).name)
    of_day = f".{taken}" if named is None and taken != day else ""
    return f"{file}{of_day}.rejects-{day}.csv"


def _table(file: str, rejects: pl.DataFrame, settings: Settings) -> Iterator[list[str | None]]:
    """The header, and a row for each rejected row: what is noted of it, then its cells."""
    kind, _, name = file.partition("/")
    source = source_of(kind, name, settings.sources)
    table = []
    for (number,), rules in rejects.group_by("row", maintain_order=True):
        cells, as_it_stood = _cells(rules.item(0, "raw"))
        noted: Cells = {
            ROW: str(number),
            "rule": "; ".join(map(_told, rules.iter_rows(named=True))),
            "what to do": "; ".join(dict.fromkeys(map(advice, rules["rule"]))),
            "as it stood": as_it_stood,
        }
        if is_resubmitted(file):
            # What a late reject tells is the row with all that was noted of it.
            before = {note: cells.pop(note, None) for note in NOTES}
            if takes_line_ids(source):
                noted[ROW] = cells.pop("line_id", before[ROW])
        table.append((noted, cells))
    names = list(dict.fromkeys(name for _, cells in table for name in cells))
    names = names or _columns(kind, source)
    notes = NOTES if any(noted["as it stood"] for noted, _ in table) else NOTES[:-1]
    yield [*notes, *names]
    for noted, cells in table:
        yield [*map(noted.get, notes), *map(cells.get, names)]


def _cells(raw: str) -> tuple[Cells, str | None]:
    """A row's cells by the names above them, or its text where it couldn't be told apart."""
    try:
        told = json.loads(raw)
    except json.JSONDecodeError:
        told = raw
    return (told, None) if isinstance(told, dict) else ({}, str(told))


def _told(reject: dict[str, str | None]) -> str:
    column = reject["column"]
    return f"{column}: {reject['rule']}" if column else str(reject["rule"])


def _columns(kind: str, source: Source | None) -> list[str]:
    """The columns of a file that no row tells of."""
    if source is None or not source.columns:
        (page,) = (page for known, page in RAW.items() if known == kind)
        return list(page.to_schema().columns)
    looked_at = (name for part in source.rows for name in part.where)
    return list(dict.fromkeys([*source.columns.values(), *looked_at]))


def _write(path: Path, table: Iterable[list[str | None]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    # With a byte order mark, by which spreadsheets know UTF-8.
    with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(table)
    os.replace(unfinished, path)  # noqa: PTH105
