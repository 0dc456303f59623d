-- One row per shipment or cancellation that doesn't fit yet.
SELECT
    file,
    row,
    kind,
    reason,
    since,
FROM state.waiting
