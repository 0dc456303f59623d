-- One row per change of a quantity in the days asked for.
SELECT
    movements.movement_id,
    movements.day,
    CAST(movements."at" AS TIMESTAMP) AS moved_at,
    CAST(movements.kind AS VARCHAR) AS kind,
    movements.quantity,
    movements.inventory_id,
    lines.order_id,
    lines.line_id,
    movements.reason,
    movements.file,
    movements.row,
    documents.transfer_id,
    documents.document,
FROM state.movements AS movements
LEFT JOIN state.lines AS lines USING (line_no)
LEFT JOIN state.movement_documents AS documents USING (movement_id)
WHERE movements.day BETWEEN $first_day AND $last_day
