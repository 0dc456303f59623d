"""Nights end to end: files in, tables out, run twice."""

import shutil
from pathlib import Path

import pytest

from flows.settings import Stopped
from schemas.published import PUBLISHED, VIEWS
from tests.roots import REPOSITORY, Root

GOLDEN = Path(__file__).with_name("golden")

COUNTS = """
    location_code,upc,lot_code,date,condition,quantity
    L1,U1,A,2026-01-01,New,5
    L1,U1,B,2025-01-01,Used,3
"""
ORDERS = """
    order_id,line_id,location_code,upc,quantity,condition
    1,1,L1,U1,4,
    2,1,L1,U1,5,New
"""


@pytest.fixture
def sample(tmp_path: Path) -> Root:
    ignored = shutil.ignore_patterns("warehouse*", "published")
    shutil.copytree(REPOSITORY / "data", tmp_path / "data", ignore=ignored)
    return Root(tmp_path / "data")


def test_the_sample_leaves_the_tables_that_are_committed_beside_it(sample: Root) -> None:
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        sample.night(day)

    for expected in sorted(GOLDEN.glob("*.csv")):
        published = sample.path / "published" / "day=2026-03-04" / expected.name
        assert published.read_text() == expected.read_text(), expected.name


def test_each_line_gets_what_it_can_and_early_lines_leave_what_later_ones_need(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.put("inbox/orders/2026-04-01.csv", ORDERS)

    root.night("2026-04-01")

    # The Used ones are dated first; one of the five New ones is all that line 1 may take of them.
    assert root.rows("SELECT order_id, inventory_id, quantity FROM allocated ORDER BY ALL") == [
        ("1", 1, 1),
        ("1", 2, 3),
        ("2", 1, 4),
    ]
    assert root.rows("SELECT order_id, allocated, pending FROM order_lines ORDER BY order_id") == [
        ("1", 4, 0),
        ("2", 4, 1),
    ]


def test_a_night_run_again_changes_nothing(sample: Root) -> None:
    sample.night("2026-03-02")
    before = sample.digests()
    stamps = {path: path.stat().st_mtime_ns for path in sample.path.rglob("*.parquet")}

    night = sample.night("2026-03-02")

    assert not night.is_new
    assert sample.digests() == before
    assert {path: path.stat().st_mtime_ns for path in sample.path.rglob("*.parquet")} == stamps


def test_two_data_roots_with_the_same_files_publish_the_same_bytes(
    sample: Root, tmp_path: Path
) -> None:
    shutil.copytree(sample.path, tmp_path / "twin")
    twin = Root(tmp_path / "twin")
    for day in ("2026-03-02", "2026-03-03"):
        sample.night(day)
        twin.night(day)

    assert sample.digests() == twin.digests()


def test_a_day_run_again_with_a_new_file_replaces_its_folder(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.night("2026-04-01")
    root.put("inbox/orders/2026-04-01.csv", ORDERS)

    root.night("2026-04-01")

    published = root.path / "published"
    days = f"read_parquet('{published}/day=*/movements.parquet', hive_partitioning = true)"
    assert root.rows(f"SELECT DISTINCT day::VARCHAR, kind FROM {days} ORDER BY kind") == [
        ("2026-04-01", "allocate"),
        ("2026-04-01", "count"),
        ("2026-04-01", "order"),
    ]


def test_a_night_before_the_last_one_is_refused_with_advice(root: Root) -> None:
    root.night("2026-04-02")

    with pytest.raises(Stopped, match="the last one that ran is 2026-04-02"):
        root.night("2026-04-01")


def test_a_late_file_of_an_earlier_day_is_taken_by_the_next_night(root: Root) -> None:
    root.night("2026-04-02")
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)

    root.night("2026-04-03")

    assert root.rows("SELECT sum(on_hand)::INT FROM inventory") == [(8,)]
    assert root.rows("SELECT day::VARCHAR FROM files") == [("2026-04-03",)]


def test_rows_and_columns_shuffled_and_a_file_split_in_three_leave_the_same_tables(
    root: Root, tmp_path: Path
) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS + "    L1,U2,C,2026-02-01,New,7\n")
    root.put("inbox/orders/2026-04-01.csv", ORDERS)
    other = Root(tmp_path / "other")
    other.put(
        "inbox/inventory/b_2026-04-01.csv",
        """
        quantity,condition,date,lot_code,upc,location_code
        3,Used,2025-01-01,B,U1,L1
        """,
    )
    other.put(
        "inbox/inventory/a_2026-04-01.csv",
        """
        upc,location_code,quantity,lot_code,date,condition
        U1,L1,5,A,2026-01-01,New
        """,
    )
    other.put(
        "inbox/inventory/c_2026-04-01.csv",
        """
        lot_code,upc,location_code,condition,quantity,date
        C,U2,L1,New,7,2026-02-01
        """,
    )
    other.put(
        "inbox/orders/2026-04-01.csv",
        """
        upc,quantity,condition,order_id,location_code,line_id
        U1,5,New,2,L1,1
        U1,4,,1,L1,1
        """,
    )
    root.night("2026-04-01")
    other.night("2026-04-01")

    told = ("file", "row", "raw", "sha256")
    expected, found = root.tables(without=told), other.tables(without=told)
    assert found.pop("files") != expected.pop("files")
    assert found == expected


