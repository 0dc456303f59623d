"""Columns: which of a file's columns are which of ours (SPEC 2.2, 2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import polars as pl

from schemas.raw import Unreadable
from schemas.rules import INVISIBLE
from schemas.settings import Source
from transforms.marks import TRIMMED

ALIASES: Final = {
    "quantity": ("on_hand",),
    "location_code": ("location_name", "code"),
    "upc": ("product_code",),
    "line_id": ("order_item_id",),
    "placed_at": ("order_date",),
    "priority": ("order_weight",),
    "decrement_on_hand": ("decrement_on_hand_on_deallocate",),
    "allow_fulfillment_without_stock": ("allow_fulfillment_with_no_stock",),
    "held_from": ("from",),
    "held_until": ("until",),
}
"""Our column = other names of it, in the order they are looked for."""

IGNORED: Final = ("retail_price", "currency_id", "part_number")
"""Kibo's columns that say nothing about stock or orders, but where a UPC is found by one."""

ROW_OF_ORDER: Final = "row of order"
"""A column beside those of a file: the row's place among the rows of its order (SPEC 2.3)."""

NAMES_TOLD: Final = 20
"""Columns of a file that a message names; it may have thousands."""


@dataclass(frozen=True)
class Columns:
    """positions: our column = its place in the file. unknown: columns that nothing reads."""

    positions: dict[str, int]
    unknown: tuple[str, ...]

    def nearest(self, column: str) -> str | None:
        """The unknown column that is most probably a misspelt `column`."""
        folded = {fold(name): name for name in self.unknown}
        match = get_close_matches(fold(column), list(folded), n=1, cutoff=0.6)
        return folded[match[0]] if match else None


def fold(name: str) -> str:
    """A column name without case and underscores."""
    return name.strip().replace("_", "").casefold()


def some_of(header: tuple[str, ...]) -> str:
    """The names of a header, as many as a person reads."""
    more = f" and {len(header) - NAMES_TOLD} more" if len(header) > NAMES_TOLD else ""
    return ", ".join(header[:NAMES_TOLD]) + more


def recognise(header: tuple[str, ...], wanted: list[str], source: Source | None) -> Columns:
    """Find our `wanted` columns in a header: by the source's mapping, else by name and alias.

    Raises Unreadable where two columns mean the same, or the source names one that isn't there.
    """
    if source is None or source.line_id != "row_of_order":
        return _recognised(header, wanted, source)
    names = [name.strip() for name in header]
    if ROW_OF_ORDER not in names and "line_id" in wanted:
        raise Unreadable(
            "missing_column",
            f"source '{source.name}' takes the row's place in its order as line_id, and the "
            f"column '{ROW_OF_ORDER}', which has it, is gone; put it back",
        )
    others = [name for name in wanted if name != "line_id"]
    found = _recognised(header, others, source)
    unknown = tuple(name for name in found.unknown if name.strip() != ROW_OF_ORDER)
    counted = {"line_id": names.index(ROW_OF_ORDER)} if "line_id" in wanted else {}
    return Columns({**found.positions, **counted}, unknown)


def _recognised(header: tuple[str, ...], wanted: list[str], source: Source | None) -> Columns:
    if source is not None and source.columns:
        return _declared(header, wanted, source)
    positions: dict[str, int] = {}
    known = {fold(name) for name in IGNORED}
    for column in wanted:
        for name in (column, *ALIASES.get(column, ())):
            found = [place for place, title in enumerate(header) if fold(title) == fold(name)]
            known.add(fold(name))
            if len(found) > 1:
                raise Unreadable("ambiguous_column", _two(header, found, column))
            if found and column not in positions:
                positions[column] = found[0]
    unknown = tuple(name for name in header if fold(name) not in known)
    return Columns(positions, unknown)


