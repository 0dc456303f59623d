-- One row per shipment row and record: units that left in the days asked for.
SELECT
    fulfilled.order_id,
    fulfilled.line_id,
    fulfilled.inventory_id,
    fulfilled.quantity,
    fulfilled.shipment_id,
    CAST(fulfilled.shipped_at AS TIMESTAMP) AS shipped_at,
    fulfilled.is_scanned,
    coalesce(records.location_code, lines.location_code) AS location_code,
    coalesce(records.upc, lines.upc) AS upc,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
FROM fulfilled
JOIN order_lines AS lines USING (order_id, line_id)
LEFT JOIN records USING (inventory_id)
WHERE fulfilled.day BETWEEN $first_day AND $last_day
ORDER BY
    fulfilled.shipped_at,
    fulfilled.order_id,
    fulfilled.line_id,
    fulfilled.inventory_id,
    fulfilled.shipment_id,
    fulfilled.quantity
