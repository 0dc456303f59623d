"""Rows: those of a file that keep every rule, and for the others every rule they break (SPEC 3).

Rules stand in the schemas alone. This module asks them in their order: text, then values, then
rows among each other, which look only at rows that are fine by themselves. A file's rows may come
in pieces: only the last need all of it, and of that only the rows that share a key with another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Final
from zoneinfo import ZoneInfo

import pandera.polars as pa
import polars as pl

from schemas.adjustments import Adjustments
from schemas.cancellations import Cancellations
from schemas.counts import Counts
from schemas.granular import GRANULAR_FIELDS
from schemas.orders import Orders
from schemas.settings import RAW, Kind
from schemas.shipments import Shipments
from transforms import parse
from transforms.breaches import BREACHES, breaches, schema_without
from transforms.parse import UTC_INSTANT
from transforms.upcs import Lookup, without_zeros
from transforms.versions import event_content

CIRCUMSTANCES: Final = ("latest_at", "granular_fields", "location_state", "product_state")
"""Columns that rules look at beside the row's own; they end with the check."""


NONE_BROKEN: Final = pl.DataFrame(schema=BREACHES)


@dataclass(frozen=True)
class Page:
    """What rows of a kind are: text columns, typed columns, and the instant they carry."""

    raw: type[pa.DataFrameModel]
    checked: type[pa.DataFrameModel]
    instant: str
    whole: tuple[str, ...]
    is_event: bool
    """Two equal rows of a file are two events, not one statement written twice."""

    @property
    def columns(self) -> list[str]:
        return list(self.raw.to_schema().columns)

    @property
    def content(self) -> list[str]:
        """What a row of this kind says, as typed."""
        return [name for name in self.checked.to_schema().columns if name not in CIRCUMSTANCES]

    @property
    def among(self) -> list["Among"]:
        """The rules of rows among each other."""
        checked = self.checked.to_schema()
        key = [str(name) for name in checked.unique or ()]
        rules = [Among(key, pa.DataFrameSchema(unique=key), null_is_a_value=True)] if key else []
        for check in checked.checks:
            shared = list((check.statistics or {})["among"])
            rules.append(Among(shared, pa.DataFrameSchema(checks=check), null_is_a_value=False))
        return rules


@dataclass(frozen=True)
class Among:
    """A rule of rows among each other, and the columns that they share where it speaks of them."""

    shared: list[str]
    schema: pa.DataFrameSchema
    null_is_a_value: bool

    def keys(self, rows: pl.DataFrame) -> pl.DataFrame:
        """row, key: equal keys for rows that share the columns, and by rare chance for others."""
        if not self.null_is_a_value:
            rows = rows.filter(pl.all_horizontal(pl.col(self.shared).is_not_null()))
        hashes = [pl.col(name).hash(place) for place, name in enumerate(self.shared)]
        # Twice as quick as the hash of a struct; sums of 64 bits go round.
        return rows.select("row", key=reduce(lambda key, part: key * 31 + part, hashes))

    def breaches(self, rows: pl.DataFrame) -> pl.DataFrame:
        """row, rule, column: what rows break, given all that share a key with one of them."""
        return _numbered(breaches(self.schema, rows.drop("row")), rows.get_column("row"))


PAGES: Final[dict[Kind, Page]] = {
    "inventory": Page(
        RAW["inventory"], Counts, "counted_at", ("quantity", "floor", "safety_stock", "ltd"), False
    ),
    "adjustments": Page(RAW["adjustments"], Adjustments, "adjusted_at", ("quantity",), True),
    "orders": Page(RAW["orders"], Orders, "placed_at", ("quantity", "priority"), False),
    "cancellations": Page(
        RAW["cancellations"], Cancellations, "cancelled_at", ("quantity", "inventory_id"), True
    ),
    "shipments": Page(
        RAW["shipments"], Shipments, "shipped_at", ("quantity", "inventory_id"), True
    ),
}


@dataclass(frozen=True)
class Circumstances:
    """What a row's rules depend on beside the row itself.

    Of files that are judged together: starts, the number of rows before those of each file.
    default_at: the instant of rows that carry none, of each file, by the column it belongs in.
    latest_at: the last one that each file may state, which is of the day after its own.
    locations, products: the reference tables; null where there is none, and every code is known.
    lookups: what a row's UPC may be found by.
    """

    zone: ZoneInfo
    default_at: Mapping[str, tuple[datetime, ...]]
    latest_at: tuple[datetime, ...]
    starts: tuple[int, ...] = (0,)
    granular_fields: tuple[str, ...] = GRANULAR_FIELDS
    takes_numbers_as_codes: bool = False
    locations: pl.DataFrame | None = None
    products: pl.DataFrame | None = None
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True)
class Checked:
    """kept: row and the typed columns of the rows fine by themselves, events their content too.
    breaches: row, rule, column.
    """

    kept: pl.DataFrame
    breaches: pl.DataFrame