def _declared(header: tuple[str, ...], wanted: list[str], source: Source) -> Columns:
    positions = {}
    for column, title in source.columns.items():
        found = [place for place, name in enumerate(header) if name.strip() == title.strip()]
        found = found or [place for place, name in enumerate(header) if fold(name) == fold(title)]
        if len(found) > 1:
            raise Unreadable("ambiguous_column", _two(header, found, column))
        if not found:
            near = get_close_matches(title, header, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; the file has {some_of(header)}"
            raise Unreadable(
                "missing_column",
                f"source '{source.name}' reads {column} from '{title}', which isn't there{hint}",
            )
        positions[column] = found[0]
    read = set(positions.values())
    unknown = tuple(name for place, name in enumerate(header) if place not in read)
    return Columns({name: positions[name] for name in positions if name in wanted}, unknown)


def matching(header: tuple[str, ...], where: Mapping[str, str], setting: str) -> pl.Expr:
    """Whether the texts of all the columns named match their patterns.

    Raises Unreadable where a column isn't there, or polars can't look for a pattern.
    """
    conditions = []
    for name, pattern in where.items():
        found = [place for place, title in enumerate(header) if fold(title) == fold(name)]
        if not found:
            raise Unreadable("missing_column", f"`{setting}` looks at '{name}', which isn't there")
        conditions.append(matches(found[0], pattern, f"{setting}.{name}"))
    return pl.all_horizontal(conditions)


def matches(place: int, pattern: str, setting: str) -> pl.Expr:
    """Whether the text of a cell matches from its first character. Raises Unreadable."""
    anchored = f"^(?:{pattern})"
    try:
        # It is polars that looks for it, and its expressions know less than Python's.
        pl.Series([""]).str.contains(anchored)
    except pl.exceptions.ComputeError as error:
        fault = re.sub(r"\s+", " ", str(error).partition("\n\n")[0])
        raise Unreadable("bad_pattern", f"`{setting}`: {fault}") from error
    return pl.col(f"c{place}").str.strip_chars().str.contains(anchored).fill_null(value=False)


def _two(header: tuple[str, ...], found: list[int], column: str) -> str:
    names = " and ".join(f"'{header[place]}'" for place in found)
    return f"columns {names} both mean {column}; leave one out or declare the source's `columns`"


def select(
    rows: pl.DataFrame,
    columns: Columns,
    wanted: list[str],
    source: Source | None,
    kept_rules: frozenset[str] = frozenset(),
) -> pl.DataFrame:
    """row and our wanted columns as trimmed text, blank as null, values as the source maps them.

    kept_rules: those that no cell of the rows breaks.
    """
    constants = source.constants if source else {}
    values = source.values if source else {}
    # Of files read together the rows are numbered on, and a line's id is the number in its own.
    own_number = "row_of_file" if "row_of_file" in rows.columns else "row"
    stripped = []
    for column in wanted:
        if column == "line_id" and source is not None and source.line_id == "row":
            text = pl.col(own_number).cast(pl.String)
        elif column in columns.positions:
            text = pl.col(f"c{columns.positions[column]}")
            text = text if TRIMMED in kept_rules else text.str.strip_chars()
        else:
            text = pl.lit(constants.get(column) or None, dtype=pl.String)
        stripped.append(text.alias(column))
    texts = rows.select("row", *stripped)
    found = [column for column in wanted if column in columns.positions]
    if "invisible_character" not in kept_rules:
        texts = texts.with_columns(_trimmed(texts, found))
    blanks = texts.select((pl.col(found).str.len_bytes() == 0).any())
    has_blanks = blanks.row(0, named=True) if found else {}
    changes = []
    for column in wanted:
        text = pl.col(column)
        if has_blanks.get(column):
            text = _unless_blank(text)
        if column in values:
            text = _unless_blank(text.replace(values[column]))
        if has_blanks.get(column) or column in values:
            changes.append(text.alias(column))
    return texts.with_columns(changes)


def _unless_blank(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _trimmed(texts: pl.DataFrame, found: list[str]) -> list[pl.Expr]:
    """Columns with invisible characters, without those at the ends of their texts (SPEC 3.2)."""
    seen = texts.select(pl.col(found).str.contains(INVISIBLE).any()) if found else texts.clear()
    has_invisible = seen.row(0, named=True) if seen.height else {}
    return [
        pl.col(column).str.replace_all(rf"^(?:{INVISIBLE}|\s)+|(?:{INVISIBLE}|\s)+$", "")
        for column in found
        if has_invisible[column]
    ]
