"""Likely columns: which of ours a column of a file may be, by the words in its name (SPEC 2.3).

Nothing is read by a guess. It is what a person is asked, who has to say yes in lotwise.toml.
"""

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from schemas.settings import RAW, Kind
from transforms.columns import ALIASES, Columns

WORDS: Final = {
    "location_code": ("location", "store", "warehouse", "site", "branch", "shop", "depot"),
    "upc": ("upc", "ean", "gtin", "barcode", "product", "item", "article", "stock code", "model"),
    "quantity": ("quantity", "qty", "units", "pieces", "pcs", "stock", "on hand", "count", "sold"),
    "lot_code": ("lot", "batch"),
    "date": ("expiry", "expiration", "expires", "best before", "use by", "manufactured"),
    "condition": ("condition", "state", "grade"),
    "serial_number": ("serial", "imei"),
    "order_id": ("order", "invoice"),
    "line_id": ("line", "position", "pos"),
    "placed_at": ("placed", "ordered", "order date", "invoice date"),
    "shipped_at": ("shipped", "ship date", "dispatched"),
    "cancelled_at": ("cancelled", "canceled", "cancel date"),
    "counted_at": ("counted", "count date"),
    "adjusted_at": ("adjusted", "adjustment date"),
    "customer_id": ("customer", "client", "buyer"),
    "shipment_id": ("shipment", "delivery", "parcel"),
    "floor": ("reorder", "minimum"),
    "safety_stock": ("safety", "reserve"),
    "reason": ("reason", "cause"),
}
"""Our column = words that others use for it."""

LIKELY: Final = 0.25
"""Of a name's letters, how many must belong to a word."""

ALIKE: Final = 0.82
"""How alike two names are of which one may be the other misspelt."""


def likely_columns(kind: Kind, columns: Columns) -> dict[str, str]:
    """Our column = the column nobody reads that it most probably is."""
    wanted = [name for name in RAW[kind].to_schema().columns if name not in columns.positions]
    scored = sorted(
        (
            (-_likeness(column, name), place, order, column, name)
            for order, column in enumerate(wanted)
            for place, name in enumerate(columns.unknown)
        ),
    )
    found: dict[str, str] = {}
    for likeness, _, _, column, name in scored:
        if likeness and column not in found and name not in found.values():
            found[column] = name
    return {column: found[column] for column in wanted if column in found}


def proposal(
    file: str, kind: Kind, header: tuple[str, ...], columns: Columns, skip_rows: int
) -> Iterator[str]:
    """A source for lotwise.toml, a line each, that reads a file as guessed."""
    guessed = likely_columns(kind, columns)
    known = {column: header[place] for column, place in columns.positions.items()}
    schema = RAW[kind].to_schema().columns
    theirs = {**known, **guessed}
    ours = sorted(schema, key=lambda name: schema[name].nullable)
    missing = [name for name in ours if not schema[name].nullable and name not in theirs]
    suffix = "".join(re.findall(r"\.\w+(?:\.gz|\.zip)?$", file, re.IGNORECASE))
    stem = re.sub(r"\d[\d_.T:-]*", "*", file.removesuffix(suffix))
    yield "[[sources]]"
    yield f"name = {toml(re.sub('[^A-Za-z]+', '-', stem).strip('-') or kind)}"
    yield f"kind = {toml(kind)}"
    yield f"files = {toml(stem + suffix)}"
    if skip_rows:
        yield f"skip_rows = {skip_rows}"
    if "line_id" in missing:
        yield 'line_id = "row_of_order"    # no column looks like it'
        missing.remove("line_id")
    for name in missing:
        yield f'# {name}: no column looks like it; add it below, or: constants.{name} = "…"'
    yield from (f"columns.{name} = {toml(theirs[name])}" for name in ours if name in theirs)


def _likeness(column: str, name: str) -> float:
    """From 0, not alike at all, to 1."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    spoken = f" {' '.join(words)} ".lower()
    letters = max(1, sum(map(len, words)))
    best = 0.0
    for known in WORDS.get(column, ()):
        if f" {known} " in spoken:
            best = max(best, len(known.replace(" ", "")) / letters)
    for known in (column, *ALIASES.get(column, ())):
        alike = SequenceMatcher(None, known.replace("_", ""), "".join(words).lower()).ratio()
        best = max(best, alike if alike >= ALIKE else 0)
    return best if best >= LIKELY else 0.0


def toml(text: str) -> str:
    """As a string of lotwise.toml."""
    return json.dumps(text, ensure_ascii=False)
