-- One row per open order line of the pools in play that may tie with one that another run took.
WITH open AS (
    SELECT
        line_no,
        state.priority,
        lines.placed_at,
        lines.order_id,
        lines.line_id,
        lines.run,
    FROM state.line_state AS state
    JOIN state.lines AS lines USING (line_no)
    SEMI JOIN tracked_pools USING (pool_no)
    WHERE state.allocated + state.pending > 0
)
SELECT
    line_no,
    priority,
    placed_at,
    order_id,
    line_id,
FROM open
SEMI JOIN (
    SELECT priority, placed_at FROM open GROUP BY ALL HAVING min(run) <> max(run)
) AS tied USING (priority, placed_at)
