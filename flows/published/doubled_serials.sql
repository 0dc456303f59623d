-- One row per record that has a serial number of which another record's unit may be promised: of a
-- serial number only one can be (SPEC 4.4).
WITH doubled AS (
    SELECT
        pools.upc,
        records.serial_number,
        arg_max(
            records.inventory_id,
            (
                state.allocated,
                coalesce(state.counted_at, TIMESTAMPTZ '-infinity'),
                -records.inventory_id
            )
        ) AS promised_id,
    FROM state.records AS records
    JOIN state.record_state AS state USING (inventory_id)
    JOIN state.pools AS pools USING (pool_no)
    WHERE records.serial_number IS NOT NULL AND state.on_hand > 0
    GROUP BY ALL
    HAVING count(*) > 1
)
SELECT
    records.inventory_id,
FROM state.records AS records
JOIN state.pools AS pools USING (pool_no)
JOIN doubled USING (upc, serial_number)
WHERE records.inventory_id <> doubled.promised_id
