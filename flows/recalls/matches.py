"""Matches: lots that may be meant by those that were named, with what is of them (SPEC 7.4)."""

import polars as pl

from flows.state.warehouse import Connection, load, sql
from transforms.possible_lots import alike, possible_lots


def matches(published: Connection, named: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """As RecallMatches: among lots of the UPCs concerned; of lots named without one, also those
    elsewhere that read the same. records: those recalled, with upc."""
    told = named.select("lot_code", "upc").drop_nulls("lot_code").unique(maintain_order=True)
    of_any_upc = told.filter(pl.col("upc").is_null()).get_column("lot_code")
    codes = load(
        published, "SELECT DISTINCT lot_code FROM state.records WHERE lot_code IS NOT NULL"
    )
    same = alike(codes.get_column("lot_code"), of_any_upc)
    published.register("read_the_same", same.to_frame())
    upcs = pl.concat([told.get_column("upc"), records.get_column("upc")]).drop_nulls().unique()
    published.register("upcs", upcs.to_frame())
    lots = load(published, sql("recalls", "lots_concerned.sql"))
    found = possible_lots(told.rows(), lots)
    published.register("asked", found.select("upc", "lot_code").unique())
    units = load(published, sql("recalls", "units_of_lots.sql"))
    return found.join(units, on=["upc", "lot_code"], how="left", maintain_order="left")
