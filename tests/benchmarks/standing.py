"""A night with few new rows beside many records and open order lines that stand from nights before,
against what DuckDB alone needs to read and write that day's closing inventory and order lines.

    python -m tests.benchmarks.standing --state 1000000 --rows 20000
    python -m tests.benchmarks.standing --state 5000000 --rows 50000

The state is written into the warehouse as one earlier run would have left it. A quiet night, with
no file at all, publishes it first; then the night of the new rows is measured.
"""

import argparse
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from flows.night.stages import run_night
from flows.state.warehouse import only
from tests.benchmarks.apart import night_apart
from tests.benchmarks.night import timed

STOOD, QUIET, DAY = date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)

# Four records and four lines a pool, a hundred locations. Line by line takes record by record, so
# the promises are those that the night would make. Every fifth pool has used up its stock and its
# last line waits for two units more; a tenth are serials, a tenth name New, a tenth have one Used.
STATE: Final = """
CREATE TEMP TABLE state AS
SELECT
    number,
    number // 4 AS pool,
    number % 4 AS place,
    format('L{}', pool % 100) AS location_code,
    format('U{}', pool // 100) AS upc,
    pool % 10 = 7 AS is_serial,
    CASE
        WHEN is_serial THEN 1
        ELSE CAST(5 + hash(number) % 25 AS BIGINT)
    END AS on_hand,
    CASE WHEN pool % 5 = 0 AND place = 3 THEN 2 ELSE 0 END AS pending,
    CASE
        WHEN is_serial OR place < 3 OR pool % 5 = 0 THEN on_hand
        ELSE on_hand // 2
    END AS allocated,
    CASE WHEN pool % 10 = 4 AND place = 3 THEN 'Used' ELSE 'New' END AS condition,
    CASE WHEN pool % 10 = 3 OR condition = 'Used' THEN condition END AS asked_condition,
    CASE WHEN is_serial THEN format('S{}', number) END AS serial_number,
    CASE WHEN place < 2 THEN serial_number END AS asked_serial,
    CAST(number // 3 AS VARCHAR) AS order_id,
    CAST(number % 3 AS VARCHAR) AS line_id,
    CAST($day AS TIMESTAMPTZ) + to_seconds(number % 86400) AS placed_at,
    CAST($day AS TIMESTAMPTZ) AS counted_at,
FROM range($rows) AS numbers(number);

INSERT INTO pools BY NAME
SELECT pool + 1 AS pool_no, location_code, upc, '' AS segment FROM state WHERE place = 0;

INSERT INTO records BY NAME
SELECT
    number + 1 AS inventory_id,
    pool + 1 AS pool_no,
    format('LOT{}', number) AS lot_code,
    DATE '2026-06-01' + CAST(place * 30 + hash(number) % 30 AS INTEGER) AS date,
    condition,
    serial_number,
FROM state;

INSERT INTO record_state BY NAME
SELECT
    number + 1 AS inventory_id,
    on_hand,
    allocated,
    0 AS safety_stock,
    counted_at,
    FALSE AS is_held,
    FALSE AS is_expired,
FROM state;

INSERT INTO lines BY NAME
SELECT
    number + 1 AS line_no,
    order_id,
    line_id,
    placed_at,
    pool + 1 AS pool_no,
    asked_condition AS condition,
    asked_serial AS serial_number,
    asked_condition AS stated_condition,
    format('C{}', number % 100000) AS customer_id,
    1 AS run,
FROM state;

INSERT INTO line_state BY NAME
SELECT
    number + 1 AS line_no,
    0 AS priority,
    allocated,
    pending,
    0 AS shipped,
    0 AS cancelled,
    0 AS refused,
    allocated + pending AS stated_quantity,
    CAST($day AS DATE) AS stated_on,
FROM state;

INSERT INTO allocations BY NAME
SELECT number + 1 AS line_no, number + 1 AS inventory_id, allocated AS quantity FROM state;

INSERT INTO shortages BY NAME
SELECT number + 1 AS line_no, 'taken' AS reason, pending AS quantity FROM state WHERE pending > 0;

INSERT INTO statements BY NAME
SELECT
    number + 1 AS inventory_id,
    counted_at AS "at",
    on_hand AS quantity,
    'count' AS reason,
    'inventory/2026-03-01.csv' AS file,
    number + 1 AS row,
    1 AS run,
FROM state;

INSERT INTO movements BY NAME
SELECT
    number + 1 AS movement_id,
    CAST($day AS DATE) AS day,
    placed_at AS "at",
    'order' AS kind,
    allocated + pending AS quantity,
    number + 1 AS line_no,
    'orders/2026-03-01.csv' AS file,
    number + 1 AS row,
FROM state
UNION ALL BY NAME
SELECT
    $rows + number + 1 AS movement_id,
    CAST($day AS DATE) AS day,
    counted_at AS "at",
    'count' AS kind,
    on_hand AS quantity,
    number + 1 AS inventory_id,
    'count' AS reason,
    'inventory/2026-03-01.csv' AS file,
    number + 1 AS row,
FROM state
UNION ALL BY NAME
SELECT
    2 * $rows + number + 1 AS movement_id,
    CAST($day AS DATE) AS day,
    CAST($day AS TIMESTAMPTZ) + INTERVAL 1 DAY AS "at",
    'allocate' AS kind,
    allocated AS quantity,
    number + 1 AS inventory_id,
    number + 1 AS line_no,
FROM state;

INSERT INTO files BY NAME
SELECT
    format('{}/2026-03-01.csv', kind) AS file,
    kind,
    CAST($day AS DATE) AS day,
    sha256(kind) AS sha256,
    'taken' AS status,
    $rows AS rows,
    $rows AS kept,
    0 AS repeated,
    0 AS waiting,
    0 AS rejected,
    0 AS ignored,
    CAST([] AS VARCHAR[]) AS unknown_columns,
    CAST($day AS DATE) AS dated,
    0 AS size,
    0 AS changed_ns,
    1 AS run,
FROM (VALUES ('inventory'), ('orders')) AS kinds(kind);

UPDATE runs SET
    files = 2,
    rows_in = 2 * $rows,
    kept = 2 * $rows,
    units_ordered = (SELECT sum(allocated + pending) FROM line_state),
    units_allocated = (SELECT sum(allocated) FROM line_state),
    units_short = (SELECT sum(pending) FROM line_state);
"""

