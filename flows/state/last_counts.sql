-- One row per location that has records: when it was last counted, null where it never was.
SELECT
    pools.location_code,
    max(of_pool.counted_at) AS counted_at,
FROM (
    SELECT pool_no, max(counted_at) AS counted_at
    FROM state.record_state
    JOIN (SELECT inventory_id, pool_no FROM state.records) USING (inventory_id)
    GROUP BY pool_no
) AS of_pool
JOIN state.pools AS pools USING (pool_no)
GROUP BY location_code
