"""Hints: what in a file looks as if its source had more to say (SPEC 10.1).

Nothing is read by a hint: it names the setting for a person to add, or not.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import polars as pl

from schemas.granular import GRANULAR_FIELDS
from schemas.raw import RawRows, Unreadable
from schemas.settings import Kind, Source
from transforms.columns import Columns, recognise
from transforms.guessed_formats import date_formats, instant_formats, number_formats
from transforms.likely_columns import toml
from transforms.rows import PAGES

TOTAL: Final = (
    r"(?i)(?:grand |sub)?[ -]?(?:totals?|totaux|totale|totaal|sum|summe|gesamt(?:summe)?|suma|"
    r"somma|summa|yhteensä|razem)\b"
)
NO_VALUE: Final = (
    r"(?i)^(?:no ?(?:lot|batch|date|serial)|n\.?/?a\.?|none|null|nil|unknown|tbd|-+|\?+)$"
)
FIRST: Final = 30
"""Rows within which a header is looked for."""
SHOWN: Final = 3


@dataclass(frozen=True)
class Hint:
    """A sentence, and lines for the source in lotwise.toml that follow from it: one, or those of
    which a person has to choose."""

    sentence: str
    settings: tuple[str, ...] = ()


def header_below(first: RawRows, kind: Kind, columns: Columns) -> tuple[str, ...] | None:
    """The row among the first that has more of our columns than the one that was taken for the
    header: null where there is none."""
    for _, cells in _rows_as_cells(first, FIRST):
        with suppress(Unreadable):
            found = recognise(tuple(cells), PAGES[kind].columns, None).positions
            if len(found) > max(len(columns.positions), 1):
                return tuple(cells)
    return None


def hints_of_total(last: RawRows) -> Iterator[Hint]:
    """Of the last rows the first that looks like a total."""
    for row, cells in _rows_as_cells(last, FIRST):
        found = re.match(TOTAL, cells[0].strip())
        if found:
            sentence = f"row {row} looks like a total: {cells[0].strip()}"
            yield Hint(sentence, (f"footer = {toml(found[0])}",))
            return


def hints_of_sum(texts: pl.DataFrame) -> Iterator[Hint]:
    """A last row that names nothing and has the units of all others; texts are of a whole file."""
    codes = [name for name in ("location_code", "upc") if name in texts.columns]
    if "quantity" not in texts.columns or not codes or texts.height <= 1:
        return
    units = texts.get_column("quantity").cast(pl.Int64, strict=False)
    last = texts.row(-1, named=True)
    if units[-1] and units[-1] == units[:-1].sum() and all(last[name] is None for name in codes):
        yield Hint(
            f"row {last['row']} has no code, and as many units as the rows above it",
            ('footer = "$"    # where the first cell is blank',),
        )


def _rows_as_cells(raw: RawRows, most: int) -> Iterator[tuple[int, list[str]]]:
    """Rows by number; one that doesn't fit the header is cut at the separator it has most of."""
    rows = [
        (number, [cell or "" for cell in cells])
        for number, *cells in raw.rows.head(most).iter_rows()
        if cells
    ]
    for number, _, told in raw.malformed.head(most).iter_rows():
        text = str(json.loads(told))
        separator = max(",;\t|", key=text.count)
        rows.append((number, [cell.strip('" ') for cell in text.split(separator)]))
    yield from sorted(rows)[:most]


