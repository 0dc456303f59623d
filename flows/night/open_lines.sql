-- One row per open order line of the pools in play whose product's stock is tracked (SPEC 5.5), as
-- it stands and with what it asks for.
SELECT
    state.*,
    lines.placed_at,
    lines.run,
    lines.pool_no,
    lines.sku,
    lines.lot_code,
    lines.date,
    lines.condition,
    lines.serial_number,
FROM state.line_state AS state
JOIN state.lines AS lines USING (line_no)
SEMI JOIN tracked_pools USING (pool_no)
WHERE state.allocated + state.pending > 0
