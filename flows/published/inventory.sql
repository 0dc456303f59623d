-- One row per record: stock as it stands.
SELECT
    inventory_id,
    location_code,
    upc,
    segment,
    sku,
    lot_code,
    date,
    condition,
    serial_number,
    on_hand,
    allocated,
    on_hand - allocated - safety_stock AS available,
    CASE
        WHEN is_held OR is_expired THEN 0
        ELSE greatest(
            least(
                on_hand - safety_stock,
                CASE WHEN serial_number IS NULL THEN 9223372036854775807 ELSE 1 END
            ) - allocated,
            0
        )
    END AS free,
    is_held OR is_expired AS is_blocked,
    safety_stock,
    floor,
    ltd,
    CAST(counted_at AS TIMESTAMP) AS counted_at,
FROM records
ORDER BY inventory_id
