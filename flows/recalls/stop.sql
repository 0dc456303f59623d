-- One row per order line and recalled record: units promised and not shipped.
SELECT
    lines.order_id,
    lines.line_id,
    lines.customer_id,
    pools.location_code,
    pools.upc,
    records.lot_code,
    records.inventory_id,
    allocations.quantity,
FROM state.allocations AS allocations
SEMI JOIN recalled USING (inventory_id)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools ON pools.pool_no = records.pool_no
JOIN state.lines AS lines USING (line_no)
ORDER BY lines.line_no, records.inventory_id
