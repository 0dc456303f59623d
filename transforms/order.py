"""Order: rows sorted, numbered and told apart by one packed integer in place of several columns."""

from collections.abc import Sequence
from math import prod
from typing import Final

import polars as pl

KEY_BITS: Final = 64
"""Bits of a sort key."""


def in_order(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The rows in the order of integer columns, null last; equal rows keep theirs."""
    return gathered(frame, order_by(frame, *columns))


def gathered(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """All rows of a frame in an order, as they are where they lie in it already."""
    return frame if rows.is_sorted() else frame[rows]


def order_by(frame: pl.DataFrame, *columns: str) -> pl.Series:
    """Row numbers in the order of integer columns, null last, then of rows.

    Sorting one integer that packs the columns and the row takes a fraction of sorting by columns.
    Without room for the row, the key is sorted beside it; without room for all columns, rows are
    sorted by the last one first, as equal rows keep their order.
    """
    spans = [span(frame, column) for column in columns]
    widths = [(high - low + 1).bit_length() for low, high in spans]
    row_bits = frame.height.bit_length()
    if sum(widths) > KEY_BITS:
        *first, last = columns
        rows = arg_sorted(frame, pl.col(last))
        return rows.gather(order_by(frame.select(first)[rows], *first)) if first else rows
    key = pl.lit(0, pl.UInt64)
    for column, (low, _), width in zip(columns, spans, widths, strict=True):
        digit = (pl.col(column) - low).cast(pl.UInt64).fill_null((1 << width) - 1)
        key = key * (1 << width) + digit
    if sum(widths) + row_bits > KEY_BITS:
        return arg_sorted(frame, key)
    row = pl.int_range(pl.len(), dtype=pl.UInt64)
    by_key = (key * (1 << row_bits) + row).sort() & ((1 << row_bits) - 1)
    return frame.select(by_key.cast(pl.UInt32)).to_series()


def span(frame: pl.DataFrame, column: str) -> tuple[int, int]:
    """The least and the greatest integer of a column; 0 of none."""
    low, high = frame.select(pl.min(column).alias("low"), pl.max(column).alias("high")).row(0)
    return low or 0, high or 0


def arg_sorted(frame: pl.DataFrame, key: pl.Expr) -> pl.Series:
    """Row numbers in the order of one key; rows of one key keep theirs."""
    return frame.select(pl.arg_sort_by(key, nulls_last=True, maintain_order=True)).to_series()


def with_packed(
    name: str, parts: Sequence[str], lines: pl.DataFrame, records: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One integer in place of the codes in `parts`, equal where these are: the codes as its digits.

    Combinations that don't fit are numbered.
    """
    digits = [1 + max(span(frame, part)[1] for frame in (lines, records)) for part in parts]
    if prod(digits).bit_length() > KEY_BITS:
        numbered = pl.concat([lines.select(parts), records.select(parts)]).unique().sort(parts)
        numbered = numbered.with_row_index(name).cast({name: pl.UInt64})
        return (
            lines.join(numbered, on=parts, maintain_order="left").drop(parts),
            records.join(numbered, on=parts, maintain_order="left").drop(parts),
        )
    packed = pl.lit(0, pl.UInt64)
    for part, digit in zip(parts, digits, strict=True):
        packed = packed * digit + pl.col(part)
    packed = packed.alias(name)
    return lines.with_columns(packed).drop(parts), records.with_columns(packed).drop(parts)


def ranked_texts(texts: pl.Series) -> pl.Series:
    """Integers in the order of the texts, equal where these are; null stays null."""
    told = pl.Enum(texts.unique().drop_nulls().sort())
    return texts.cast(told).to_physical().alias(texts.name)
