-- One row per thing that can't be true, or was more than there was to take. What can't be true of
-- stock is so today: it belongs to the days that end with the last run's, not to those before.
SELECT
    kind,
    inventory_id,
    order_id,
    line_id,
    quantity,
    detail,
FROM state.discrepancies
WHERE day BETWEEN $first_day AND $last_day
UNION ALL
SELECT
    'negative_on_hand',
    inventory_id,
    NULL,
    NULL,
    on_hand,
    format('{} units on hand of {} at {}', on_hand, upc, location_code),
FROM state.record_state
JOIN state.records USING (inventory_id)
JOIN state.pools USING (pool_no)
WHERE on_hand < 0 AND $last_day >= (SELECT max(day) FROM state.runs)
UNION ALL
SELECT
    IF(on_hand = units, 'serial_with_many_units', 'serial_on_many_records'),
    inventory_id,
    NULL,
    NULL,
    on_hand,
    format('serial {} of {} has {} units in all', serial_number, upc, units),
FROM (
    SELECT
        inventory_id,
        upc,
        serial_number,
        on_hand,
        sum(on_hand) FILTER (on_hand > 0) OVER (PARTITION BY upc, serial_number) AS units,
    FROM state.records
    JOIN state.record_state USING (inventory_id)
    JOIN state.pools USING (pool_no)
    WHERE serial_number IS NOT NULL
)
WHERE units > 1 AND on_hand > 0 AND $last_day >= (SELECT max(day) FROM state.runs)
UNION ALL
SELECT
    'lot_with_two_dates',
    inventory_id,
    NULL,
    NULL,
    on_hand,
    format(
        'lot {} of {} at {} is on hand under dates from {} to {}, here {}',
        lot_code, upc, location_code, first_date, last_date, date
    ),
FROM state.records
JOIN state.record_state USING (inventory_id)
JOIN state.pools USING (pool_no)
JOIN (
    SELECT
        pool_no,
        lot_code,
        min(date) AS first_date,
        max(date) AS last_date,
    FROM state.records
    JOIN state.record_state USING (inventory_id)
    WHERE lot_code IS NOT NULL AND on_hand > 0
    GROUP BY ALL
    HAVING min(date) <> max(date)
) AS lots USING (pool_no, lot_code)
WHERE on_hand > 0 AND date IS NOT NULL AND $last_day >= (SELECT max(day) FROM state.runs)
UNION ALL
SELECT
    'arrived_more',
    NULL,
    NULL,
    NULL,
    -quantity,
    format('{} units of {} arrived by transfer {} that never left', -quantity, upc, transfer_id),
FROM state.transfers
WHERE quantity < 0 AND $last_day >= (SELECT max(day) FROM state.runs)
