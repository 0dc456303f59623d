-- One row per order line: what was asked for and what became of it.
SELECT
    order_id,
    line_id,
    CAST(placed_at AS TIMESTAMP) AS placed_at,
    priority,
    location_code,
    upc,
    segment,
    sku,
    lot_code,
    date,
    condition,
    serial_number,
    customer_id,
    quantity,
    allocated,
    pending,
    shipped,
    cancelled,
    refused,
FROM order_lines
ORDER BY order_id, line_id
