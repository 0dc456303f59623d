"""Post returns: whose units adjustments bring back, and the papers they name (SPEC 5.6, 5.7)."""

from datetime import date
from typing import Final

from flows.state.warehouse import Connection

DOCUMENTS: Final = """
    INSERT INTO movement_documents
    SELECT movement_id, transfer_id, supplier, document
    FROM movements
    JOIN adjustments USING (file, row)
    WHERE movements.kind = 'adjust'
        AND (transfer_id IS NOT NULL OR supplier IS NOT NULL OR document IS NOT NULL)
"""

RETURNED: Final = """
    CREATE OR REPLACE TEMP TABLE returned AS
    SELECT adjustments.file, adjustments.row, order_id, line_id, adjustments.quantity, lines.line_no
    FROM adjustments
    LEFT JOIN state.lines AS lines USING (order_id, line_id)
    WHERE adjustments.quantity > 0
        AND adjustments.order_id IS NOT NULL
        AND starts_with(lower(trim(adjustments.reason)), 'return')
"""

WHOSE: Final = """
    UPDATE movements SET line_no = returned.line_no
    FROM returned
    WHERE movements.kind = 'adjust'
        AND movements.file = returned.file
        AND movements.row = returned.row
"""

# What the line shipped is known once tonight's shipments are posted.
UNKNOWN: Final = """
    INSERT INTO discrepancies BY NAME
    WITH tonight AS (
        SELECT order_id, line_id, line_no, CAST(sum(quantity) AS BIGINT) AS quantity
        FROM returned
        GROUP BY ALL
    ),
    ever AS (
        SELECT line_no, sum(quantity) AS quantity
        FROM state.movements SEMI JOIN returned USING (line_no)
        WHERE kind = 'adjust'
        GROUP BY line_no
    ),
    beyond AS (
        SELECT
            tonight.* EXCLUDE (quantity),
            least(
                tonight.quantity,
                coalesce(ever.quantity, tonight.quantity) - coalesce(state.shipped, 0)
            ) AS quantity,
        FROM tonight
        LEFT JOIN ever USING (line_no)
        LEFT JOIN state.line_state AS state USING (line_no)
    )
    SELECT
        'unknown_return' AS kind,
        order_id,
        line_id,
        CAST(quantity AS BIGINT) AS quantity,
        format(
            '{} units came back of order {} line {}, which never shipped them',
            quantity, order_id, line_id
        ) AS detail,
        CAST($day AS DATE) AS day,
    FROM beyond
    WHERE quantity > 0
"""


def post_returns(night: Connection) -> None:
    """Write down whose the units are that tonight's adjustments bring, and where from."""
    night.execute(DOCUMENTS)
    night.execute(RETURNED)
    night.execute(WHOSE)


def tell_unknown_returns(night: Connection, day: date) -> None:
    """Write down what came back of lines that are unknown or shipped less."""
    night.execute(UNKNOWN, {"day": day})
