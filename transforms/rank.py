"""Rank and use order: who is served first, and which units go first (SPEC 1)."""

import re
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from transforms.order import order_by

NUMBER: Final = "^(0|[1-9][0-9]{0,17})$"
"""Digits whose value tells them from any other such text, and fits an Int64."""


def id_order(lines: pl.DataFrame) -> pl.Series:
    """The rows in the order of order_id, line_id: ids of digits first, by value, then by bytes."""
    return lines.select(pl.arg_sort_by(*_id_keys(lines, "order_id", "line_id"))).to_series()


def _id_keys(lines: pl.DataFrame, *columns: str) -> list[pl.Expr]:
    keys = []
    for column in columns:
        text = pl.col(column)
        is_number, is_plain = lines.select(
            number=text.str.contains("^[0-9]+$").any(), plain=text.str.contains(NUMBER).all()
        ).row(0)
        if is_plain:
            keys.append(text.cast(pl.Int64))
        else:
            keys += [*(_digits(column) if is_number else ()), text.alias(f"{column}_text")]
    return keys


def _digits(column: str) -> list[pl.Expr]:
    text = pl.col(column)
    is_number = text.str.contains("^[0-9]+$")
    value = text.str.strip_chars_start("0")
    return [
        (~is_number).alias(f"{column}_is_word"),
        pl.when(is_number).then(value.str.len_bytes()).otherwise(0).alias(f"{column}_digits"),
        pl.when(is_number).then(value).otherwise(pl.lit("")).alias(f"{column}_value"),
    ]


def ranks(lines: pl.DataFrame, tied: pl.DataFrame) -> pl.Series:
    """The rank of each line (line_no, priority, placed_at), from 0.

    Within a run lines are numbered in the order of their ids. tied: line_no, priority, placed_at,
    order_id and line_id of lines that may tie with those of another run.
    """
    keys = lines.select(
        -pl.col("priority"), pl.col("placed_at").to_physical(), "line_no", turn="line_no"
    )
    if tied.height:
        # Of lines that tie, the first by its ids takes the lowest of their numbers as its turn.
        by_id = tied[id_order(tied)].sort("priority", "placed_at", maintain_order=True)
        turns = tied.sort("priority", "placed_at", "line_no").select(turn="line_no")
        turn = pl.concat([by_id.select("line_no"), turns], how="horizontal")
        keys = keys.update(turn, on="line_no")
    order = order_by(keys, "priority", "placed_at", "turn")
    rank = pl.int_range(lines.height, dtype=pl.Int64, eager=True)
    return rank.clone().scatter(order, rank).alias("rank")


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
