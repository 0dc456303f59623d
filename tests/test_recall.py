"""From a lot code to what is here, what left and whom to call (SPEC 7, SPEC-BEYOND E)."""

import re
import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import polars as pl
import pytest

from flows.recalls.freshness import last_counts
from flows.recalls.holds import add_holds
from flows.recalls.named import named_by_lots, named_by_notice
from flows.recalls.page import page_of
from flows.recalls.report import Recall, recall
from flows.recalls.rows_not_posted import MOST_BYTES
from flows.recalls.run_recall import Asked, run_recall
from flows.recalls.summary import recall_told
from flows.recalls.what_if import what_if
from flows.recalls.workbook import MOST_ROWS, write_workbook
from flows.recalls.write import write_report
from flows.settings import Stopped, load_settings, places
from flows.state.warehouse import locked
from tests.killed import Runs
from tests.roots import LOTWISE, Root

COUNTS = "location_code,upc,lot_code,date,quantity,counted_at\n"
LINES = "order_id,line_id,location_code,upc,quantity,customer_id\n"
SHIPPED = "order_id,line_id,quantity,lot_code,shipped_at\n"


def recalled(root: Root, *lots: str, **codes: str) -> Recall:
    settings = load_settings(root.path)
    named = named_by_lots(lots, None, None, **codes)
    return recall(named, places(root.path, settings), settings)


