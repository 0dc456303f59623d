-- One row per transfer, UPC, SKU, lot and serial number of which units left and have not arrived:
-- condition and date may change on the way (SPEC 5.7).
SELECT
    transfer_id,
    location_code,
    upc,
    sku,
    lot_code,
    serial_number,
    quantity,
    since,
FROM state.transfers
WHERE quantity > 0
