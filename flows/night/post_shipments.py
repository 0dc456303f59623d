"""Post shipments: lay out lines, records and allocations for the clerk, and save what it wrote."""

from collections import defaultdict
from datetime import date
from typing import Final

import polars as pl

from flows.night.blocked import block
from flows.night.late_rejects import raws_of, save_late_rejects
from flows.state.warehouse import (
    Connection,
    empty,
    load,
    only,
    replace,
    save,
    save_movements,
    whole_lines,
)
from schemas.granular import GRANULAR_FIELDS
from schemas.settings import Settings
from transforms.ledger import MOVEMENT, Ledger, LineKey, Row, frame
from transforms.moved_serials import arrivals
from transforms.place import PROMISE
from transforms.post_shipments import post_shipments as post

EVENTS = """
    SELECT
        'shipments' AS kind, shipped_at AS "at", NULL AS because, file, row,
        (SELECT day FROM tonight) AS since, order_id, line_id, quantity, shipment_id,
        event_id, inventory_id, sku, lot_code, date, condition, serial_number,
        FALSE AS decrement_on_hand, FALSE AS has_waited, NULL AS raw,
        (SELECT run FROM tonight) AS run,
    FROM shipments
    UNION ALL
    SELECT
        'cancellations', cancelled_at, NULL, file, row,
        (SELECT day FROM tonight), order_id, line_id, quantity, NULL,
        event_id, inventory_id, NULL, NULL, NULL, NULL, NULL,
        decrement_on_hand, FALSE, NULL, (SELECT run FROM tonight),
    FROM cancellations
    UNION ALL
    SELECT
        kind, "at", NULL, file, row,
        since, order_id, line_id, quantity, shipment_id,
        event_id, inventory_id, sku, lot_code, date, condition, serial_number,
        decrement_on_hand, TRUE, raw, run,
    FROM warehouse.state.waiting
"""


def post_shipments(
    night: Connection, settings: Settings, day: date, decreases: pl.DataFrame
) -> None:
    """Post tonight's events, those that wait, and what restated lines no longer want."""
    events = [
        *load(night, EVENTS).iter_rows(named=True),
        *(_as_cancellation(row, day) for row in decreases.iter_rows(named=True)),
    ]
    if not events:
        return
    # What is free to ship depends on tonight's holds and expiries, not on the last night's.
    block(night, day)
    ledger = _lay_out(night, events)
    next_id = ledger.next_id
    post(ledger, events, day, settings.wait_days)
    _save_state(night, ledger, day, next_id)
    _save_outcomes(night, ledger, day)


def _as_cancellation(decrease: Row, day: date) -> Row:
    nothing = dict.fromkeys(("inventory_id", "shipment_id", "event_id", "raw", *GRANULAR_FIELDS))
    told = {"kind": "cancellations", "because": "restated", "since": day}
    return nothing | decrease | told | {"decrement_on_hand": False, "has_waited": False}


# Those of the pools, and wherever else their serial numbers stand.
RECORDS: Final = """
    WITH here AS (
        SELECT records.inventory_id, records.serial_number, pools.upc
        FROM state.records AS records
        JOIN state.pools AS pools USING (pool_no)
        SEMI JOIN event_pools USING (pool_no)
    ),
    wanted AS (
        SELECT inventory_id FROM here
        UNION
        SELECT records.inventory_id
        FROM state.records AS records
        JOIN state.pools AS pools USING (pool_no)
        SEMI JOIN here ON here.upc = pools.upc AND here.serial_number = records.serial_number
        WHERE records.serial_number IS NOT NULL
    )
    SELECT records.*, state.* EXCLUDE (inventory_id), pools.* EXCLUDE (pool_no)
    FROM state.records AS records
    SEMI JOIN wanted USING (inventory_id)
    JOIN state.record_state AS state USING (inventory_id)
    JOIN state.pools AS pools USING (pool_no)
"""


