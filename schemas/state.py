"""State: the pipeline's own tables, in a schema of their own beside what others read (SPEC 8.2).

Texts stand once, in `pools`, `records` and `lines`, and never change there. What changes by night,
and what tells of a change, knows them by their numbers. Instants are UTC, quantities are units,
`run` is the run that wrote a row.
"""

import warnings
from functools import cache
from typing import Final

import pandera.polars as pa
import polars as pl

from schemas.files import Files, Runs
from schemas.granular import Granular, Instant, Names
from schemas.movements import EFFECTS
from schemas.reference import Holds, Locations, Products, Skus
from schemas.rejects import Rejects
from schemas.waiting import Discrepancies, Waiting


class Version(pa.DataFrameModel):
    """The version of these tables, one row."""

    version: pl.Int64


class PublishedDays(pa.DataFrameModel):
    """The days whose facts others read, one row."""

    first_day: pl.Date
    last_day: pl.Date


class LeftDays(pa.DataFrameModel):
    """Days before the history that others read, one row a day. What no stage asks of them again has
    left the file for their folders: rejects, discrepancies, and movements of kinds that don't stay.
    """

    day: pl.Date


class Pools(pa.DataFrameModel):
    """Location, UPC and segment: stock is never allocated across them."""

    pool_no: pl.Int64
    location_code: pl.String
    upc: pl.String
    segment: pl.String


class Records(Granular):
    """What never changes of a record."""

    inventory_id: pl.Int64
    pool_no: pl.Int64


class RecordState(pa.DataFrameModel):
    """What changes of a record. changed_on: the day of the last run that wrote it anew."""

    inventory_id: pl.Int64
    on_hand: pl.Int64
    allocated: pl.Int64
    safety_stock: pl.Int64
    floor: pl.Int64
    ltd: pl.Int64
    counted_at: Instant
    is_held: pl.Boolean
    is_expired: pl.Boolean
    changed_on: pl.Date


class Lines(Granular):
    """What never changes of an order line; its customer does, seldom. run: the one that took it."""

    line_no: pl.Int64
    order_id: pl.String
    line_id: pl.String
    placed_at: Instant
    pool_no: pl.Int64
    stated_condition: pl.String
    customer_id: pl.String
    run: pl.Int64


class LineState(pa.DataFrameModel):
    """What changes of an order line; its quantity is the sum of the balances. changed_on: the day
    of the last run that wrote it anew."""

    line_no: pl.Int64
    priority: pl.Int64
    allocated: pl.Int64
    pending: pl.Int64
    shipped: pl.Int64
    cancelled: pl.Int64
    refused: pl.Int64
    stated_quantity: pl.Int64
    stated_on: pl.Date
    changed_on: pl.Date


class Allocations(pa.DataFrameModel):
    """Units promised, one row per line and record."""

    line_no: pl.Int64
    inventory_id: pl.Int64
    quantity: pl.Int64


class Shortages(pa.DataFrameModel):
    """Why units wait, one row per line and reason."""

    line_no: pl.Int64
    reason: pl.String
    quantity: pl.Int64


class Reasons(pa.DataFrameModel):
    """What is so of units, by the reason why a line has to wait in spite of them."""

    reason: pl.String
    words: pl.String


class Statements(pa.DataFrameModel):
    """What counts said of a record. An old version's go when a new one of its file comes."""

    inventory_id: pl.Int64
    at: Instant
    quantity: pl.Int64
    floor: pl.Int64
    safety_stock: pl.Int64
    ltd: pl.Int64
    reason: pl.String
    file: pl.String
    row: pl.Int64
    run: pl.Int64


class FullCounts(pa.DataFrameModel):
    """Files that counted a location whole: what becomes known there later was 0 then (SPEC 4.3)."""

    location_code: pl.String
    day: pl.Date
    file: pl.String
    at: Instant
    uncertain_upcs: Names
    run: pl.Int64


class Movements(pa.DataFrameModel):
    """Every change of a quantity."""

    movement_id: pl.Int64
    day: pl.Date
    at: Instant
    kind: pl.Enum = pa.Field(dtype_kwargs={"categories": [*EFFECTS]})
    quantity: pl.Int64
    inventory_id: pl.Int64
    line_no: pl.Int64
    reason: pl.String
    file: pl.String
    row: pl.Int64
    run: pl.Int64


class MovementDocuments(pa.DataFrameModel):
    """Where the units of an adjustment came from or went, one row per movement that tells it."""

    movement_id: pl.Int64
    transfer_id: pl.String
    supplier: pl.String
    document: pl.String


