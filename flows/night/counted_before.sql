-- One row per record and day that a full count, of which tonight brings more files, has named.
SELECT DISTINCT
    pools.location_code,
    pools.upc,
    pools.segment,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
    whole.day,
FROM warehouse.state.full_counts AS whole
ANTI JOIN replaced USING (file)
SEMI JOIN counts USING (location_code, day)
JOIN warehouse.state.statements AS statements USING (file)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools
    ON pools.pool_no = records.pool_no AND pools.location_code = whole.location_code
WHERE statements.reason = 'count'
