-- One row per record that a judged count may change, and one per location for all the others of it.
SELECT
    CASE WHEN judged.pool_no IS NULL THEN NULL ELSE records.inventory_id END AS inventory_id,
    pools.location_code,
    CASE WHEN judged.pool_no IS NOT NULL THEN pools.upc END AS upc,
    CASE WHEN judged.pool_no IS NOT NULL THEN pools.segment END AS segment,
    CASE WHEN judged.pool_no IS NOT NULL THEN records.sku END AS sku,
    CASE WHEN judged.pool_no IS NOT NULL THEN records.lot_code END AS lot_code,
    CASE WHEN judged.pool_no IS NOT NULL THEN records.date END AS date,
    CASE WHEN judged.pool_no IS NOT NULL THEN records.condition END AS condition,
    CASE WHEN judged.pool_no IS NOT NULL THEN records.serial_number END AS serial_number,
    CAST(sum(state.on_hand) AS BIGINT) AS on_hand,
    max(state.counted_at) FILTER (judged.pool_no IS NOT NULL) AS counted_at,
FROM state.records AS records
JOIN state.record_state AS state USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
SEMI JOIN judged_counts USING (location_code)
LEFT JOIN judged_pools AS judged USING (pool_no)
GROUP BY ALL
