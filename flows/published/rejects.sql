-- One row per rule that a row, not taken in the days asked for, breaks.
SELECT
    file,
    row,
    kind,
    rule,
    "column",
    value,
    raw,
FROM state.rejects
WHERE day BETWEEN $first_day AND $last_day
