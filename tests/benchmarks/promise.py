"""What the promise is worth: lines and units served, against a clerk who takes line by line.

    python -m tests.benchmarks.promise --records 1000000 --uci ../shared/realdata/uci-online-retail

The clerk goes by rank and gives each line the earliest units that fit it, whoever needs them later.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl

from tests.benchmarks.allocate import Night, as_night, condition, drawn, night
from transforms.allocate import allocate

FIELDS = ("sku", "lot_code", "date", "condition", "serial_number")
POOL = ("location_code", "upc", "segment")


def line_by_line(lines: pl.DataFrame, stock: pl.DataFrame) -> dict[int, int]:
    """Units of each line, by rank."""
    pools: dict[tuple[Any, ...], list[list[Any]]] = defaultdict(list)
    for row in stock.sort("date", "inventory_id", nulls_last=True).iter_rows(named=True):
        values = [row[field] for field in FIELDS]
        pools[tuple(row[name] for name in POOL)].append([row["free"], values])
    served = {}
    for line in lines.sort("rank").iter_rows(named=True):
        wanted = line["quantity"]
        named = [(place, line[field]) for place, field in enumerate(FIELDS) if line[field]]
        for record in pools.get(tuple(line[name] for name in POOL), []):
            if wanted and record[0] and all(record[1][place] == value for place, value in named):
                units = min(wanted, record[0])
                record[0] -= units
                wanted -= units
        served[line["rank"]] = line["quantity"] - wanted
    return served


def scarce(lines: pl.DataFrame, stock: pl.DataFrame) -> Night:
    """Demand at twice the supply, and half of the lines naming a condition."""
    times = 2 * int(stock["free"].sum()) / int(lines["quantity"].sum())
    names = drawn(lines.height, 31, 1, 2) == 0
    plain = pl.col("serial_number").is_null()
    said = condition(drawn(lines.height, 32, 1, 10))
    return as_night(
        lines.with_columns(
            quantity=pl.when(plain)
            .then((pl.col("quantity") * times).round().cast(pl.Int64))
            .otherwise("quantity"),
            condition=pl.when(plain & names).then(said),
        ),
        stock,
    )


def uci(folder: Path) -> Night:
    """Sixty days of orders, on stock of three lots a product: four fifths of what they want."""
    told = pl.scan_csv(folder / "*.csv", infer_schema=False).collect()
    lines = (
        told.with_columns(pl.col("Quantity").cast(pl.Int64))
        .filter(pl.col("Quantity") > 0)
        .with_row_index("rank")
        .select(
            pl.col("rank").cast(pl.Int64),
            order_id="InvoiceNo",
            line_id=pl.col("rank").cast(pl.String),
            location_code="Country",
            upc="StockCode",
            segment=pl.lit(""),
            **{name: pl.lit(None, pl.String) for name in FIELDS if name != "date"},
            date=pl.lit(None, pl.Date),
            quantity="Quantity",
        )
    )
    wanted = lines.group_by(POOL).agg(pl.col("quantity").sum()).sort(POOL)
    lots = pl.DataFrame({"lot_code": ["A", "B", "C"], "share": [0.4, 0.2, 0.2]})
    stock = (
        wanted.join(lots, how="cross")
        .with_row_index("inventory_id")
        .select(
            pl.col("inventory_id").cast(pl.Int64),
            *POOL,
            "lot_code",
            **{
                name: pl.lit(None, pl.String) for name in FIELDS if name not in ("date", "lot_code")
            },
            date=pl.date(2011, 1, 1) + pl.duration(days=pl.col("inventory_id") % 365),
            free=(pl.col("quantity") * pl.col("share")).cast(pl.Int64),
        )
    )
    return as_night(lines, stock)


def compare(name: str, lines: pl.DataFrame, stock: pl.DataFrame) -> None:
    asked = lines.select("rank", "order_id", "line_id", "quantity")
    placed = allocate(*as_night(lines, stock)).group_by("order_id", "line_id")
    ours = asked.join(
        placed.agg(units=pl.col("quantity").sum()), on=["order_id", "line_id"], how="left"
    ).with_columns(pl.col("units").fill_null(0))
    served = line_by_line(lines, stock)
    theirs = pl.Series("theirs", [served[rank] for rank in ours["rank"]], dtype=pl.Int64)
    both = ours.with_columns(theirs)
    full = both.select(
        ours=(pl.col("units") == pl.col("quantity")).sum(),
        theirs=(pl.col("theirs") == pl.col("quantity")).sum(),
    ).row(0)
    units = both.select(pl.col("units").sum(), pl.col("theirs").sum()).row(0)
    lost = both.filter(pl.col("theirs") < pl.col("units")).height
    print(
        f"{name}: {lines.height:,} lines want {asked['quantity'].sum():,} units of "
        f"{stock['free'].sum():,}; served in full {full[0]:,} against {full[1]:,} "
        f"({full[0] - full[1]:+,}), units {units[0]:,} against {units[1]:,} "
        f"({units[0] - units[1]:+,}); {lost:,} lines get less line by line"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Lines and units served, against line by line.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--uci", type=Path)
    asked = parser.parse_args()
    if asked.uci:
        compare("UCI", *uci(asked.uci))
    plain = night(asked.records, asked.records)
    compare("benchmark", *plain)
    compare("twice the supply, half name a condition", *scarce(*plain))


if __name__ == "__main__":
    main()
