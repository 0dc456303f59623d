"""Tracing: the sheet for a tracing request, and what the data lacks for it (SPEC 7.8)."""

from datetime import date
from typing import Final

import polars as pl

from transforms.recall_events import ARRIVES, LEAVES

LACKED: Final = (
    "lot_code",
    "description",
    "unit",
    "lot_source",
    "from_name",
    "from_address",
    "to_name",
    "to_address",
    "document_number",
)
"""Columns that whoever traces a lot asks for."""

LACKED_WHEN_OPENED: Final = ("from_name", "document_number")
"""Of units that the first count found nobody knows where they came from."""


def tracing_sheet(
    events: pl.DataFrame, zone: str, first: date | None = None, last: date | None = None
) -> pl.DataFrame:
    """As RecallFsma: what was shipped and received, in the words of those who ask for it, of the
    days from `first` to `last` in that time zone."""
    leaves = pl.col("event").is_in(LEAVES)
    day = pl.col("moved_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    started, ended = _place("from"), _place("to")
    return (
        events.filter(pl.col("event").is_in([*LEAVES, *ARRIVES]))
        .with_columns(day=day)
        .filter(pl.col("day").is_between(first or date.min, last or date.max))
        .select(
            "upc",
            "quantity",
            event=pl.when(leaves).then(pl.lit("shipping")).otherwise(pl.lit("receiving")),
            traceability_lot_code="lot_code",
            unit_of_measure="unit",
            product_description="description",
            immediate_previous_source=pl.when(~leaves).then(started),
            location_received=pl.when(~leaves).then(ended),
            date_received=pl.when(~leaves).then("day"),
            immediate_subsequent_recipient=pl.when(leaves).then(ended),
            location_shipped_from=pl.when(leaves).then(started),
            date_shipped=pl.when(leaves).then("day"),
            traceability_lot_code_source="lot_source",
            reference_document_type="document_type",
            reference_document_number="document_number",
        )
    )


def _place(end: str) -> pl.Expr:
    name = pl.coalesce(f"{end}_name", f"{end}_code")
    told = pl.concat_str([name, pl.col(f"{end}_address")], separator=", ", ignore_nulls=True)
    return pl.when(told != "").then(told)


def lacking(events: pl.DataFrame) -> pl.DataFrame:
    """As RecallLacking: what a tracing request asks for and the data doesn't tell."""
    counted = []
    for event in (*LEAVES, *ARRIVES, "opened"):
        rows = events.filter(event=event)
        columns = LACKED_WHEN_OPENED if event == "opened" else LACKED
        counted += [(event, name, rows[name].null_count(), rows.height) for name in columns]
    schema = {"event": pl.String, "column": pl.String, "rows": pl.Int64, "of_rows": pl.Int64}
    return pl.DataFrame(counted, schema=schema, orient="row").filter(pl.col("rows") > 0)
