-- One row per recalled record that was ever counted: when it was first.
SELECT
    inventory_id,
    min("at") AS first_stated_at,
FROM state.statements
SEMI JOIN recalled USING (inventory_id)
GROUP BY inventory_id
