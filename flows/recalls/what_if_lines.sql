-- One row per order line that would have other units if the holds came into force.
SELECT
    lines.order_id,
    lines.line_id,
    before.allocated,
    changed.allocated AS allocated_then,
    changed.pending AS pending_then,
FROM line_state AS changed
JOIN warehouse.state.line_state AS before USING (line_no)
JOIN state.lines AS lines USING (line_no)
WHERE changed.allocated <> before.allocated
    OR changed.pending <> before.pending
    OR line_no IN (SELECT line_no FROM movements)
ORDER BY line_no
