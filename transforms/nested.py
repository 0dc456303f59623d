"""Nested pools: caps and spans, level by level, without a loop over lines (SPEC 6.1 to 6.6).

A level is a set of named fields, a node one combination of a pool and values of these fields. In a
nested pool the nodes form a tree: every line sits at the node of what it names, and what is served
under a node can't exceed the node's units. Two passes, both from the level that names most:

Caps (6.3). At each node, all lines at it or under it in rank order are clipped where their running
sum meets the node's units. The set of units that can be served is a laminar matroid, in which the
first units by rank that fit a cap are the best ones, so clipping node by node is exact.

Spans (6.4, 6.5). At each node, its own lines in rank order and what is left of its records in use
order are laid end to end on one axis of units. Both ladders of ends, merged, cut the axis in pieces
that belong to one line and one record each. Lines that name more must take from their own node
anyway, and its earliest units are the ones that are used first, so going first costs nobody a date.
"""

from typing import NamedTuple

import polars as pl

from schemas.granular import GRANULAR_FIELDS
from transforms.order import in_order, with_packed

RECORD = 1 << len(GRANULAR_FIELDS)
"""Bit of a mask for lines that only one record can serve, beside one bit per granular field."""

PIECES = {"turn": pl.UInt32, "use": pl.UInt32, "quantity": pl.Int64}


class Level(NamedTuple):
    """The nodes of one set of fields, numbered from 0 as `node`; both frames are by node.

    `lines`: those that name at least these fields, by turn, with `is_own` where they name no more.
    `records`: those that have the values of a node, by use.
    """

    lines: pl.DataFrame
    records: pl.DataFrame
    nodes: int


def place_nested(asked: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Pieces of lines and records, as turn, use and quantity; a line's pieces are in use order.

    `asked`: pool, mask, quantity, record and a code per named field, one row per turn. `records`:
    pool, units and codes, one row per use. Both are by pool.
    """
    asking = asked.filter(pl.col("quantity") > 0)["mask"].unique()
    masks = sorted(asking, key=lambda mask: (-mask.bit_count(), mask))
    levels = [level(mask, asked, records) for mask in masks]
    quantities = asked["quantity"].clone()
    for one in levels:
        turns = one.lines["turn"]
        lines = one.lines.select("node", units=quantities.gather(turns))
        units = records["units"].gather(one.records["use"])
        caps = totals(one.records.select("node", units=units), one.nodes)
        quantities.scatter(turns, clipped(lines, caps))
    left = records["units"].clone()
    pieces = []
    for one in levels:
        own = one.lines.filter("is_own")
        own = own.select("node", "turn", units=quantities.gather(own["turn"]))
        fitting = one.records.with_columns(units=left.gather(one.records["use"]))
        taken = clipped(fitting, totals(own, one.nodes))
        left.scatter(fitting["use"], fitting["units"] - taken)
        pieces.append(merged(own, fitting.with_columns(units=taken)))
    nothing = pl.DataFrame(schema=PIECES)
    return pl.concat([nothing, *pieces])


def level(mask: int, asked: pl.DataFrame, records: pl.DataFrame) -> Level:
    """The nodes at which lines name the fields of a mask."""
    parts = ["record"] if mask & RECORD else ["pool", *named_fields(mask)]
    lines = asked.with_row_index("turn").filter(pl.col("mask") & mask == mask)
    lines = lines.select("turn", *parts, is_own=pl.col("mask") == mask).drop_nulls(parts)
    fitting = (
        records.with_row_index("use")
        .with_columns(record="use")
        .select("use", *parts)
        .drop_nulls(parts)
    )
    lines, fitting = (by_node(frame) for frame in with_packed("node", parts, lines, fitting))
    number = (pl.col("node") != pl.col("node").shift()).cum_sum().fill_null(0).cast(pl.UInt32)
    lines = lines.with_columns(number=number)
    nodes = lines.select("node", "number").filter(
        (pl.col("number") != pl.col("number").shift()).fill_null(value=True)
    )
    fitting = fitting.join_asof(nodes.with_columns(of="node"), on="node", strategy="backward")
    fitting = fitting.filter(pl.col("node") == pl.col("of"))
    return Level(
        lines.select("turn", "is_own", node="number"),
        fitting.select("use", node="number"),
        nodes.height,
    )


def named_fields(mask: int) -> list[str]:
    """The granular fields in a mask."""
    return [field for bit, field in enumerate(GRANULAR_FIELDS) if mask >> bit & 1]


def by_node(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows by node, then in the order they are in; those of pools are by node already."""
    return frame if frame["node"].is_sorted() else in_order(frame, "node")


def totals(rows: pl.DataFrame, nodes: int) -> pl.Series:
    """Units of each node; `rows` are by node."""
    is_last = (pl.col("node") != pl.col("node").shift(-1)).fill_null(value=True)
    ends = rows.select("node", end=pl.col("units").cum_sum(), is_last=is_last).filter("is_last")
    units = ends["end"] - ends["end"].shift(fill_value=0)
    return pl.zeros(nodes, pl.Int64, eager=True).scatter(ends["node"], units)


def clipped(rows: pl.DataFrame, caps: pl.Series) -> pl.Series:
    """Units of each row, clipped where their sum from the node's first row on meets its cap."""
    of_node = totals(rows, caps.len())
    limits = of_node.cum_sum() - of_node + caps
    earlier = pl.col("units").cum_sum() - pl.col("units")
    room = pl.lit(limits).gather("node") - earlier
    return rows.select(units=room.clip(0, pl.col("units"))).to_series()


def merged(lines: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Pieces of lines and records that have the same units in every node; both are by node.

    Laid end to end, both stand on one axis of units, where every end ends a piece. The ends are
    sorted as one, their last bit telling a record's from a line's.
    """
    lines = lines.filter(pl.col("units") > 0)
    records = records.filter(pl.col("units") > 0)
    of_line = lines["units"].cum_sum().cast(pl.UInt64) * 2
    of_record = records["units"].cum_sum().cast(pl.UInt64) * 2 + 1
    pieces = (
        pl.DataFrame({"end": pl.concat([of_line, of_record]).sort()})
        .select(
            end=(pl.col("end") // 2).cast(pl.Int64),
            is_record=(pl.col("end") & 1).cast(pl.UInt32),
        )
        .select(
            quantity=pl.col("end") - pl.col("end").shift(fill_value=0),
            record=pl.col("is_record").cum_sum() - pl.col("is_record"),
        )
        .with_row_index()
        # Of a line and a record with one end, the second has no units.
        .filter(pl.col("quantity") > 0)
    )
    return pieces.select(
        turn=lines["turn"].gather(pieces["index"] - pieces["record"]),
        use=records["use"].gather(pieces["record"]),
        quantity="quantity",
    )
