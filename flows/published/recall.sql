-- One row per record, and one per shipped row of it: filter by lot_code, upc or serial_number.
SELECT
    pools.upc,
    records.lot_code,
    records.date,
    records.sku,
    records.condition,
    records.serial_number,
    pools.location_code,
    records.inventory_id,
    'here' AS place,
    state.on_hand AS quantity,
    state.allocated,
    state.is_held OR state.is_expired AS is_blocked,
    NULL AS order_id,
    NULL AS line_id,
    NULL AS customer_id,
    NULL AS shipment_id,
    CAST(NULL AS TIMESTAMP) AS shipped_at,
    CAST(NULL AS BOOLEAN) AS is_scanned,
FROM state.records AS records
JOIN state.record_state AS state USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
UNION ALL
SELECT
    pools.upc,
    records.lot_code,
    records.date,
    records.sku,
    records.condition,
    records.serial_number,
    pools.location_code,
    records.inventory_id,
    'left',
    fulfilled.quantity,
    NULL,
    NULL,
    lines.order_id,
    lines.line_id,
    lines.customer_id,
    fulfilled.shipment_id,
    CAST(fulfilled.shipped_at AS TIMESTAMP),
    fulfilled.is_scanned,
FROM state.fulfilled AS fulfilled
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
JOIN state.lines AS lines USING (line_no)
