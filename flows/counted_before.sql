-- One row per record and day that a full count, of which tonight brings more files, has named.
SELECT DISTINCT
    records.location_code,
    records.upc,
    records.segment,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
    whole.day,
FROM warehouse.full_counts AS whole
ANTI JOIN replaced USING (file)
SEMI JOIN counts USING (location_code, day)
JOIN warehouse.statements AS statements USING (file)
JOIN now_records AS records
    ON records.inventory_id = statements.inventory_id
    AND records.location_code = whole.location_code
WHERE statements.reason = 'count'
