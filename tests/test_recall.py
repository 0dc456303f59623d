"""From a lot code to what is here, what left and whom to call (SPEC 7, SPEC-BEYOND E)."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.recalls.freshness import last_counts
from flows.recalls.holds import add_holds
from flows.recalls.named import named_by_lots, named_by_notice
from flows.recalls.page import page_of
from flows.recalls.report import recall
from flows.recalls.rows_not_posted import MOST_BYTES
from flows.recalls.run_recall import Asked, run_recall
from flows.recalls.summary import recall_told
from flows.recalls.what_if import what_if
from flows.settings import Stopped, load_settings, places
from flows.state.warehouse import locked
from tests.killed import Runs
from tests.recalled import COUNTS, LINES, SHIPPED, figures, recalled
from tests.roots import LOTWISE, Root


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


def test_a_row_that_was_not_posted_tells_its_units(two_lots: Root) -> None:
    two_lots.put("inbox/shipments/2026-04-09.csv", f"{SHIPPED}9,1,7,L1,2026-04-02T08:00\n")

    report = recalled(two_lots, "L1")

    (row,) = report.tables["recall_rows"].select("quantity", "outcome").rows()
    assert row == (7, "unread")
    assert report.fresh.unread["shipments/2026-04-09.csv"] < timedelta(minutes=10)
