"""Small nights in a row: whether the last ones cost more time, memory and disk than earlier ones.

    python -m tests.benchmarks.many_nights --nights 400

Each night orders 40 lines, ships those of the night before, counts 30 pools and adjusts 5. At the
end the audit is run, the warehouse is rebuilt, and the tables of both are compared.
"""

import argparse
import resource
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from flows.night.rebuild import rebuild
from flows.night.stages import run_night
from flows.state.audit import audit
from tests.benchmarks.same_tables import tables

FIRST = date(2025, 1, 1)
POOLS, ORDERED, COUNTED, ADJUSTED = 300, 40, 30, 5


def pool(number: int) -> str:
    return f"L{number % 10},U{number % POOLS // 10}"


def write_night(root: Path, number: int) -> None:
    """The files of a night, each row told by its number alone."""
    day = FIRST + timedelta(days=number)
    first = number * ORDERED
    lines = [f"{first + n},1,{pool((first + n) * 7)},{1 + n % 3}" for n in range(ORDERED)]
    shipped = [f"{one},1,{1 + n % 3}" for n, one in enumerate(range(first - ORDERED, first))]
    of_all = range(POOLS) if number == 0 else range(number * COUNTED, (number + 1) * COUNTED)
    counts = [f"{pool(one)},LOT{one % 3},{40 + one % 7}" for one in of_all]
    changes = [f"{pool(number * ADJUSTED + n)},LOT{n % 3},-1" for n in range(ADJUSTED)]
    for kind, header, rows in (
        ("orders", "order_id,line_id,location_code,upc,quantity", lines),
        ("shipments", "order_id,line_id,quantity", shipped if number else []),
        ("inventory", "location_code,upc,lot_code,quantity", counts),
        ("adjustments", "location_code,upc,lot_code,quantity", changes if number else []),
    ):
        path = root / "inbox" / kind / f"{day}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=400)
    nights = parser.parse_args().nights
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        spent: list[float] = []
        for number in range(nights):
            write_night(root, number)
            began = time.perf_counter()
            run_night(FIRST + timedelta(days=number), root)
            spent.append(time.perf_counter() - began)
            if number % 20 == 19:
                size = (root / "warehouse.duckdb").stat().st_size / 2**20
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(
                    f"nights to {number + 1:4}: median {median(spent[-20:]):.2f} s, "
                    f"warehouse {size:.1f} MiB, peak so far {peak:,.0f} MiB",
                    flush=True,
                )
        audited = audit(root)
        print(f"audit: {audited.movements:,} movements, {audited.wrong.height} figures wrong")
        before = tables(root)
        rebuild(root)
        print(f"rebuilt: {'the same tables' if tables(root) == before else 'OTHER TABLES'}")


if __name__ == "__main__":
    main()
