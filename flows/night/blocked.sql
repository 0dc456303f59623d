-- One row per record whose holds or expiry are not what its state says of them (SPEC 6.8, 7.5).
WITH expired AS (
    SELECT
        records.inventory_id,
    FROM state.records AS records
    JOIN state.pools AS pools USING (pool_no)
    JOIN products USING (upc)
    WHERE products.date_kind = 'expiration'
        AND records.date < CAST($day AS DATE) + CAST(products.min_days_left AS INTEGER)
),
blocked AS (
    SELECT
        inventory_id,
        held.inventory_id IS NOT NULL AS is_held,
        expired.inventory_id IS NOT NULL AS is_expired,
    FROM held
    FULL JOIN expired USING (inventory_id)
),
changed AS (
    SELECT
        inventory_id,
        coalesce(blocked.is_held, FALSE) AS is_held,
        coalesce(blocked.is_expired, FALSE) AS is_expired,
    FROM (
        SELECT inventory_id, is_held, is_expired FROM state.record_state
        WHERE is_held OR is_expired
    ) AS known
    FULL JOIN blocked USING (inventory_id)
    WHERE coalesce(blocked.is_held, FALSE) <> coalesce(known.is_held, FALSE)
        OR coalesce(blocked.is_expired, FALSE) <> coalesce(known.is_expired, FALSE)
)
SELECT
    state.* REPLACE (changed.is_held AS is_held, changed.is_expired AS is_expired),
FROM state.record_state AS state
JOIN changed USING (inventory_id)
