"""Allocation: which units of which record each open order line gets (SPEC 6.1 to 6.6).

Pools are independent. In a pool, the sets of fields that its lines name usually nest: nothing,
condition, condition and sku, one record. Then the caps nest too, and two passes over these levels
give the exact answer (`transforms.nested`). Pools whose sets cross, one line naming a sku and
another a condition, are few and solved one by one (`transforms.crossing`).

Inside, a line is known by its turn (place by pool and rank), a record by its use (place by pool and
use order), pools and values by integer codes, so that one packed integer is the key of every sort.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import polars as pl
from pandera.typing.polars import DataFrame

from schemas.allocations import Allocations, FreeStock, OpenLines
from schemas.granular import GRANULAR_FIELDS, POOL
from transforms.crossing import place_crossing
from transforms.nested import RECORD, named_fields, place_nested
from transforms.order import in_order, with_packed


def allocate(lines: DataFrame[OpenLines], stock: DataFrame[FreeStock]) -> DataFrame[Allocations]:
    """Place open lines on free stock from nothing, as SPEC 10.4 has it.

    One row per line and record, in units, by rank, then use order. A line that gets nothing has no
    row; a quantity or free units below 1 ask for nothing or give nothing. Between lines that name
    different fields SPEC 6 leaves a choice: the one that names more chooses first, its earliest
    units that leave all others served.
    """
    asked, records = coded(lines, stock, POOL)
    asked, pieces = pieces_of(asked, records)
    return picked(pieces, asked, records, lines).pipe(Allocations.validate)


def pieces_of(asked: pl.DataFrame, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines as they were placed, and the pieces: turn, use and quantity."""
    asked = bound_to_records(asked, records)
    crosses = pl.col("pool").is_in(crossing_pools(asked, records).implode())
    pieces = [
        place_nested(
            asked.with_columns(quantity=pl.when(crosses).then(0).otherwise("quantity")),
            records,
        ),
        place_crossing(
            asked.with_row_index("turn").filter(crosses),
            records.with_row_index("use").filter(crosses),
        ),
    ]
    return asked, pl.concat(pieces)


