-- One row per adjustment or shipment of a counted location that a count of tonight may not include.
WITH counted AS (
    SELECT
        location_code,
        min(counted_at) AS first_at,
    FROM judged_counts
    GROUP BY location_code
)
SELECT
    pools.location_code,
    pools.upc,
    pools.segment,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
    moves."at",
    CASE moves.kind WHEN 'ship' THEN -moves.quantity ELSE moves.quantity END AS quantity,
    FALSE AS is_new,
FROM warehouse.state.movements AS moves
JOIN state.records AS records USING (inventory_id)
SEMI JOIN judged_pools USING (pool_no)
JOIN state.pools AS pools USING (pool_no)
JOIN counted USING (location_code)
WHERE moves.kind IN ('adjust', 'ship') AND moves."at" > counted.first_at
UNION ALL
SELECT
    location_code,
    upc,
    segment,
    sku,
    lot_code,
    date,
    condition,
    serial_number,
    adjusted_at,
    quantity,
    TRUE,
FROM adjustments
SEMI JOIN counted USING (location_code)
