-- One row per counted location that may hold enough units for its counts to be judged (SPEC 4.3).
SELECT
    location_code,
FROM (
    SELECT
        pools.location_code,
        sum(greatest(state.on_hand, 0)) AS units,
    FROM state.record_state AS state
    JOIN state.records AS records USING (inventory_id)
    JOIN state.pools AS pools USING (pool_no)
    GROUP BY ALL
    UNION ALL
    SELECT
        location_code,
        sum(greatest(quantity, 0)),
    FROM adjustments
    GROUP BY ALL
    UNION ALL
    -- What a day's counts leave is what the next day's are compared with.
    SELECT
        location_code,
        sum(quantity),
    FROM counts
    GROUP BY location_code
    HAVING min(day) <> max(day)
)
SEMI JOIN counts USING (location_code)
GROUP BY location_code
HAVING sum(units) >= $least_units
