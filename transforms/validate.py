"""Validate: what a file says, every row of it kept, repeated or rejected (SPEC 3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Self

import polars as pl

from schemas.raw import RawRows, Unreadable
from schemas.settings import Kind, Settings, Source
from transforms import parse
from transforms.columns import Columns, matching, recognise, select, some_of
from transforms.full_counts import may_have_meant
from transforms.marks import BARE_NUMBER, rules_kept, texts_of
from transforms.rows import NONE_BROKEN, PAGES, Checked, Circumstances, check_rows, years
from transforms.upcs import with_upcs

FIRST_TOLD: Final = 3
NEGATIVE_NUMBER: Final = r"^-0*[1-9][0-9]{0,8}(?:\.0{1,2}|\.0{4,})?$"
NEGATIVE: Final = {
    "row": pl.Int64,
    "location_code": pl.String,
    "upc": pl.String,
    "quantity": pl.Int64,
}
UNCERTAIN: Final = {"row": pl.Int64, "location_code": pl.String, "upc": pl.String}
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
    """What became of a file: rows = kept + repeated + rejected + ignored.

    tables: the number of kept rows of each kind.
    """

    rows: int
    tables: dict[Kind, int] = field(default_factory=dict)
    repeated: int = 0
    rejected: int = 0
    ignored: int = 0
    unknown_columns: tuple[str, ...] = ()
    refused: str | None = None
    """Why none of its rows is taken; null where they are."""

    @property
    def kept(self) -> int:
        return sum(self.tables.values())

    @classmethod
    def unreadable(cls, why: Unreadable, rows: int) -> Self:
        """None of a file's `rows` is taken; there are 0 where not even they can be told."""
        return cls(rows=rows, rejected=rows, refused=str(why))

    def or_refused(self, settings: Settings, broken: list[pl.DataFrame]) -> Self:
        """Refused where too many rows are rejected (SPEC 3.4). broken: rule, rows, first."""
        limit = settings.max_reject_share * (self.rows - self.ignored)
        if self.rejected <= settings.max_reject_rows or self.rejected <= limit:
            return self
        rules = "; ".join(
            f"{rule} in {count} (row {', '.join(map(str, first))})"
            for rule, count, first in _counted_together(pl.concat(broken))
            .sort("rows", "rule", descending=[True, False])
            .iter_rows()
        )
        why = f"too_many_rejects: {self.rejected} of {self.rows} rows: {rules}"
        return replace(self, tables={}, repeated=0, rejected=self.rows - self.ignored, refused=why)


@dataclass(frozen=True)
class Part:
    """What rows of one kind come to, each by itself.

    kept: row and the typed columns, events their content too. rejects: one row per rule that a row
    breaks. uncertain: what rejected counts may have meant, row by row; null is any. unknown:
    columns of the file that nothing reads.
    """

    kind: Kind
    kept: pl.DataFrame
    rejects: pl.DataFrame
    uncertain: pl.DataFrame
    unknown: frozenset[str]
    negative: pl.DataFrame
    """row, location_code, upc, quantity: counts below 0 that are taken as 0."""


def check_parts(
    raw: RawRows, kind: Kind, source: Source | None, around: Circumstances
) -> Iterator[Part]:
    """Read rows as their source describes them and check each by the schemas of its kind.

    Raises Unreadable where the columns make no sense.
    """
    kept_rules = _rules_kept(raw, source)
    for part, rows, negate in _by_kind(raw, kind, source):
        columns = recognise(raw.header, PAGES[part].columns, source)
        texts = read_texts(raw, rows, part, columns, source, around, kept_rules)
        not_found = NONE_BROKEN
        if "upc" in texts.columns and around.lookups:
            texts, not_found = with_upcs(texts, around.lookups)
            # No cell of the file has the UPCs that are found.
            kept_rules -= {"spreadsheet_number"}
        normalised, negative = _normalised(texts, part, source, around, kept_rules, negate)
        checked = check_rows(normalised, part, around, kept_rules, not_found)
        uncertain = pl.DataFrame(schema=UNCERTAIN)
        if part == "inventory" and checked.breaches.height:
            broken = _broken(texts, checked).select(*UNCERTAIN)
            uncertain = may_have_meant(broken, checked.breaches)
        yield Part(
            part,
            checked.kept,
            _rejects(raw, texts, checked, part),
            uncertain,
            frozenset(columns.unknown),
            negative,
        )