# Which record or line of the state a new row is about: a prime step, so that none comes twice.
ROWS: Final = """
CREATE TEMP TABLE new_rows AS
SELECT
    of_row.row AS new_row,
    of_row.row % 20 AS part,
    state.*,
FROM range($new) AS of_row(row)
JOIN state ON state.number = (of_row.row * 7919) % $rows
"""

FILES: Final = {
    "orders": """
        SELECT
            format('N{}', new_row) AS order_id,
            1 AS line_id,
            location_code,
            upc,
            CASE WHEN is_serial THEN 1 ELSE 1 + new_row % 5 END AS quantity,
            asked_condition AS condition,
            '2026-04-01T08:00:00Z' AS placed_at,
        FROM new_rows
        WHERE part < 9
        """,
    "inventory": """
        SELECT
            location_code,
            upc,
            CASE WHEN part = 9 THEN format('NEW{}', new_row) ELSE records.lot_code END AS lot_code,
            records.date,
            records.condition,
            CASE WHEN part > 9 THEN records.serial_number END AS serial_number,
            CASE WHEN is_serial THEN 1 ELSE records.on_hand - 1 + new_row % 3 END AS quantity,
            '2026-04-01T06:00:00Z' AS counted_at,
        FROM new_rows
        JOIN main.inventory AS records USING (location_code, upc)
        WHERE part BETWEEN 9 AND 17 AND records.inventory_id = number + 1
        """,
    "adjustments": """
        SELECT
            location_code,
            upc,
            records.lot_code,
            records.date,
            records.condition,
            records.serial_number,
            -1 AS quantity,
            'damaged' AS reason,
        FROM new_rows
        JOIN main.inventory AS records USING (location_code, upc)
        WHERE part = 18 AND records.inventory_id = number + 1
        """,
    "shipments": """
        SELECT
            order_id,
            line_id,
            allocated AS quantity,
            CASE WHEN new_row % 40 < 20 THEN number + 1 END AS inventory_id,
            format('SHIP{}', new_row) AS shipment_id,
        FROM new_rows
        WHERE part = 19
        """,
}
"""Kind: its new rows: 45 % orders, 45 % counts (a ninth of them of new lots), 5 % of the others."""

BASELINE: Final = """
import sys, duckdb
for table in ("inventory", "order_lines"):
    source = f"{sys.argv[1]}/{table}.parquet"
    duckdb.execute(f"COPY (FROM read_parquet('{source}')) TO '{source}.again' (FORMAT parquet)")
"""

