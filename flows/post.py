"""Post: what tonight's files say, as movements over the ledger, in the order of SPEC 4.5."""

from datetime import date
from typing import Final

from flows.kept import show
from flows.post_orders import post_orders
from flows.post_shipments import post_shipments
from flows.post_stock import post_stock, refuse_clearing_counts
from flows.settings import Places, Stopped
from flows.warehouse import Connection, load, night_settings, tonight
from transforms.parse import end_of_day

# What the ledger rejected may be mended and sent again under its own id.
FORGET: Final = """
    DELETE FROM event_ids USING (
        SELECT 'shipments' AS kind, md5_number(event_id) AS content
        FROM shipments SEMI JOIN late_rejects USING (file, row)
        UNION ALL
        SELECT 'cancellations', md5_number(event_id)
        FROM cancellations SEMI JOIN late_rejects USING (file, row)
    ) AS rejected
    WHERE event_ids.kind = rejected.kind AND event_ids.content = rejected.content
"""


def post(places: Places, day: date) -> dict[str, int]:
    """Post orders, then counts and adjustments, then shipments and cancellations.

    Returns the number of movements of each kind.
    """
    settings = night_settings(places)
    with tonight(places) as night:
        show(night)
        decreases = post_orders(night, settings, day)
        refused = refuse_clearing_counts(night, settings)
        if refused and settings.on_refused == "fail":
            raise Stopped(f"{refused[0]} is refused: it clears a location")
        post_stock(night, end_of_day(day, settings.zone))
        post_shipments(night, settings, day, decreases)
        night.execute(FORGET)
        _count_outcomes(night)
        kinds = load(night, "SELECT kind, count(*) AS n FROM movements GROUP BY ALL ORDER BY kind")
    return dict(kinds.iter_rows())


def _count_outcomes(night: Connection) -> None:
    """Tell in `files` what the ledger found of rows that validation had kept."""
    night.execute(
        """
        WITH found AS (
            SELECT file, row, 'repeated' AS outcome FROM repeats
            WHERE run = (SELECT run FROM tonight)
            UNION ALL
            SELECT file, row, 'waiting' FROM waiting WHERE run = (SELECT run FROM tonight)
            UNION ALL
            SELECT DISTINCT file, row, 'rejected' FROM late_rejects
        ),
        counted AS (
            SELECT
                file,
                count(*) FILTER (outcome = 'repeated') AS repeated,
                count(*) FILTER (outcome = 'waiting') AS waiting,
                count(*) FILTER (outcome = 'rejected') AS rejected,
            FROM found
            GROUP BY file
        )
        UPDATE files SET
            kept = kept - counted.repeated - counted.waiting - counted.rejected,
            repeated = files.repeated + counted.repeated,
            waiting = counted.waiting,
            rejected = files.rejected + counted.rejected,
        FROM counted
        WHERE files.file = counted.file AND files.status = 'taken'
        """
    )
