-- One row per shipment row and record: units that left in the days asked for.
SELECT
    lines.order_id,
    lines.line_id,
    fulfilled.inventory_id,
    fulfilled.quantity,
    fulfilled.shipment_id,
    CAST(fulfilled.shipped_at AS TIMESTAMP) AS shipped_at,
    fulfilled.is_scanned,
    pools.location_code,
    pools.upc,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
FROM state.fulfilled AS fulfilled
JOIN state.lines AS lines USING (line_no)
LEFT JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools ON pools.pool_no = lines.pool_no
WHERE fulfilled.day BETWEEN $first_day AND $last_day
