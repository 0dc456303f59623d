-- One row per file and content that runs of the days asked for found.
SELECT
    file,
    kind,
    day,
    sha256,
    status,
    rows,
    kept,
    repeated,
    waiting,
    rejected,
    ignored,
    unknown_columns,
    reason,
FROM state.files
WHERE day BETWEEN $first_day AND $last_day
