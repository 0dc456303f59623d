-- One row per run of the days asked for.
SELECT
    day,
    started,
    finished,
    files,
    rows_in,
    kept,
    rejected,
    units_ordered,
    units_allocated,
    units_short,
    fill_rate,
    seconds,
    versions,
FROM runs
WHERE day BETWEEN $first_day AND $last_day
ORDER BY run
