-- One row per record, with the units that may be promised of it (capacity, SPEC 6.0), and those that
-- the next lines could get (free).
WITH unblocked AS (
    SELECT
        records.inventory_id,
        records.pool_no,
        records.sku,
        records.lot_code,
        records.date,
        records.condition,
        records.serial_number,
        state.on_hand,
        state.allocated,
        state.safety_stock,
        state.floor,
        state.ltd,
        state.counted_at,
        state.is_held,
        state.is_expired,
        CASE
            WHEN state.is_held OR state.is_expired THEN 0
            WHEN doubled.inventory_id IS NOT NULL THEN 0
            WHEN records.serial_number IS NULL THEN 9223372036854775807
            ELSE 1
        END AS most,
    FROM state.records AS records
    JOIN state.record_state AS state USING (inventory_id)
    LEFT JOIN state.doubled_serials AS doubled USING (inventory_id)
)
SELECT
    * EXCLUDE (most),
    least(greatest(on_hand - safety_stock, least(on_hand, allocated), 0), most) AS capacity,
    greatest(least(on_hand - safety_stock, most) - allocated, 0) AS free,
FROM unblocked
