-- One row: what tonight's run did.
INSERT INTO runs BY NAME
SELECT
    tonight.run,
    tonight.day,
    $started AS started,
    $finished AS finished,
    (SELECT count(*) FROM files) AS files,
    (SELECT coalesce(sum(rows), 0) FROM files) AS rows_in,
    (SELECT coalesce(sum(kept), 0) FROM files) AS kept,
    (SELECT coalesce(sum(rejected), 0) FROM files) AS rejected,
    open_units.ordered AS units_ordered,
    open_units.allocated AS units_allocated,
    open_units.short AS units_short,
    open_units.allocated / nullif(open_units.ordered, 0) AS fill_rate,
    $seconds AS seconds,
    $versions AS versions,
    tonight.circumstances,
FROM tonight
CROSS JOIN open_units
