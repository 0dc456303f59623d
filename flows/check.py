"""Check: read and validate a file as the night would, and change nothing (SPEC 10.1)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.reference import read_reference
from flows.settings import Stopped, load_settings, places
from flows.validate import read_and_check
from schemas.settings import Kind
from transforms.take import dated
from transforms.validate import Outcome

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
    outcome, source = read_and_check(
        path, f"{kind}/{path.name}", day, named_at, settings, reference
    )
    lines = [
        f"{path.name} as {kind}, file day {day}"
        + (f", source '{source.name}'" if source else ", columns by their names"),
        f"{outcome.rows:,} rows: {outcome.kept:,} kept, {outcome.repeated:,} repeated, "
        f"{outcome.rejected:,} rejected",
        *(f"  {table.height:,} kept as {part}" for part, table in outcome.tables.items()),
    ]
    if outcome.unknown_columns:
        lines.append(f"not read: {', '.join(outcome.unknown_columns)}")
    if outcome.refused:
        lines.append(f"REFUSED {outcome.refused}")
    return Report([*lines, *_rules(outcome), *_first_rows(outcome)], outcome.refused is not None)


def _rules(outcome: Outcome) -> list[str]:
    counted = outcome.rejects.group_by("rule", "column").agg(rows=pl.col("row").n_unique())
    return [
        f"  {rows:,} rows break {rule}" + (f" ({column})" if column else "")
        for rule, column, rows in counted.sort(
            "rows", "rule", "column", descending=[True, False, False]
        ).iter_rows()
    ]


def _first_rows(outcome: Outcome) -> list[str]:
    return [
        f"  row {row}: {rule}" + (f" ({column}: {value})" if column else "") + f"  {raw}"
        for row, rule, column, value, raw in outcome.rejects.sort("row")
        .head(FIRST_ROWS)
        .select("row", "rule", "column", "value", "raw")
        .iter_rows()
    ]
