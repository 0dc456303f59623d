"""What if: the night's own placing over a copy of the state, with holds added (SPEC 7.6)."""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from flows.files.reference import TABLES
from flows.night.allocate import allocate
from flows.settings import Places
from flows.state.warehouse import connected, load, night_of, night_tables, settings_of, sql
from transforms.what_if import what_if_moves


def what_if(named: pl.DataFrame, places: Places) -> dict[str, pl.DataFrame]:
    """what_if_lines and what_if_moves: what the last night would do with the named stock held, and
    nothing else changed. It works on a copy of the published database."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "warehouse.duckdb"
        shutil.copyfile(places.published / "lotwise.duckdb", copy)
        copy.chmod(0o644)
        with connected(copy, read_only=True) as state:
            state.execute("USE state")
            run = "(SELECT circumstances FROM runs ORDER BY run DESC LIMIT 1)"
            reference = {
                table: load(
                    state,
                    f"SELECT * EXCLUDE (circumstances) FROM {table} WHERE circumstances = {run}",  # noqa: S608
                )
                for table in TABLES
            }
            settings = settings_of(state)
            (day,) = load(state, "SELECT max(day) FROM runs").row(0)
        held = named.drop("row").unique(maintain_order=True)
        reference["holds"] = pl.concat([reference["holds"], held], how="diagonal")
        there = replace(places, warehouse=copy)
        with night_of(there, settings, reference, day):
            with night_tables(there) as night:
                # Nothing else is new: pools are in play whose records these holds block or free.
                night.execute("UPDATE tonight SET has_new_circumstances = FALSE")
            allocate(there, day)
            with night_tables(there) as night:
                lines = load(night, sql("recalls", "what_if_lines.sql"))
                moved = load(
                    night,
                    """
                    SELECT line_no, order_id, line_id, CAST(kind AS VARCHAR) AS kind,
                        records.inventory_id, records.date, movements.quantity
                    FROM movements
                    JOIN state.lines USING (line_no)
                    JOIN state.records AS records USING (inventory_id)
                    WHERE kind IN ('release', 'allocate')
                    """,
                )
    return {"what_if_lines": lines, "what_if_moves": what_if_moves(moved)}
