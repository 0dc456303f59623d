-- The pipeline's own state. Instants are UTC, quantities are units, `run` is the run that wrote a row.
CREATE TABLE warehouse (version INTEGER);

CREATE TABLE records (
    inventory_id BIGINT,
    location_code VARCHAR,
    upc VARCHAR,
    segment VARCHAR,
    sku VARCHAR,
    lot_code VARCHAR,
    date DATE,
    condition VARCHAR,
    serial_number VARCHAR,
    on_hand BIGINT,
    allocated BIGINT,
    safety_stock BIGINT,
    floor BIGINT,
    ltd BIGINT,
    counted_at TIMESTAMPTZ,
    is_held BOOLEAN,
    is_expired BOOLEAN
);

CREATE TABLE order_lines (
    order_id VARCHAR,
    line_id VARCHAR,
    placed_at TIMESTAMPTZ,
    priority BIGINT,
    location_code VARCHAR,
    upc VARCHAR,
    segment VARCHAR,
    sku VARCHAR,
    lot_code VARCHAR,
    date DATE,
    condition VARCHAR,
    serial_number VARCHAR,
    customer_id VARCHAR,
    quantity BIGINT,
    allocated BIGINT,
    pending BIGINT,
    shipped BIGINT,
    cancelled BIGINT,
    refused BIGINT,
    stated_quantity BIGINT,
    stated_condition VARCHAR,
    stated_on DATE
);

CREATE TABLE allocations (
    order_id VARCHAR,
    line_id VARCHAR,
    inventory_id BIGINT,
    quantity BIGINT
);

CREATE TABLE shortages (
    order_id VARCHAR,
    line_id VARCHAR,
    reason VARCHAR,
    quantity BIGINT,
    detail VARCHAR
);

-- What counts said of a record. An old version's statements go when a new one of its file comes.
CREATE TABLE statements (
    inventory_id BIGINT,
    "at" TIMESTAMPTZ,
    quantity BIGINT,
    floor BIGINT,
    safety_stock BIGINT,
    ltd BIGINT,
    reason VARCHAR,
    file VARCHAR,
    row BIGINT,
    run BIGINT
);

-- Files that counted a location whole: what becomes known there later was 0 then (SPEC 4.3).
CREATE TABLE full_counts (
    location_code VARCHAR,
    day DATE,
    file VARCHAR,
    "at" TIMESTAMPTZ,
    uncertain_upcs VARCHAR[],
    run BIGINT
);

CREATE TABLE movements (
    movement_id BIGINT,
    day DATE,
    "at" TIMESTAMPTZ,
    kind VARCHAR,
    quantity BIGINT,
    inventory_id BIGINT,
    order_id VARCHAR,
    line_id VARCHAR,
    reason VARCHAR,
    file VARCHAR,
    row BIGINT,
    run BIGINT
);

-- With what never changes of the record, or of the line where there is none, so that a night
-- publishes the history without looking it up again.
CREATE TABLE fulfilled (
    day DATE,
    order_id VARCHAR,
    line_id VARCHAR,
    inventory_id BIGINT,
    quantity BIGINT,
    shipment_id VARCHAR,
    shipped_at TIMESTAMPTZ,
    is_scanned BOOLEAN,
    location_code VARCHAR,
    upc VARCHAR,
    sku VARCHAR,
    lot_code VARCHAR,
    date DATE,
    condition VARCHAR,
    serial_number VARCHAR
);

-- Shipments and cancellations that don't fit yet, as they were read by the run that took them: rows
-- of two versions of a file may have the same number.
CREATE TABLE waiting (
    file VARCHAR,
    row BIGINT,
    kind VARCHAR,
    reason VARCHAR,
    since DATE,
    order_id VARCHAR,
    line_id VARCHAR,
    quantity BIGINT,
    shipment_id VARCHAR,
    event_id VARCHAR,
    inventory_id BIGINT,
    sku VARCHAR,
    lot_code VARCHAR,
    date DATE,
    condition VARCHAR,
    serial_number VARCHAR,
    decrement_on_hand BOOLEAN,
    "at" TIMESTAMPTZ,
    raw VARCHAR,
    run BIGINT
);

CREATE TABLE discrepancies (
    day DATE,
    kind VARCHAR,
    inventory_id BIGINT,
    order_id VARCHAR,
    line_id VARCHAR,
    quantity BIGINT,
    detail VARCHAR
);

CREATE TABLE rejects (
    day DATE,
    file VARCHAR,
    row BIGINT,
    kind VARCHAR,
    rule VARCHAR,
    "column" VARCHAR,
    value VARCHAR,
    raw VARCHAR,
    run BIGINT
);

CREATE TABLE files (
    file VARCHAR,
    kind VARCHAR,
    day DATE,
    sha256 VARCHAR,
    status VARCHAR,
    rows BIGINT,
    kept BIGINT,
    repeated BIGINT,
    waiting BIGINT,
    rejected BIGINT,
    ignored BIGINT,
    unknown_columns VARCHAR[],
    reason VARCHAR,
    dated DATE,
    size BIGINT,
    changed_ns BIGINT,
    run BIGINT
);

-- Rows of adjustments, cancellations and shipments without an id, by a digest of their content, so
-- that a new version of a file applies only what it adds (SPEC 2.6).
CREATE TABLE events (
    file VARCHAR,
    kind VARCHAR,
    content UHUGEINT,
    rows BIGINT
);

-- Events that carry an id, and the file that told each first: it is a repeat in any other.
CREATE TABLE event_ids (
    file VARCHAR,
    kind VARCHAR,
    content UHUGEINT
);

CREATE TABLE runs (
    run BIGINT,
    day DATE,
    started TIMESTAMPTZ,
    finished TIMESTAMPTZ,
    files BIGINT,
    rows_in BIGINT,
    kept BIGINT,
    rejected BIGINT,
    units_ordered BIGINT,
    units_allocated BIGINT,
    units_short BIGINT,
    fill_rate DOUBLE,
    seconds VARCHAR,
    versions VARCHAR,
    circumstances VARCHAR
);

-- Settings and reference tables that the runs of the last day went by; those of earlier days are in
-- the manifests of their day folders (SPEC 9.4).
CREATE TABLE circumstances (
    circumstances VARCHAR,
    settings VARCHAR
);

CREATE TABLE locations (
    circumstances VARCHAR,
    location_code VARCHAR,
    supports_inventory BOOLEAN,
    allow_fulfillment_without_stock BOOLEAN
);

CREATE TABLE products (
    circumstances VARCHAR,
    upc VARCHAR,
    part_number VARCHAR,
    track_stock BOOLEAN,
    out_of_stock VARCHAR,
    default_condition VARCHAR,
    date_kind VARCHAR,
    min_days_left BIGINT
);

CREATE TABLE skus (
    circumstances VARCHAR,
    sku VARCHAR,
    upc VARCHAR
);

CREATE TABLE holds (
    circumstances VARCHAR,
    lot_code VARCHAR,
    upc VARCHAR,
    location_code VARCHAR,
    date_from DATE,
    date_to DATE,
    reason VARCHAR,
    held_from DATE,
    held_until DATE
);
