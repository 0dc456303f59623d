-- One row per order line of the pools in play with units that wait for stock.
SELECT
    lines.order_id,
    lines.line_id,
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
SEMI JOIN pools USING (location_code, upc, segment)
ANTI JOIN (SELECT upc FROM products WHERE NOT track_stock) USING (upc)
WHERE lines.pending > 0
