"""Reconcile: what tonight would commit is the sum of its movements, and loses no row (SPEC 4.6)."""

from datetime import date
from typing import Final

from flows.settings import Places
from flows.state.warehouse import load, night_tables, only
from schemas.movements import EFFECTS

LOST: Final = """
    SELECT
        files.file,
        files.rejected,
        count(DISTINCT rejects.row) AS written_down,
    FROM files
    LEFT JOIN rejects USING (file, run)
    WHERE files.status = 'taken'
    GROUP BY ALL
    HAVING files.rejected <> written_down
        OR any_value(
            files.rows
            <> files.kept + files.repeated + files.waiting + files.rejected + files.ignored
        )
"""

UNEXPLAINED: Final = """
    SELECT
        line_no,
        state.pending,
        coalesce(told.explained, 0) AS explained,
    FROM state.line_state AS state
    JOIN state.lines AS lines USING (line_no)
    SEMI JOIN tracked_pools USING (pool_no)
    LEFT JOIN (
        SELECT line_no, sum(quantity) AS explained FROM shortages GROUP BY ALL
    ) AS told USING (line_no)
    WHERE state.pending <> coalesce(told.explained, 0)
"""


UNPROMISED: Final = """
    SELECT 'line ' || line_no AS holder, allocated, coalesce(promised, 0) AS promised
    FROM line_state
    LEFT JOIN (
        SELECT line_no, sum(quantity) AS promised FROM allocations GROUP BY ALL
    ) USING (line_no)
    WHERE allocated <> coalesce(promised, 0)
    UNION ALL
    SELECT 'record ' || inventory_id, allocated, coalesce(promised, 0)
    FROM record_state
    LEFT JOIN (
        SELECT inventory_id, sum(quantity) AS promised
        FROM state.allocations SEMI JOIN record_state USING (inventory_id)
        GROUP BY ALL
    ) USING (inventory_id)
    WHERE allocated <> coalesce(promised, 0)
    ORDER BY ALL
"""

BALANCES: Final = {
    "line_state": ("line_no", ("allocated", "pending", "shipped", "cancelled", "refused")),
    "record_state": ("inventory_id", ("on_hand", "allocated")),
}
"""Table: its key, and the balances that are sums of movements."""


class Unreconciled(Exception):  # noqa: N818  it is the night that doesn't reconcile
    """Tables that should agree don't: a defect of Lotwise. Nothing has been changed."""


def reconcile(places: Places, day: date) -> dict[str, int]:
    """Check sums, rows and reasons of the night. Returns how many lines and records it saw."""
    with night_tables(places) as night:
        for table in BALANCES:
            broken = load(night, unbalanced(table))
            if broken.height:
                raise Unreconciled(
                    f"{day}: {broken.height} balances of {table} are not the sum of their "
                    f"movements: {broken.row(0, named=True)}"
                )
        for what, query in (
            ("promises of lines and records", UNPROMISED),
            ("shortages", UNEXPLAINED),
            ("rows of files", LOST),
        ):
            differing = load(night, query)
            if differing.height:
                raise Unreconciled(f"{day}: {what} don't add up: {differing.row(0, named=True)}")
        lines, records = (only(night, f"SELECT count(*) FROM {table}") for table in BALANCES)  # noqa: S608
    return {"lines": lines, "records": records}


def unbalanced(table: str) -> str:
    """One row per key whose images tonight are not what stood before and what moved since: what is
    missing of each balance. One that wasn't there before began with 0 of everything."""
    key, balances = BALANCES[table]
    names = ", ".join(balances)
    moved = ", ".join(f"quantity * {_factor(name)} AS {name}" for name in balances)
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in balances)
    return f"""
        WITH sides AS (
            SELECT {key}, {names} FROM warehouse.state.{table} SEMI JOIN {table} USING ({key})
            UNION ALL
            SELECT {key}, {moved} FROM movements WHERE {key} IS NOT NULL
            UNION ALL
            SELECT {key}, {", ".join(f"-{name}" for name in balances)} FROM {table}
        )
        SELECT {key}, {sums}
        FROM sides
        GROUP BY {key}
        HAVING {" OR ".join(f"sum({name}) <> 0" for name in balances)}
        ORDER BY {key}
        """  # noqa: S608  our own names


def _factor(balance: str) -> str:
    """What a unit of a movement does to a balance."""
    told = (
        f"WHEN '{kind}' THEN {factors[balance]}"
        for kind, factors in EFFECTS.items()
        if balance in factors
    )
    return f"CASE kind {' '.join(told)} ELSE 0 END"
