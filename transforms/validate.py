"""Validate: what a file says, every row of it kept, repeated or rejected (SPEC 3)."""

import re
from dataclasses import dataclass, field
from typing import Final, Self

import polars as pl

from schemas.raw import RawRows, Unreadable
from schemas.settings import Kind, Rows, Settings, Source
from transforms import parse
from transforms.columns import Columns, fold, recognise, select
from transforms.rows import PAGES, Checked, Circumstances, check_rows

UNCERTAIN: Final = {"location_code": pl.String, "upc": pl.String}
REJECTS: Final = {
    "row": pl.Int64,
    "kind": pl.String,
    "rule": pl.String,
    "column": pl.String,
    "value": pl.String,
    "raw": pl.String,
}


@dataclass(frozen=True)
class Outcome:
    """What became of a file: rows = kept + repeated + rejected.

    tables: the kept rows of each kind. rejects: one row per rule that a row breaks. uncertain:
    what rejected counts may have meant; null is any.
    """

    rows: int
    tables: dict[Kind, pl.DataFrame] = field(default_factory=dict)
    repeated: int = 0
    rejected: int = 0
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECTS))
    uncertain: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNCERTAIN))
    unknown_columns: tuple[str, ...] = ()
    refused: str | None = None
    """Why none of its rows is taken; null where they are."""

    @property
    def kept(self) -> int:
        return sum(table.height for table in self.tables.values())

    @classmethod
    def unreadable(cls, why: Unreadable, rows: int) -> Self:
        """None of a file's `rows` is taken; there are 0 where not even they can be told."""
        return cls(rows=rows, rejected=rows, refused=str(why))


def validate_file(
    raw: RawRows, kind: Kind, source: Source | None, settings: Settings, around: Circumstances
) -> Outcome:
    """Read a file's rows as its source describes them and check each by its kind's schemas.

    A file with too many rejected rows is refused (SPEC 3.4). Raises Unreadable where its columns
    make no sense.
    """
    tables: dict[Kind, pl.DataFrame] = {}
    rejects = [_malformed(raw, kind)]
    uncertain = pl.DataFrame(schema=UNCERTAIN)
    repeated = 0
    unknown: set[str] | None = None
    for part, rows, negate in _by_kind(raw, kind, source):
        columns = recognise(raw.header, PAGES[part].columns, source)
        texts = read_texts(raw, rows, part, columns, source)
        if negate:
            texts = texts.with_columns(_negated(name) for name in negate)
        checked = check_rows(_normalised(texts, part, source), part, around)
        tables[part] = checked.kept
        repeated += checked.repeated.len()
        rejects.append(_rejects(raw, texts, checked, part))
        if part == "inventory":
            uncertain = _broken(texts, checked).select(*UNCERTAIN).unique()
        unknown = set(columns.unknown) & (unknown if unknown is not None else set(columns.unknown))
    broken = pl.concat(rejects).sort("row", "column", "rule")
    rejected = broken.get_column("row").n_unique()
    unknown_columns = tuple(name for name in raw.header if name in (unknown or ()))
    if rejected > settings.max_reject_rows and rejected > settings.max_reject_share * raw.height:
        return Outcome(
            raw.height,
            rejected=raw.height,
            rejects=broken,
            unknown_columns=unknown_columns,
            refused=_why(broken, rejected, raw.height),
        )
    if kind == "inventory" and raw.malformed.height:
        uncertain = pl.DataFrame({name: [None] for name in UNCERTAIN}, schema=UNCERTAIN)
    return Outcome(raw.height, tables, repeated, rejected, broken, uncertain, unknown_columns)


