"""The whole night on counted records and order lines from CSV, against what DuckDB alone needs to
read both as text and write them sorted as Parquet; and against a script in three passes, with the
lines to which that one gives other units than the promise has.

    python -m tests.benchmarks.night --rows 1000000
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

LOTWISE = str(Path(sys.executable).with_name("lotwise"))
DAY = "2026-04-01"
THREE_PASS = "tests.benchmarks.three_pass"

BASELINE = """
import sys, duckdb
root = sys.argv[1]
for kind, order in (
    ("inventory", "location_code, upc, date"),
    ("orders", "location_code, upc, placed_at"),
):
    source = f"{root}/inbox/{kind}/2026-04-01.csv"
    duckdb.execute(
        f"COPY (FROM read_csv('{source}', all_varchar = true) ORDER BY {order}) "
        f"TO '{root}/{kind}.parquet' (FORMAT parquet)"
    )
"""


def write_files(root: Path, rows: int) -> None:
    """Seeded: 100 locations, 400 records a UPC, dates over four years, 1–29 units; 20 % of the
    lines name a condition, 2 % a serial."""
    seed = pl.select(number=pl.int_range(rows, dtype=pl.Int64)).with_columns(
        chance=pl.col("number").hash(7) % 1000,
        other=pl.col("number").hash(8) % 1_000_000,
        upc=pl.format("U{}", pl.col("number").hash(9) % max(rows // 400, 1)),
        location_code=pl.format("L{}", pl.col("number").hash(10) % 100),
    )
    condition = (
        pl.when(pl.col("other") % 10 < 7)
        .then(pl.lit("New"))
        .when(pl.col("other") % 10 < 9)
        .then(pl.lit("Used"))
        .otherwise(pl.lit("Refurbished"))
    )
    has_serial = pl.col("chance") < 100
    day = pl.date(2026, 1, 1) + pl.duration(days=pl.col("other") % 1461)
    serial = pl.format("S{}", "number")
    counts = seed.select(
        "location_code",
        "upc",
        lot_code=pl.format("LOT{}", "number"),
        date=day,
        condition=condition,
        serial_number=pl.when(has_serial).then(serial),
        quantity=pl.when(has_serial).then(1).otherwise(1 + pl.col("other") % 29),
    )
    orders = seed.select(
        order_id=pl.col("number") // 3,
        line_id=pl.col("number") % 3,
        location_code=pl.format("L{}", pl.col("number").hash(12) % 100),
        upc=pl.format("U{}", pl.col("number").hash(13) % max(rows // 400, 1)),
        quantity=1 + pl.col("other") % 5,
        condition=pl.when(pl.col("chance") < 200).then(condition),
        placed_at=pl.datetime(2026, 3, 31) + pl.duration(seconds=pl.col("other") % 86_400),
    )
    named = counts.filter(has_serial_of(counts)).select("location_code", "upc", "serial_number")
    lines = orders.with_columns(serial_number=pl.lit(None, dtype=pl.String))
    wanted = named.head(rows // 50).with_row_index("at")
    lines = (
        lines.with_row_index("at")
        .join(wanted, on="at", how="left", suffix="_named", maintain_order="left")
        .with_columns(
            location_code=pl.coalesce("location_code_named", "location_code"),
            upc=pl.coalesce("upc_named", "upc"),
            serial_number="serial_number_named",
            quantity=pl.when(pl.col("serial_number_named").is_null()).then("quantity").otherwise(1),
        )
        .select(*orders.columns, "serial_number")
    )
    for kind, frame in (("inventory", counts), ("orders", lines)):
        folder = root / "inbox" / kind
        folder.mkdir(parents=True)
        frame.write_csv(folder / f"{DAY}.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")


def has_serial_of(counts: pl.DataFrame) -> pl.Series:
    return counts.get_column("serial_number").is_not_null()


def timed(words: list[str]) -> tuple[float, float]:
    """Seconds and peak MiB of a command."""
    script = (
        "import json, resource, subprocess, sys, time; began = time.perf_counter();"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True);"
        "seconds = time.perf_counter() - began;"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024;"
        "print(json.dumps([done.returncode, seconds, peak, done.stdout]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    code, seconds, peak, told = json.loads(done.stdout)
    if code != 0:
        raise SystemExit(f"{words[0]} ended with {code}: {done.stderr}")
    print(told, end="")
    return seconds, peak


def other_lines(promised: Path, given: Path) -> int:
    """Lines that have another number of units in two files of order_id, line_id, quantity."""
    one, other = (
        pl.read_parquet(path, glob=False)
        .group_by("order_id", "line_id")
        .agg(pl.col("quantity").sum().cast(pl.Int64))
        for path in (promised, given)
    )
    both = one.join(other, on=["order_id", "line_id"], how="full", suffix="_given")
    return both.filter(pl.col("quantity").ne_missing(pl.col("quantity_given"))).height


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_files(root, rows)
        baseline, baseline_peak = timed([sys.executable, "-c", BASELINE, folder])
        night, peak = timed([LOTWISE, "nightly", "--root", folder, "--day", DAY])
        again, _ = timed([sys.executable, "-c", BASELINE, folder])
        given = root / "given.parquet"
        script, script_peak = timed([sys.executable, "-m", THREE_PASS, folder, DAY, str(given)])
        wrong = other_lines(root / "published" / f"day={DAY}" / "allocated.parquet", given)
    best = min(baseline, again)
    print(f"{rows:,} counted records and {rows:,} order lines")
    print(f"baseline {best:6.2f} s, peak {baseline_peak:,.0f} MiB")
    print(f"night    {night:6.2f} s, peak {peak:,.0f} MiB")
    print(f"ratio    {night / best:6.2f}")
    print(
        f"script   {script:6.2f} s, peak {script_peak:,.0f} MiB, {wrong:,} lines with other units; "
        f"the night takes {night / script:.1f} times its time"
    )


if __name__ == "__main__":
    main()
