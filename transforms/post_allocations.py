"""Post allocations: what placing moved, on the balances of lines and records (SPEC 4.1, 5.5)."""

import polars as pl

from schemas.movements import effect
from transforms.place import LINE


def refusals(lines: pl.DataFrame, moves: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """kind, quantity, order_id, line_id: units pending of products not backordered."""
    moved = moves.group_by(LINE).agg(moved=effect("pending").sum())
    refusing = products.filter(out_of_stock="refuse").select("upc")
    return (
        lines.join(refusing, on="upc", how="semi")
        .join(moved, on=LINE, how="left")
        .with_columns(quantity=pl.col("pending") + pl.col("moved").fill_null(0))
        .filter(pl.col("quantity") > 0)
        .select(pl.lit("refuse").alias("kind"), "quantity", *LINE)
        .sort(LINE)
    )


def moved_lines(lines: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The lines with their balances after the moves."""
    return _moved(lines, moves, LINE, ("allocated", "pending", "refused"))


def moved_records(records: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The records with their balances after the moves."""
    return _moved(records, moves, ("inventory_id",), ("allocated",))


def _moved(
    rows: pl.DataFrame, moves: pl.DataFrame, key: tuple[str, ...], balances: tuple[str, ...]
) -> pl.DataFrame:
    sums = (
        moves.drop_nulls(key)
        .group_by(key)
        .agg(effect(balance).sum().alias(f"{balance}_moved") for balance in balances)
    )
    return (
        rows.join(sums, on=key, how="left", maintain_order="left")
        .with_columns(
            pl.col(balance) + pl.col(f"{balance}_moved").fill_null(0) for balance in balances
        )
        .select(rows.columns)
    )
