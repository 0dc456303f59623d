"""Allocation against a query that ignores condition and serial number altogether.

    python -m tests.benchmarks.allocate --records 3000000

Prints seconds (the best of `--repeat` runs, ours and the query's in turn) and the ratios that
allocation has to keep: at most 1.0 of the query, 12 from a tenth of the rows to all of them, 2 for
one hot pool, 1.5 for one pool in a hundred with crossing fields and too little stock, 6 GiB of
memory above the inputs.
"""

import argparse
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import cast

import duckdb
import polars as pl
from pandera.typing.polars import DataFrame

from schemas.allocations import FreeStock, OpenLines
from transforms.allocate import allocate

LOCATIONS = 100
DAYS = 4 * 365
FIRST_DAY = (date(2023, 1, 1) - date(1970, 1, 1)).days

QUERY = """
CREATE TABLE placed AS
WITH asked AS (
    SELECT
        order_id,
        line_id,
        location_code,
        upc,
        quantity,
        sum(quantity) OVER (PARTITION BY location_code, upc ORDER BY rank) AS upto,
    FROM lines
),
offered AS (
    SELECT
        inventory_id,
        location_code,
        upc,
        free,
        sum(free) OVER (
            PARTITION BY location_code, upc
            ORDER BY date NULLS LAST, inventory_id
        ) AS upto,
    FROM stock
)
SELECT
    order_id,
    line_id,
    inventory_id,
    (least(asked.upto, offered.upto) - greatest(asked.upto - quantity, offered.upto - free))::BIGINT
        AS quantity,
FROM asked
JOIN offered USING (location_code, upc)
WHERE asked.upto - quantity < offered.upto AND offered.upto - free < asked.upto
"""

Night = tuple[DataFrame[OpenLines], DataFrame[FreeStock]]


def as_night(lines: pl.DataFrame, stock: pl.DataFrame) -> Night:
    return cast("DataFrame[OpenLines]", lines), cast("DataFrame[FreeStock]", stock)


def drawn(rows: int, column: int, seed: int, below: int) -> pl.Series:
    """Whole numbers from 0, as even as a hash."""
    numbers = pl.int_range(rows, dtype=pl.UInt64, eager=True) + ((seed * 64 + column) << 36)
    return (numbers.hash() % below).cast(pl.Int64)


def condition(tenth: pl.Series) -> pl.Expr:
    return (
        pl.when(tenth < 7)
        .then(pl.lit("New"))
        .when(tenth < 9)
        .then(pl.lit("Used"))
        .otherwise(pl.lit("Refurbished"))
    )


def pools(location: pl.Series, upc: pl.Series) -> pl.DataFrame:
    return pl.select(
        location_code=pl.format("L{}", location),
        upc=pl.format("{}", upc + 400_000_000_000),
        segment=pl.lit(""),
    )


