-- One row per figure that two tables tell, as each of them tells it (SPEC 8.4).
SELECT 'allocated units: inventory, allocated' AS figure,
    (SELECT coalesce(sum(allocated), 0) FROM state.record_state) AS one,
    (SELECT coalesce(sum(quantity), 0) FROM state.allocations) AS other
UNION ALL
SELECT 'allocated units: order_lines, allocated',
    (SELECT coalesce(sum(allocated), 0) FROM state.line_state),
    (SELECT coalesce(sum(quantity), 0) FROM state.allocations)
UNION ALL
SELECT 'pending units: order_lines, shortages',
    (SELECT coalesce(sum(pending), 0) FROM state.line_state SEMI JOIN state.shortages USING (line_no)),
    (SELECT coalesce(sum(quantity), 0) FROM state.shortages)
UNION ALL
SELECT 'shipped units of these days: movements, fulfilled',
    (SELECT coalesce(sum(quantity), 0) FROM state.movements WHERE kind IN ('ship', 'pass')),
    (SELECT coalesce(sum(quantity), 0) FROM state.fulfilled)
UNION ALL
SELECT 'files whose rows are not kept, repeated, waiting, rejected or ignored',
    (SELECT count(*) FROM state.files
     WHERE rows <> kept + repeated + waiting + rejected + ignored),
    0
