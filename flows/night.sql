-- Tonight's files.
CREATE TABLE taken (
    file VARCHAR,
    kind VARCHAR,
    dated DATE,
    named_at TIMESTAMP,
    day DATE,
    sha256 VARCHAR,
    size BIGINT,
    changed_ns BIGINT,
    status VARCHAR,
    twin VARCHAR,
    copy VARCHAR
);

-- Files that seemed to have changed and say what they said: they need not be read again.
CREATE TABLE looked_into (
    file VARCHAR,
    sha256 VARCHAR,
    size BIGINT,
    changed_ns BIGINT
);

-- Files left to a later run.
CREATE TABLE left_files (
    file VARCHAR,
    why VARCHAR
);

-- The rows that validation hands on, in files of Arrow; flows/kept.py shows them as counts,
-- adjustments, orders, cancellations and shipments.
CREATE SEQUENCE parts_written;
CREATE TABLE parts (
    part BIGINT,
    kind VARCHAR,
    files VARCHAR[],
    path VARCHAR
);

-- What event rows say, or their ids, as a digest by which they are known again. number: of the
-- file among the night's, by day and name.
CREATE TABLE contents (
    kind VARCHAR,
    number BIGINT,
    row BIGINT,
    content UHUGEINT,
    has_id BOOLEAN
);

-- Files with rows that stood in another file before, and count again: they carry no event_id.
CREATE TABLE told_before (
    file VARCHAR,
    other VARCHAR,
    rows BIGINT
);

-- Statements of former runs that no longer hold.
CREATE TABLE statements_gone (
    inventory_id BIGINT,
    reason VARCHAR,
    file VARCHAR
);

-- Rows of count files that were rejected but may have meant a record of this location and UPC.
CREATE TABLE uncertain (
    file VARCHAR,
    day DATE,
    is_full BOOLEAN,
    location_code VARCHAR,
    upc VARCHAR
);

-- Rows that the ledger found to say what was known, and the run that took them.
CREATE TABLE repeats (
    file VARCHAR,
    row BIGINT,
    run BIGINT
);

-- Rows that validation had kept and the ledger rejected.
CREATE TABLE late_rejects (
    file VARCHAR,
    row BIGINT
);

-- Files of counts that came as new versions: what they said before no longer holds.
CREATE VIEW replaced AS
SELECT file FROM night.taken AS taken JOIN night.files AS files USING (file, sha256)
WHERE taken.status = 'version' AND files.status = 'taken' AND taken.kind = 'inventory';

-- The state as it will be: what tonight changed in place of what the warehouse holds.
CREATE VIEW now_records AS
FROM warehouse.records ANTI JOIN records USING (inventory_id) UNION ALL FROM records;

CREATE VIEW now_order_lines AS
FROM warehouse.order_lines ANTI JOIN order_lines USING (order_id, line_id)
UNION ALL FROM order_lines;

CREATE VIEW now_allocations AS
FROM warehouse.allocations ANTI JOIN order_lines USING (order_id, line_id)
UNION ALL FROM allocations;

CREATE VIEW now_statements AS
FROM warehouse.statements ANTI JOIN statements_gone USING (inventory_id, reason, file)
UNION ALL FROM statements;

CREATE VIEW now_full_counts AS
FROM warehouse.full_counts ANTI JOIN replaced USING (file) UNION ALL FROM full_counts;
