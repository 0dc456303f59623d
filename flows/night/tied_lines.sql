-- One row per open order line that may tie with one that another run took.
SELECT
    open.line_no,
    open.priority,
    open.placed_at,
    lines.order_id,
    lines.line_id,
FROM open_lines AS open
SEMI JOIN (
    SELECT priority, placed_at FROM open_lines GROUP BY ALL HAVING min(run) <> max(run)
) AS tied USING (priority, placed_at)
JOIN state.lines AS lines USING (line_no)