def coded(
    lines: pl.DataFrame, stock: pl.DataFrame, pools: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines that ask for units, by pool and rank; records that have units, by pool and use order.

    pools: the columns that tell pools apart, texts or numbers.

    Both have a code for the pool and for each field that some line names: null where the line names
    no value, or the record has one that no line names. `mask` has one bit per field that a line
    names.
    """
    named = [field for field in GRANULAR_FIELDS if lines[field].null_count() < lines.height]
    kinds: dict[str, pl.Categorical | pl.Enum] = {
        column: pl.Categorical(pl.Categories.random())
        for column in pools
        if lines.schema[column] == pl.String
    }
    kinds |= {
        field: pl.Enum(lines[field].drop_nulls().unique().sort())
        for field in named
        if field != "date"
    }
    days = pl.col("date").to_physical()
    first, last = lines.select(days.min().alias("first"), days.max().alias("last")).row(0)

    def code(column: str) -> pl.Expr:
        if column == "date":
            return pl.when(days.is_between(first, last)).then(days - first).cast(pl.UInt32)
        if column not in kinds:
            return pl.col(column).cast(pl.UInt32)
        return pl.col(column).cast(kinds[column], strict=False).to_physical().cast(pl.UInt32)

    mask = pl.lit(0, pl.UInt8)
    for field in named:
        bit = pl.lit(1 << GRANULAR_FIELDS.index(field), pl.UInt8)
        mask = mask + pl.when(pl.col(field).is_not_null()).then(bit).otherwise(0)
    codes = [code(column).alias(column) for column in (*pools, *named)]
    asked = (
        lines.with_row_index("row")
        .select("row", "quantity", *codes, rank=ranked(lines), mask=mask)
        .filter(pl.col("quantity") > 0)
    )
    records = stock.select("inventory_id", *codes, units="free", day=days)
    records = records.filter(pl.col("units") > 0)
    asked, records = with_packed("pool", pools, asked, records)
    return (
        in_order(asked, "pool", "rank"),
        in_order(records, "pool", "day", "inventory_id").drop("day"),
    )


def bound_to_records(asked: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Lines with `record`, the use of the only record that has the serial number they name.

    Such a line takes on the values of its record, so it nests with any other line. Lines whose
    other values contradict that record, or whose serial number no record has, ask for nothing.
    """
    asked = asked.with_columns(record=pl.lit(None, pl.UInt32))
    if "serial_number" not in asked.columns:
        return asked
    serial = ["pool", "serial_number"]
    others = [field for field in GRANULAR_FIELDS[:-1] if field in asked.columns]
    naming = asked.drop("record").with_row_index("turn").drop_nulls("serial_number")
    having = records.with_row_index("record").select("record", *serial, *others)
    having = having.join(naming, on=serial, how="semi")
    is_lone = pl.len().over(serial) == 1
    lone, shared = having.filter(is_lone), having.filter(~is_lone)
    agrees = [
        pl.col(field).is_null() | (pl.col(field) == pl.col(f"{field}_of_record"))
        for field in others
    ]
    found = pl.all_horizontal(pl.col("record").is_not_null(), *agrees)
    bound = (
        naming.join(shared, on=serial, how="anti")
        .join(lone, on=serial, how="left", suffix="_of_record")
        .select(
            "turn",
            mask=pl.when(found).then(pl.lit(2 * RECORD - 1, pl.UInt8)).otherwise(0),
            quantity=pl.when(found).then("quantity").otherwise(0),
            record=pl.when(found).then("record"),
            **{field: f"{field}_of_record" for field in others},
        )
    )
    changed = [
        asked[column].clone().scatter(bound["turn"], bound[column]) for column in bound.columns[1:]
    ]
    asked = asked.with_columns(changed)
    return asked.drop("serial_number") if shared.is_empty() else asked


def ranked(lines: pl.DataFrame) -> pl.Series:
    """Ranks without ties: lines of one rank go by order_id and line_id."""
    if lines["rank"].n_unique() == lines.height:
        return lines["rank"]
    rows = lines.select(pl.arg_sort_by("rank", "order_id", "line_id")).to_series()
    return rows.arg_sort().cast(pl.Int64)


def crossing_pools(asked: pl.DataFrame, records: pl.DataFrame) -> pl.Series:
    """Pools where lines name sets of fields neither of which contains the other.

    A line that no record fits gets nothing and is not looked at.
    """
    masks = asked["mask"].unique().sort()
    masks = masks.filter((masks > 0) & (masks < RECORD))
    if nest(masks):
        return asked["pool"].clear()
    naming = asked.drop("row", "rank", "quantity", "record").filter(
        pl.col("mask").is_in(masks.implode())
    )
    # Of a pool with two masks, some neighbours differ; few pools are left to look at.
    is_mixed = (pl.col("pool") == pl.col("pool").shift()) & (
        pl.col("mask") != pl.col("mask").shift()
    )
    mixed = naming.filter(is_mixed)["pool"].unique()
    naming = naming.filter(pl.col("pool").is_in(mixed.implode()))
    pools = pl.col("pool").is_in(crossed(naming).implode())
    naming, records = naming.filter(pools), records.filter(pools)
    fitting = [
        naming.filter(pl.col("mask") == mask).join(
            records, on=["pool", *named_fields(mask)], how="semi"
        )
        for mask in masks
    ]
    return crossed(pl.concat(fitting))


def crossed(naming: pl.DataFrame) -> pl.Series:
    """The pools of lines whose masks don't nest."""
    sets = naming.group_by("pool").agg(
        masks=(pl.lit(1, pl.UInt32) * pl.lit(2, pl.UInt32).pow(pl.col("mask"))).bitwise_or()
    )
    crossing = [
        one
        for one in sets["masks"].unique()
        if not nest(mask for mask in range(RECORD) if one >> mask & 1)
    ]
    return sets.filter(pl.col("masks").is_in(crossing))["pool"]


def nest(masks: Iterable[int]) -> bool:
    """Whether of any two sets of fields one contains the other."""
    chain = sorted(masks, key=int.bit_count)
    return all(small & large == small for small, large in pairwise(chain))


def picked(
    pieces: pl.DataFrame, asked: pl.DataFrame, records: pl.DataFrame, lines: pl.DataFrame
) -> pl.DataFrame:
    """Pieces in the order of the promise, under the ids of their line and record."""
    pieces = pieces.select(
        "quantity",
        rank=asked["rank"].gather(pieces["turn"]),
        row=asked["row"].gather(pieces["turn"]),
        inventory_id=records["inventory_id"].gather(pieces["use"]),
    )
    pieces = in_order(pieces, "rank")
    ids = lines.select("order_id", "line_id")[pieces["row"]]
    return pl.concat([ids, pieces.select("inventory_id", "quantity")], how="horizontal")
