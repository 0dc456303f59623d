"""Post allocations: what placing moved, on the balances of lines and records (SPEC 4.1, 5.5)."""

import polars as pl

from schemas.movements import effect
from transforms.lookup import left_join


def refusals(refusing: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """kind, quantity, line_no: what `refusing` lines wait for after the moves."""
    of_lines = moves.join(refusing, on="line_no", how="semi")
    moved = of_lines.group_by("line_no").agg(moved=effect("pending").sum())
    return (
        refusing.join(moved, on="line_no", how="left")
        .with_columns(quantity=pl.col("pending") + pl.col("moved").fill_null(0))
        .filter(pl.col("quantity") > 0)
        .select(pl.lit("refuse").alias("kind"), "quantity", "line_no")
        .sort("line_no")
    )


def moved_lines(lines: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The lines with their balances after the moves."""
    return _moved(lines, moves, "line_no", ("allocated", "pending", "refused"))


def moved_records(records: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The records with their balances after the moves."""
    return _moved(records, moves, "inventory_id", ("allocated",))


def _moved(
    rows: pl.DataFrame, moves: pl.DataFrame, key: str, balances: tuple[str, ...]
) -> pl.DataFrame:
    sums = (
        moves.drop_nulls(key)
        .group_by(key)
        .agg(effect(balance).sum().alias(f"{balance}_moved") for balance in balances)
    )
    return (
        left_join(rows, sums, key)
        .with_columns(
            pl.col(balance) + pl.col(f"{balance}_moved").fill_null(0) for balance in balances
        )
        .select(rows.columns)
    )
