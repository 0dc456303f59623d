-- One row per order line and record: units promised and not shipped yet.
SELECT
    lines.order_id,
    lines.line_id,
    allocations.inventory_id,
    allocations.quantity,
    pools.location_code,
    pools.upc,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
FROM state.allocations AS allocations
JOIN state.lines AS lines USING (line_no)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools ON pools.pool_no = records.pool_no
