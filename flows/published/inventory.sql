-- One row per record: stock as it stands.
SELECT
    stock.inventory_id,
    pools.location_code,
    pools.upc,
    pools.segment,
    stock.sku,
    stock.lot_code,
    stock.date,
    stock.condition,
    stock.serial_number,
    stock.on_hand,
    stock.allocated,
    stock.on_hand - stock.allocated - stock.safety_stock AS available,
    stock.free,
    stock.is_held OR stock.is_expired AS is_blocked,
    stock.safety_stock,
    stock.floor,
    stock.ltd,
    CAST(stock.counted_at AS TIMESTAMP) AS counted_at,
FROM state.stock AS stock
JOIN state.pools AS pools USING (pool_no)
