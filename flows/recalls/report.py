"""Report: what became of named stock, from the published database alone (SPEC 7.2, 7.3).

It needs no lock and changes nothing, so it runs while a night does and after one was killed.
"""

from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from flows.files.reference import read_master_data
from flows.night.take import list_inbox
from flows.published.named_records import named_records
from flows.recalls.freshness import Freshness, freshness, unread_files
from flows.recalls.matches import matches
from flows.recalls.rows_not_posted import (
    not_read,
    refused_files,
    rows_not_posted,
    searched,
)
from flows.settings import Places, Stopped
from flows.state.warehouse import VERSION, Connection, connected, load, only, sql
from schemas.recall import RECALL
from schemas.settings import Settings
from transforms.recall import balances, classed, contacts, possible_units, returned
from transforms.recall_events import recall_events
from transforms.recall_lots import in_transit, recall_lots
from transforms.tracing import lacking, tracing_sheet


@dataclass(frozen=True)
class Recall:
    """The tables of a recall by name, and how fresh they are. unsearched: files without a row taken
    that are too large to look through for the lots."""

    named: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    fresh: Freshness
    unsearched: list[str]


def recall(
    named: pl.DataFrame,
    places: Places,
    settings: Settings,
    traced_from: date | None = None,
    traced_to: date | None = None,
) -> Recall:
    """What became of the stock that `named` is about (see flows/recalls/named.py).

    traced_from, traced_to: business days that bound the sheet for a tracing request.

    Raises Stopped where nothing is published, or not by this version.
    """
    with _published(places) as published:
        matched = named_records(published, named)
        ids = matched.select(pl.col("inventory_id").unique())
        published.register("recalled", ids)
        records = _records(published, ids)
        published.register("recalled_records", records)
        inbox = list_inbox(places, settings, date.max)
        unread = unread_files(published, inbox)
        events = classed(
            load(published, sql("recalls", "events.sql")),
            load(published, sql("recalls", "first_stated.sql")),
            load(published, sql("recalls", "moved.sql")),
        )
        stood = balances(records, events)
        stop = load(published, sql("recalls", "stop.sql"))
        bare = _unlabelled(published, named, matched, records)
        left = _shipped(published, pl.concat([ids, bare.select("inventory_id")]))
        sure = pl.when("is_scanned").then(pl.lit("scanned")).otherwise(pl.lit("inferred"))
        shipped = left.join(ids, on="inventory_id", how="semi", maintain_order="left")
        shipped = shipped.with_columns(certainty=sure)
        without_label = left.join(bare, on="inventory_id", how="semi", maintain_order="left")
        customers = pl.concat(
            [
                shipped,
                _possible(published, events),
                without_label.with_columns(certainty=pl.lit("unlabelled")),
            ],
            how="diagonal",
        )
        customers = _with_returned(customers, events)
        known = read_master_data(places, settings)
        sides = load(published, sql("recalls", "sides.sql"))
        moved = recall_events(events, shipped, sides, known)
        files, unsearched = searched([*not_read(unread), *refused_files(published, inbox)])
        lots = named.get_column("lot_code").drop_nulls().unique(maintain_order=True).to_list()
        tables = {
            "recall_lots": recall_lots(stood, events, shipped, stop),
            "recall_stock": _still_here(stood, events),
            "recall_stop": stop,
            "recall_contacts": contacts(customers, stop, known.customers),
            "recall_customers": customers,
            "recall_unlabelled": _with_shipped(bare, without_label),
            "recall_rows": rows_not_posted(published, places, settings, lots, records, files),
            "recall_events": moved,
            "recall_fsma": tracing_sheet(moved, settings.timezone, traced_from, traced_to),
            "recall_lacking": lacking(moved),
            "recall_matches": matches(published, named, records),
        }
        fresh = freshness(published, records, unread)
    told = {name: _told(name, table) for name, table in tables.items()}
    return Recall(named, told, fresh, unsearched)


def _published(places: Places) -> Connection:
    live = places.published / "lotwise.duckdb"
    if not live.is_file():
        raise Stopped(f"nothing is published in {places.published}; run a night first")
    try:
        published = connected(live, read_only=True)
        version = only(published, "SELECT version FROM state.version")
    except duckdb.Error as error:
        told = str(error).splitlines()[0]
        raise Stopped(
            f"{live} can't be read ({told}); the next night publishes it again"
        ) from error
    if version != VERSION:
        published.close()
        raise Stopped(
            f"{live} has version {version}, this Lotwise reads {VERSION}: use the Lotwise that "
            "published it, or run a night with this one"
        )
    return published


