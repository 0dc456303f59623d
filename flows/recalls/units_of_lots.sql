-- One row per UPC and lot of the table `asked`: units there, units that left, and for how many.
WITH of_codes AS MATERIALIZED (
    SELECT inventory_id, pool_no, lot_code
    FROM state.records
    WHERE lot_code IN (SELECT lot_code FROM asked)
),
of_lots AS MATERIALIZED (
    SELECT
        of_codes.inventory_id,
        pools.upc,
        of_codes.lot_code,
    FROM of_codes
    JOIN state.pools AS pools USING (pool_no)
    SEMI JOIN asked ON asked.upc = pools.upc AND asked.lot_code = of_codes.lot_code
),
gone AS (
    SELECT
        of_lots.upc,
        of_lots.lot_code,
        sum(fulfilled.quantity) AS shipped,
        count(DISTINCT lines.customer_id) AS customers,
    FROM state.fulfilled AS fulfilled
    JOIN of_lots USING (inventory_id)
    JOIN state.lines AS lines USING (line_no)
    GROUP BY ALL
),
here AS (
    SELECT
        of_lots.upc,
        of_lots.lot_code,
        sum(state.on_hand) AS on_hand,
    FROM of_lots
    JOIN state.record_state AS state USING (inventory_id)
    GROUP BY ALL
)
SELECT
    here.upc,
    here.lot_code,
    CAST(here.on_hand AS BIGINT) AS on_hand,
    CAST(coalesce(gone.shipped, 0) AS BIGINT) AS shipped,
    coalesce(gone.customers, 0) AS customers,
FROM here
LEFT JOIN gone USING (upc, lot_code)
