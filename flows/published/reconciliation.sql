-- One row per figure that two published tables tell, as each of them tells it (SPEC 8.4).
SELECT 'allocated units: inventory, allocated' AS figure,
    (SELECT coalesce(sum(allocated), 0) FROM inventory) AS one,
    (SELECT coalesce(sum(quantity), 0) FROM allocated) AS other
UNION ALL
SELECT 'allocated units: order_lines, allocated',
    (SELECT coalesce(sum(allocated), 0) FROM order_lines),
    (SELECT coalesce(sum(quantity), 0) FROM allocated)
UNION ALL
SELECT 'allocated units: shipment_lines, allocated',
    (SELECT coalesce(sum(quantity), 0) FROM shipment_lines),
    (SELECT coalesce(sum(quantity), 0) FROM allocated)
UNION ALL
SELECT 'allocated units: aggregate_by_upc, inventory',
    (SELECT coalesce(sum(allocated), 0) FROM aggregate_by_upc),
    (SELECT coalesce(sum(allocated), 0) FROM inventory)
UNION ALL
SELECT 'on hand: aggregate_by_upc, inventory',
    (SELECT coalesce(sum(on_hand), 0) FROM aggregate_by_upc),
    (SELECT coalesce(sum(on_hand), 0) FROM inventory)
UNION ALL
SELECT 'on hand: aggregate_by_location, inventory',
    (SELECT coalesce(sum(on_hand), 0) FROM aggregate_by_location),
    (SELECT coalesce(sum(on_hand), 0) FROM inventory)
UNION ALL
SELECT 'pending: aggregate_by_upc, order_lines',
    (SELECT coalesce(sum(pending), 0) FROM aggregate_by_upc),
    (SELECT coalesce(sum(pending), 0) FROM order_lines)
UNION ALL
SELECT 'pending: aggregate_by_location, order_lines',
    (SELECT coalesce(sum(pending), 0) FROM aggregate_by_location),
    (SELECT coalesce(sum(pending), 0) FROM order_lines)
UNION ALL
SELECT 'shipped units of these days: movements, fulfilled',
    (SELECT coalesce(sum(quantity), 0) FROM movements WHERE kind IN ('ship', 'pass')),
    (SELECT coalesce(sum(quantity), 0) FROM fulfilled)
UNION ALL
SELECT 'short lines whose reasons do not add up to their pending units',
    (SELECT count(*) FROM order_lines
     JOIN (SELECT order_id, line_id, sum(quantity) AS explained FROM shortages GROUP BY ALL)
     USING (order_id, line_id)
     WHERE pending <> explained),
    0
UNION ALL
SELECT 'lines whose quantity is not the sum of its parts',
    (SELECT count(*) FROM order_lines
     WHERE quantity <> allocated + pending + shipped + cancelled + refused),
    0
UNION ALL
SELECT 'records with more allocated than lines are promised, or less',
    (SELECT count(*) FROM inventory
     LEFT JOIN (SELECT inventory_id, sum(quantity) AS promised FROM allocated GROUP BY ALL)
     USING (inventory_id)
     WHERE inventory.allocated <> coalesce(promised, 0)),
    0
UNION ALL
SELECT 'files whose rows are not kept, repeated, waiting, rejected or ignored',
    (SELECT count(*) FROM files WHERE rows <> kept + repeated + waiting + rejected + ignored),
    0
