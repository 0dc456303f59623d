-- One row per shipment row and record: units that left in the days asked for.
SELECT
    order_id,
    line_id,
    inventory_id,
    quantity,
    shipment_id,
    CAST(shipped_at AS TIMESTAMP) AS shipped_at,
    is_scanned,
    location_code,
    upc,
    sku,
    lot_code,
    date,
    condition,
    serial_number,
FROM fulfilled
WHERE day BETWEEN $first_day AND $last_day
