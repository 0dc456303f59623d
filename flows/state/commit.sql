-- The night's rows and images, put into the state in one transaction.
INSERT INTO pools FROM night.pools;

INSERT INTO records FROM night.records;
DELETE FROM record_state WHERE inventory_id IN (SELECT inventory_id FROM night.record_state);
INSERT INTO record_state
SELECT * REPLACE ((SELECT day FROM night.tonight) AS changed_on) FROM night.record_state;

-- Lines of the pools in play are explained anew; in the others nothing has changed.
DELETE FROM shortages WHERE line_no IN (
    SELECT line_no FROM lines SEMI JOIN night.pools_in_play USING (pool_no)
);

DELETE FROM lines WHERE line_no IN (SELECT line_no FROM night.lines);
INSERT INTO lines FROM night.lines;
DELETE FROM allocations WHERE line_no IN (SELECT line_no FROM night.line_state);
INSERT INTO allocations FROM night.allocations;
DELETE FROM line_state WHERE line_no IN (SELECT line_no FROM night.line_state);
INSERT INTO line_state
SELECT * REPLACE ((SELECT day FROM night.tonight) AS changed_on) FROM night.line_state;
INSERT INTO shortages FROM night.shortages;

DELETE FROM statements USING night.statements_gone AS gone
WHERE statements.inventory_id = gone.inventory_id
    AND statements.reason = gone.reason
    AND statements.file = gone.file;
INSERT INTO statements FROM night.statements;
DELETE FROM full_counts USING night.replaced AS gone
WHERE full_counts.file = gone.file;
INSERT INTO full_counts FROM night.full_counts;

INSERT INTO movements FROM night.movements;
INSERT INTO movement_documents FROM night.movement_documents;
INSERT INTO fulfilled FROM night.fulfilled;
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

-- What has left doesn't come back when the history grows.
DELETE FROM published_days;
INSERT INTO published_days
SELECT greatest(day - ($history_days - 1), (SELECT max(day) + 1 FROM left_days)), day
FROM night.tonight;
