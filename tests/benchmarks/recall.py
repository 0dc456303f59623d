"""The report of a notice with hundreds of lots, over many records and twice as many shipped rows,
without and with what a hold would do.

    python -m tests.benchmarks.recall --records 1000000 --lots 400

Each record had 30 units, of which two shipments took three each, scanned every second time, and two
are promised; a lot stands in a hundred pools. The state is written as nights before would have left
it.
"""

import argparse
import shutil
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Final

from flows.night.stages import run_night
from flows.recalls.run_recall import Asked, run_recall
from flows.state.warehouse import connected
from tests.benchmarks.night import LOTWISE, timed

STOOD: Final = date(2026, 3, 1)

STATE: Final = """
CREATE TEMP TABLE told AS
SELECT
    number,
    number // 4 AS pool,
    CAST($day AS TIMESTAMPTZ) AS counted_at,
FROM range($records) AS numbers(number);

INSERT INTO pools BY NAME
SELECT pool + 1 AS pool_no, format('L{}', pool % 100) AS location_code,
    format('U{}', pool // 100) AS upc, '' AS segment
FROM told GROUP BY pool;

INSERT INTO records BY NAME
SELECT number + 1 AS inventory_id, pool + 1 AS pool_no,
    format('LOT{}', pool // 100 * 4 + number % 4) AS lot_code,
    DATE '2026-06-01' + CAST(number % 300 AS INTEGER) AS date, 'New' AS condition
FROM told;

INSERT INTO record_state BY NAME
SELECT number + 1 AS inventory_id, 24 AS on_hand, 2 AS allocated, 0 AS safety_stock, counted_at,
    FALSE AS is_held, FALSE AS is_expired
FROM told;

INSERT INTO lines BY NAME
SELECT number + 1 AS line_no, CAST(number AS VARCHAR) AS order_id, '1' AS line_id,
    counted_at AS placed_at, pool + 1 AS pool_no, format('C{}', number % 100000) AS customer_id,
    1 AS run
FROM told;

INSERT INTO line_state BY NAME
SELECT number + 1 AS line_no, 0 AS priority, 2 AS allocated, 0 AS pending, 6 AS shipped,
    0 AS cancelled, 0 AS refused, 8 AS stated_quantity, CAST($day AS DATE) AS stated_on
FROM told;

INSERT INTO allocations BY NAME
SELECT number + 1 AS line_no, number + 1 AS inventory_id, 2 AS quantity
FROM told;

INSERT INTO statements BY NAME
SELECT number + 1 AS inventory_id, counted_at AS "at", 30 AS quantity, 'count' AS reason,
    'inventory/2026-03-01.csv' AS file, number + 1 AS row, 1 AS run
FROM told;

INSERT INTO movements BY NAME
SELECT number + 1 AS movement_id, CAST($day AS DATE) AS day, counted_at AS "at", 'count' AS kind,
    30 AS quantity, number + 1 AS inventory_id, 'count' AS reason
FROM told
UNION ALL BY NAME
SELECT $records * (1 + part) + number + 1 AS movement_id, CAST($day AS DATE) AS day,
    counted_at + INTERVAL 1 HOUR AS "at", 'ship' AS kind, 3 AS quantity,
    number + 1 AS inventory_id, number + 1 AS line_no
FROM told, range(2) AS parts(part);

INSERT INTO fulfilled BY NAME
SELECT CAST($day AS DATE) AS day, number + 1 AS line_no, number + 1 AS inventory_id, 3 AS quantity,
    format('S{}', number * 2 + part) AS shipment_id, counted_at + INTERVAL 1 HOUR AS shipped_at,
    part = 0 AS is_scanned
FROM told, range(2) AS parts(part);
"""


def write_state(root: Path, records: int) -> None:
    """A first night, without files, and the rows as if it had had them."""
    (root / "inbox").mkdir(parents=True)
    (root / "lotwise.toml").write_text('closing = "never"\n', encoding="utf-8")
    run_night(STOOD, root)
    with connected() as state:
        state.execute("ATTACH $path AS warehouse", {"path": str(root / "warehouse.duckdb")})
        state.execute("USE warehouse.state")
        for statement in STATE.split(";\n"):
            values = {"day": str(STOOD), "records": records}
            used = {name: value for name, value in values.items() if f"${name}" in statement}
            state.execute(statement, used or None)
        state.execute("CHECKPOINT warehouse")
    live = root / "published" / "lotwise.duckdb"
    live.unlink()
    shutil.copyfile(root / "warehouse.duckdb", live)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--lots", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        write_state(root, asked.records)
        notice = root / "notice.csv"
        lots = [f"LOT{number * 7 % max(asked.records // 100, 1)}" for number in range(asked.lots)]
        notice.write_text("\n".join(["lot_code", *lots, ""]), encoding="utf-8")
        size = (root / "published" / "lotwise.duckdb").stat().st_size / 2**20
        words = [LOTWISE, "recall", "--notice", str(notice), "--root", str(root)]
        report, peak = timed(words)
        holds, holds_peak = timed([*words, "--what-if"])
        one, one_peak = timed([LOTWISE, "recall", lots[0], "--root", str(root)])
        began = time.perf_counter()
        run_recall(Asked(notice=notice), root)
        within = time.perf_counter() - began
    print(f"{asked.records:,} records, {2 * asked.records:,} shipped rows, {size:,.0f} MiB")
    print(f"{asked.lots:,} lots")
    print(f"report   {report:6.2f} s, peak {peak:,.0f} MiB")
    print(f"         {within:6.2f} s of it without starting Python and importing")
    print(f"one lot  {one:6.2f} s, peak {one_peak:,.0f} MiB")
    print(f"what if  {holds:6.2f} s, peak {holds_peak:,.0f} MiB")


if __name__ == "__main__":
    main()