def _parts(workbook: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(workbook) as parts:
        return [(name, parts.read(name)) for name in parts.namelist()]


def figures(table: pl.DataFrame, **of: object) -> dict[str, Any]:
    """The sums of a table's rows of some kind, by column."""
    rows = table.filter(**of) if of else table
    return rows.select(pl.col(pl.Int64).sum()).row(0, named=True)


@pytest.fixture
def two_lots(root: Root) -> Root:
    """A has 10 of L1 and 12 of L2, which is dated later; B has 5 of L1."""
    root.put(
        "inbox/inventory/2026-04-01.csv",
        f"{COUNTS}A,U,L1,2026-06-01,10,\nA,U,L2,2026-07-01,12,\nB,U,L1,2026-06-01,5,\n",
    )
    root.put(
        "inbox/orders/2026-04-01.csv",
        f"{LINES}1,1,A,U,6,c1\n2,1,A,U,4,c2\n3,1,B,U,2,c3\n4,1,A,U,8,c4\n",
    )
    root.night("2026-04-01")
    return root


def test_a_lot_is_told_with_its_balance_and_three_certainties(two_lots: Root) -> None:
    two_lots.put(
        "inbox/shipments/2026-04-02.csv",
        f"{SHIPPED}4,1,3,,2026-04-02T08:00\n1,1,6,L1,2026-04-02T09:00\n2,1,4,,2026-04-02T10:00\n",
    )
    two_lots.put("inbox/inventory/2026-04-03.csv", f"{COUNTS}A,U,L1,2026-06-01,1,\n")
    two_lots.night("2026-04-02")
    two_lots.night("2026-04-03")

    report = recalled(two_lots, "L1")

    (lot,) = report.tables["recall_lots"].to_dicts()
    expected = {
        "opened": 15,
        "shipped": 10,
        "on_hand": 6,
        "allocated": 2,
        "unaccounted": -1,
        "outstanding": 10,
        "received": 0,
        "orders": 3,
        "customers": 3,
        "locations": 2,
    }
    assert {name: lot[name] for name in expected} == expected
    left = report.tables["recall_customers"].select("customer_id", "certainty", "quantity")
    assert sorted(left.rows()) == [
        ("c1", "scanned", 6),
        ("c2", "inferred", 4),
        ("c4", "possible", 3),
    ]
    whom = report.tables["recall_contacts"].select("customer_id", "certainty", "to_stop")
    assert whom.rows() == [("c1", "scanned", 0), ("c2", "inferred", 0), ("c4", "possible", 0)]
    stop = report.tables["recall_stop"].select("order_id", "location_code", "quantity")
    assert stop.rows() == [("3", "B", 2)]
    stock = report.tables["recall_stock"].select("location_code", "on_hand", "allocated")
    assert stock.rows() == [("A", 1, 0), ("B", 5, 2)]


def test_what_came_before_the_first_count_was_received(root: Root) -> None:
    root.put(
        "inbox/adjustments/2026-04-01.csv",
        "location_code,upc,lot_code,quantity,adjusted_at\nA,U,L1,10,2026-04-01T08:00\n",
    )
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,L1,,8,2026-04-01T20:00\n")
    root.night("2026-04-01")

    sums = figures(recalled(root, "L1").tables["recall_lots"])

    told = [sums[name] for name in ("opened", "received", "on_hand", "unaccounted")]
    assert told == [0, 10, 8, 2]


def test_returned_units_are_no_longer_out(two_lots: Root) -> None:
    two_lots.put("inbox/shipments/2026-04-02.csv", f"{SHIPPED}1,1,6,L1,\n")
    two_lots.put(
        "inbox/adjustments/2026-04-03.csv",
        "location_code,upc,lot_code,condition,quantity,reason,order_id,line_id\n"
        "A,U,L1,Used,2,return: opened box,1,1\n",
    )
    two_lots.night("2026-04-02")
    two_lots.night("2026-04-03")

    tables = recalled(two_lots, "L1").tables

    lot = {"shipped": 6, "returned": 2, "outstanding": 4}
    assert {name: figures(tables["recall_lots"])[name] for name in lot} == lot
    for table in ("recall_customers", "recall_contacts"):
        assert figures(tables[table], certainty="scanned")["returned"] == 2


def test_units_on_the_way_are_told_of_the_place_that_they_left(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,L1,,10,\n")
    root.put(
        "inbox/adjustments/2026-04-02.csv",
        "location_code,upc,lot_code,quantity,transfer_id\nA,U,L1,-10,T1\nB,U,L1,7,T1\n",
    )
    root.night("2026-04-01")
    root.night("2026-04-02")

    tables = recalled(root, "L1").tables

    lot = {"opened": 10, "transferred_out": 10, "transferred_in": 7, "in_transit": 3, "on_hand": 7}
    assert {name: figures(tables["recall_lots"])[name] for name in lot} == lot
    stock = tables["recall_stock"].select("location_code", "on_hand", "in_transit")
    assert stock.rows() == [("A", 0, 3), ("B", 7, 0)]


def test_no_more_units_are_possible_than_stood_there_and_the_line_would_take(root: Root) -> None:
    root.put(
        "inbox/inventory/2026-04-01.csv",
        f"{COUNTS}A,U,L1,2026-06-01,2,\nA,U,L2,2026-05-01,30,\n",
    )
    root.put(
        "inbox/orders/2026-04-01.csv",
        "order_id,line_id,location_code,upc,quantity,lot_code\n"
        "1,1,A,U,9,\n2,1,A,U,3,L2\n3,1,A,U,4,\n",
    )
    root.put("inbox/shipments/2026-04-01.csv", f"{SHIPPED}1,1,9,,\n2,1,3,,\n3,1,4,L2,\n")
    root.night("2026-04-01")

    left = recalled(root, "L1").tables["recall_customers"]

    assert left.select("order_id", "certainty", "quantity").rows() == [("1", "possible", 2)]


def test_a_later_count_tells_that_units_stood_there(root: Root) -> None:
    root.put(
        "inbox/inventory/2026-04-01.csv",
        f"{COUNTS}A,U,L1,2026-06-01,0,\nA,U,L2,2026-05-01,30,\n",
    )
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}1,1,A,U,9,c1\n")
    root.put("inbox/shipments/2026-04-01.csv", f"{SHIPPED}1,1,9,,\n")
    root.put("inbox/inventory/2026-04-02.csv", f"{COUNTS}A,U,L1,2026-06-01,1,\n")
    root.night("2026-04-01")
    root.night("2026-04-02")

    left = recalled(root, "L1").tables["recall_customers"]

    assert left.select("certainty", "quantity").rows() == [("possible", 1)]


def test_a_serial_found_elsewhere_has_travelled(root: Root) -> None:
    header = "location_code,upc,lot_code,serial_number,quantity\n"
    root.put("inbox/inventory/2026-04-01.csv", f"{header}A,U,L1,S1,1\n")
    root.put("inbox/inventory/2026-04-02.csv", f"{header}B,U,L1,S1,1\n")
    root.night("2026-04-01")
    root.night("2026-04-02")

    sums = figures(recalled(root, "L1").tables["recall_lots"])

    names = ("opened", "transferred_out", "transferred_in", "on_hand", "unaccounted")
    assert [sums[name] for name in names] == [1, 1, 1, 1, 0]


def test_a_lot_written_otherwise_is_told_apart_and_rows_that_carry_it_too(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,l-1,,5,\nA,U,L2,,5,\n")
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}1,1,A,U,2,c1\n")
    root.put("inbox/shipments/2026-04-01.csv", f"{SHIPPED}1,1,x,L1,\n")
    root.night("2026-04-01")

    report = recalled(root, "L1")

    assert report.tables["recall_lots"].is_empty()
    matches = report.tables["recall_matches"].select("named", "upc", "lot_code", "why", "on_hand")
    assert matches.rows() == [("L1", "U", "l-1", "case_or_punctuation", 5)]
    rows = report.tables["recall_rows"].select("file", "row", "outcome", "order_id", "customer_id")
    assert rows.rows() == [("shipments/2026-04-01.csv", 1, "rejected", "1", "c1")]


def test_units_without_a_lot_cannot_be_excluded(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,,,5,\nA,U,L1,,1,\nA,V,,,7,\n")
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}1,1,A,U,2,c1\n2,1,A,V,2,c2\n")
    root.put(
        "inbox/shipments/2026-04-01.csv",
        "order_id,line_id,quantity,inventory_id\n1,1,2,2\n2,1,2,\n",
    )
    root.night("2026-04-01")

    report = recalled(root, "L1")

    bare = report.tables["recall_unlabelled"].select("upc", "on_hand", "shipped")
    assert bare.rows() == [("U", 3, 2)]
    whom = report.tables["recall_contacts"].select("customer_id", "certainty", "unlabelled")
    assert whom.rows() == [("c1", "unlabelled", 2)]


def test_holds_are_added_to_the_table_and_never_doubled(two_lots: Root) -> None:
    file = two_lots.put(
        "reference/holds.csv", "lot_code,reason,until\nX1,old,\nX2,old,2026-05-01\n"
    )
    report = recalled(two_lots, "L1", upc="U")

    added = [add_holds(report.named, file, "mould", report.fresh.day) for _ in range(2)]

    assert added == [1, 0]
    told = pl.read_csv(file, infer_schema=False)
    assert told.select("lot_code", "upc", "reason", "from", "until").rows() == [
        ("X1", None, "old", None, None),
        ("X2", None, "old", None, "2026-05-01"),
        ("L1", "U", "mould", "2026-04-01", None),
    ]
    two_lots.night("2026-04-01")
    blocked = two_lots.rows("SELECT DISTINCT lot_code FROM inventory WHERE is_blocked")
    assert blocked == [("L1",)]


def test_a_notice_names_lots_by_the_thousand_in_any_format(two_lots: Root, tmp_path: Path) -> None:
    notice = tmp_path / "notice.json"
    notice.write_text('[{"lotCode": "L2", "mould": "yes"}, {"lotCode": "L1", "locationCode": "B"}]')
    settings = load_settings(two_lots.path)

    named, passed_over = named_by_notice(notice)
    report = recall(named, places(two_lots.path, settings), settings)

    assert passed_over == ("mould",)
    assert figures(report.tables["recall_lots"])["on_hand"] == 12 + 5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lot_code\n", "has no rows"),
        ("lot_code,upc\nL1,\n,\n", "row 2: names_nothing"),
    ],
)
def test_a_notice_that_names_nothing_is_refused_in_words(
    tmp_path: Path, text: str, complaint: str
) -> None:
    notice = tmp_path / "notice.csv"
    notice.write_text(text)

    with pytest.raises(Stopped, match=complaint):
        named_by_notice(notice)


