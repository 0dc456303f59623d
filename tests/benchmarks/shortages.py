"""What explaining every short unit costs on top of allocation; at most a quarter.

python -m tests.benchmarks.shortages --records 3000000
"""

import argparse

import polars as pl

from tests.benchmarks.allocate import best, night
from tests.benchmarks.promise import scarce
from transforms.allocate import allocate
from transforms.pools import named_pools
from transforms.shortages import shortages


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of shortages on top of allocation.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    plain = night(asked.records, asked.records)
    for name, (lines, stock) in (("plain", plain), ("scarce", scarce(*plain))):
        promises = allocate(lines, stock)
        line = promises.group_by("order_id", "line_id").agg(got=pl.col("quantity").sum())
        used = promises.group_by("inventory_id").agg(allocated=pl.col("quantity").sum())
        pending = pl.col("quantity") - pl.col("got").fill_null(0)
        short = lines.join(line, on=["order_id", "line_id"], how="left").with_columns(
            pending=pending, allocated=pl.col("got").fill_null(0)
        )
        records = stock.join(used, on="inventory_id", how="left").with_columns(
            pl.col("allocated").fill_null(0),
            on_hand="free",
            is_held=pl.lit(value=False),
            is_expired=pl.lit(value=False),
        )
        _, place = named_pools([short, records])
        short = short.with_columns(pool_no=place.head(short.height), line_no=pl.int_range(pl.len()))
        records = records.with_columns(pool_no=place.tail(records.height))
        told = shortages(short, records)
        placing, explaining = best(
            asked.repeat,
            lambda lines=lines, stock=stock: allocate(lines, stock),  # type: ignore[misc]
            lambda s=short, r=records: shortages(s, r),  # type: ignore[misc]
        )
        print(
            f"{name}: allocation {placing:.2f} s, {told.height:,} reasons {explaining:.2f} s, "
            f"{explaining / placing:.0%} on top"
        )


if __name__ == "__main__":
    main()
