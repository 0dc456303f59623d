-- One row per record of the table `of_records`, as it stands.
SELECT
    pools.location_code,
    pools.upc,
    pools.segment,
    records.inventory_id,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
    state.on_hand,
    state.allocated,
    state.is_held OR state.is_expired AS is_blocked,
    CAST(state.counted_at AS TIMESTAMP) AS counted_at,
FROM state.records AS records
SEMI JOIN of_records USING (inventory_id)
JOIN state.record_state AS state USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
ORDER BY location_code, upc, segment, inventory_id
