"""A night of many small files, against the same rows in two, and one of arbitrary files.

Stores send a file of counts and one of orders each. Both nights run in processes of their own, and
leave the same records and lines. With --arbitrary FOLDER every file below it comes as a file of
some kind, as often as it takes: each has an outcome, and every row is accounted for.

    python -m tests.benchmarks.many_files --stores 500 --rows 20
    python -m tests.benchmarks.many_files --arbitrary ../shared/realdata/csv-torture --files 3700
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.roots import Root

DAY: Final = "2026-03-02"
COUNTS: Final = "location_code,upc,lot_code,date,condition,quantity\n"
ORDERS: Final = "order_id,line_id,location_code,upc,quantity\n"
KINDS: Final = ("inventory", "adjustments", "orders", "cancellations", "shipments")
SUFFIXES: Final = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".parquet", ".xlsx", ".zip")
TOLD: Final = (
    "SELECT * EXCLUDE inventory_id FROM inventory ORDER BY ALL",
    "FROM order_lines ORDER BY ALL",
)

NIGHT: Final = """
import json, sys, time
from datetime import date
from pathlib import Path
from flows.night.stages import run_night
began = time.perf_counter()
night = run_night(date.fromisoformat(sys.argv[2]), Path(sys.argv[1]))
print(json.dumps([time.perf_counter() - began, night.seconds]))
"""


def seconds(root: Path) -> float:
    """Runs the night, and tells how long each stage took."""
    done = subprocess.run(
        [sys.executable, "-c", NIGHT, str(root), DAY], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    took, stages = json.loads(done.stdout.splitlines()[-1])
    told = ", ".join(f"{stage} {one:.2f}" for stage, one in stages.items())
    print(f"{took:8.2f} s  {root.name}: {told}")
    return float(took)


def write_stores(root: Root, stores: int, rows: int, *, together: bool) -> None:
    chance = random.Random(1)
    counts, orders = [], []
    for store in range(stores):
        counts.append(
            "".join(
                f"S{store:04},U{upc:03},L{chance.randrange(5)},2026-0{chance.randrange(5, 9)}-15,"
                f"New,{chance.randrange(1, 50)}\n"
                for upc in range(rows)
            )
        )
        orders.append(
            "".join(
                f"{store * rows + line},1,S{store:04},U{chance.randrange(rows):03},"
                f"{chance.randrange(1, 5)}\n"
                for line in range(rows)
            )
        )
    for kind, header, texts in (("inventory", COUNTS, counts), ("orders", ORDERS, orders)):
        for number, text in enumerate(["".join(texts)] if together else texts):
            root.put(f"inbox/{kind}/store_{number:04}_{DAY}.csv", header + text)


def write_arbitrary(root: Root, folder: Path, files: int) -> None:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    for number in range(files):
        path = found[number % len(found)]
        turn = number // len(found)
        suffix = path.suffix if path.suffix in SUFFIXES else ".csv"
        target = root.path / "inbox" / KINDS[(number + turn) % len(KINDS)]
        target.mkdir(parents=True, exist_ok=True)
        # No two files are the same, or the second would be a repeat.
        content = path.read_bytes() + b"\n" * turn
        (target / f"{number:05}_{DAY}{suffix}").write_bytes(content)


def compare_stores(folder: Path, stores: int, rows: int) -> None:
    two, many = Root(folder / "two"), Root(folder / "many")
    write_stores(two, stores, rows, together=True)
    write_stores(many, stores, rows, together=False)
    before = seconds(two.path)
    took = seconds(many.path)
    files = 2 * stores
    same = all(two.rows(query) == many.rows(query) for query in TOLD)
    apart = (took - before) / (files - 2) * 1000
    print(f"{apart:8.2f} ms a file more, {files:,} files of {rows} rows")
    print(f"the same records and lines: {'yes' if same else 'NO'}")


def run_arbitrary(folder: Path, files: Path, number: int) -> None:
    root = Root(folder / "arbitrary")
    write_arbitrary(root, files, number)
    took = seconds(root.path)
    print(f"{took / number * 1000:8.2f} ms a file, {number:,} files")
    query = """
        SELECT status, count(*), sum(rows),
            sum(rows - kept - repeated - waiting - rejected - ignored)
        FROM files GROUP BY ALL ORDER BY ALL
        """
    for status, count, rows, lost in root.rows(query):
        print(f"{count:8,} {status}, {rows:,} rows, {lost} not accounted for")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=500)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--arbitrary", type=Path)
    parser.add_argument("--files", type=int, default=3_700)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.arbitrary:
            run_arbitrary(Path(folder), asked.arbitrary, asked.files)
        else:
            compare_stores(Path(folder), asked.stores, asked.rows)


if __name__ == "__main__":
    main()
