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

-- The rows that validation hands on, in files of Arrow; flows/night/valid_rows.py shows them as counts,
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
CREATE SCHEMA state;

CREATE VIEW state.pools AS
FROM warehouse.state.pools UNION ALL FROM night.main.pools;

CREATE VIEW state.records AS
FROM warehouse.state.records UNION ALL FROM night.main.records;

CREATE VIEW state.record_state AS
FROM warehouse.state.record_state ANTI JOIN night.main.record_state USING (inventory_id)
UNION ALL FROM night.main.record_state;

CREATE VIEW state.lines AS
FROM warehouse.state.lines ANTI JOIN night.main.lines USING (line_no) UNION ALL FROM night.main.lines;

CREATE VIEW state.line_state AS
FROM warehouse.state.line_state ANTI JOIN night.main.line_state USING (line_no)
UNION ALL FROM night.main.line_state;

-- A line of the night carries all its allocations, changed or not.
CREATE VIEW state.allocations AS
FROM warehouse.state.allocations ANTI JOIN night.main.line_state USING (line_no)
UNION ALL FROM night.main.allocations;

CREATE VIEW state.statements AS
FROM warehouse.state.statements ANTI JOIN night.main.statements_gone USING (inventory_id, reason, file)
UNION ALL FROM night.main.statements;

CREATE VIEW state.full_counts AS
FROM warehouse.state.full_counts ANTI JOIN night.main.replaced USING (file)
UNION ALL FROM night.main.full_counts;

CREATE VIEW state.movements AS
FROM warehouse.state.movements UNION ALL FROM night.main.movements;

CREATE VIEW state.movement_documents AS
FROM warehouse.state.movement_documents UNION ALL FROM night.main.movement_documents;

-- One row: units of open lines, but of products whose stock is not tracked.
CREATE VIEW open_units AS
SELECT
    CAST(coalesce(sum(allocated + pending), 0) AS BIGINT) AS ordered,
    CAST(coalesce(sum(allocated), 0) AS BIGINT) AS allocated,
    CAST(coalesce(sum(pending), 0) AS BIGINT) AS short,
    count(*) FILTER (pending > 0) AS short_lines,
FROM state.line_state
ANTI JOIN (
    SELECT line_no
    FROM state.lines
    JOIN state.pools USING (pool_no)
    SEMI JOIN (SELECT upc FROM night.main.products WHERE NOT track_stock) USING (upc)
) AS untracked USING (line_no);
