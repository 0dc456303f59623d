-- One row per change of a quantity in the days asked for.
SELECT
    movement_id,
    day,
    CAST("at" AS TIMESTAMP) AS moved_at,
    kind,
    quantity,
    inventory_id,
    order_id,
    line_id,
    reason,
    file,
    row,
FROM movements
WHERE day BETWEEN $first_day AND $last_day
ORDER BY movement_id
