"""Last counted: when each location was last counted (SPEC 7.3)."""

import polars as pl

from transforms.lookup import looked_up


def last_counted(counted: pl.DataFrame, records: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """location_code, counted_at: a row for each location of the pools, null where nothing of it was
    ever counted.

    counted: inventory_id, counted_at. records: inventory_id, pool_no. pools: pool_no,
    location_code; records of other pools are left out.
    """
    locations = pools.select(pl.col("location_code").unique().sort())
    place = locations.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    numbered = pools.join(place, on="location_code")
    pool_no = looked_up(counted["inventory_id"], records["inventory_id"], records["pool_no"])
    at = looked_up(pool_no, numbered["pool_no"], numbered["place"])
    latest = (
        pl.DataFrame({"place": at, "counted_at": counted["counted_at"]})
        .drop_nulls("place")
        .group_by("place")
        .agg(pl.col("counted_at").max())
    )
    told = place.join(latest, on="place", how="left", maintain_order="left")
    return told.select("location_code", "counted_at")
