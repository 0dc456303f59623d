-- One row per row that waits or was rejected, with what is known of its order line.
WITH rejected AS (
    SELECT file, row, kind, rule, raw FROM state.rejects
    UNION ALL
    SELECT file, row, kind, rule, raw FROM left_rejects
)
SELECT
    waiting.file,
    waiting.row,
    waiting.kind,
    'waiting' AS outcome,
    waiting.reason,
    waiting.raw,
    waiting.lot_code,
    waiting.order_id,
    waiting.quantity,
    pools.location_code,
    pools.upc,
FROM state.waiting AS waiting
LEFT JOIN state.lines AS lines USING (order_id, line_id)
LEFT JOIN state.pools AS pools USING (pool_no)
UNION ALL
SELECT
    file,
    row,
    any_value(kind),
    'rejected',
    string_agg(DISTINCT rule, ', ' ORDER BY rule),
    any_value(raw),
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
FROM rejected
GROUP BY file, row
ORDER BY ALL