def test_a_file_with_too_many_rejects_is_refused_and_the_night_goes_on(root: Root) -> None:
    root.put("lotwise.toml", "max_reject_rows = 1\n")
    root.put("inbox/orders/2026-04-01.csv", ORDERS)
    root.put(
        "inbox/inventory/2026-04-01.csv",
        """
        location_code,upc,quantity
        L1,U1,many
        L1,U2,-1
        L1,U3,7
        """,
    )

    done = root.lotwise("nightly", "--day", "2026-04-01")

    assert done.returncode == 3, done.stderr
    assert "whole_number in 1 (row 1)" in done.stdout
    assert root.rows("SELECT file, status, kept, rejected FROM files ORDER BY kind") == [
        ("inventory/2026-04-01.csv", "refused", 0, 3),
        ("orders/2026-04-01.csv", "taken", 2, 0),
    ]
    assert root.rows("SELECT count(*) FROM inventory") == [(0,)]


def test_a_corrected_file_replaces_a_refused_one(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "upc,quantity\nU1,5\n")
    assert root.lotwise("nightly", "--day", "2026-04-01").returncode == 3
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)

    done = root.lotwise("nightly", "--day", "2026-04-01")

    assert done.returncode == 0, done.stderr
    assert root.rows("SELECT status, kept FROM files") == [("taken", 2)]
    assert root.rows("SELECT sum(on_hand)::INT FROM inventory") == [(8,)]


def test_a_refused_file_gets_another_chance_when_the_settings_have_changed(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "item,stock\nU1,5\n")
    assert root.lotwise("nightly", "--day", "2026-04-01").returncode == 3
    root.put(
        "lotwise.toml",
        """
        [[sources]]
        name = "shop"
        kind = "inventory"
        constants = { location_code = "L1" }
        columns = { upc = "item", quantity = "stock" }
        """,
    )

    done = root.lotwise("nightly", "--day", "2026-04-01")

    assert done.returncode == 0, done.stderr
    assert root.rows("SELECT location_code, upc, on_hand FROM inventory") == [("L1", "U1", 5)]


