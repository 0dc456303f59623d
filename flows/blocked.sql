-- One row per record whose holds or expiry are not what the record says of them (SPEC 6.8, 7.2).
WITH held AS (
    SELECT DISTINCT
        records.inventory_id,
    FROM now_records AS records
    JOIN holds ON
        (holds.lot_code IS NULL OR holds.lot_code = records.lot_code)
        AND (holds.upc IS NULL OR holds.upc = records.upc)
        AND (holds.location_code IS NULL OR holds.location_code = records.location_code)
        AND (holds.date_from IS NULL OR holds.date_from <= records.date)
        AND (holds.date_to IS NULL OR holds.date_to >= records.date)
        AND (holds.held_from IS NULL OR holds.held_from <= $day)
        AND (holds.held_until IS NULL OR holds.held_until >= $day)
),
now AS (
    SELECT
        records.* REPLACE (
            held.inventory_id IS NOT NULL AS is_held,
            coalesce(
                products.date_kind = 'expiration'
                AND records.date < CAST($day AS DATE) + CAST(products.min_days_left AS INTEGER),
                FALSE
            ) AS is_expired
        ),
    FROM now_records AS records
    LEFT JOIN held USING (inventory_id)
    LEFT JOIN products USING (upc)
)
SELECT
    now.*,
FROM now
JOIN now_records AS known USING (inventory_id)
WHERE now.is_held <> known.is_held OR now.is_expired <> known.is_expired