def _lay_out(night: Connection, events: list[Row]) -> Ledger:
    keys = frame(events, {"order_id": pl.String, "line_id": pl.String}).unique()
    night.register("event_lines", keys)
    lines = whole_lines(night, "event_lines")
    numbers = {
        row["line_no"]: (row["order_id"], row["line_id"]) for row in lines.iter_rows(named=True)
    }
    night.register("event_numbers", lines.select("line_no"))
    promises = load(night, "FROM state.allocations SEMI JOIN event_numbers USING (line_no)")
    shipped = load(
        night,
        """
        SELECT shipment_id, line_no, inventory_id
        FROM warehouse.state.fulfilled
        SEMI JOIN event_numbers USING (line_no)
        WHERE shipment_id IS NOT NULL
        """,
    )
    night.register("event_pools", lines.select("pool_no", "location_code", "upc").unique())
    records = load(night, RECORDS)
    allocations: dict[LineKey, dict[int, int]] = defaultdict(dict)
    for line_no, inventory_id, quantity in promises.select(*PROMISE, "quantity").iter_rows():
        allocations[numbers[line_no]][inventory_id] = quantity
    known: dict[tuple[str, str, str], list[int | None]] = defaultdict(list)
    for shipment_id, line_no, inventory_id in shipped.iter_rows():
        known[shipment_id, *numbers[line_no]].append(inventory_id)
    without_stock = load(
        night, "SELECT location_code FROM locations WHERE allow_fulfillment_without_stock"
    )
    untracked = load(night, "SELECT upc FROM products WHERE NOT track_stock")
    return Ledger(
        lines={(row["order_id"], row["line_id"]): row for row in lines.iter_rows(named=True)},
        records={row["inventory_id"]: row for row in records.iter_rows(named=True)},
        allocations=allocations,
        known_shipments=known,
        without_stock=frozenset(without_stock.get_column("location_code")),
        untracked=frozenset(untracked.get_column("upc")),
        next_id=only(night, "SELECT coalesce(max(inventory_id), 0) + 1 FROM state.records"),
        full_counts=load(
            night, "FROM state.full_counts SEMI JOIN event_pools USING (location_code)"
        ),
        arrived=_arrived(night),
    )


def _arrived(night: Connection) -> pl.DataFrame:
    """Where serials of the events' UPCs were said to arrive: a shipment may name one anew."""
    night.execute(
        """
        CREATE OR REPLACE TEMP TABLE event_serials AS
        SELECT records.inventory_id, pools.upc, records.serial_number
        FROM state.records AS records
        JOIN state.pools AS pools USING (pool_no)
        SEMI JOIN event_pools USING (upc)
        WHERE records.serial_number IS NOT NULL
        """
    )
    return arrivals(
        load(
            night,
            "FROM state.statements SEMI JOIN event_serials USING (inventory_id) "
            "WHERE reason = 'count'",
        ),
        load(
            night,
            """
            FROM state.movements SEMI JOIN event_serials USING (inventory_id)
            WHERE kind = 'adjust'
            """,
        ),
        load(night, "FROM event_serials"),
    )


def _save_state(night: Connection, ledger: Ledger, day: date, next_id: int) -> None:
    moved = frame(ledger.movements, MOVEMENT)
    save_movements(night, moved)
    touched = set(moved.get_column("line_no").drop_nulls())
    lines = {key: line for key, line in ledger.lines.items() if line["line_no"] in touched}
    images = frame(lines.values(), empty(night, "line_state"))
    replace(night, "line_state", images, "line_no")
    records = [
        ledger.records[one] for one in moved.get_column("inventory_id").drop_nulls().unique()
    ]
    new = [record for record in ledger.records.values() if record["inventory_id"] >= next_id]
    save(night, "records", frame(new, empty(night, "records")))
    replace(night, "record_state", frame(records, empty(night, "record_state")), "inventory_id")
    promises = [
        {"line_no": line["line_no"], "inventory_id": inventory_id, "quantity": units}
        for key, line in lines.items()
        for inventory_id, units in ledger.allocations[key].items()
        if units
    ]
    allocations = frame(promises, empty(night, "allocations"))
    replace(night, "allocations", allocations, "line_no", of=images)
    save(night, "statements", frame(ledger.statements, empty(night, "statements")))
    for table, rows in (("fulfilled", ledger.fulfilled), ("discrepancies", ledger.discrepancies)):
        save(night, table, frame((row | {"day": day} for row in rows), empty(night, table)))


def _save_outcomes(night: Connection, ledger: Ledger, day: date) -> None:
    raws = raws_of(night, [row for row in ledger.waiting if not row["has_waited"]])
    waiting = [
        row | {"raw": row["raw"] or raws.get((row["file"], row["row"]))} for row in ledger.waiting
    ]
    save(night, "waiting", frame(waiting, empty(night, "waiting")))
    new = {"file": pl.String, "row": pl.Int64}
    save(night, "repeats", frame(ledger.repeats, {**new, "run": pl.Int64}))
    told = {**new, "kind": pl.String, "rule": pl.String, "column": pl.String}
    fresh = [row for row in ledger.rejects if not row["has_waited"]]
    save_late_rejects(night, frame(fresh, told), day)
    waited = [row | {"day": day} for row in ledger.rejects if row["has_waited"]]
    save(night, "rejects", frame(waited, empty(night, "rejects")))
