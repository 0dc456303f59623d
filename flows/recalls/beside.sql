-- One row per shipped row that nobody scanned, of a lot that is not recalled, and recalled record of
-- its place and UPC that the order line would have taken (SPEC 7.2.2).
WITH others AS (
    SELECT
        fulfilled.rowid AS shipped_row,
        lines.order_id,
        lines.line_id,
        lines.customer_id,
        pools.location_code,
        pools.upc,
        records.lot_code,
        fulfilled.shipment_id,
        fulfilled.shipped_at,
        fulfilled.quantity,
        lines.sku AS asked_sku,
        lines.lot_code AS asked_lot_code,
        lines.date AS asked_date,
        lines.condition AS asked_condition,
        lines.serial_number AS asked_serial_number,
    FROM state.fulfilled AS fulfilled
    ANTI JOIN recalled USING (inventory_id)
    JOIN state.records AS records USING (inventory_id)
    JOIN state.pools AS pools ON pools.pool_no = records.pool_no
    SEMI JOIN (
        SELECT DISTINCT location_code, upc FROM recalled_records
    ) AS here ON here.location_code = pools.location_code AND here.upc = pools.upc
    JOIN state.lines AS lines USING (line_no)
    WHERE NOT fulfilled.is_scanned AND records.lot_code IS NOT NULL
)
SELECT
    others.* EXCLUDE (asked_sku, asked_lot_code, asked_date, asked_condition, asked_serial_number),
    others.shipped_at AS "at",
    recalled_records.inventory_id,
FROM others
JOIN recalled_records USING (location_code, upc)
WHERE (asked_sku IS NULL OR asked_sku = recalled_records.sku)
    AND (asked_lot_code IS NULL OR asked_lot_code = recalled_records.lot_code)
    AND (asked_date IS NULL OR asked_date = recalled_records.date)
    AND (asked_condition IS NULL OR asked_condition = recalled_records.condition)
    AND (asked_serial_number IS NULL OR asked_serial_number = recalled_records.serial_number)
ORDER BY shipped_row, recalled_records.inventory_id
