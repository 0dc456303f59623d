"""Post stock: load what tonight's counts and adjustments touch, post, save."""

from datetime import datetime
from importlib.resources import files

import polars as pl

from flows.kept import TABLES, leave_out, show
from flows.warehouse import Connection, load, only, replace, save, save_movements
from schemas.settings import Settings
from transforms.clearing import Surroundings, clearing_counts
from transforms.post_stock import KnownStock
from transforms.post_stock import post_stock as post


def refuse_clearing_counts(night: Connection, settings: Settings) -> list[str]:
    """Take back files of counts that would empty a location. Returns them."""
    around = Surroundings(
        records=load(night, "SELECT * FROM now_records SEMI JOIN counts USING (location_code)"),
        moves=load(night, _sql("counted_moves.sql")),
        shipped=load(
            night,
            """
            SELECT location_code, shipped_at AS "at", shipments.quantity
            FROM shipments
            JOIN now_order_lines USING (order_id, line_id)
            ANTI JOIN (SELECT upc FROM products WHERE NOT track_stock) USING (upc)
            """,
        ),
        named=load(night, _sql("counted_before.sql")),
        doubts=load(
            night,
            """
            SELECT location_code, day, upc FROM uncertain WHERE is_full
            UNION
            SELECT location_code, day, unnest(uncertain_upcs) FROM warehouse.full_counts
            ANTI JOIN replaced USING (file)
            SEMI JOIN counts USING (location_code, day)
            """,
        ),
    )
    refused = clearing_counts(
        load(night, "FROM counts"), around, settings.max_reject_rows, settings.max_cleared_share
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


def post_stock(night: Connection, closing_at: datetime) -> None:
    _list_touched(night)
    known = KnownStock(
        records=load(night, "SELECT * FROM now_records SEMI JOIN touched USING (inventory_id)"),
        statements=load(night, "FROM warehouse.statements SEMI JOIN touched USING (inventory_id)"),
        movements=load(
            night,
            """
            SELECT inventory_id, "at", kind, quantity, file, row, run
            FROM warehouse.movements
            SEMI JOIN touched USING (inventory_id)
            WHERE kind IN ('adjust', 'ship')
            """,
        ),
        full_counts=load(
            night,
            """
            FROM warehouse.full_counts
            WHERE location_code IN (
                SELECT location_code FROM now_records SEMI JOIN touched USING (inventory_id)
                UNION
                SELECT location_code FROM named
            )
            """,
        ),
        replaced=load(night, "FROM replaced").get_column("file"),
        next_id=only(night, "SELECT coalesce(max(inventory_id), 0) + 1 FROM now_records"),
    )
    posted = post(
        load(night, "FROM counts"),
        load(night, "FROM adjustments"),
        load(night, "FROM uncertain"),
        known,
        only(night, "SELECT run FROM tonight"),
        closing_at,
    )
    replace(night, "records", posted.records, "inventory_id")
    save(night, "statements", posted.statements)
    save(night, "statements_gone", posted.statements_gone)
    save(night, "full_counts", posted.full_counts)
    save_movements(night, posted.movements)


def _list_touched(night: Connection) -> None:
    """Records that may change: of the pools and serials named, of locations counted whole, and
    those that a former version of a file spoke of."""
    night.execute(
        """
        CREATE TABLE named AS
        SELECT DISTINCT location_code, upc, segment, serial_number FROM counts
        UNION
        SELECT DISTINCT location_code, upc, segment, serial_number FROM adjustments;

        CREATE TABLE touched AS
        WITH spoken_of AS (
            SELECT inventory_id FROM now_records SEMI JOIN named USING (location_code, upc, segment)
            UNION
            SELECT inventory_id FROM now_records
            SEMI JOIN (
                SELECT location_code FROM counts WHERE is_full
                UNION
                SELECT location_code FROM uncertain WHERE is_full
                UNION
                SELECT location_code FROM warehouse.full_counts SEMI JOIN replaced USING (file)
            ) USING (location_code)
            UNION
            SELECT inventory_id FROM warehouse.statements SEMI JOIN replaced USING (file)
        )
        FROM spoken_of
        UNION
        SELECT inventory_id FROM now_records
        SEMI JOIN (
            SELECT upc, serial_number FROM named
            UNION
            SELECT upc, serial_number FROM now_records SEMI JOIN spoken_of USING (inventory_id)
        ) USING (upc, serial_number);
        """
    )


def _sql(name: str) -> str:
    return files("flows").joinpath(name).read_text(encoding="utf-8")