def _rules_kept(raw: RawRows, source: Source | None) -> frozenset[str]:
    """Rules that no cell breaks, nor anything that the source has in place of one."""
    kept = rules_kept(texts_of(raw.rows))
    if source is None:
        return kept
    mapped = (ours for values in source.values.values() for ours in values.values())
    return kept & rules_kept(text.encode() for text in (*source.constants.values(), *mapped))


def malformed_rejects(raw: RawRows, kind: Kind) -> pl.DataFrame:
    return raw.malformed.select(
        "row",
        kind=pl.lit(kind),
        rule="rule",
        column=pl.lit(None, dtype=pl.String),
        value=pl.lit(None, dtype=pl.String),
        raw="raw",
    )


def read_texts(
    raw: RawRows,
    rows: pl.DataFrame,
    kind: Kind,
    columns: Columns,
    source: Source | None,
    around: Circumstances,
    kept_rules: frozenset[str],
) -> pl.DataFrame:
    """row and the kind's columns as text. Raises Unreadable where a required one is nowhere."""
    page = PAGES[kind]
    constants = source.constants if source else {}
    told = {*columns.positions, *constants}
    finders = [lookup.column for lookup in around.lookups]
    if told.intersection(finders):
        told.add("upc")
    if source is not None and source.line_id == "row":
        told.add("line_id")
    for name, column in page.raw.to_schema().columns.items():
        if not column.nullable and name not in told:
            if not raw.header:
                continue
            near = columns.nearest(name)
            hint = f"did you mean '{near}'?" if near else f"it has {some_of(raw.header)}"
            wanted = " or ".join([name, *finders]) if name == "upc" else name
            raise Unreadable("missing_column", f"no column for {wanted}; {hint}")
    return select(rows, columns, page.columns, source, kept_rules)


def _by_kind(
    raw: RawRows, kind: Kind, source: Source | None
) -> list[tuple[Kind, pl.DataFrame, tuple[str, ...]]]:
    rest = raw.rows
    parts: list[tuple[Kind, pl.DataFrame, tuple[str, ...]]] = []
    for rule in source.rows if source else ():
        belongs = matching(raw.header, rule.where, "rows.where")
        parts.append((rule.kind, rest.filter(belongs), rule.negate))
        rest = rest.filter(~belongs)
    return [(kind, rest, ()), *(part for part in parts if part[1].height)]


def _negated(column: str) -> pl.Expr:
    text = pl.col(column)
    return (
        pl.when(text.str.starts_with("-"))
        .then(text.str.slice(1))
        .otherwise("-" + text.str.strip_prefix("+"))
        .alias(column)
    )


def _normalised(
    texts: pl.DataFrame,
    kind: Kind,
    source: Source | None,
    around: Circumstances,
    kept_rules: frozenset[str],
    negate: tuple[str, ...],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Texts as the rules of their columns want them; and counts below 0 that are taken as 0."""
    page = PAGES[kind]
    plain = texts
    if BARE_NUMBER not in kept_rules:
        plain = parse.bare_numbers(texts, list(page.whole))
    if source is not None:
        year = years(texts, around)
        plain = parse.normalise(plain, source, list(page.whole), [page.instant], year)
    plain = plain.with_columns(_negated(name) for name in negate)
    takes_negative = source is not None and source.negative_counts == "zero"
    if kind != "inventory" or not takes_negative:
        return plain, pl.DataFrame(schema=NEGATIVE)
    is_negative = pl.col("quantity").str.contains(NEGATIVE_NUMBER).fill_null(value=False)
    stated = plain.filter(is_negative).select(*NEGATIVE)
    stated = stated.with_columns(parse.integers(stated["quantity"]))
    zero = pl.when(is_negative).then(pl.lit("0")).otherwise("quantity")
    return plain.with_columns(quantity=zero), stated


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


def count_breaches(rejects: pl.DataFrame) -> pl.DataFrame:
    """file, rule, rows, first: how many rows of a file break a rule, and the first three."""
    return rejects.group_by("file", "rule").agg(
        rows=pl.col("row").n_unique().cast(pl.Int64),
        first=pl.col("row").unique().sort().head(FIRST_TOLD),
    )


def _counted_together(broken: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("first").list.explode().sort().head(FIRST_TOLD)
    return broken.group_by("rule").agg(pl.col("rows").sum(), first)