BROKEN: Final = """
WITH effects AS (
    SELECT
        inventory_id,
        line_no,
        CASE WHEN kind IN ('count', 'adjust') THEN quantity WHEN kind = 'ship' THEN -quantity
            ELSE 0 END AS on_hand,
        CASE WHEN kind = 'allocate' THEN quantity WHEN kind IN ('release', 'ship') THEN -quantity
            ELSE 0 END AS allocated,
        CASE WHEN kind = 'order' THEN quantity ELSE 0 END AS ordered,
    FROM movements
),
of_records AS (
    SELECT inventory_id, sum(on_hand) AS on_hand, sum(allocated) AS allocated
    FROM effects WHERE inventory_id IS NOT NULL GROUP BY ALL
),
of_lines AS (
    SELECT line_no, sum(ordered) AS ordered, sum(allocated) AS allocated
    FROM effects WHERE line_no IS NOT NULL GROUP BY ALL
)
SELECT
    (SELECT count(*) FROM record_state AS records FULL JOIN of_records USING (inventory_id)
     WHERE records.on_hand IS DISTINCT FROM of_records.on_hand
        OR records.allocated IS DISTINCT FROM of_records.allocated)
    + (SELECT count(*) FROM line_state AS lines FULL JOIN of_lines USING (line_no)
       WHERE lines.allocated + lines.pending + lines.shipped + lines.cancelled + lines.refused
            IS DISTINCT FROM of_lines.ordered
          OR lines.allocated IS DISTINCT FROM of_lines.allocated)
"""
"""How many records and lines are not the sum of their movements."""


def write_state(root: Path, rows: int, new: int) -> int:
    """The warehouse as the run of STOOD left it, and the inbox of DAY. Returns the new rows."""
    (root / "inbox").mkdir()
    run_night(STOOD, root)
    # The night of nothing gave the run its settings; what it published is not what stands now.
    shutil.rmtree(root / "published")
    with duckdb.connect(str(root / "warehouse.duckdb")) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'; USE state")
        warehouse.execute("BEGIN")
        for statement in STATE.split(";\n"):
            bound = {"day": str(STOOD), "rows": rows}
            used = {name: value for name, value in bound.items() if f"${name}" in statement}
            if statement.strip():
                warehouse.execute(statement, used or None)
        warehouse.execute("COMMIT")
        _check(warehouse)
        warehouse.execute(ROWS, {"rows": rows, "new": new})
        written = 0
        for kind, query in FILES.items():
            path = root / "inbox" / kind / f"{DAY}.csv"
            path.parent.mkdir(parents=True)
            copied = warehouse.execute(f"COPY ({query}) TO $path (HEADER)", {"path": str(path)})
            ((count,),) = copied.fetchall()
            written += int(count)
    return written


def _check(warehouse: duckdb.DuckDBPyConnection) -> None:
    broken = only(warehouse, BROKEN)
    if broken:
        raise SystemExit(f"{broken} records and lines are not the sum of their movements")


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())


def _told(name: str, seconds: dict[str, float], peak: float) -> str:
    stages = ", ".join(f"{stage} {spent:.2f}" for stage, spent in seconds.items())
    return f"{name}  {sum(seconds.values()):7.2f} s, peak {peak:,.0f} MiB: {stages}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=int, default=5_000_000)
    parser.add_argument("--rows", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        new = write_state(root, asked.state, asked.rows)
        quiet, _, quiet_peak = night_apart(root, QUIET)
        seconds, rows, peak = night_apart(root, DAY)
        closing = str(root / "published" / f"day={DAY}")
        baseline = min(timed([sys.executable, "-c", BASELINE, closing])[0] for _ in range(3))
        sizes = {
            name: _size(root / name) / 2**20
            for name in ("warehouse.duckdb", "published/lotwise.duckdb", f"published/day={DAY}")
        }
        with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as warehouse:
            warehouse.execute("USE state")
            _check(warehouse)
    if rows["kept"] != new:
        raise SystemExit(f"of {new} new rows these were taken: {rows}")
    print(f"{asked.state:,} records and {asked.state:,} open order lines stand, {new:,} rows come")
    print(_told("publish and quiet night", quiet, quiet_peak))
    print(_told("night of the new rows  ", seconds, peak))
    spent = sum(seconds.values())
    print(f"inventory and order_lines read and written again {baseline:.2f} s")
    print(f"ratio {spent / baseline:.2f}")
    print(", ".join(f"{name} {size:,.0f} MiB" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