def check_rows(
    texts: pl.DataFrame,
    kind: Kind,
    around: Circumstances,
    kept_rules: frozenset[str] = frozenset(),
    not_found: pl.DataFrame = NONE_BROKEN,
) -> Checked:
    """Check text rows of a file (`row` and the kind's columns), each by itself, by its schemas.

    kept_rules: those that no text of the rows breaks, which are not asked. not_found: index, rule,
    column of what the codes break by which their UPCs were to be found.
    """
    page = PAGES[kind]
    rows = texts.get_column("row")
    typed = _typed(texts, page, around)
    own_rules = pa.DataFrameSchema(page.checked.to_schema().columns, strict=True)

    if around.takes_numbers_as_codes:
        kept_rules |= {"spreadsheet_number"}
    unreadable = breaches(schema_without(page.raw, kept_rules), texts.drop("row"))
    broken = pl.concat([not_found, breaches(own_rules, typed)])
    alone = pl.concat([unreadable, broken.join(unreadable, on=["index", "column"], how="anti")])
    if not_found.height:
        # Why there is no UPC says more than that there is none.
        is_told = _is_in(pl.col("index"), not_found["index"]) & (pl.col("column") == "upc")
        alone = alone.filter(~is_told | (pl.col("rule") != "required"))
    kept = typed.select(rows, *page.content)
    if alone.height:
        kept = kept.filter(~_is_in(pl.int_range(pl.len()), alone["index"]))
    if page.is_event:
        dated = texts.filter(pl.col(page.instant).is_not_null()).get_column("row")
        is_dated = _is_in(pl.col("row"), dated)
        content = event_content(page.content, page.instant, is_dated)
        kept = kept.with_columns(content=content, has_id=pl.col("event_id").is_not_null())
    return Checked(kept, _numbered(alone, rows).sort("row", "column", "rule"))


def sharing(keys: pl.DataFrame) -> pl.DataFrame:
    """Those of row, key whose key another row has, by key."""
    sorted_keys = keys.get_column("key").sort()
    twice = sorted_keys.filter(sorted_keys == sorted_keys.shift(1)).unique()
    return keys.filter(_is_in(pl.col("key"), twice)).sort("key", "row")


def file_of(rows: pl.Series, starts: tuple[int, ...]) -> pl.Series:
    """Which of the files that are judged together each row is of, as its place among them."""
    return pl.Series(starts).search_sorted(rows, side="left").cast(pl.Int64) - 1


def _is_in(key: pl.Expr, values: pl.Series) -> pl.Expr:
    return key.is_in(values.implode())


def _numbered(found: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    return found.select(row=rows.gather(found.get_column("index")), rule="rule", column="column")


def _typed(texts: pl.DataFrame, page: Page, around: Circumstances) -> pl.DataFrame:
    default_at = _of_files(around.default_at[page.instant], texts["row"], around)
    changes: list[pl.Expr | pl.Series] = [parse.integers(texts[name]) for name in page.whole]
    changes.append(parse.instants(texts[page.instant], around.zone).alias(page.instant))
    if "date" in page.columns:
        changes.append(parse.day("date"))
    if "decrement_on_hand" in page.columns:
        changes.append(parse.boolean("decrement_on_hand", False))
    known = [name for name in page.columns if name != "part_number"]
    typed = texts.select(known).with_columns(changes)
    typed = typed.with_columns(pl.col(page.instant).fill_null(default_at))
    if "priority" in typed.columns:
        typed = typed.with_columns(pl.col("priority").fill_null(0))
    latest_at = _of_files(around.latest_at, texts["row"], around)
    typed = typed.with_columns(latest_at=latest_at)
    if "serial_number" in typed.columns:
        enabled = pl.lit(list(around.granular_fields), dtype=pl.List(pl.String))
        typed = typed.with_columns(granular_fields=enabled)
    if "upc" in typed.columns:
        typed = typed.with_columns(
            segment=pl.lit(""),
            location_state=_state(
                typed["location_code"], around.locations, "supports_inventory", "no_inventory"
            ),
            product_state=_state(typed["upc"], around.products, "track_stock", "untracked"),
        )
    return typed


def years(texts: pl.DataFrame, around: Circumstances) -> pl.Expr:
    """The year of the day of each row's file."""
    latest_at = _of_files(around.latest_at, texts["row"], around)
    day_after = latest_at.dt.convert_time_zone(around.zone.key).dt.date()
    return day_after.dt.offset_by("-1d").dt.year()


def _of_files(at: tuple[datetime, ...], rows: pl.Series, around: Circumstances) -> pl.Expr:
    """The instant that holds for the file of each row."""
    instants = pl.Series(at, dtype=UTC_INSTANT)
    if len(at) == 1:
        return pl.lit(instants).first()
    return pl.lit(instants.gather(file_of(rows, around.starts)))


def _state(codes: pl.Series, known: pl.DataFrame | None, flag: str, unflagged: str) -> pl.Expr:
    """'known', `unflagged` where the reference table sets the flag to false, 'unknown', or
    'without_zeros' where an unknown code is one of the table without its leading zeros."""
    if known is None:
        return pl.lit("known")
    there = known.get_column(codes.name)
    off = there.filter(~known.get_column(flag))
    foreign = codes.filter(~codes.is_in(there.implode())).unique().drop_nulls()
    bare = without_zeros(foreign, there)
    code = pl.col(codes.name)
    return (
        pl.when(_is_in(code, bare))
        .then(pl.lit("without_zeros"))
        .when(_is_in(code, foreign))
        .then(pl.lit("unknown"))
        .when(_is_in(code, off))
        .then(pl.lit(unflagged))
        .otherwise(pl.lit("known"))
    )
