-- One row: which night it is, and whether settings or reference tables differ from the last one's.
CREATE TABLE tonight AS
SELECT
    CAST($day AS DATE) AS day,
    coalesce(max(run), 0) + 1 AS run,
    CAST($circumstances AS VARCHAR) AS circumstances,
    coalesce(arg_max(circumstances, run) <> $circumstances, TRUE) AS has_new_circumstances,
    max(day) AS last_day,
FROM warehouse.state.runs