def test_a_recall_of_nothing_is_refused(root: Root) -> None:
    with pytest.raises(Stopped, match="names a lot, or at least one of"):
        named_by_lots((), None, None)
    with pytest.raises(Stopped, match="blank"):
        named_by_lots((" ",), None, None)
    with pytest.raises(Stopped, match="nothing is published"):
        recalled(root, "L1")


def test_no_cell_of_a_written_table_is_a_formula(root: Root) -> None:
    lot = "=cmd|' /C calc'!A0"
    root.put("inbox/inventory/2026-04-01.csv", f'{COUNTS}A,U,"{lot}",,5,\n')
    root.night("2026-04-01")

    write_report(recalled(root, lot), lot, [("here", lot)], root.path / "recalls" / "x")

    workbook = fastexcel.read_excel(root.path / "recalls" / "x" / "recall.xlsx")
    assert workbook.sheet_names[:3] == ["summary", "lots", "stock"]
    sheet = workbook.load_sheet("stock", dtypes="string").to_polars()
    assert sheet.get_column("lot_code").to_list() == [lot]
    assert "<f>" not in "".join(
        part.decode()
        for name, part in _parts(root.path / "recalls" / "x" / "recall.xlsx")
        if "sheet" in name
    )
    told = pl.read_csv(root.path / "recalls" / "x" / "recall_stock.csv", infer_schema=False)
    assert told.get_column("lot_code").to_list() == [f"'{lot}"]
    kept = pl.read_parquet(root.path / "recalls" / "x" / "recall_stock.parquet")
    assert kept.get_column("lot_code").to_list() == [lot]


