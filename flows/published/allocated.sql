-- One row per order line and record: units promised and not shipped yet.
SELECT
    allocations.order_id,
    allocations.line_id,
    allocations.inventory_id,
    allocations.quantity,
    records.location_code,
    records.upc,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
FROM allocations
JOIN records USING (inventory_id)
ORDER BY allocations.order_id, allocations.line_id, records.date NULLS LAST, allocations.inventory_id
