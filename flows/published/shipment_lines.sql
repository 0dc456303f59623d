-- One row per order line, condition and serial number: what a fulfiller picks.
SELECT
    allocations.order_id,
    allocations.line_id,
    records.location_code,
    records.upc,
    records.condition,
    records.serial_number,
    CAST(sum(allocations.quantity) AS BIGINT) AS quantity,
    list(allocations.inventory_id ORDER BY records.date NULLS LAST, allocations.inventory_id)
        AS inventory_ids,
    list(allocations.quantity ORDER BY records.date NULLS LAST, allocations.inventory_id)
        AS quantities,
FROM allocations
JOIN records USING (inventory_id)
GROUP BY ALL
ORDER BY ALL
