-- One row per order line: what became of it, in a sentence.
WITH given AS (
    SELECT
        order_id,
        line_id,
        string_agg(
            concat_ws(
                ' ',
                quantity,
                condition,
                CASE WHEN lot_code IS NOT NULL THEN 'of lot ' || lot_code END,
                CASE WHEN serial_number IS NOT NULL THEN 'with serial ' || serial_number END,
                CASE WHEN date IS NOT NULL THEN 'dated ' || date END
            ),
            ', ' ORDER BY date NULLS LAST, inventory_id
        ) AS units,
    FROM main.allocated
    GROUP BY ALL
),
waits AS (
    SELECT
        order_id,
        line_id,
        string_agg(detail, ', ' ORDER BY reason) AS reasons,
    FROM main.shortages
    GROUP BY ALL
)
SELECT
    lines.order_id,
    lines.line_id,
    lines.location_code,
    lines.upc,
    lines.quantity,
    lines.allocated,
    lines.pending,
    concat_ws(
        '; ',
        format('Order {} line {} asks for {} {}', lines.order_id, lines.line_id, lines.quantity, lines.upc)
        || CASE WHEN lines.condition IS NOT NULL THEN ' in condition ' || lines.condition ELSE '' END
        || CASE WHEN lines.lot_code IS NOT NULL THEN ' of lot ' || lines.lot_code ELSE '' END
        || CASE WHEN lines.sku IS NOT NULL THEN ' of SKU ' || lines.sku ELSE '' END
        || CASE WHEN lines.date IS NOT NULL THEN ' dated ' || lines.date ELSE '' END
        || CASE
            WHEN lines.serial_number IS NOT NULL THEN ' with serial ' || lines.serial_number
            ELSE ''
        END
        || ' at ' || lines.location_code,
        CASE WHEN lines.shipped > 0 THEN lines.shipped || ' shipped' END,
        CASE WHEN lines.allocated > 0 THEN lines.allocated || ' allocated (' || given.units || ')' END,
        CASE
            WHEN lines.pending > 0
                THEN lines.pending || ' waiting' || coalesce(' (' || waits.reasons || ')', '')
        END,
        CASE WHEN lines.cancelled > 0 THEN lines.cancelled || ' cancelled' END,
        CASE WHEN lines.refused > 0 THEN lines.refused || ' refused, out of stock' END
    ) AS sentence,
FROM main.order_lines AS lines
LEFT JOIN given USING (order_id, line_id)
LEFT JOIN waits USING (order_id, line_id)
