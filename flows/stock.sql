-- One row per record of the pools in play, with the units that may be promised of it (SPEC 6.0).
WITH serials AS (
    -- Of a serial that stands on several records only one unit can be promised (SPEC 4.4).
    SELECT
        upc,
        serial_number,
        arg_max(
            inventory_id,
            (allocated, coalesce(counted_at, TIMESTAMPTZ '-infinity'), -inventory_id)
        ) AS promised_id,
    FROM now_records
    WHERE serial_number IS NOT NULL AND on_hand > 0
    GROUP BY ALL
    HAVING count(*) > 1
)
SELECT
    records.inventory_id,
    records.location_code,
    records.upc,
    records.segment,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
    CASE
        WHEN records.is_held OR records.is_expired THEN 0
        WHEN serials.promised_id <> records.inventory_id THEN 0
        ELSE least(
            greatest(
                records.on_hand - records.safety_stock,
                least(records.on_hand, records.allocated),
                0
            ),
            CASE WHEN records.serial_number IS NULL THEN 9223372036854775807 ELSE 1 END
        )
    END AS capacity,
FROM now_records AS records
JOIN pools USING (location_code, upc, segment)
LEFT JOIN serials USING (upc, serial_number)
ORDER BY records.inventory_id