def test_the_command_tells_what_matters_and_writes_the_tables(two_lots: Root) -> None:
    two_lots.put("inbox/inventory/2026-04-09.csv", f"{COUNTS}A,U,L1,2026-06-01,1,\n")

    done = two_lots.lotwise("recall", "L1", "--hold", "holds.csv")

    assert done.returncode == 0, done.stderr
    assert "15 units at 2 locations, 12 to stop" in done.stdout
    assert "UNREAD" in done.stdout
    assert "inventory/2026-04-09.csv" in done.stdout
    assert "1 added" in done.stdout
    written = {path.name for path in (two_lots.path / "recalls" / "L1").iterdir()}
    assert {"recall_lots.csv", "recall_contacts.parquet"} <= written
    nowhere = two_lots.lotwise("recall", "NO-SUCH-LOT")
    assert nowhere.returncode == 0
    assert "no record of any night is named" in nowhere.stdout


def test_a_hold_of_one_place_moves_its_lines_and_no_others(two_lots: Root) -> None:
    settings = load_settings(two_lots.path)
    named = named_by_lots(("L1",), None, None, upc="U", location_code="A")

    found = what_if(named, places(two_lots.path, settings))

    # L2 has 12: line 1 and 2 go over to it, line 4 is of a later rank and keeps 2 of its 8.
    assert found["what_if_lines"].rows() == [
        ("1", "1", 6, 6, 0),
        ("2", "1", 4, 4, 0),
        ("4", "1", 8, 2, 6),
    ]
    units = found["what_if_moves"].group_by("order_id").agg(pl.col("quantity").sum())
    assert sorted(units.rows()) == [("1", 6), ("2", 4), ("4", 6)]
    two_lots.put("reference/holds.csv", "lot_code,upc,location_code\nL1,U,A\n")
    before = dict(two_lots.query("SELECT order_id, allocated FROM order_lines").iter_rows())
    two_lots.night("2026-04-01")
    then = dict(two_lots.query("SELECT order_id, allocated FROM order_lines").iter_rows())
    assert {one: then[one] for one in "124"} == {"1": 6, "2": 4, "4": 2}
    assert then["3"] == before["3"]


