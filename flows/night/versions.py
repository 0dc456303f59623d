"""Versions: events that an earlier version of their file, or any file, told already (SPEC 2.6)."""

from typing import Final

import polars as pl

from flows.night.valid_rows import Batch, leave_out
from flows.state.warehouse import Connection, load
from schemas.settings import Kind
from transforms.rows import PAGES

# Its 16 bytes are the same whatever the version of a library.
CONTENTS: Final = """
    INSERT INTO contents
    SELECT $kind, number, row, md5_number(content), has_id
    FROM events_kept
"""

LISTED: Final = """
    CREATE OR REPLACE TEMP TABLE event_files AS
    SELECT CAST(row_number() OVER (ORDER BY day, file) - 1 AS BIGINT) AS number, file
    FROM taken
"""

# An event with an id counts once, whatever file tells it; the first one told is the one kept. Most
# ids are told once, so only those told twice are put in order.
KNOWN_BY_ID: Final = """
    WITH known AS (
        SELECT kind, number, row, TRUE AS is_old
        FROM contents SEMI JOIN warehouse.state.event_ids USING (kind, content)
        WHERE has_id
    ),
    twice AS (
        SELECT kind, content FROM contents WHERE has_id GROUP BY ALL HAVING count(*) > 1
    ),
    told_again AS (
        SELECT kind, number, row
        FROM contents SEMI JOIN twice USING (kind, content)
        WHERE has_id
        QUALIFY row_number() OVER (PARTITION BY kind, content ORDER BY number, row) > 1
    )
    SELECT kind, number, row FROM known
    UNION
    FROM told_again
"""

# An event without an id applies as often as no earlier version of its file had it.
KNOWN_BY_VERSION: Final = """
    WITH of_versions AS (
        SELECT
            kind,
            number,
            row,
            content,
            row_number() OVER (PARTITION BY kind, number, content ORDER BY row) AS nth,
        FROM contents
        SEMI JOIN (
            SELECT number FROM event_files SEMI JOIN warehouse.state.events USING (file)
        ) USING (number)
        WHERE NOT has_id
    )
    SELECT of_versions.kind, number, row
    FROM of_versions
    JOIN event_files USING (number)
    JOIN warehouse.state.events AS events USING (file, kind, content)
    WHERE nth <= events.rows
"""

# Rows that another file told before: without ids nobody can say whether they are the same.
TOLD_BEFORE: Final = """
    INSERT INTO told_before
    WITH fresh AS (
        SELECT kind, content, number, file, count(*) AS rows
        FROM contents
        JOIN event_files USING (number)
        ANTI JOIN known_events USING (kind, number, row)
        WHERE NOT has_id
        GROUP BY ALL
    ),
    first_told AS (
        SELECT kind, content, arg_min(file, number) AS file, min(number) AS number
        FROM (
            SELECT kind, content, file, -1 AS number
            FROM warehouse.state.events SEMI JOIN fresh USING (kind, content)
            UNION ALL
            SELECT kind, content, file, number FROM fresh
        )
        GROUP BY kind, content
    )
    SELECT fresh.file, min(first_told.file), CAST(sum(fresh.rows) AS BIGINT)
    FROM fresh
    JOIN first_told USING (kind, content)
    WHERE first_told.number < fresh.number AND first_told.file <> fresh.file
    GROUP BY fresh.file
"""

# Each event as often as the version that had it most often.
REMEMBER: Final = """
    INSERT INTO events BY NAME
    SELECT file, kind, content, max(rows) AS rows
    FROM (
        SELECT file, kind, content, count(*) AS rows
        FROM contents JOIN event_files USING (number)
        WHERE NOT has_id
        GROUP BY ALL
        UNION ALL
        SELECT file, kind, content, rows
        FROM warehouse.state.events
        SEMI JOIN (
            SELECT file FROM event_files SEMI JOIN contents USING (number)
        ) USING (file)
    )
    GROUP BY ALL;

    INSERT INTO event_ids BY NAME
    SELECT file, kind, content
    FROM contents
    JOIN event_files USING (number)
    ANTI JOIN known_events USING (kind, number, row)
    WHERE has_id
"""


def remember_contents(night: Connection, events: pl.DataFrame, kind: Kind, batch: Batch) -> None:
    """Note what event rows say (row, content, has_id), until all of the night's files are read."""
    night.register("events_kept", batch.stamped(events.select("row", "content", "has_id")))
    night.execute(CONTENTS, {"kind": kind})
    night.unregister("events_kept")


def repeat_known_events(night: Connection) -> dict[str, int]:
    """Take out of the night's kept rows the events that are known. Returns how many of each file.

    What the files told is left in `events` and `event_ids`, and in `told_before` the rows that
    stood in another file, without an id by which they would be known.
    """
    night.execute(LISTED)
    night.execute(f"CREATE TEMP TABLE known_events AS ({KNOWN_BY_ID}) UNION ({KNOWN_BY_VERSION})")
    night.execute(TOLD_BEFORE)
    night.execute(REMEMBER)
    known = load(night, "SELECT kind, file, row FROM known_events JOIN event_files USING (number)")
    for (kind,), rows in known.group_by("kind", maintain_order=True):
        _take_out(night, _event_kind(str(kind)), rows.select("file", "row"))
    night.execute("DROP TABLE known_events; DROP TABLE event_files; DELETE FROM contents")
    return dict(known.get_column("file").value_counts().iter_rows())


def _take_out(night: Connection, kind: Kind, rows: pl.DataFrame) -> None:
    files = rows.get_column("file").unique(maintain_order=True)
    while files.len():
        # Files that were validated together stand together.
        done = leave_out(night, kind, files[0], rows)
        files = files.filter(~files.is_in([files[0], *done]))


def _event_kind(name: str) -> Kind:
    (kind,) = (kind for kind, page in PAGES.items() if kind == name and page.is_event)
    return kind
