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
    named = texts.select(lookup.column for lookup in known)
    known = tuple(one for one in known if named[one.column].null_count() < named.height)
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
    states = beside.select(_state(lookup, beside).alias(lookup.column) for lookup in known)
    rules = FoundUpc.to_schema().select_columns(states.columns)
    return texts.with_columns(beside.get_column("upc")), breaches(rules, states)


def without_zeros(codes: pl.Series, known: pl.Series) -> pl.Series:
    """Those of some codes that are known codes without zeros at their front."""
    if codes.is_empty():
        return codes
    bare = known.to_frame("known").select("known", bare=pl.col("known").str.strip_chars_start("0"))
    longest = bare.group_by("bare").agg(longest=pl.col("known").str.len_bytes().max())
    asked = codes.to_frame("code").with_columns(bare=pl.col("code").str.strip_chars_start("0"))
    lacking = pl.col("code").str.len_bytes() < pl.col("longest")
    return asked.join(longest, on="bare").filter(lacking).get_column("code")


def _state(lookup: Lookup, beside: pl.DataFrame) -> pl.Expr:
    """What a code comes to beside the row's UPC, be that named or found."""
    code, upcs, upc = pl.col(lookup.column), pl.col(f"{lookup.column}_upcs"), pl.col("upc")
    leads_nowhere = code.is_not_null() & upcs.is_null() & upc.is_null()
    nowhere = beside.filter(leads_nowhere).get_column(lookup.column).unique()
    bare = without_zeros(nowhere, lookup.upcs.get_column("code"))
    return (
        pl.when(code.is_null() | (upcs.is_null() & upc.is_not_null()))
        .then(pl.lit("says_nothing"))
        .when(upcs.is_null() & code.is_in(bare.implode()))
        .then(pl.lit("without_zeros"))
        .when(upcs.is_null())
        .then(pl.lit("unknown"))
        .when(upc.is_null())
        .then(pl.lit("ambiguous"))
        .when(~upcs.list.contains(upc))
        .then(pl.lit("of_another_upc"))
        .otherwise(pl.lit("of_this_upc"))
    )