def test_answers_are_told_beside_the_contacts_and_nobody_is_dropped(two_lots: Root) -> None:
    two_lots.put("inbox/shipments/2026-04-02.csv", f"{SHIPPED}1,1,6,L1,\n2,1,4,,\n")
    two_lots.put("reference/customers.csv", "customer_id,name,phone\nc1,Ada,+44 1\nc9,Eve,\n")
    two_lots.night("2026-04-02")
    answers = two_lots.put(
        "answers.csv",
        "customer_id,notified_at,answered_at,held,destroyed,certainty\n"
        "c1,2026-04-03,2026-04-04,3,1,scanned\nc7,2026-04-03,,,,\n",
    )

    answered = run_recall(Asked(("L1",), answers=answers), two_lots.path)

    tables = answered.report.tables
    people = tables["recall_contacts"].select("customer_id", "name", "phone", "held", "destroyed")
    assert people.rows() == [("c1", "Ada", "+44 1", 3, 1), ("c2", None, None, None, None)]
    names = ("certainty", "contacts", "told", "answered", "units", "outstanding", "percent_told")
    assert tables["recall_status"].select(names).rows() == [
        ("scanned", 1, 1, 1, 6, 2, 100),
        ("inferred", 1, 0, 0, 4, 4, 0),
        ("all", 2, 1, 1, 10, 6, 50),
    ]
    assert tables["recall_unknown_answers"].get_column("customer_id").to_list() == ["c7"]
    assert ("UNKNOWN", "1 answer of no contact: recall_unknown_answers") in answered.told
    sheet = answered.folder / "recall_contacts.csv"
    again = run_recall(Asked(("L1",), answers=sheet), two_lots.path)
    assert again.report.tables["recall_status"].equals(tables["recall_status"])


