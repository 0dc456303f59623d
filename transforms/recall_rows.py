"""Recall rows: rows that no movement speaks for and that carry a recalled lot (SPEC 7.2.3)."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from transforms.columns import fold
from transforms.near import reading

CARRIED: Final = {
    "file": pl.String,
    "row": pl.Int64,
    "kind": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
    "order_id": pl.String,
    "quantity": pl.Int64,
    "raw": pl.String,
}
PIECES: Final = re.compile(r"[^\s,;|\"]+")
"""What may be a code in a row that fits no header."""

WHOLE: Final = re.compile(r"-?[0-9]{1,18}")


def rows_that_carry(
    rows: pl.DataFrame, lots: Iterable[str], here: Iterable[tuple[str, str]]
) -> pl.DataFrame:
    """Those of the rows that carry one of the lots, however it is spelled, and waiting shipments
    out of the places where they stood.

    rows: file, row, kind, outcome, reason, raw, and where they are known lot_code, order_id,
    quantity, location_code and upc. here: location and UPC of recalled records.
    """
    read, places = {reading(lot) for lot in lots}, {*here}
    found = []
    for row in rows.iter_rows(named=True):
        values = _values(row["raw"])
        codes = [row["lot_code"], *(value for _, value in values)]
        carries = any(reading(code) in read for code in codes if code)
        is_here = row["kind"] == "shipments" and (row["location_code"], row["upc"]) in places
        if carries or (row["outcome"] == "waiting" and is_here):
            cells = dict(values)
            order_id = row["order_id"] or cells.get("orderid")
            quantity = row["quantity"] or _units(cells.get("quantity", ""))
            found.append(row | {"order_id": order_id, "quantity": quantity})
    return pl.DataFrame([{name: row[name] for name in CARRIED} for row in found], schema=CARRIED)


def _units(cell: str) -> int | None:
    return int(cell) if WHOLE.fullmatch(cell.strip()) else None


def _values(raw: str | None) -> list[tuple[str, str]]:
    """The cells of a row as it was read, by the folded name of their column."""
    told: Any = json.loads(raw) if raw else {}
    if isinstance(told, str):
        return [("", piece) for piece in PIECES.findall(told)]
    return [(fold(name), value) for name, value in told.items() if isinstance(value, str)]