def _records(published: Connection, ids: pl.DataFrame) -> pl.DataFrame:
    published.register("of_records", ids)
    return load(published, sql("recalls", "records.sql"))


def _shipped(published: Connection, ids: pl.DataFrame) -> pl.DataFrame:
    published.register("of_records", ids)
    return load(published, sql("recalls", "shipped.sql"))


def _possible(published: Connection, events: pl.DataFrame) -> pl.DataFrame:
    beside = load(published, sql("recalls", "beside.sql"))
    rows = beside.drop("inventory_id", "at").unique("shipped_row", maintain_order=True)
    units = possible_units(beside, events)
    return (
        rows.join(units, on="shipped_row")
        .with_columns(
            pl.col("shipped_at").dt.replace_time_zone(None),
            quantity="possible",
            certainty=pl.lit("possible"),
        )
        .drop("shipped_row", "possible")
    )


def _unlabelled(
    published: Connection, named: pl.DataFrame, matched: pl.DataFrame, records: pl.DataFrame
) -> pl.DataFrame:
    """Records that agree with a row in all but a lot or serial number that they lack: of the UPCs
    that it names, or that its records have."""
    upcs = matched.join(records.select("inventory_id", found="upc"), on="inventory_id")
    of_rows = named.join(upcs.select("row", "found").unique(), on="row", how="left")
    labelled = of_rows.filter(
        pl.col("lot_code").is_not_null() | pl.col("serial_number").is_not_null()
    ).with_columns(upc=pl.coalesce("upc", "found"))
    labelled = labelled.filter(pl.col("upc").is_not_null()).with_row_index("label")
    relaxed = labelled.with_columns(
        row=pl.col("label").cast(pl.Int64),
        lot_code=pl.lit(None, dtype=pl.String),
        serial_number=pl.lit(None, dtype=pl.String),
    )
    near = named_records(published, relaxed.select(named.columns)).unique()
    found = _records(published, near.select(pl.col("inventory_id").unique()))
    wanted = labelled.select(
        row=pl.col("label").cast(pl.Int64), lot="lot_code", serial="serial_number"
    )
    told = near.join(wanted, on="row").join(found, on="inventory_id")
    lacks = [
        pl.col(asked).is_not_null() & pl.col(has).is_null()
        for asked, has in (("lot", "lot_code"), ("serial", "serial_number"))
    ]
    agrees = [
        pl.col(asked).is_null() | pl.col(has).is_null() | (pl.col(asked) == pl.col(has))
        for asked, has in (("lot", "lot_code"), ("serial", "serial_number"))
    ]
    bare = told.filter(pl.any_horizontal(lacks), *agrees).select("inventory_id")
    return found.join(bare, on="inventory_id", how="semi").join(
        matched, on="inventory_id", how="anti"
    )


def _with_returned(customers: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    order = ["shipped_at", "order_id", "line_id", "certainty", "lot_code"]
    customers = customers.sort(order, nulls_last=True)
    is_sure = pl.col("certainty").is_in(["scanned", "inferred"])
    sure, unsure = customers.filter(is_sure), customers.filter(~is_sure)
    nothing = pl.lit(0, dtype=pl.Int64)
    told = [sure.with_columns(returned(sure, events)), unsure.with_columns(returned=nothing)]
    return pl.concat(told).sort(order, nulls_last=True, maintain_order=True)


def _still_here(stood: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    away = in_transit(events).group_by("inventory_id").agg(pl.col("in_transit").sum())
    told = stood.join(away, on="inventory_id", how="left", maintain_order="left")
    told = told.with_columns(pl.col("in_transit").fill_null(0))
    units = (pl.col(name) != 0 for name in ("on_hand", "allocated", "in_transit"))
    return told.filter(pl.any_horizontal(units))


def _with_shipped(bare: pl.DataFrame, shipped: pl.DataFrame) -> pl.DataFrame:
    sums = shipped.group_by("inventory_id").agg(shipped=pl.col("quantity").sum())
    told = bare.join(sums, on="inventory_id", how="left", maintain_order="left")
    return told.with_columns(pl.col("shipped").fill_null(0))


def _told(name: str, table: pl.DataFrame) -> pl.DataFrame:
    """The table as its schema has it, and nothing beside."""
    schema = RECALL[name]
    columns = schema.to_schema().columns
    return schema.validate(
        table.select(pl.col(column).cast(field.dtype.type) for column, field in columns.items())
    )
