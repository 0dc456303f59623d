-- One row per run of the days asked for.
SELECT
    day,
    CAST(started AS TIMESTAMP) AS started,
    CAST(finished AS TIMESTAMP) AS finished,
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
FROM state.runs
WHERE day BETWEEN $first_day AND $last_day
