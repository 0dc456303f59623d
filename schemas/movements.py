"""Movements: every change of a quantity, one row each; the ledger (SPEC 4.1)."""

from typing import Final

import pandera.polars as pa
import polars as pl

from schemas.granular import Published

EFFECTS: Final = {
    "count": {"on_hand": 1},
    "adjust": {"on_hand": 1},
    "order": {"pending": 1},
    "allocate": {"allocated": 1, "pending": -1},
    "release": {"allocated": -1, "pending": 1},
    "ship": {"on_hand": -1, "allocated": -1, "shipped": 1},
    "cancel": {"pending": -1, "cancelled": 1},
    "refuse": {"pending": -1, "refused": 1},
    "pass": {"pending": -1, "shipped": 1},
}
"""What a unit of each kind of movement does to each balance. Every balance is such a sum."""


STAYING: Final = ("count", "adjust", "ship", "pass")
"""Kinds that stay in the warehouse whatever their age: they tell where units came from and where
they went, which a late count (SPEC 4.2) and a recall ask for. The others tell of promises."""


def effect(balance: str) -> pl.Expr:
    """What a movement (`kind`, `quantity`) does to a balance, in units."""
    units = pl.lit(0, dtype=pl.Int64)
    for kind, factors in EFFECTS.items():
        if balance in factors:
            of_kind = pl.col("quantity") * factors[balance]
            units = pl.when(pl.col("kind") == kind).then(of_kind).otherwise(units)
    return units


class Movements(pa.DataFrameModel):
    """Every change of a quantity; each balance is the sum of its movements (SPEC 4.1)."""

    movement_id: pl.Int64 = pa.Field(unique=True, description="Number, in order of posting.")
    day: pl.Date = pa.Field(description="Business day of the run that posted it.")
    moved_at: Published = pa.Field(description="When it happened (UTC).")
    kind: pl.String = pa.Field(isin=list(EFFECTS), description="What happened.")
    quantity: pl.Int64 = pa.Field(ne=0, description="Units; signed for count and adjust.")
    inventory_id: pl.Int64 = pa.Field(nullable=True, description="The record it changed.")
    order_id: pl.String = pa.Field(nullable=True, description="The order of the line it changed.")
    line_id: pl.String = pa.Field(nullable=True, description="The line it changed.")
    reason: pl.String = pa.Field(nullable=True, description="Why, where the kind doesn't say.")
    file: pl.String = pa.Field(nullable=True, description="The file that said so.")
    row: pl.Int64 = pa.Field(nullable=True, description="The row of that file.")
    transfer_id: pl.String = pa.Field(nullable=True, description="The transfer it is a side of.")
    document: pl.String = pa.Field(nullable=True, description="The paper that goes with it.")

    class Config:
        name = "movements"
        strict = True
