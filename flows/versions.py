"""Versions: of a changed file of events only what an earlier version hadn't applies (SPEC 2.6)."""

from typing import Final

import polars as pl

from flows.warehouse import Connection, load

# An event applies as often as no earlier version of its file had it.
KNOWN: Final = """
    SELECT row
    FROM (
        SELECT row, events.rows, row_number() OVER (PARTITION BY content ORDER BY row) AS nth
        FROM contents
        JOIN (FROM warehouse.events WHERE file = $file) AS events USING (content)
        WHERE kind = $kind
    )
    WHERE nth <= rows
    ORDER BY row
"""

# Each event as often as the version that had it most often.
ALL: Final = """
    INSERT INTO events BY NAME
    SELECT $file AS file, content, max(rows) AS rows
    FROM (
        SELECT content, count(*) AS rows FROM contents WHERE kind = $kind GROUP BY content
        UNION ALL
        SELECT content, rows FROM warehouse.events WHERE file = $file
    )
    GROUP BY content
"""


def take_known_events(night: Connection, file: str, kind: str) -> pl.Series:
    """The rows of `contents` that an earlier version of the file had; empties it of the kind.

    What all versions had is left in `events`.
    """
    known = load(night, KNOWN, file=file, kind=kind).get_column("row")
    night.execute(ALL, {"file": file, "kind": kind})
    night.execute("DELETE FROM contents WHERE kind = $kind", {"kind": kind})
    return known
