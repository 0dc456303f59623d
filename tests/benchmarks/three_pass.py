"""What a data engineer would write in an afternoon instead: counts and order lines of one night,
placed in three passes, lines that name a serial, then those that name a condition, then the others,
each by rank over the earliest dates that are left. No ledger, no state, no reasons.

A line that names nothing comes behind all that name something, whatever its rank: the benchmark of
the night counts the lines that get other units by it.

    python -m tests.benchmarks.three_pass ROOT DAY OUT
"""

import sys
from pathlib import Path

import duckdb
import pandera.polars as pa
import polars as pl


class Counts(pa.DataFrameModel):
    """What the script asks of counts."""

    location_code: pl.String
    upc: pl.String
    quantity: pl.Int64 = pa.Field(ge=0)


class Orders(pa.DataFrameModel):
    """What the script asks of order lines."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.Int64 = pa.Field(ge=1)


PASSES = (
    ("location_code, upc, serial_number", "serial_number IS NOT NULL"),
    ("location_code, upc, condition", "serial_number IS NULL AND condition IS NOT NULL"),
    ("location_code, upc", "serial_number IS NULL AND condition IS NULL"),
)


def main(root: Path, day: str, out: Path) -> None:
    con = duckdb.connect()
    for kind, schema in (("inventory", Counts), ("orders", Orders)):
        path = root / "inbox" / kind / f"{day}.csv"
        rows = con.sql(
            "SELECT * REPLACE (quantity::BIGINT AS quantity) "
            "FROM read_csv($path, all_varchar = true)",
            params={"path": str(path)},
        ).pl()
        con.register("rows", schema.validate(rows))
        con.execute(f"CREATE TABLE {kind} AS FROM rows")
    con.execute(
        """
        CREATE TABLE lines AS
        SELECT *, row_number() OVER (
            ORDER BY placed_at::TIMESTAMPTZ, order_id::BIGINT, line_id::BIGINT
        ) AS rank FROM orders;
        CREATE TABLE stock AS
        SELECT
            *,
            quantity AS free,
            row_number() OVER (ORDER BY date::DATE NULLS LAST, lot_code) AS use,
        FROM inventory;
        CREATE TABLE allocated (rank BIGINT, use BIGINT, quantity BIGINT)
        """
    )
    for key, which in PASSES:
        con.execute(
            f"""
            INSERT INTO allocated
            WITH asked AS (
                SELECT {key}, rank, quantity,
                    sum(quantity) OVER (PARTITION BY {key} ORDER BY rank) AS till
                FROM lines WHERE {which}
            ),
            given AS (
                SELECT {key}, use, free, sum(free) OVER (PARTITION BY {key} ORDER BY use) AS till
                FROM stock WHERE free > 0
            )
            SELECT rank, use,
                least(asked.till, given.till)
                - greatest(asked.till - quantity, given.till - free)
            FROM asked JOIN given USING ({key})
            WHERE asked.till - quantity < given.till AND given.till - free < asked.till
            """
        )
        con.execute(
            """
            CREATE OR REPLACE TABLE stock AS
            SELECT stock.* REPLACE (stock.quantity - coalesce(taken.quantity, 0) AS free)
            FROM stock LEFT JOIN (
                SELECT use, sum(quantity) AS quantity FROM allocated GROUP BY use
            ) AS taken USING (use)
            """
        )
    con.execute(
        """
        COPY (
            SELECT order_id, line_id, lot_code, stock.serial_number, allocated.quantity
            FROM allocated
            JOIN lines USING (rank)
            JOIN stock USING (use)
            ORDER BY rank, use
        ) TO $path (FORMAT parquet)
        """,
        {"path": str(out)},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
