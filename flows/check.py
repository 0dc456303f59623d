"""Check: read and validate a file as the night would, and change nothing (SPEC 10.1)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.kept import Stamp
from flows.reference import read_reference
from flows.settings import Stopped, load_settings, places
from flows.validate import judge_file
from flows.warehouse import Connection, load, scratch
from schemas.settings import Kind
from transforms.take import dated

FIRST_ROWS = 10


@dataclass(frozen=True)
class Report:
    """What a file would come to, a line for a person each."""

    lines: list[str]
    is_refused: bool


def check_file(path: Path, kind: Kind, root: Path) -> Report:
    """Judge `path` as if it stood in the inbox folder `kind`. Raises Stopped if it isn't there."""
    if not path.is_file():
        raise Stopped(f"there is no file {path}")
    settings = load_settings(root)
    reference = read_reference(places(root, settings))
    named, named_at = dated(path.name)
    day = named or datetime.now(settings.zone).date()
    stamp = Stamp(f"{kind}/{path.name}", kind, day, day, 1)
    with scratch() as night:
        outcome, source = judge_file(night, path, stamp, named_at, settings, reference)
        broken = [*_rules(night), *_first_rows(night)]
    lines = [
        f"{path.name} as {kind}, file day {day}"
        + (f", source '{source.name}'" if source else ", columns by their names"),
        f"{outcome.rows:,} rows: {outcome.kept:,} kept, {outcome.repeated:,} repeated, "
        f"{outcome.rejected:,} rejected",
        *(f"  {rows:,} kept as {part}" for part, rows in outcome.tables.items()),
    ]
    if outcome.unknown_columns:
        lines.append(f"not read: {', '.join(outcome.unknown_columns)}")
    if outcome.refused:
        lines.append(f"REFUSED {outcome.refused}")
    return Report([*lines, *broken], outcome.refused is not None)


def _rules(night: Connection) -> list[str]:
    query = """
        SELECT rule, "column", count(DISTINCT row) AS rows FROM rejects
        GROUP BY ALL ORDER BY rows DESC, rule, "column" NULLS FIRST
    """
    return [
        f"  {rows:,} rows break {rule}" + (f" ({column})" if column else "")
        for rule, column, rows in load(night, query).iter_rows()
    ]


def _first_rows(night: Connection) -> list[str]:
    query = """
        SELECT row, rule, "column", value, raw FROM rejects
        ORDER BY row, "column" NULLS FIRST, rule LIMIT $rows
    """
    return [
        f"  row {row}: {rule}" + (f" ({column}: {value})" if column else "") + f"  {raw}"
        for row, rule, column, value, raw in load(night, query, rows=FIRST_ROWS).iter_rows()
    ]