def test_on_refused_fail_stops_the_run_before_anything_changes(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.night("2026-04-01")
    before = root.digests()
    root.put("lotwise.toml", 'on_refused = "fail"\n')
    root.put("inbox/orders/2026-04-02.csv", "nothing,that,is,known\n1,2,3,4\n")

    done = root.lotwise("nightly", "--day", "2026-04-02")

    assert done.returncode == 1
    assert done.stderr.startswith("lotwise: orders/2026-04-02.csv is refused: missing_column")
    assert root.digests() == before


def test_counts_that_would_empty_a_location_are_refused(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,100\nL1,U2,90\n")
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-02.csv", "location_code,upc,quantity\nL1,U1,0\nL1,U2,0\n")

    night = root.night("2026-04-02")

    assert [file for file, _ in night.refused] == ["inventory/2026-04-02.csv"]
    assert root.rows("SELECT sum(on_hand)::INT FROM inventory") == [(190,)]


def test_files_of_a_whole_count_that_come_two_nights_apart_clear_nothing(root: Root) -> None:
    source = '[[sources]]\nname = "whole"\nkind = "inventory"\ncount_mode = "full"\n'
    root.put("lotwise.toml", source)
    row = "location_code,upc,quantity,counted_at\nL1,{},{},2026-04-01T{}:00Z\n"
    root.put("inbox/inventory/aisle_1_2026-04-01.csv", row.format("U1", 190, "08:00"))
    root.night("2026-04-01")
    root.put("inbox/inventory/aisle_2_2026-04-01.csv", row.format("U2", 9, "09:00"))

    night = root.night("2026-04-02")

    assert night.refused == []
    assert root.rows("SELECT upc, on_hand FROM inventory") == [("U1", 190), ("U2", 9)]


def test_the_same_content_under_another_name_is_a_repeat(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\n")
    root.night("2026-04-01")
    root.put("inbox/adjustments/again_2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\n")

    night = root.night("2026-04-02")

    assert night.repeated == [
        ("adjustments/again_2026-04-01.csv", "the same as adjustments/2026-04-01.csv")
    ]
    assert root.rows("SELECT on_hand FROM inventory") == [(5,)]


def test_what_is_refused_under_one_name_is_taken_once_under_others(root: Root) -> None:
    told = "location_code,upc,quantity\nL1,U1,5\n"
    for name in ("a.doc", "b.csv", "c.doc", "d.csv"):
        root.put(f"inbox/adjustments/2026-04-01_{name}", told)

    night = root.night("2026-04-01")

    assert [file[-5:] for file, _ in night.refused] == ["a.doc"]
    repeated = [(file[-5:], why[-5:]) for file, why in night.repeated]
    assert repeated == [("c.doc", "b.csv"), ("d.csv", "b.csv")]
    assert root.rows("SELECT on_hand FROM inventory") == [(5,)]


def test_of_a_file_of_adjustments_that_grows_only_the_new_rows_apply(root: Root) -> None:
    told = "location_code,upc,quantity\nL1,U1,5\nL1,U1,5\n"
    root.put("inbox/adjustments/2026-04-01.csv", told)
    root.night("2026-04-01")
    root.put("inbox/adjustments/2026-04-01.csv", told + "L1,U1,5\nL1,U1,-2\n")

    root.night("2026-04-02")

    assert root.rows("SELECT on_hand FROM inventory") == [(13,)]
    assert root.rows("SELECT kept, repeated FROM files ORDER BY day") == [(2, 0), (2, 2)]


def test_a_corrected_file_of_counts_takes_its_old_statements_back(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\nL1,U2,7\n")
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,6\n")

    root.night("2026-04-02")

    assert root.rows("SELECT upc, on_hand FROM inventory") == [("U1", 6), ("U2", 0)]


def test_a_shipment_before_its_order_waits_and_is_counted_as_kept_once_it_fits(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.put(
        "inbox/shipments/2026-04-01.csv",
        """
        order_id,line_id,quantity,shipped_at
        1,1,2,2026-04-01T12:00:00Z
        """,
    )
    root.night("2026-04-01")
    waits = root.rows("SELECT file, kind, reason, since::VARCHAR FROM waiting")
    assert waits == [
        (
            "shipments/2026-04-01.csv",
            "shipments",
            "the order line is not known yet",
            "2026-04-01",
        )
    ]
    root.put("inbox/orders/2026-04-02.csv", ORDERS)

    root.night("2026-04-02")

    assert root.rows("SELECT count(*) FROM waiting") == [(0,)]
    assert root.rows("SELECT order_id, quantity, lot_code FROM fulfilled") == [("1", 2, "B")]
    shipments = "SELECT rows, kept, waiting FROM files WHERE kind = 'shipments'"
    assert root.rows(shipments) == [(1, 1, 0)]


@pytest.mark.parametrize("second", ["2026-04-01", "2026-04-02"])
def test_rows_of_two_versions_of_a_file_wait_apart(root: Root, second: str) -> None:
    root.put("lotwise.toml", "wait_days = 0\n")
    shipments = "order_id,line_id,quantity,shipped_at\n{},1,3,2026-04-01T08:00Z\n"
    root.put("inbox/shipments/2026-04-01.csv", shipments.format(1))
    root.night("2026-04-01")
    root.put("inbox/shipments/2026-04-01.csv", shipments.format(2))

    root.night(second)

    is_over = second == "2026-04-02"
    assert root.rows("SELECT kept, waiting, rejected FROM files ORDER BY waiting, rejected") == (
        [(0, 0, 1), (0, 1, 0)] if is_over else [(0, 1, 0), (0, 1, 0)]
    )
    assert root.rows("SELECT file, row, rule FROM rejects") == (
        [("shipments/2026-04-01.csv", 1, "waited_too_long")] if is_over else []
    )


def test_a_row_that_waited_for_what_another_row_told_is_a_repeat(root: Root) -> None:
    shipments = "order_id,line_id,quantity,shipment_id\n1,1,1,S\n1,1,1,S\n"
    root.put("inbox/shipments/2026-04-01.csv", shipments)
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.night("2026-04-01")
    root.put("inbox/orders/2026-04-02.csv", ORDERS)

    root.night("2026-04-02")

    told = "SELECT rows, kept, repeated, waiting FROM files WHERE kind = 'shipments'"
    assert root.rows(told) == [(2, 1, 1, 0)]


def test_a_line_restated_lower_keeps_what_was_shipped_of_it_the_same_day(root: Root) -> None:
    """The shipment left at noon; that the line wants less was said in the day's orders file."""
    orders = "order_id,line_id,location_code,upc,quantity,placed_at\n1,1,L1,U1,{},2026-03-31\n"
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,9\n")
    root.put("inbox/orders/2026-04-01.csv", orders.format(5))
    root.night("2026-04-01")
    root.put("inbox/orders/2026-04-02.csv", orders.format(3))
    root.put(
        "inbox/shipments/2026-04-02.csv",
        "order_id,line_id,quantity,shipped_at\n1,1,4,2026-04-02T12:00Z\n",
    )

    root.night("2026-04-02")

    assert root.rows("SELECT shipped, cancelled, pending FROM order_lines") == [(4, 1, 0)]
    assert root.rows("SELECT kind, quantity FROM discrepancies") == [("cancelled_too_much", 1)]


def test_a_hold_of_tonight_keeps_its_lot_from_being_shipped_as_free(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.night("2026-04-01")
    root.put("reference/holds.csv", "lot_code,reason\nB,recall\n")
    root.put(
        "inbox/orders/2026-04-02.csv",
        "order_id,line_id,location_code,upc,quantity\n1,1,L1,U1,2\n",
    )
    root.put("inbox/shipments/2026-04-02.csv", "order_id,line_id,quantity\n1,1,2\n")

    root.night("2026-04-02")

    assert root.rows("SELECT lot_code, quantity FROM fulfilled") == [("A", 2)]


def test_what_waits_too_long_is_rejected_with_its_row_as_read(root: Root) -> None:
    root.put("lotwise.toml", "wait_days = 2\n")
    root.put("inbox/cancellations/2026-04-01.csv", "order_id,line_id\n77,1\n")
    for day in ("2026-04-01", "2026-04-03", "2026-04-04"):
        root.night(day)

    assert root.rows("SELECT file, row, rule, raw FROM rejects") == [
        (
            "cancellations/2026-04-01.csv",
            1,
            "waited_too_long",
            '{"order_id":"77","line_id":"1"}',
        )
    ]
    assert root.rows("SELECT kept, waiting, rejected FROM files") == [(0, 0, 1)]


def test_stock_that_vanished_is_lost_by_the_latest_ranked_line(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,10\n")
    root.put(
        "inbox/orders/2026-04-01.csv",
        """
        order_id,line_id,location_code,upc,quantity
        9,1,L1,U1,4
        10,1,L1,U1,6
        """,
    )
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-02.csv", "location_code,upc,quantity\nL1,U1,7\n")

    root.night("2026-04-02")

    assert root.rows("SELECT order_id, allocated, pending FROM order_lines ORDER BY order_id") == [
        ("10", 3, 3),
        ("9", 4, 0),
    ]


def test_a_hold_moves_lines_to_other_lots_and_its_end_frees_the_lot(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.put(
        "inbox/orders/2026-04-01.csv",
        "order_id,line_id,location_code,upc,quantity\n1,1,L1,U1,3\n",
    )
    root.night("2026-04-01")
    assert root.rows("SELECT lot_code FROM allocated") == [("B",)]
    root.put("reference/holds.csv", "lot_code,reason,from,until\nB,recall,2026-04-02,2026-04-02\n")

    root.night("2026-04-02")

    assert root.rows("SELECT lot_code, quantity FROM allocated") == [("A", 3)]
    assert root.rows("SELECT held, free FROM aggregate_by_upc") == [(3, 2)]
    root.night("2026-04-03")
    assert root.rows("SELECT held, free FROM aggregate_by_upc") == [(0, 5)]


def test_a_record_below_zero_is_one_discrepancy_however_many_nights_it_stays_so(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,-3\n")
    for day in ("2026-04-01", "2026-04-02", "2026-04-03"):
        root.night(day)

    told = [("negative_on_hand", -3)]
    assert root.rows("SELECT kind, quantity FROM discrepancies") == told
    day = f"read_parquet('{root.path}/published/day=2026-04-02/discrepancies.parquet')"
    assert root.rows(f"SELECT kind, quantity FROM {day}") == told


def test_what_a_product_refuses_is_refused_the_same_night(root: Root) -> None:
    root.put("reference/products.csv", "upc,out_of_stock\nU1,refuse\n")
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.put("inbox/orders/2026-04-01.csv", ORDERS)

    root.night("2026-04-01")

    lines = "SELECT order_id, quantity, allocated, pending, refused FROM order_lines"
    assert root.rows(lines) == [("1", 4, 4, 0, 0), ("2", 5, 4, 0, 1)]


def test_a_location_counted_whole_has_none_of_what_its_files_do_not_name(root: Root) -> None:
    root.put(
        "lotwise.toml",
        """
        max_cleared_share = 1.0
        [[sources]]
        name = "whole"
        kind = "inventory"
        count_mode = "full"
        """,
    )
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\nL1,U2,7\n")
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-02.csv", "location_code,upc,quantity\nL1,U1,4\n")

    root.night("2026-04-02")

    assert root.rows("SELECT upc, on_hand FROM inventory") == [("U1", 4), ("U2", 0)]


def test_explain_tells_what_became_of_a_line_in_a_sentence(sample: Root) -> None:
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        sample.night(day)

    sentences = sample.query("""SELECT order_id, sentence FROM explanations WHERE line_id = '1'""")
    told: dict[str, str] = dict(sentences.iter_rows())
    assert told["5004"] == (
        "Order 5004 line 1 asks for 40 OAT-MILK-1L at MILL-LANE; 30 shipped; 10 cancelled"
    )
    assert told["5010"] == (
        "Order 5010 line 1 asks for 45 OAT-MILK-1L at MILL-LANE; "
        "12 shipped; 24 allocated (24 of lot OM-0415 dated 2026-04-02); "
        "9 waiting (3 units held, 6 units kept as safety stock)"
    )
    assert told["5009"] == (
        "Order 5009 line 1 asks for 30 TRAIL-BAR at MILL-LANE; "
        "15 allocated (15 of lot TB-771 dated 2026-08-30); 15 refused, out of stock"
    )


def test_every_published_table_and_column_carries_a_comment(sample: Root) -> None:
    sample.night("2026-03-02")

    views = sample.rows(
        """
        SELECT view_name, comment FROM duckdb_views()
        WHERE schema_name = 'main' AND NOT internal
        """
    )
    assert {name for name, _ in views} == {*PUBLISHED, *VIEWS}
    columns = sample.rows(
        """
        SELECT table_name, column_name, comment FROM duckdb_columns()
        WHERE schema_name = 'main' AND NOT internal
        """
    )
    assert [row for row in (*views, *columns) if not row[-1]] == []


def test_published_values_keep_the_rules_of_their_schemas(sample: Root) -> None:
    sample.night("2026-03-02")
    sample.night("2026-03-03")

    for name, schema in {**PUBLISHED, **VIEWS}.items():
        schema.validate(sample.query(f'FROM "{name}"'), lazy=True)
