-- One row per thing that can't be true, or was more than there was to take. What can't be true of
-- stock is so today: it belongs to the days that end with the last run's, not to those before.
SELECT
    kind,
    inventory_id,
    order_id,
    line_id,
    quantity,
    detail,
FROM discrepancies
WHERE day BETWEEN $first_day AND $last_day
UNION ALL
SELECT
    'negative_on_hand',
    inventory_id,
    NULL,
    NULL,
    on_hand,
    format('{} units on hand of {} at {}', on_hand, upc, location_code),
FROM records
WHERE on_hand < 0 AND $last_day >= (SELECT max(day) FROM runs)
UNION ALL
SELECT
    'serial_on_many_records',
    inventory_id,
    NULL,
    NULL,
    on_hand,
    format('serial {} of {} has {} units in all', serial_number, upc, units),
FROM (
    SELECT
        records.*,
        sum(on_hand) OVER (PARTITION BY upc, serial_number) AS units,
    FROM records
    WHERE serial_number IS NOT NULL
)
WHERE units > 1 AND on_hand > 0 AND $last_day >= (SELECT max(day) FROM runs)
ORDER BY ALL
