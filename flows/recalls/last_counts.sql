-- The last count of each location concerned, wherever it is among all of them.
SELECT
    pools.location_code,
    CAST(max(of_pool.counted_at) AS TIMESTAMP) AS counted_at,
FROM (
    SELECT pool_no, max(counted_at) AS counted_at
    FROM state.record_state
    JOIN (SELECT inventory_id, pool_no FROM state.records) USING (inventory_id)
    GROUP BY pool_no
) AS of_pool
JOIN state.pools AS pools USING (pool_no)
SEMI JOIN concerned USING (location_code)
GROUP BY location_code
