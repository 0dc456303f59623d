-- One row per UPC and lot of the table `asked`: units there, and units that left.
WITH of_lots AS (
    SELECT
        records.inventory_id,
        pools.upc,
        records.lot_code,
    FROM state.records AS records
    JOIN state.pools AS pools USING (pool_no)
    SEMI JOIN asked ON asked.upc = pools.upc AND asked.lot_code = records.lot_code
)
SELECT
    of_lots.upc,
    of_lots.lot_code,
    CAST(sum(state.on_hand) AS BIGINT) AS on_hand,
    CAST(coalesce(sum(gone.quantity), 0) AS BIGINT) AS shipped,
    len(list_distinct(flatten(list(gone.customers)))) AS customers,
FROM of_lots
JOIN state.record_state AS state USING (inventory_id)
LEFT JOIN (
    SELECT
        inventory_id,
        sum(quantity) AS quantity,
        list(DISTINCT lines.customer_id) FILTER (lines.customer_id IS NOT NULL) AS customers,
    FROM state.fulfilled
    SEMI JOIN of_lots USING (inventory_id)
    JOIN state.lines AS lines USING (line_no)
    GROUP BY inventory_id
) AS gone USING (inventory_id)
GROUP BY ALL
