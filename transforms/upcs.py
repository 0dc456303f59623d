"""UPCs: found by a SKU or part number where a row names none (SPEC 3.3)."""

from dataclasses import dataclass

import polars as pl

from schemas.granular import FoundUpc
from transforms.breaches import BREACHES, breaches


@dataclass(frozen=True)
class Lookup:
    """What the codes of a column lead to. upcs: code, upcs."""

    column: str
    upcs: pl.DataFrame


def lookups(skus: pl.DataFrame | None, products: pl.DataFrame | None) -> tuple[Lookup, ...]:
    """Of the tables that there are. skus: sku, upc. products: part_number, upc."""
    found = []
    for column, table in (("sku", skus), ("part_number", products)):
        told = None if table is None else table.filter(pl.col(column).is_not_null())
        if told is not None and told.height:
            upcs = told.group_by(code=column).agg(upcs=pl.col("upc").unique())
            found.append(Lookup(column, upcs))
    return tuple(found)


def with_upcs(texts: pl.DataFrame, known: tuple[Lookup, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Text rows with the UPCs that their codes lead to, and index, rule, column of the breaches.

    The UPC that a row names goes before what its codes lead to, and must be one of these.
    """
    if not known:
        return texts, pl.DataFrame(schema=BREACHES)
    beside = texts.select("upc", *(lookup.column for lookup in known))
    for lookup in known:
        upcs = lookup.upcs.rename({"code": lookup.column, "upcs": f"{lookup.column}_upcs"})
        beside = beside.join(upcs, on=lookup.column, how="left", maintain_order="left")
    one_each = (
        pl.when(pl.col(f"{lookup.column}_upcs").list.len() == 1).then(
            pl.col(f"{lookup.column}_upcs").list.first()
        )
        for lookup in known
    )
    beside = beside.with_columns(pl.coalesce("upc", *one_each))
    states = beside.select(_state(lookup.column).alias(lookup.column) for lookup in known)
    rules = FoundUpc.to_schema().select_columns(states.columns)
    return texts.with_columns(beside.get_column("upc")), breaches(rules, states)


def _state(column: str) -> pl.Expr:
    """What a code comes to beside the row's UPC, be that named or found."""
    upcs, upc = pl.col(f"{column}_upcs"), pl.col("upc")
    return (
        pl.when(pl.col(column).is_null() | (upcs.is_null() & upc.is_not_null()))
        .then(pl.lit("says_nothing"))
        .when(upcs.is_null())
        .then(pl.lit("unknown"))
        .when(upc.is_null())
        .then(pl.lit("ambiguous"))
        .when(~upcs.list.contains(upc))
        .then(pl.lit("of_another_upc"))
        .otherwise(pl.lit("of_this_upc"))
    )
