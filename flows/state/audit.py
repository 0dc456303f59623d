"""Audit: every balance of the warehouse, computed anew from movements and statements (SPEC 4.6)."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.settings import Stopped, load_settings, places
from flows.state.warehouse import load, locked, open_warehouse, sql
from schemas.movements import EFFECTS


@dataclass(frozen=True)
class Audited:
    """How much was looked at, and what is wrong: figure, stands, should_be."""

    movements: int
    records: int
    lines: int
    wrong: pl.DataFrame


def audit(root: Path) -> Audited:
    """Check every balance of a data root's warehouse; changes nothing.

    Raises Stopped where there is no warehouse.
    """
    there = places(root, load_settings(root))
    if not there.warehouse.exists():
        # Opening would make an empty one, and hide that one is lost.
        raise Stopped(f"there is no warehouse {there.warehouse}; run a night, or `lotwise rebuild`")
    effects = pl.DataFrame(
        [
            (kind, balance, factor)
            for kind, factors in EFFECTS.items()
            for balance, factor in factors.items()
        ],
        schema=["kind", "balance", "factor"],
        orient="row",
    )
    with locked(there), open_warehouse(there) as warehouse:
        warehouse.register("effects", effects)
        wrong = load(warehouse, sql("state", "audit.sql"))
        counted = load(
            warehouse,
            """
            SELECT
                (SELECT count(*) FROM movements) AS movements,
                (SELECT count(*) FROM records) AS records,
                (SELECT count(*) FROM lines) AS lines,
            """,
        )
    return Audited(**counted.row(0, named=True), wrong=wrong)