class Fulfilled(pa.DataFrameModel):
    """Units that left, one row per shipment row and record."""

    day: pl.Date
    line_no: pl.Int64
    inventory_id: pl.Int64
    quantity: pl.Int64
    shipment_id: pl.String
    shipped_at: Instant
    is_scanned: pl.Boolean


class WaitingEvents(Waiting):
    """Shipments and cancellations that don't fit yet, as they were read by the run that took them:
    rows of two versions of a file may have the same number."""

    order_id: pl.String
    line_id: pl.String
    quantity: pl.Int64
    shipment_id: pl.String
    event_id: pl.String
    inventory_id: pl.Int64
    sku: pl.String
    lot_code: pl.String
    date: pl.Date
    condition: pl.String
    serial_number: pl.String
    decrement_on_hand: pl.Boolean
    at: Instant
    raw: pl.String
    run: pl.Int64


class FoundDiscrepancies(Discrepancies):
    """Discrepancies that an event of a day made; those of stock are told by the stock."""

    day: pl.Date


class RejectedRows(Rejects):
    """Rejects of a run."""

    day: pl.Date
    run: pl.Int64


class FoundFiles(Files):
    """Files that a run found. dated: the day in its name. changed_ns: when its entry changed."""

    dated: pl.Date
    size: pl.Int64
    changed_ns: pl.Int64
    run: pl.Int64


class Events(pa.DataFrameModel):
    """Rows of adjustments, cancellations and shipments without an id, by a digest of their content,
    so that a new version of a file applies only what it adds (SPEC 2.6)."""

    file: pl.String
    kind: pl.String
    content: pl.UInt128
    rows: pl.Int64


class EventIds(pa.DataFrameModel):
    """Events that carry an id, and the file that told each first: it is a repeat in any other."""

    file: pl.String
    kind: pl.String
    content: pl.UInt128


class FinishedRuns(Runs):
    """Runs, each with the settings and reference tables that it went by."""

    run: pl.Int64
    started: Instant
    finished: Instant
    circumstances: pl.String


class Circumstances(pa.DataFrameModel):
    """Settings that the runs of the last day went by; those of earlier days are in the manifests of
    their day folders (SPEC 9.4)."""

    circumstances: pl.String
    settings: pl.String


class LocationsOfRuns(Locations):
    """Locations that the runs of the last day went by."""

    circumstances: pl.String


class ProductsOfRuns(Products):
    """Products that the runs of the last day went by."""

    circumstances: pl.String


class SkusOfRuns(Skus):
    """SKUs that the runs of the last day went by."""

    circumstances: pl.String


class HoldsOfRuns(Holds):
    """Holds that the runs of the last day went by."""

    circumstances: pl.String


STATE: Final[dict[str, type[pa.DataFrameModel]]] = {
    "version": Version,
    "published_days": PublishedDays,
    "left_days": LeftDays,
    "pools": Pools,
    "records": Records,
    "record_state": RecordState,
    "lines": Lines,
    "line_state": LineState,
    "allocations": Allocations,
    "shortages": Shortages,
    "reasons": Reasons,
    "statements": Statements,
    "full_counts": FullCounts,
    "movements": Movements,
    "movement_documents": MovementDocuments,
    "fulfilled": Fulfilled,
    "waiting": WaitingEvents,
    "discrepancies": FoundDiscrepancies,
    "rejects": RejectedRows,
    "files": FoundFiles,
    "events": Events,
    "event_ids": EventIds,
    "runs": FinishedRuns,
    "circumstances": Circumstances,
    "locations": LocationsOfRuns,
    "products": ProductsOfRuns,
    "skus": SkusOfRuns,
    "holds": HoldsOfRuns,
}

TYPES: Final[dict[pl.DataType, str]] = {
    pl.Int64(): "BIGINT",
    pl.UInt128(): "UHUGEINT",
    pl.Float64(): "DOUBLE",
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us", "UTC"): "TIMESTAMPTZ",
    pl.Datetime("us"): "TIMESTAMP",
    pl.List(pl.String()): "VARCHAR[]",
}


@cache
def create_tables() -> str:
    """The statements that make the tables of the state."""
    return ";".join(create_table(table) for table in STATE)


def create_table(table: str) -> str:
    """The statement that makes one of them."""
    with warnings.catch_warnings():
        # pandera knows no digests of 128 bits, and has none to check here.
        warnings.simplefilter("ignore", UserWarning)
        columns = STATE[table].to_schema().columns.items()
    told = (f'"{name}" {_type(column.dtype.type)}' for name, column in columns)
    return f"CREATE TABLE {table} ({', '.join(told)})"


def _type(of: pl.DataType) -> str:
    if isinstance(of, pl.Enum):
        return f"ENUM ({', '.join(repr(category) for category in of.categories)})"
    return TYPES[of]
