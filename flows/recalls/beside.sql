-- One row per shipped row that nobody scanned, of a lot that is not recalled, and recalled record of
-- its place and UPC that the order line would have taken (SPEC 7.2.2).
WITH other_records AS (
    SELECT
        records.inventory_id,
        records.lot_code,
        pools.location_code,
        pools.upc,
    FROM state.records AS records
    JOIN (
        FROM state.pools SEMI JOIN recalled_records USING (location_code, upc)
    ) AS pools USING (pool_no)
    ANTI JOIN recalled USING (inventory_id)
    WHERE records.lot_code IS NOT NULL
),
others AS (
    SELECT
        fulfilled.rowid AS shipped_row,
        lines.order_id,
        lines.line_id,
        lines.customer_id,
        other_records.location_code,
        other_records.upc,
        other_records.lot_code,
        fulfilled.shipment_id,
        fulfilled.shipped_at,
        fulfilled.quantity,
        lines.sku AS asked_sku,
        lines.lot_code AS asked_lot_code,
        lines.date AS asked_date,
        lines.condition AS asked_condition,
        lines.serial_number AS asked_serial_number,
    FROM state.fulfilled AS fulfilled
    JOIN other_records USING (inventory_id)
    JOIN state.lines AS lines USING (line_no)
    WHERE NOT fulfilled.is_scanned
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
