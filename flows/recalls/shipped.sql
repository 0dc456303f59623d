-- One row per shipped row and record of the table `of_records`: what left.
SELECT
    lines.order_id,
    lines.line_id,
    lines.customer_id,
    pools.location_code,
    pools.upc,
    records.lot_code,
    fulfilled.shipment_id,
    CAST(fulfilled.shipped_at AS TIMESTAMP) AS shipped_at,
    fulfilled.quantity,
    fulfilled.inventory_id,
    fulfilled.is_scanned,
FROM state.fulfilled AS fulfilled
SEMI JOIN of_records USING (inventory_id)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools ON pools.pool_no = records.pool_no
JOIN state.lines AS lines USING (line_no)
