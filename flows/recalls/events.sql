-- One row per movement of a recalled unit.
SELECT
    movements.movement_id,
    movements."at",
    CAST(movements.kind AS VARCHAR) AS kind,
    movements.quantity,
    movements.inventory_id,
    pools.location_code,
    pools.upc,
    records.sku,
    records.lot_code,
    records.date,
    records.condition,
    records.serial_number,
    lines.order_id,
    lines.line_id,
    lines.customer_id,
    movements.reason,
    movements.file,
    movements.row,
    documents.transfer_id,
    documents.supplier,
    documents.document,
FROM state.movements AS movements
SEMI JOIN recalled USING (inventory_id)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
LEFT JOIN state.lines AS lines USING (line_no)
LEFT JOIN state.movement_documents AS documents USING (movement_id)
WHERE movements.kind IN ('count', 'adjust', 'ship')