def hints_of_cells(texts: pl.DataFrame, kind: Kind, source: Source | None) -> Iterator[Hint]:
    """What the texts of a kind's columns tell. texts: row and these, trimmed, blank as null."""
    page = PAGES[kind]
    whole = [texts.get_column(name) for name in page.whole if name in texts.columns]
    if whole and (source is None or "numbers" not in source.model_fields_set):
        ways = number_formats(whole)
        odd = next((told for one in whole for told in one.drop_nulls() if not told.isdigit()), "")
        yield from _to_choose(
            f"numbers are written like {odd}",
            [
                f"numbers = {{ {', '.join(f'{k} = {toml(v)}' for k, v in way.items())} }}"
                for way in ways
            ],
        )
    if "date" in texts.columns and (source is None or source.dates is None):
        days = texts.get_column("date")
        written = [f"dates = {toml(one)}" for one in date_formats(days)]
        yield from _to_choose(f"dates are written like {_first(days)}", written)
    if page.instant in texts.columns and (source is None or source.instants is None):
        instants = texts.get_column(page.instant)
        written = [f"instants = {toml(one)}" for one in instant_formats(instants)]
        yield from _to_choose(f"{page.instant} is written like {_first(instants)}", written)
    yield from _placeholders(texts)
    yield from _words_for_numbers(texts)
    takes_none = source is None or source.negative_counts == "reject"
    if kind == "inventory" and "quantity" in texts.columns and takes_none:
        below = texts.filter(pl.col("quantity").str.contains("^[-\u2212]0*[1-9]"))
        if below.height:
            sentence = f"counts are below 0 in {_rows(below)}, which rejects them"
            yield Hint(sentence, ('negative_counts = "zero"',))
    if kind == "orders" and "order_id" in texts.columns:
        yield from _hints_of_orders(texts, source)


def _placeholders(texts: pl.DataFrame) -> Iterator[Hint]:
    for name in GRANULAR_FIELDS:
        if name not in texts.columns:
            continue
        told = texts.get_column(name).drop_nulls().unique().sort()
        found = told.filter(told.str.contains(NO_VALUE)).to_list()
        if found:
            blanks = ", ".join(f'{toml(text)} = ""' for text in found)
            yield Hint(
                f"{name} has {', '.join(found)}, which is a value as any other",
                (f"values.{name} = {{ {blanks} }}",),
            )


def _words_for_numbers(texts: pl.DataFrame) -> Iterator[Hint]:
    if "quantity" not in texts.columns:
        return
    words = texts.filter(pl.col("quantity").str.contains(r"^\p{L}[\p{L} ]+$"))
    if words.height:
        found = words.get_column("quantity").unique().sort().head(SHOWN).to_list()
        yield Hint(
            f"quantity is {', '.join(found)} in {_rows(words)}; if such rows are not meant",
            (f"ignore = [{', '.join(map(toml, found))}]",),
        )


def _hints_of_orders(texts: pl.DataFrame, source: Source | None) -> Iterator[Hint]:
    named = texts.filter(pl.col("order_id").is_not_null())
    if "line_id" in texts.columns and (source is None or source.line_id == "column"):
        same = named.filter(
            pl.col("line_id").is_not_null() & pl.struct("order_id", "line_id").is_duplicated()
        )
        if same.height:
            yield Hint(
                f"the same order and line stand in {_rows(same)}", ('line_id = "row_of_order"',)
            )
    if source is not None and source.line_id == "row":
        yield Hint(
            "a line is known by its row's number, so an export that comes again with its orders in "
            "another order is other lines",
            ('line_id = "row_of_order"',),
        )
    if "placed_at" not in texts.columns:
        return
    first_only = named.with_columns(at=pl.col("placed_at").first().over("order_id")).filter(
        pl.col("at").is_not_null() & pl.col("placed_at").is_null()
    )
    if first_only.height and "placed_at" not in (source.fill_down if source else ()):
        yield Hint(
            f"placed_at is blank in {_rows(first_only)}, though the order's first row has it",
            ('fill_down = ["placed_at"]',),
        )


def _to_choose(sentence: str, settings: list[str]) -> Iterator[Hint]:
    if len(settings) > 1:
        sentence += ", which only somebody who knows the file can tell apart"
    if settings:
        yield Hint(sentence, tuple(settings))


def _rows(found: pl.DataFrame) -> str:
    first = ", ".join(map(str, found.get_column("row").head(SHOWN)))
    more = f" and {found.height - SHOWN:,} more" if found.height > SHOWN else ""
    return f"row {first}" if found.height == 1 else f"rows {first}{more}"


def _first(texts: pl.Series) -> str:
    return str(texts.drop_nulls().first() or "")
