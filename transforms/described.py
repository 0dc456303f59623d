"""Described: a file's rows as its source describes them, before they are told apart (SPEC 2.3).

Rows that are not meant are left out. What a file states on the first row of an order only is
written into the others, and beside each row its place among those of its order.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import polars as pl

from schemas.raw import RawRows
from schemas.settings import RAW, Source
from transforms.columns import ROW_OF_ORDER, Columns, matches, matching, recognise, select

PLACE: Final = "place"


def described(chunks: Iterator[RawRows], source: Source | None) -> Iterator[RawRows]:
    """The chunks of one file as its source describes them. Raises Unreadable where a column that
    it speaks of is nowhere.
    """
    if source is None:
        yield from chunks
        return
    above = _Above(source)
    for raw in chunks:
        meant = _without_ignored(raw, source) if source.ignore else raw
        yield above.carried_into(meant) if above.is_carried else meant


def _without_ignored(raw: RawRows, source: Source) -> RawRows:
    """Without rows of which a cell, or the cells of the columns named, match from their first
    character; of a malformed row it is its text that is looked at.
    """
    of_any_cell = "|".join(f"(?:{told})" for told in source.ignore if isinstance(told, str))
    conditions = [
        matching(raw.header, told, "ignore") for told in source.ignore if not isinstance(told, str)
    ]
    malformed = raw.malformed
    if of_any_cell:
        # Not by their names, which several columns may share.
        places = range(len(raw.header))
        conditions += [matches(place, of_any_cell, "ignore") for place in places]
        text = pl.col("raw").str.json_decode(pl.String)
        malformed = malformed.filter(~text.str.contains(rf'^[\s"]*(?:{of_any_cell})'))
    rows = raw.rows.filter(~pl.any_horizontal(conditions))
    left = rows.height + malformed.height
    return replace(raw, rows=rows, malformed=malformed, ignored=raw.ignored + raw.height - left)


class _Above:
    """What the rows of a file that have been read leave to those below them, order by order."""

    def __init__(self, source: Source) -> None:
        self._source = source
        kinds = (source.kind, *(part.kind for part in source.rows))
        self._has_orders = any("order_id" in RAW[kind].to_schema().columns for kind in kinds)
        self._counts = self._has_orders and source.line_id == "row_of_order"
        self._known: pl.DataFrame | None = None

    @property
    def is_carried(self) -> bool:
        return self._counts or bool(self._source.fill_down)

    def carried_into(self, raw: RawRows) -> RawRows:
        wanted = list(dict.fromkeys([*(["order_id"] * self._has_orders), *self._source.fill_down]))
        columns = recognise(raw.header, wanted, self._source)
        filled = [name for name in self._source.fill_down if name in columns.positions]
        rows = self._with_those_above(raw, columns, wanted, filled)
        changed = [
            pl.Series(f"c{columns.positions[name]}", rows[f"{name}_cell"]) for name in filled
        ]
        header = raw.header
        if self._counts:
            place = pl.Series(f"c{len(header)}", rows[PLACE]).cast(pl.String)
            changed.append(place.set(rows["order_id"].is_null(), None))
            header = (*header, ROW_OF_ORDER)
        return replace(raw, header=header, rows=raw.rows.with_columns(changed))

    def _with_those_above(
        self, raw: RawRows, columns: Columns, wanted: list[str], filled: list[str]
    ) -> pl.DataFrame:
        """order_id, the cells to be filled, and the place of each row among those of its order."""
        texts = select(raw.rows, columns, wanted, self._source)
        order = "order_id" if self._has_orders else pl.lit("").alias("order_id")
        own = raw.rows.select(
            texts.select(order).to_series(),
            *(
                pl.when(texts[name].is_not_null())
                .then(f"c{columns.positions[name]}")
                .alias(f"{name}_cell")
                for name in filled
            ),
            pl.lit(1, dtype=pl.Int64).alias(PLACE),
        )
        rows = own if self._known is None else pl.concat([self._known, own])
        if "order_id" in filled:
            rows = rows.with_columns(pl.col("order_id", "order_id_cell").forward_fill())
        cells = [f"{name}_cell" for name in filled if name != "order_id"]
        # What is of no order takes nothing from what is of none either.
        is_of_order = pl.col("order_id").is_not_null()
        above = pl.when(is_of_order).then(pl.col(cells).forward_fill().over("order_id"))
        rows = rows.with_columns(
            above.otherwise(pl.col(cells)), pl.col(PLACE).cum_sum().over("order_id")
        )
        is_last = pl.int_range(pl.len()).reverse().over("order_id") == 0
        self._known = rows.filter(is_last)
        return rows.tail(own.height)