def read_texts(
    raw: RawRows, rows: pl.DataFrame, kind: Kind, columns: Columns, source: Source | None
) -> pl.DataFrame:
    """row and the kind's columns as text. Raises Unreadable where a required one is nowhere."""
    page = PAGES[kind]
    constants = source.constants if source else {}
    for name, column in page.raw.to_schema().columns.items():
        by_row = name == "line_id" and source is not None and source.line_id == "row"
        if not column.nullable and not by_row and name not in {**columns.positions, **constants}:
            if not raw.header:
                continue
            near = columns.nearest(name)
            hint = f"did you mean '{near}'?" if near else f"it has {', '.join(raw.header)}"
            raise Unreadable("missing_column", f"no column for {name}; {hint}")
    return select(rows, columns, page.columns, source)


def _by_kind(
    raw: RawRows, kind: Kind, source: Source | None
) -> list[tuple[Kind, pl.DataFrame, tuple[str, ...]]]:
    rest = raw.rows
    parts: list[tuple[Kind, pl.DataFrame, tuple[str, ...]]] = []
    for rule in source.rows if source else ():
        belongs = _matches(raw.header, rule)
        parts.append((rule.kind, rest.filter(belongs), rule.negate))
        rest = rest.filter(~belongs)
    return [(kind, rest, ()), *(part for part in parts if part[1].height)]


def _matches(header: tuple[str, ...], rule: Rows) -> pl.Expr:
    conditions = []
    for name, pattern in rule.where.items():
        found = [place for place, title in enumerate(header) if fold(title) == fold(name)]
        if not found:
            raise Unreadable("missing_column", f"`rows` looks at '{name}', which isn't there")
        anchored = f"^(?:{pattern})"
        try:
            # It is polars that looks for it, and its expressions know less than Python's.
            pl.Series([""]).str.contains(anchored)
        except pl.exceptions.ComputeError as error:
            fault = re.sub(r"\s+", " ", str(error).partition("\n\n")[0])
            raise Unreadable("bad_pattern", f"`rows.where.{name}`: {fault}") from error
        text = pl.col(f"c{found[0]}").str.strip_chars()
        conditions.append(text.str.contains(anchored).fill_null(value=False))
    return pl.all_horizontal(conditions)


def _negated(column: str) -> pl.Expr:
    text = pl.col(column)
    return (
        pl.when(text.str.starts_with("-"))
        .then(text.str.slice(1))
        .otherwise("-" + text.str.strip_prefix("+"))
        .alias(column)
    )


def _normalised(texts: pl.DataFrame, kind: Kind, source: Source | None) -> pl.DataFrame:
    if source is None:
        return texts
    page = PAGES[kind]
    return parse.normalise(texts, source, list(page.whole), [page.instant])


def _malformed(raw: RawRows, kind: Kind) -> pl.DataFrame:
    return raw.malformed.select(
        "row",
        kind=pl.lit(kind),
        rule="rule",
        column=pl.lit(None, dtype=pl.String),
        value=pl.lit(None, dtype=pl.String),
        raw="raw",
    )


def _rejects(raw: RawRows, texts: pl.DataFrame, checked: Checked, kind: Kind) -> pl.DataFrame:
    found = checked.breaches
    if not found.height:
        return pl.DataFrame(schema=REJECTS)
    broken = _broken(texts, checked)
    values = broken.unpivot(index="row", variable_name="column", value_name="value")
    return (
        found.join(values, on=["row", "column"], how="left")
        .join(raw.as_json(broken.get_column("row")), on="row", how="left")
        .select("row", pl.lit(kind).alias("kind"), "rule", "column", "value", "raw")
    )


def _broken(texts: pl.DataFrame, checked: Checked) -> pl.DataFrame:
    return texts.filter(pl.col("row").is_in(checked.breaches.get_column("row").implode()))


def _why(broken: pl.DataFrame, rejected: int, rows: int) -> str:
    by_rule = (
        broken.group_by("rule")
        .agg(rows=pl.col("row").n_unique(), first=pl.col("row").sort().head(3))
        .sort("rows", "rule", descending=[True, False])
    )
    rules = "; ".join(
        f"{rule} in {count} (row {', '.join(map(str, first))})"
        for rule, count, first in by_rule.iter_rows()
    )
    return f"too_many_rejects: {rejected} of {rows} rows: {rules}"
