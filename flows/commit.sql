-- The night's rows and images, put into the warehouse in one transaction.
DELETE FROM records USING night.records AS images
WHERE records.inventory_id = images.inventory_id;
INSERT INTO records FROM night.records;

DELETE FROM allocations USING night.order_lines AS images
WHERE allocations.order_id = images.order_id AND allocations.line_id = images.line_id;
INSERT INTO allocations FROM night.allocations;

-- Lines of the pools in play are explained anew; in the others nothing has changed.
DELETE FROM shortages USING order_lines AS lines, night.pools AS pools
WHERE shortages.order_id = lines.order_id
    AND shortages.line_id = lines.line_id
    AND lines.location_code = pools.location_code
    AND lines.upc = pools.upc
    AND lines.segment = pools.segment;
INSERT INTO shortages FROM night.shortages;

DELETE FROM order_lines USING night.order_lines AS images
WHERE order_lines.order_id = images.order_id AND order_lines.line_id = images.line_id;
INSERT INTO order_lines FROM night.order_lines;

DELETE FROM statements USING night.statements_gone AS gone
WHERE statements.inventory_id = gone.inventory_id
    AND statements.reason = gone.reason
    AND statements.file = gone.file;
INSERT INTO statements FROM night.statements;
DELETE FROM full_counts USING night.replaced AS gone
WHERE full_counts.file = gone.file;
INSERT INTO full_counts FROM night.full_counts;

INSERT INTO movements FROM night.movements ORDER BY movement_id;
INSERT INTO fulfilled
SELECT
    shipped.* REPLACE (
        coalesce(records.location_code, lines.location_code) AS location_code,
        coalesce(records.upc, lines.upc) AS upc,
        records.sku AS sku,
        records.lot_code AS lot_code,
        records.date AS date,
        records.condition AS condition,
        records.serial_number AS serial_number
    ),
FROM night.fulfilled AS shipped
JOIN order_lines AS lines USING (order_id, line_id)
LEFT JOIN records USING (inventory_id)
ORDER BY
    shipped.shipped_at,
    shipped.order_id,
    shipped.line_id,
    shipped.inventory_id,
    shipped.shipment_id,
    shipped.quantity;
INSERT INTO discrepancies FROM night.discrepancies;
INSERT INTO rejects FROM night.rejects;

-- A row that waited is no longer waiting in the file that brought it.
UPDATE files SET
    waiting = files.waiting - resolved.done,
    kept = files.kept + resolved.done - resolved.repeated - resolved.rejected,
    repeated = files.repeated + resolved.repeated,
    rejected = files.rejected + resolved.rejected,
FROM (
    SELECT
        waiting.file,
        waiting.run,
        count(*) AS done,
        count(repeats.row) AS repeated,
        count(rejects.row) AS rejected,
    FROM waiting
    ANTI JOIN night.waiting AS still USING (file, row, run)
    LEFT JOIN (SELECT DISTINCT file, row, run FROM night.rejects) AS rejects USING (file, row, run)
    LEFT JOIN night.repeats AS repeats USING (file, row, run)
    GROUP BY ALL
) AS resolved
WHERE files.file = resolved.file AND files.run = resolved.run AND files.status = 'taken';

-- What waited in vain may be mended and sent again under its own id.
DELETE FROM event_ids USING (
    SELECT kind, md5_number(event_id) AS content
    FROM waiting
    ANTI JOIN night.waiting AS still USING (file, row, run)
    SEMI JOIN night.rejects AS given_up USING (file, row, run)
    WHERE event_id IS NOT NULL
) AS given_up
WHERE event_ids.kind = given_up.kind AND event_ids.content = given_up.content;

DELETE FROM waiting;
INSERT INTO waiting FROM night.waiting;

DELETE FROM files WHERE status = 'refused' AND file IN (SELECT file FROM night.files);
INSERT INTO files FROM night.files;
UPDATE files SET size = looked_into.size, changed_ns = looked_into.changed_ns
FROM night.looked_into AS looked_into
WHERE files.file = looked_into.file AND files.sha256 = looked_into.sha256;
DELETE FROM events WHERE file IN (SELECT file FROM night.events);
INSERT INTO events FROM night.events;
INSERT INTO event_ids FROM night.event_ids;

INSERT INTO runs FROM night.runs;
