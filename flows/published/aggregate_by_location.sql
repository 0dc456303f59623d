-- One row per location, UPC and segment that has records or order lines with pending units.
WITH stock AS (
    SELECT
        pool_no,
        CAST(sum(on_hand) AS BIGINT) AS on_hand,
        CAST(sum(allocated) AS BIGINT) AS allocated,
        CAST(sum(on_hand - allocated - safety_stock) AS BIGINT) AS available,
        CAST(sum(free) AS BIGINT) AS free,
        CAST(coalesce(sum(on_hand) FILTER (is_held OR is_expired), 0) AS BIGINT) AS held,
        CAST(sum(safety_stock) AS BIGINT) AS safety_stock,
        CAST(coalesce(sum(floor), 0) AS BIGINT) AS floor,
        count(*) AS records,
        count(DISTINCT sku) AS skus,
        count(DISTINCT lot_code) AS lots,
        min(date) FILTER (on_hand > 0) AS earliest_date,
    FROM state.stock
    GROUP BY pool_no
),
demand AS (
    SELECT
        pool_no,
        CAST(sum(pending) AS BIGINT) AS pending,
    FROM state.line_state
    JOIN state.lines USING (line_no)
    WHERE pending > 0
    GROUP BY pool_no
),
summed AS (
    SELECT
        pool_no,
        coalesce(on_hand, 0) AS on_hand,
        coalesce(allocated, 0) AS allocated,
        coalesce(pending, 0) AS pending,
        coalesce(available, 0) AS available,
        coalesce(available, 0) - coalesce(pending, 0) AS net_available,
        coalesce(free, 0) AS free,
        coalesce(held, 0) AS held,
        coalesce(safety_stock, 0) AS safety_stock,
        coalesce(floor, 0) AS floor,
        coalesce(records, 0) AS records,
        coalesce(skus, 0) AS skus,
        coalesce(lots, 0) AS lots,
        earliest_date,
    FROM stock
    FULL JOIN demand USING (pool_no)
)
SELECT
    location_code,
    upc,
    segment,
    on_hand,
    allocated,
    pending,
    available,
    net_available,
    free,
    held,
    safety_stock,
    floor,
    records,
    skus,
    lots,
    earliest_date,
    available < floor AS below_floor,
    on_hand - allocated < safety_stock AS below_safety_stock,
    net_available <= 0 AS out_of_stock,
FROM summed
JOIN state.pools USING (pool_no)
