-- One row per UPC and lot of all stock: units there, and units that left.
SELECT
    pools.upc,
    records.lot_code,
    CAST(sum(state.on_hand) AS BIGINT) AS on_hand,
    CAST(coalesce(sum(gone.quantity), 0) AS BIGINT) AS shipped,
FROM state.records AS records
JOIN state.record_state AS state USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
LEFT JOIN (
    SELECT inventory_id, sum(quantity) AS quantity FROM state.fulfilled GROUP BY inventory_id
) AS gone USING (inventory_id)
WHERE records.lot_code IS NOT NULL
GROUP BY ALL
