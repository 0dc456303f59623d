-- One row per short order line and reason.
SELECT
    lines.order_id,
    lines.line_id,
    shortages.reason,
    shortages.quantity,
    concat_ws(
        ' ', shortages.quantity, IF(shortages.quantity = 1, 'unit', 'units'), reasons.words
    ) AS detail,
FROM state.shortages AS shortages
JOIN state.lines AS lines USING (line_no)
JOIN state.reasons AS reasons USING (reason)
