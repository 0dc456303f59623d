-- One row per figure of the warehouse that is not what its movements and statements make it.
WITH named AS (
    SELECT
        line_no,
        'line ' || order_id || ' ' || line_id AS line,
    FROM lines
),
moved AS (
    SELECT
        movements.inventory_id,
        movements.line_no,
        movements."at",
        movements.kind,
        effects.balance,
        movements.quantity * effects.factor AS units,
    FROM all_movements AS movements
    JOIN effects USING (kind)
),
record_balances AS (
    UNPIVOT (SELECT inventory_id, on_hand, allocated FROM record_state)
    ON on_hand, allocated INTO NAME balance VALUE stands
),
line_balances AS (
    UNPIVOT (
        SELECT line_no, allocated, pending, shipped, cancelled, refused FROM line_state
    )
    ON allocated, pending, shipped, cancelled, refused INTO NAME balance VALUE stands
),
latest AS (
    SELECT
        inventory_id,
        "at",
        quantity,
    FROM statements
    QUALIFY row_number() OVER (
        PARTITION BY inventory_id
        ORDER BY "at" DESC, run DESC, file DESC NULLS LAST, row DESC NULLS LAST
    ) = 1
),
later AS (
    SELECT
        moved.inventory_id,
        sum(moved.units) AS units,
    FROM moved
    LEFT JOIN latest USING (inventory_id)
    WHERE moved.balance = 'on_hand'
        AND moved.kind IN ('adjust', 'ship')
        AND (latest."at" IS NULL OR moved."at" > latest."at")
    GROUP BY ALL
),
shipped AS (
    SELECT
        line_no,
        coalesce('record ' || inventory_id, 'no record') AS record,
        sum(quantity) AS units,
    FROM all_movements
    WHERE kind IN ('ship', 'pass')
    GROUP BY ALL
),
told AS (
    SELECT
        line_no,
        coalesce('record ' || inventory_id, 'no record') AS record,
        sum(quantity) AS units,
    FROM fulfilled
    GROUP BY ALL
),
figures AS (
    SELECT
        'record ' || inventory_id || ': ' || balance AS figure,
        stands,
        sums.units AS should_be,
    FROM record_balances
    FULL JOIN (
        SELECT inventory_id, balance, sum(units) AS units
        FROM moved
        WHERE inventory_id IS NOT NULL AND balance IN ('on_hand', 'allocated')
        GROUP BY ALL
    ) AS sums USING (inventory_id, balance)
    UNION ALL
    SELECT
        line || ': ' || balance,
        stands,
        sums.units,
    FROM line_balances
    FULL JOIN (
        SELECT line_no, balance, sum(units) AS units
        FROM moved
        WHERE line_no IS NOT NULL AND balance <> 'on_hand'
        GROUP BY ALL
    ) AS sums USING (line_no, balance)
    LEFT JOIN named USING (line_no)
    UNION ALL
    SELECT
        line || ' on record ' || inventory_id || ': allocated',
        allocations.quantity,
        sums.units,
    FROM allocations
    FULL JOIN (
        SELECT line_no, inventory_id, sum(units) AS units
        FROM moved
        WHERE line_no IS NOT NULL AND inventory_id IS NOT NULL AND balance = 'allocated'
        GROUP BY ALL
    ) AS sums USING (line_no, inventory_id)
    LEFT JOIN named USING (line_no)
    UNION ALL
    SELECT
        'record ' || records.inventory_id || ': on_hand by its latest count and what moved later',
        records.on_hand,
        coalesce(latest.quantity, 0) + coalesce(later.units, 0),
    FROM record_state AS records
    LEFT JOIN latest USING (inventory_id)
    LEFT JOIN later USING (inventory_id)
    UNION ALL
    SELECT
        line || ' on ' || record || ': fulfilled',
        told.units,
        shipped.units,
    FROM told
    FULL JOIN shipped USING (line_no, record)
    LEFT JOIN named USING (line_no)
    UNION ALL
    SELECT
        'file ' || file || ' of ' || day || ': rows',
        rows,
        kept + repeated + waiting + rejected + ignored,
    FROM files
)
SELECT
    figure,
    CAST(coalesce(stands, 0) AS BIGINT) AS stands,
    CAST(coalesce(should_be, 0) AS BIGINT) AS should_be,
FROM figures
WHERE coalesce(stands, 0) <> coalesce(should_be, 0)
ORDER BY figure
