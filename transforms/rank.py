"""Rank and use order: who is served first, and which units go first (SPEC 1)."""

import re
from datetime import date, datetime
from typing import Any

import polars as pl


def rank_keys() -> list[pl.Expr]:
    """What to sort order lines by: priority descending, placed_at, order_id, line_id."""
    return [
        -pl.col("priority"),
        pl.col("placed_at"),
        *_id_keys("order_id"),
        *_id_keys("line_id"),
    ]


def _id_keys(column: str) -> list[pl.Expr]:
    text = pl.col(column)
    is_number = text.str.contains("^[0-9]+$")
    value = text.str.strip_chars_start("0")
    return [
        (~is_number).alias(f"{column}_is_word"),
        pl.when(is_number).then(value.str.len_bytes()).otherwise(0).alias(f"{column}_digits"),
        pl.when(is_number).then(value).otherwise(pl.lit("")).alias(f"{column}_value"),
        text.alias(f"{column}_text"),
    ]


def by_rank(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.sort(rank_keys())


def rank_key(line: dict[str, Any]) -> tuple[Any, ...]:
    """The same order for single lines."""
    placed_at: datetime = line["placed_at"]
    return (-line["priority"], placed_at, *_id_key(line["order_id"]), *_id_key(line["line_id"]))


def _id_key(text: str) -> tuple[bool, int, str, bytes]:
    is_number = re.fullmatch("[0-9]+", text) is not None
    value = text.lstrip("0") if is_number else ""
    return (not is_number, len(value), value, text.encode())


def use_key(record: dict[str, Any]) -> tuple[bool, date, int]:
    """Use order of single records: date ascending, null last, then inventory_id."""
    day: date | None = record["date"]
    return (day is None, day or date.min, record["inventory_id"])
