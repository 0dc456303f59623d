-- One row per serial of the recalled records and instant at which it left some place, because it was
-- found in another (SPEC 4.4).
WITH serials AS (
    SELECT DISTINCT
        pools.upc,
        records.serial_number,
    FROM state.records AS records
    SEMI JOIN recalled USING (inventory_id)
    JOIN state.pools AS pools USING (pool_no)
    WHERE records.serial_number IS NOT NULL
)
SELECT
    pools.upc,
    records.serial_number,
    statements."at",
FROM state.statements AS statements
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
SEMI JOIN serials ON serials.upc = pools.upc AND serials.serial_number = records.serial_number
SEMI JOIN (
    SELECT inventory_id, "at" FROM state.movements WHERE kind = 'count' AND reason = 'moved'
) AS gone ON gone.inventory_id = statements.inventory_id AND gone."at" = statements."at"
WHERE statements.reason = 'moved'
