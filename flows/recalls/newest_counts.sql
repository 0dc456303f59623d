-- The last count of each location concerned that is among the newest of all: for it, that is exact.
WITH newest AS MATERIALIZED (
    SELECT inventory_id, counted_at
    FROM state.record_state
    WHERE counted_at IS NOT NULL
    ORDER BY counted_at DESC
    LIMIT $newest
)
SELECT
    pools.location_code,
    max(newest.counted_at) AS counted_at,
FROM newest
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
SEMI JOIN concerned USING (location_code)
GROUP BY location_code
