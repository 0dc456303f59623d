"""Audit: every balance of the warehouse, computed anew from movements and statements (SPEC 4.6)."""

from dataclasses import dataclass
from glob import escape
from pathlib import Path

import polars as pl

from flows.settings import Places, Stopped, load_settings, places
from flows.state.warehouse import Connection, load, locked, open_warehouse, sql
from schemas.movements import EFFECTS, STAYING


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
        _read_left_days(warehouse, there)
        wrong = load(warehouse, sql("state", "audit.sql"))
        counted = load(
            warehouse,
            """
            SELECT
                (SELECT count(*) FROM all_movements) AS movements,
                (SELECT count(*) FROM records) AS records,
                (SELECT count(*) FROM lines) AS lines,
            """,
        )
    return Audited(**counted.row(0, named=True), wrong=wrong)


def _read_left_days(warehouse: Connection, places: Places) -> None:
    """Every movement there ever was, as `all_movements`: the file's, and those of left days."""
    days = load(warehouse, "FROM left_days ORDER BY day").get_column("day").to_list()
    paths = [places.day_folder(day) / "movements.parquet" for day in days]
    for day, path in zip(days, paths, strict=True):
        if not path.is_file():
            raise Stopped(
                f"{path} is missing: the movements of {day} have left the warehouse for it; "
                "put the day's folder back"
            )
    warehouse.execute(
        """
        CREATE TEMP TABLE all_movements AS
        SELECT inventory_id, line_no, "at", CAST(kind AS VARCHAR) AS kind, quantity
        FROM movements
        """
    )
    if paths:
        warehouse.execute(
            """
            INSERT INTO all_movements
            SELECT inventory_id, line_no, CAST(moved_at AS TIMESTAMPTZ), kind, quantity
            FROM read_parquet($paths, hive_partitioning = false)
            LEFT JOIN lines USING (order_id, line_id)
            WHERE NOT list_contains($staying, kind)
            """,
            {"paths": [escape(str(path)) for path in paths], "staying": [*STAYING]},
        )