def night(records: int, orders: int, seed: int = 1) -> Night:
    """Lines and stock: 2 lines an order, 1 to 5 units a line, 1 to 29 units a record."""
    upcs = max(1, records // 400)
    location, upc = drawn(records, 1, seed, LOCATIONS), drawn(records, 2, seed, upcs)
    is_serial = drawn(records, 3, seed, 10) == 0
    number = pl.int_range(1, records + 1, dtype=pl.Int64)
    stock = pools(location, upc).with_columns(
        inventory_id=number,
        sku=pl.format("{}-{}", upc, drawn(records, 4, seed, 2)),
        lot_code=pl.format("B{}", drawn(records, 5, seed, DAYS) // 7),
        date=pl.lit(drawn(records, 5, seed, DAYS) + FIRST_DAY).cast(pl.Int32).cast(pl.Date),
        condition=condition(drawn(records, 6, seed, 10)),
        serial_number=pl.when(is_serial).then(pl.format("S{}", number)),
        free=pl.when(is_serial).then(1).otherwise(drawn(records, 7, seed, 29) + 1),
    )
    serials = stock.filter(is_serial).select("location_code", "upc", "serial_number")
    its = serials[drawn(orders, 13, seed, max(1, serials.height))]
    names_serial = (drawn(orders, 14, seed, 50) == 0) & bool(serials.height)
    rank = pl.int_range(orders, dtype=pl.Int64, eager=True).shuffle(seed)
    asked = pools(drawn(orders, 11, seed, LOCATIONS), drawn(orders, 12, seed, upcs))
    lines = pl.select(
        order_id=pl.format("O{}", rank // 2),
        line_id=(rank % 2 + 1).cast(pl.String),
        rank=rank,
        location_code=pl.when(names_serial)
        .then(its["location_code"])
        .otherwise(asked["location_code"]),
        upc=pl.when(names_serial).then(its["upc"]).otherwise(asked["upc"]),
        segment=asked["segment"],
        sku=pl.lit(None, pl.String),
        lot_code=pl.lit(None, pl.String),
        date=pl.lit(None, pl.Date),
        condition=pl.when(drawn(orders, 15, seed, 5) == 0).then(
            condition(drawn(orders, 16, seed, 10))
        ),
        serial_number=pl.when(names_serial).then(its["serial_number"]),
        quantity=pl.when(names_serial).then(1).otherwise(drawn(orders, 17, seed, 5) + 1),
    )
    return as_night(lines, stock)


def in_one_pool(lines: pl.DataFrame, stock: pl.DataFrame) -> Night:
    here = {"location_code": pl.lit("L0"), "upc": pl.lit("400000000000")}
    return as_night(lines.with_columns(**here), stock.with_columns(**here))


def crossing(lines: pl.DataFrame, stock: pl.DataFrame, share: int = 40) -> Night:
    """In one pool of `share`, lines that name nothing name a sku instead, and all want too much.

    With 40 about one pool in a hundred has both lines that name a sku and a condition.
    """
    upc = pl.col("upc").cast(pl.Int64) - 400_000_000_000
    location = pl.col("location_code").str.slice(1).cast(pl.Int64)
    crosses = (upc * LOCATIONS + location) % share == 0
    names_sku = crosses & pl.col("condition").is_null() & pl.col("serial_number").is_null()
    wants_more = crosses & pl.col("serial_number").is_null()
    return as_night(
        lines.with_columns(
            sku=pl.when(names_sku).then(pl.format("{}-{}", upc, pl.col("rank") % 2)),
            quantity=pl.when(wants_more).then(10 * pl.col("quantity")).otherwise("quantity"),
        ),
        stock,
    )


def query(lines: pl.DataFrame, stock: pl.DataFrame) -> None:
    """At its quickest: into a table, in any order, of pools without their segment."""
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {pl.thread_pool_size()}")
        connection.execute("SET preserve_insertion_order = false")
        connection.register("lines", lines)
        connection.register("stock", stock)
        connection.execute(QUERY)


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def best(repeat: int, *runs: Callable[[], object]) -> list[float]:
    """The least seconds of each run, taken in turn so that a busy machine is busy for all."""
    taken = [[seconds(run) for run in runs] for _ in range(repeat)]
    return [min(column) for column in zip(*taken, strict=True)]


def peak_gib(run: Callable[[], object]) -> float:
    """The most memory in use during a run, above that before it."""
    in_use = Path("/proc/self/statm")

    def resident() -> int:
        return int(in_use.read_text().split()[1]) * 4096

    before = most = resident()
    is_done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not is_done.wait(0.005):
            most = max(most, resident())

    watching = threading.Thread(target=watch)
    watching.start()
    run()
    is_done.set()
    watching.join()
    return (most - before) / 2**30


def spread_out(rows: int, repeat: int, seed: int) -> None:
    """Many small pools: against the query, with crossing pools, and by size."""
    lines, stock = night(rows, rows, seed)
    print(f"memory {peak_gib(lambda: allocate(lines, stock)):.2f} GiB above inputs")
    ours, theirs = best(repeat, lambda: allocate(lines, stock), lambda: query(lines, stock))
    print(f"plain {ours:.2f} s, query {theirs:.2f} s, ratio {ours / theirs:.2f}")
    crossed = crossing(lines, stock)
    plain, short = best(repeat, lambda: allocate(lines, stock), lambda: allocate(*crossed))
    print(f"crossing {short:.2f} s, plain {plain:.2f} s, ratio {short / plain:.2f}")
    tenth = night(rows // 10, rows // 10, seed)
    small, large = best(repeat, lambda: allocate(*tenth), lambda: allocate(lines, stock))
    print(f"a tenth {small:.2f} s, all {large:.2f} s, ratio {large / small:.2f}")


def one_hot_pool(repeat: int, seed: int) -> None:
    """A million lines on 200 000 records of one pool."""
    spread = night(200_000, 1_000_000, seed)
    hot = in_one_pool(*spread)
    wide, narrow = best(repeat, lambda: allocate(*spread), lambda: allocate(*hot))
    print(f"hot pool {narrow:.2f} s, spread {wide:.2f} s, ratio {narrow / wide:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Allocation against a query that ignores fields.")
    parser.add_argument("--records", type=int, default=1_000_000, help="records, and lines")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    spread_out(asked.records, asked.repeat, asked.seed)
    one_hot_pool(asked.repeat, asked.seed)


if __name__ == "__main__":
    main()
