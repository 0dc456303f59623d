-- One row per order line: what was asked for and what became of it.
SELECT
    lines.order_id,
    lines.line_id,
    CAST(lines.placed_at AS TIMESTAMP) AS placed_at,
    state.priority,
    pools.location_code,
    pools.upc,
    pools.segment,
    lines.sku,
    lines.lot_code,
    lines.date,
    lines.condition,
    lines.serial_number,
    lines.customer_id,
    state.allocated + state.pending + state.shipped + state.cancelled + state.refused AS quantity,
    state.allocated,
    state.pending,
    state.shipped,
    state.cancelled,
    state.refused,
FROM state.lines AS lines
JOIN state.line_state AS state USING (line_no)
JOIN state.pools AS pools USING (pool_no)
