-- One row per figure of a day's files, as they and the state tell it (SPEC 8.4).
WITH written AS (
    SELECT
        'aggregate_by_upc' AS file,
        coalesce(sum(on_hand), 0) AS on_hand,
        coalesce(sum(allocated), 0) AS allocated,
        coalesce(sum(pending), 0) AS pending,
    FROM read_parquet($by_upc)
    UNION ALL
    SELECT
        'aggregate_by_location',
        coalesce(sum(on_hand), 0),
        coalesce(sum(allocated), 0),
        coalesce(sum(pending), 0),
    FROM read_parquet($by_location)
)
SELECT
    file || ': on hand' AS figure,
    on_hand AS one,
    (SELECT coalesce(sum(on_hand), 0) FROM state.record_state) AS other,
FROM written
UNION ALL
SELECT
    file || ': allocated',
    allocated,
    (SELECT coalesce(sum(allocated), 0) FROM state.record_state),
FROM written
UNION ALL
SELECT
    file || ': pending',
    pending,
    (SELECT coalesce(sum(pending), 0) FROM state.line_state),
FROM written
UNION ALL
SELECT 'inventory: rows', $inventory, (SELECT count(*) FROM state.record_state)
UNION ALL
SELECT 'order_lines: rows', $order_lines, (SELECT count(*) FROM state.line_state)
UNION ALL
SELECT 'allocated: rows', $allocated, (SELECT count(*) FROM state.allocations)
UNION ALL
SELECT 'shortages: rows', $shortages, (SELECT count(*) FROM state.shortages)
UNION ALL
SELECT 'fulfilled: rows', $fulfilled, (SELECT count(*) FROM state.fulfilled WHERE day = $day)
UNION ALL
SELECT 'movements: rows', $movements, (SELECT count(*) FROM state.movements WHERE day = $day)
