-- One row per short order line and reason.
SELECT
    order_id,
    line_id,
    reason,
    quantity,
    detail,
FROM shortages
ORDER BY ALL
