-- One row per UPC and lot: of the UPCs concerned, and of those that read like a lot that was named.
WITH of_upcs AS MATERIALIZED (
    SELECT pool_no FROM state.pools WHERE upc IN (FROM upcs)
),
concerned AS MATERIALIZED (
    SELECT DISTINCT pool_no, lot_code
    FROM state.records
    WHERE lot_code IN (FROM read_the_same)
    UNION
    SELECT DISTINCT pool_no, lot_code
    FROM state.records SEMI JOIN of_upcs USING (pool_no)
    WHERE lot_code IS NOT NULL
)
SELECT DISTINCT pools.upc, concerned.lot_code
FROM concerned
JOIN state.pools AS pools USING (pool_no)
