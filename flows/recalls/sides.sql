-- One row per transfer of recalled units and side of it: where they left, where they arrived.
WITH transfers AS (
    SELECT DISTINCT documents.transfer_id
    FROM state.movement_documents AS documents
    SEMI JOIN (
        FROM state.movements SEMI JOIN recalled USING (inventory_id)
    ) USING (movement_id)
    WHERE documents.transfer_id IS NOT NULL
)
SELECT
    documents.transfer_id,
    movements.quantity < 0 AS leaves,
    string_agg(DISTINCT pools.location_code, ', ' ORDER BY pools.location_code) AS location_code,
FROM state.movement_documents AS documents
SEMI JOIN transfers USING (transfer_id)
JOIN state.movements AS movements USING (movement_id)
JOIN state.records AS records USING (inventory_id)
JOIN state.pools AS pools USING (pool_no)
GROUP BY ALL