def test_no_published_table_tells_how_to_reach_a_customer(two_lots: Root) -> None:
    two_lots.put("reference/customers.csv", "customer_id,name,phone\nc1,Ada,+44 1\n")
    two_lots.night("2026-04-02")

    tables = two_lots.rows("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
    views = two_lots.rows(
        "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
    )
    told = [two_lots.rows(f"FROM {name}") for (name,) in (*tables, *views)]

    assert len(told) > 30
    assert "c1" in str(told)
    assert "Ada" not in str(told)


def test_a_file_that_says_something_else_since_is_unread_though_it_is_as_long(
    two_lots: Root,
) -> None:
    assert recalled(two_lots, "L1").fresh.unread == {}
    counts = two_lots.path / "inbox" / "inventory" / "2026-04-01.csv"

    counts.write_text(counts.read_text().replace("2026-06-01,10", "2026-06-01,11"))

    assert [*recalled(two_lots, "L1").fresh.unread] == ["inventory/2026-04-01.csv"]


def test_a_lot_may_be_meant_by_each_of_two_that_were_named(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,L1,,5,\nA,U,L2,,5,\nA,U,L3,,5,\n")
    root.night("2026-04-01")

    matches = recalled(root, "L1", "L2").tables["recall_matches"]

    assert matches.select("named", "lot_code").rows() == [
        ("L1", "L2"),
        ("L1", "L3"),
        ("L2", "L1"),
        ("L2", "L3"),
    ]


def test_a_database_of_another_version_is_named_with_what_to_do(two_lots: Root) -> None:
    live = two_lots.path / "published" / "lotwise.duckdb"
    live.chmod(0o644)
    with duckdb.connect(str(live)) as published:
        published.execute("UPDATE state.version SET version = 1000")

    with pytest.raises(Stopped, match="version 1000, this Lotwise reads"):
        recalled(two_lots, "L1")


@pytest.mark.parametrize("lot", ["--what", "-1", "x'; DROP TABLE records; --", "$day", "%", "*"])
def test_a_lot_is_a_lot_whatever_it_looks_like(root: Root, lot: str) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f'{COUNTS}A,U,"{lot}",,5,\nA,U,L2,,7,\n')
    root.night("2026-04-01")

    done = subprocess.run(
        [LOTWISE, "recall", "--root", str(root.path), "--", lot],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "5 units at 1 location" in done.stdout
    assert figures(recalled(root, lot).tables["recall_lots"])["on_hand"] == 5


def test_ten_thousand_lots_are_one_report(two_lots: Root, tmp_path: Path) -> None:
    notice = tmp_path / "notice.csv"
    notice.write_text("\n".join(["lot_code", *(f"X{one}" for one in range(10_000)), "L1", ""]))

    answered = run_recall(Asked(notice=notice), two_lots.path)

    assert figures(answered.report.tables["recall_lots"])["on_hand"] == 15


def test_a_sheet_that_is_cut_says_so_and_names_the_file_that_has_all(tmp_path: Path) -> None:
    table = pl.DataFrame({"order_id": [str(one) for one in range(MOST_ROWS + 5)]})

    write_workbook({"recall_stop": table}, [("here", "much")], tmp_path / "cut.xlsx")

    workbook = fastexcel.read_excel(tmp_path / "cut.xlsx")
    more = "5 MORE ROWS IN recall_stop.csv"
    sheet = workbook.load_sheet("stop", dtypes="string").to_polars()
    assert sheet.row(-1) == (more,)
    summary = workbook.load_sheet("summary", header_row=None, dtypes="string").to_polars()
    assert summary.rows() == [("here", "much"), ("CUT", f"recall_stop: {more}")]


def test_rows_of_files_that_no_night_took_are_told(two_lots: Root) -> None:
    two_lots.put("inbox/orders/2026-04-02.csv", "order,upc\nl-1,U\nL9,U\n")
    two_lots.night("2026-04-02")
    two_lots.put("inbox/shipments/2026-04-09.csv", f"{SHIPPED}1,1,2,l 1,\n2,1,2,L2,\n3,1,2,L1,,x\n")

    rows = recalled(two_lots, "L1").tables["recall_rows"]

    names = ("file", "row", "outcome", "order_id", "customer_id")
    assert sorted(rows.select(names).rows()) == [
        ("orders/2026-04-02.csv", 1, "refused", None, None),
        ("shipments/2026-04-09.csv", 1, "unread", "1", "c1"),
        ("shipments/2026-04-09.csv", 3, "unread", None, None),
    ]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with Runs() as runs:
        yield runs


def test_a_report_while_a_night_runs_or_after_one_was_killed_is_of_one_night(
    two_lots: Root, runs: Runs, tmp_path: Path
) -> None:
    two_lots.put("inbox/inventory/2026-04-02.csv", f"{COUNTS}A,U,L1,2026-06-01,7,\n")
    words = ("nightly", "--day", "2026-04-02")

    def here(root: Root) -> int:
        return int(figures(recalled(root, "L1").tables["recall_lots"])["on_hand"])

    disturbed = two_lots.copied(tmp_path / "disturbed")
    with ThreadPoolExecutor(1) as meanwhile:
        night = meanwhile.submit(runs.lotwise, two_lots.path, *words)
        seen = [here(two_lots)]
        while not night.done():
            seen.append(here(two_lots))
    assert night.result().code == 0
    assert {*seen} <= {15, 12}
    assert seen == sorted(seen, reverse=True)
    assert here(two_lots) == 12

    steps = len(night.result().steps)
    seen = []
    for step in range(1, steps, max(1, steps // 6)):
        assert runs.lotwise(disturbed.path, *words, at_step=step).is_killed
        seen.append(here(disturbed))
    assert {*seen} <= {15, 12}
    assert 15 in seen


def test_a_report_waits_for_no_lock(two_lots: Root) -> None:
    with locked(places(two_lots.path, load_settings(two_lots.path))):
        assert figures(recalled(two_lots, "L1").tables["recall_lots"])["on_hand"] == 15


def test_an_answer_of_nobody_is_refused_with_what_to_do(two_lots: Root) -> None:
    answers = two_lots.put("answers.csv", "customer_id,order_id,held\nc1,,1\n,,2\n")

    with pytest.raises(Stopped, match=r"answers.csv, row 2: names_nobody: name the customer"):
        run_recall(Asked(("L1",), answers=answers), two_lots.path)


NASTY = ("<script>alert(1)</script>", "a\u202eb", "=1+1", "\"'&<b>")


@pytest.mark.parametrize("lot", NASTY)
def test_nothing_on_the_page_is_markup_from_data(root: Root, lot: str) -> None:
    cell = lot.replace('"', '""')
    orders = "order_id,line_id,location_code,upc,quantity,customer_id,lot_code\n"
    root.put("inbox/inventory/2026-04-01.csv", f'{COUNTS}A,U,"{cell}",,5,\n')
    root.put("inbox/orders/2026-04-01.csv", f'{orders}1,1,A,U,2,"{cell}","{cell}"\n')
    root.put("inbox/shipments/2026-04-01.csv", f"{SHIPPED}1,1,1,,\n")
    root.night("2026-04-01")
    stock = root.rows("SELECT lot_code FROM inventory")

    report = recalled(root, str(stock[0][0]) if stock else lot)
    page = page_of(report, lot, "")

    assert "<script" not in page
    assert "src=" not in page
    assert 'href="http' not in page
    parser = _Tags()
    parser.feed(page)
    assert not parser.open


class _Tags(HTMLParser):
    """The tags that are open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


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


def test_a_row_that_was_not_posted_tells_its_units(travelled: Root) -> None:
    travelled.put("inbox/shipments/2026-04-09.csv", f"{SHIPPED}9,1,7,L1,2026-04-02T08:00\n")

    report = recalled(travelled, "L1")

    (row,) = report.tables["recall_rows"].select("quantity", "outcome").rows()
    assert row == (7, "unread")
    assert report.fresh.unread["shipments/2026-04-09.csv"] < timedelta(minutes=10)


def test_a_match_tells_how_many_customers_have_it(travelled: Root) -> None:
    matches = recalled(travelled, "l-1").tables["recall_matches"]

    (found,) = matches.filter(lot_code="L1").select("why", "shipped", "customers").rows()
    assert found == ("case_or_punctuation", 6, 2)


def test_the_page_has_a_sheet_of_paper_for_each_location(two_lots: Root) -> None:
    page = page_of(recalled(two_lots, "L1"), "L1", "")

    sheets = re.findall(r'<section class="of-location">.*?</section>', page, re.DOTALL)
    assert [len(re.findall("<tr>", sheet)) for sheet in sheets] == [2, 2]
    assert "at <bdi>A</bdi>" in sheets[0]
    assert "at <bdi>B</bdi>" in sheets[1]


def test_the_page_folds_lots_that_differ_in_one_character(two_lots: Root) -> None:
    page = page_of(recalled(two_lots, "L1"), "L1", "")

    folded = page[page.index("<details>") :]
    assert "1 that differ in one character" in folded
    assert "<bdi>L2</bdi>" in folded


def test_files_too_large_to_be_looked_through_are_named(two_lots: Root) -> None:
    with two_lots.put("inbox/orders/2026-04-09.csv", LINES).open("r+b") as large:
        large.truncate(MOST_BYTES + 1)

    report = recalled(two_lots, "L1")

    assert report.unsearched == ["orders/2026-04-09.csv"]
    assert dict(recall_told(report))["NOT SEARCHED"].endswith("orders/2026-04-09.csv")
    assert "too large to be looked through" in page_of(report, "L1", "").lower()


@pytest.mark.parametrize("newest", [1, 3, 100])
def test_each_location_was_last_counted_when_its_newest_record_was(root: Root, newest: int) -> None:
    rows = [
        "A,U,L1,,5,2026-04-01T08:00",
        "A,U,L2,,5,2026-04-03T08:00",
        "B,U,L1,,5,2026-04-02T08:00",
    ]
    root.put("inbox/inventory/1.csv", "\n".join([COUNTS.strip(), *rows, ""]))
    root.put("inbox/adjustments/1.csv", "location_code,upc,quantity\nC,U,4\n")
    root.night("2026-04-03")

    with duckdb.connect(str(root.path / "published" / "lotwise.duckdb"), read_only=True) as db:
        told = last_counts(db, pl.DataFrame({"location_code": ["C", "B", "A"]}), newest)

    assert told.with_columns(pl.col("counted_at").dt.day()).rows() == [
        ("A", 3),
        ("B", 2),
        ("C", None),
    ]


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
