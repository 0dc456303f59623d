-- One row: what tonight's run did.
INSERT INTO runs
SELECT
    tonight.run,
    tonight.day,
    $started,
    $finished,
    (SELECT count(*) FROM files),
    (SELECT coalesce(sum(rows), 0) FROM files),
    (SELECT coalesce(sum(kept), 0) FROM files),
    (SELECT coalesce(sum(rejected), 0) FROM files),
    open_units.ordered,
    open_units.allocated,
    open_units.short,
    open_units.allocated / nullif(open_units.ordered, 0),
    $seconds,
    $versions,
    tonight.circumstances,
FROM tonight
CROSS JOIN (
    SELECT
        coalesce(sum(allocated + pending), 0) AS ordered,
        coalesce(sum(allocated), 0) AS allocated,
        coalesce(sum(pending), 0) AS short,
    FROM now_order_lines
    ANTI JOIN (SELECT upc FROM products WHERE NOT track_stock) USING (upc)
) AS open_units
