"""Where recalled units came from and went, and what a tracing request is told (SPEC 7.2.3, 7.8)."""

from datetime import date

import polars as pl
import pytest

from flows.recalls.named import named_by_lots
from flows.recalls.report import recall
from flows.settings import load_settings, places
from tests.recalled import COUNTS, figures, recalled
from tests.roots import Root

MASTER = {
    "reference/locations.csv": "location_code,name,address\nA,North,1 Quay\nB,South,2 Hill\n",
    "reference/products.csv": "upc,description,unit,lot_source\nU,Oat milk,carton,Mill 7\n",
    "reference/customers.csv": "customer_id,name,address\nc1,Ada,3 Lane\n",
}
ADJUSTED = (
    "location_code,upc,lot_code,date,quantity,adjusted_at,reason,order_id,line_id,transfer_id,"
    "supplier,document\n"
)


@pytest.fixture
def travelled(two_lots: Root) -> Root:
    """L1 is received at A, some is sent on to B, some shipped to c1, of which one comes back."""
    for file, text in MASTER.items():
        two_lots.put(file, text)
    two_lots.put(
        "inbox/adjustments/2026-04-02.csv",
        f"{ADJUSTED}A,U,L1,2026-06-01,5,2026-04-02T06:00,,,,,Oats Ltd,GRN-1\n"
        "A,U,L1,2026-06-01,-3,2026-04-02T07:00,,,,T1,,\n"
        "B,U,L1,2026-06-01,3,2026-04-02T09:00,,,,T1,,\n"
        "A,U,L1,2026-06-01,1,2026-04-02T23:30,return: opened,1,1,,,\n",
    )
    two_lots.put(
        "inbox/shipments/2026-04-02.csv",
        "order_id,line_id,quantity,lot_code,shipment_id,shipped_at\n"
        "1,1,2,L1,S1,2026-04-02T08:00\n1,1,2,,S2,2026-04-02T08:00\n3,1,2,,S3,2026-04-02T10:00\n",
    )
    two_lots.night("2026-04-02")
    return two_lots


def test_an_event_tells_both_its_ends_and_its_document(travelled: Root) -> None:
    events = recalled(travelled, "L1").tables["recall_events"]

    moves = events.filter(pl.col("event") != "opened").select(
        "event", "quantity", "from_name", "from_address", "to_name", "to_address", "document_number"
    )
    north, south, ada = ("North", "1 Quay"), ("South", "2 Hill"), ("Ada", "3 Lane")
    assert sorted(moves.rows(), key=str) == sorted(
        [
            ("received", 5, "Oats Ltd", None, *north, "GRN-1"),
            ("transferred_out", 3, *north, *south, "T1"),
            ("transferred_in", 3, *north, *south, "T1"),
            ("shipped", 2, *north, *ada, "S1"),
            ("shipped", 2, *north, *ada, "S2"),
            ("shipped", 2, *south, None, None, "S3"),
            ("returned", 1, *ada, *north, None),
        ],
        key=str,
    )
    told = events.select("description", "unit", "lot_source").unique()
    assert told.rows() == [("Oat milk", "carton", "Mill 7")]
    sure = events.filter(event="shipped").select("document_number", "certainty").sort(pl.all())
    assert sure.rows() == [("S1", "scanned"), ("S2", "inferred"), ("S3", "inferred")]


def test_a_serial_number_found_elsewhere_went_from_one_place_to_the_other(root: Root) -> None:
    header = "location_code,upc,serial_number,quantity,counted_at\n"
    root.put("inbox/inventory/1.csv", f"{header}A,U,S1,1,2026-04-01T08:00\n")
    root.night("2026-04-01")
    root.put("inbox/inventory/2.csv", f"{header}B,U,S1,1,2026-04-02T08:00\n")
    root.night("2026-04-02")

    events = recalled(root, upc="U").tables["recall_events"]

    moves = events.select("event", "from_code", "to_code").rows()
    assert sorted(moves, key=str) == [
        ("opened", None, None),
        ("transferred_in", "A", "B"),
        ("transferred_out", "A", "B"),
    ]


def test_a_tracing_request_has_the_shipments_and_receipts_of_its_days(travelled: Root) -> None:
    travelled.put("lotwise.toml", 'timezone = "Asia/Tokyo"\n')
    settings = load_settings(travelled.path)
    named = named_by_lots(("L1",), None, None)

    def traced(first: date, last: date) -> pl.DataFrame:
        there = places(travelled.path, settings)
        return recall(named, there, settings, first, last).tables["recall_fsma"]

    second = traced(date(2026, 4, 2), date(2026, 4, 2))
    shipped = second.filter(traceability_lot_code="L1", event="shipping")
    assert shipped.select(
        "quantity",
        "unit_of_measure",
        "product_description",
        "immediate_subsequent_recipient",
        "location_shipped_from",
        "date_shipped",
        "traceability_lot_code_source",
        "reference_document_type",
        "reference_document_number",
    ).row(1) == (
        2,
        "carton",
        "Oat milk",
        "Ada, 3 Lane",
        "North, 1 Quay",
        date(2026, 4, 2),
        "Mill 7",
        "shipment",
        "S1",
    )
    received = second.filter(event="receiving").select(
        "immediate_previous_source", "location_received", "date_received"
    )
    assert received.row(0) == ("Oats Ltd", "North, 1 Quay", date(2026, 4, 2))
    # Half past eleven in London is the next day in Tokyo.
    third = traced(date(2026, 4, 3), date(2026, 4, 3))
    assert third.select("event", "reference_document_type").rows() == [("receiving", "return")]


def test_what_the_data_lacks_is_counted_and_never_filled_in(travelled: Root) -> None:
    lacks = recalled(travelled, "L1").tables["recall_lacking"].rows()

    assert ("shipped", "to_name", 1, 3) in lacks
    assert ("received", "from_address", 1, 1) in lacks
    assert ("returned", "document_number", 1, 1) in lacks
    assert ("opened", "from_name", 2, 2) in lacks
    assert not [row for row in lacks if row[1] in ("description", "unit", "lot_source")]


def test_a_match_tells_how_many_customers_have_it(travelled: Root) -> None:
    matches = recalled(travelled, "l-1").tables["recall_matches"]

    (found,) = matches.filter(lot_code="L1").select("why", "shipped", "customers").rows()
    assert found == ("case_or_punctuation", 6, 2)


@pytest.mark.parametrize("arrives", ["2026-04-02", "2026-04-04"])
def test_a_transfer_is_on_its_way_whichever_side_is_told_first(root: Root, arrives: str) -> None:
    root.put("inbox/inventory/1.csv", f"{COUNTS}A,U,L1,,10,2026-04-01T08:00\n")
    root.night("2026-04-01")
    sides = {"2026-04-03": "A,U,L1,,-10,2026-04-03T07:00,,,,T1,,", arrives: "B,U,L1,,7,,,,,T1,,"}
    for day, side in sorted(sides.items()):
        root.put(f"inbox/adjustments/{day}.csv", f"{ADJUSTED}{side}\n")
        root.night(day)

    report = recalled(root, "L1")

    sums = figures(report.tables["recall_lots"])
    expected = {"opened": 10, "transferred_out": 10, "transferred_in": 7, "on_hand": 7}
    assert {name: sums[name] for name in expected} == expected
    assert sums["in_transit"] == 3
    stock = report.tables["recall_stock"].select("location_code", "on_hand", "in_transit")
    assert stock.rows() == [("A", 0, 3), ("B", 7, 0)]
