-- One row per order line, condition and serial number: what a fulfiller picks.
SELECT
    order_id,
    line_id,
    location_code,
    upc,
    condition,
    serial_number,
    CAST(sum(quantity) AS BIGINT) AS quantity,
    list(inventory_id ORDER BY date NULLS LAST, inventory_id) AS inventory_ids,
    list(quantity ORDER BY date NULLS LAST, inventory_id) AS quantities,
FROM main.allocated
GROUP BY ALL
