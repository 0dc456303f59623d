-- One row per record: stock as it stands.
WITH serials AS (
    -- Of a serial that stands on several records only one unit can be promised (SPEC 4.4).
    SELECT
        upc,
        serial_number,
        arg_max(
            inventory_id,
            (allocated, coalesce(counted_at, TIMESTAMPTZ '-infinity'), -inventory_id)
        ) AS promised_id,
    FROM records
    WHERE serial_number IS NOT NULL AND on_hand > 0
    GROUP BY ALL
    HAVING count(*) > 1
)
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
        WHEN is_held OR is_expired OR promised_id <> inventory_id THEN 0
        WHEN serial_number IS NULL THEN greatest(on_hand - safety_stock - allocated, 0)
        ELSE greatest(least(on_hand - safety_stock, 1) - allocated, 0)
    END AS free,
    is_held OR is_expired AS is_blocked,
    safety_stock,
    floor,
    ltd,
    CAST(counted_at AS TIMESTAMP) AS counted_at,
FROM records
LEFT JOIN serials USING (upc, serial_number)
ORDER BY inventory_id
