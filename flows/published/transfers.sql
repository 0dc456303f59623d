-- One row per transfer, UPC, SKU, lot and serial number: units that left, less those that arrived.
SELECT
    documents.transfer_id,
    arg_min(pools.location_code, (movements.quantity > 0, movements."at", movements.movement_id))
        AS location_code,
    pools.upc,
    records.sku,
    records.lot_code,
    records.serial_number,
    CAST(-sum(movements.quantity) AS BIGINT) AS quantity,
    CAST(min(movements."at") AS TIMESTAMP) AS since,
FROM state.movement_documents AS documents
JOIN state.movements AS movements USING (movement_id)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
WHERE documents.transfer_id IS NOT NULL
GROUP BY ALL
HAVING sum(movements.quantity) <> 0
