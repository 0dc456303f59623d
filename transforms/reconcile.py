"""Reconcile: every balance is the sum of its movements (SPEC 4.1, 4.6)."""

from typing import Final

import polars as pl

from schemas.movements import effect

LINE_BALANCES: Final = ("allocated", "pending", "shipped", "cancelled", "refused")
RECORD_BALANCES: Final = ("on_hand", "allocated")
TOLD: Final = {
    "balance": pl.String(),
    "before": pl.Int64(),
    "moved": pl.Int64(),
    "after": pl.Int64(),
}


def unbalanced(
    before: pl.DataFrame,
    after: pl.DataFrame,
    movements: pl.DataFrame,
    key: tuple[str, ...],
    balances: tuple[str, ...],
) -> pl.DataFrame:
    """key, balance, before, moved, after: rows whose movements don't lead from before to after.

    A row that wasn't there before began with 0 of everything.
    """
    moved = movements.drop_nulls(key).select(*key, *(effect(name).alias(name) for name in balances))
    differences = (
        pl.concat(
            [
                before.select(*key, *balances),
                moved,
                after.select(*key, *(-pl.col(name) for name in balances)),
            ]
        )
        .group_by(key)
        .agg(pl.col(balances).sum())
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in balances))
    )
    if not differences.height:
        return pl.DataFrame(schema={**{name: after.schema[name] for name in key}, **TOLD})
    broken = differences.select(key)
    sums = [
        side.join(broken, on=key, how="semi")
        .group_by(key)
        .agg(pl.col(balances).sum())
        .unpivot(index=key, variable_name="balance", value_name=name)
        for side, name in ((before, "before"), (moved, "moved"), (after, "after"))
    ]
    on = [*key, "balance"]
    first, second, third = sums
    return (
        first.join(second, on=on, how="full", coalesce=True)
        .join(third, on=on, how="full", coalesce=True)
        .with_columns(pl.col("before", "moved", "after").fill_null(0))
        .filter(pl.col("before") + pl.col("moved") != pl.col("after"))
        .sort(on)
    )
