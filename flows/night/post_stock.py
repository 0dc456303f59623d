"""Post stock: load what tonight's counts and adjustments touch, post, save."""

from datetime import datetime
from typing import Final

import polars as pl

from flows.night.valid_rows import TABLES, leave_out, show
from flows.state.warehouse import (
    Connection,
    columns_of,
    load,
    only,
    replace,
    save,
    save_movements,
    sql,
)
from schemas.settings import Settings
from transforms.cleared_locations import Surroundings, counts_that_clear
from transforms.post_stock import KnownStock
from transforms.post_stock import post_stock as post

JUDGED_POOLS: Final = """
    CREATE OR REPLACE TEMP TABLE judged_pools AS
    SELECT pool_no FROM state.pools SEMI JOIN judged_counts USING (location_code, upc, segment)
    UNION
    SELECT pool_no FROM state.pools SEMI JOIN adjustments USING (location_code, upc, segment)
    UNION
    SELECT pool_no FROM state.pools
    SEMI JOIN (SELECT location_code FROM judged_counts WHERE is_full) USING (location_code)
"""

# Records that may change: of the pools and serials named, of locations counted whole, and those
# that a former version of a file spoke of.
TOUCHED: Final = """
    CREATE OR REPLACE TEMP TABLE touched AS
    WITH spoken_of AS (
        SELECT inventory_id FROM state.records
        SEMI JOIN (
            SELECT pool_no FROM named
            UNION ALL
            SELECT pool_no FROM state.pools
            SEMI JOIN (
                SELECT location_code FROM named JOIN state.pools USING (pool_no) WHERE is_full
                UNION
                SELECT location_code FROM uncertain WHERE is_full
                UNION
                SELECT location_code FROM warehouse.state.full_counts
                SEMI JOIN replaced USING (file)
            ) USING (location_code)
        ) USING (pool_no)
        UNION
        SELECT inventory_id FROM warehouse.state.statements SEMI JOIN replaced USING (file)
    ),
    serials AS (
        SELECT records.inventory_id, pools.upc, records.serial_number
        FROM state.records AS records
        JOIN state.pools AS pools USING (pool_no)
        WHERE records.serial_number IS NOT NULL
    )
    FROM spoken_of
    UNION
    SELECT inventory_id FROM serials
    SEMI JOIN (
        SELECT upc, serial_number FROM named_serials JOIN state.pools USING (pool_no)
        UNION
        SELECT upc, serial_number FROM serials SEMI JOIN spoken_of USING (inventory_id)
    ) USING (upc, serial_number)
"""

POOLS: Final = """
    SELECT pool_no, location_code, upc, segment FROM state.pools
    SEMI JOIN (
        SELECT pool_no FROM state.records SEMI JOIN touched USING (inventory_id)
        UNION ALL
        SELECT pool_no FROM named
    ) USING (pool_no)
    ORDER BY location_code, upc, segment
"""


def refuse_clearing_counts(night: Connection, settings: Settings) -> list[str]:
    """Take back files of counts that would empty a location. Returns them."""
    least_units = settings.max_reject_rows
    large = load(night, sql("night", "large_locations.sql"), least_units=least_units)
    if large.is_empty():
        return []
    night.register("large_locations", large)
    night.execute(
        """
        CREATE OR REPLACE TEMP TABLE judged_counts AS
        FROM counts SEMI JOIN large_locations USING (location_code)
        """
    )
    night.execute(JUDGED_POOLS)
    around = Surroundings(
        records=load(night, sql("night", "judged_records.sql")),
        moves=load(night, sql("night", "counted_moves.sql")),
        shipped=load(
            night,
            """
            SELECT pools.location_code, shipped_at AS "at", shipments.quantity
            FROM shipments
            JOIN state.lines AS lines USING (order_id, line_id)
            JOIN state.pools AS pools USING (pool_no)
            ANTI JOIN (SELECT upc FROM products WHERE NOT track_stock) USING (upc)
            """,
        ),
        named=load(night, sql("night", "counted_before.sql")),
        doubts=load(
            night,
            """
            SELECT location_code, day, upc FROM uncertain WHERE is_full
            UNION
            SELECT location_code, day, unnest(uncertain_upcs) FROM warehouse.state.full_counts
            ANTI JOIN replaced USING (file)
            SEMI JOIN counts USING (location_code, day)
            """,
        ),
    )
    refused = counts_that_clear(
        load(night, "FROM judged_counts"), around, least_units, settings.max_cleared_share
    )
    for file, reason in refused.iter_rows():
        for kind in TABLES:
            leave_out(night, kind, file, pl.DataFrame({"file": [file]}))
        for table in ("rejects", "uncertain", "events", "event_ids", "told_before"):
            night.execute(f'DELETE FROM "{table}" WHERE file = $file', {"file": file})  # noqa: S608
        night.execute(
            """
            UPDATE files
            SET status = 'refused', kept = 0, repeated = 0, rejected = rows - ignored,
                reason = $reason
            WHERE file = $file
            """,
            {"file": file, "reason": reason},
        )
    show(night)
    return refused.get_column("file").to_list()


def post_stock(
    night: Connection, counts: pl.DataFrame, adjustments: pl.DataFrame, closing_at: datetime
) -> None:
    """counts, adjustments: as validated, with pool_no."""
    is_full = adjustments.select("pool_no", "serial_number", is_full=pl.lit(value=False))
    named = pl.concat([counts.select("pool_no", "serial_number", "is_full"), is_full])
    night.register("named", named.group_by("pool_no").agg(pl.col("is_full").any()))
    serials = named.select("pool_no", "serial_number").drop_nulls()
    night.register("named_serials", serials)
    night.execute(TOUCHED)
    known = KnownStock(
        pools=load(night, POOLS),
        records=load(
            night,
            """
            FROM state.records SEMI JOIN touched USING (inventory_id)
            JOIN state.record_state USING (inventory_id)
            """,
        ),
        statements=load(
            night, "FROM warehouse.state.statements SEMI JOIN touched USING (inventory_id)"
        ),
        movements=load(
            night,
            """
            SELECT inventory_id, "at", CAST(kind AS VARCHAR) AS kind, quantity, file, row, run
            FROM warehouse.state.movements
            SEMI JOIN touched USING (inventory_id)
            WHERE kind IN ('adjust', 'ship')
            """,
        ),
        full_counts=load(
            night,
            """
            FROM warehouse.state.full_counts
            WHERE location_code IN (
                SELECT location_code FROM state.pools
                JOIN state.records USING (pool_no)
                SEMI JOIN touched USING (inventory_id)
                UNION
                SELECT location_code FROM state.pools SEMI JOIN named USING (pool_no)
            )
            """,
        ),
        replaced=load(night, "FROM replaced").get_column("file"),
        next_id=only(night, "SELECT coalesce(max(inventory_id), 0) + 1 FROM state.records"),
    )
    posted = post(
        counts,
        adjustments,
        load(night, "FROM uncertain"),
        known,
        only(night, "SELECT run FROM tonight"),
        closing_at,
    )
    save(night, "records", posted.records.filter("is_new").select(columns_of("records")))
    replace(
        night, "record_state", posted.records.select(columns_of("record_state")), "inventory_id"
    )
    save(night, "statements", posted.statements)
    save(night, "statements_gone", posted.statements_gone)
    save(night, "full_counts", posted.full_counts)
    save_movements(night, posted.movements)
