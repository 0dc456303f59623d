-- One row per open order line of the pools in play whose product's stock is tracked (SPEC 5.5).
SELECT
    lines.order_id,
    lines.line_id,
    lines.placed_at,
    lines.priority,
    lines.location_code,
    lines.upc,
    lines.segment,
    lines.sku,
    lines.lot_code,
    lines.date,
    lines.condition,
    lines.serial_number,
    lines.allocated,
    lines.pending,
FROM now_order_lines AS lines
JOIN pools USING (location_code, upc, segment)
LEFT JOIN products USING (upc)
WHERE lines.allocated + lines.pending > 0 AND coalesce(products.track_stock, TRUE)
