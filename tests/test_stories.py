"""What happens to files in a warehouse's weeks, each story a test (SPEC 2)."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from flows.files.inputs import copy_input
from tests.roots import Root

COUNTED = "location_code,upc,quantity\n"
ADJUSTED = "location_code,upc,quantity\n"
ORDERED = "order_id,line_id,location_code,upc,quantity\n"
SHIPPED = "order_id,line_id,quantity\n"

ON_HAND = "SELECT upc, on_hand FROM inventory ORDER BY upc"


def test_a_file_refused_and_corrected_and_sent_again_is_taken_the_next_night(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01.csv", "location_code,upc,qty_of_units\nL,U,5\n")
    refused = root.night("2026-04-01").refused
    assert [file for file, _ in refused] == ["adjustments/2026-04-01.csv"]
    root.put("inbox/adjustments/2026-04-01.csv", ADJUSTED + "L,U,5\n")

    assert root.night("2026-04-02").refused == []

    assert root.rows(ON_HAND) == [("U", 5)]
    assert root.rows("SELECT status, kept FROM files") == [("taken", 1)]


def test_a_refused_file_may_also_be_sent_again_under_another_name(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01.csv", "location_code,upc,qty_of_units\nL,U,5\n")
    root.night("2026-04-01")
    root.put("inbox/adjustments/2026-04-01_corrected.csv", ADJUSTED + "L,U,5\n")

    night = root.night("2026-04-02")

    assert night.refused == []
    assert root.rows(ON_HAND) == [("U", 5)]


def test_a_correction_that_carries_the_time_and_size_of_what_it_corrects_is_taken(
    root: Root,
) -> None:
    counted = root.put("inbox/inventory/2026-04-01.csv", COUNTED + "L,U,4\n")
    times = counted.stat()
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-01.csv", COUNTED + "L,U,7\n")
    os.utime(counted, ns=(times.st_atime_ns, times.st_mtime_ns))

    root.night("2026-04-02")

    assert root.rows(ON_HAND) == [("U", 7)]


def test_a_file_that_was_only_touched_is_looked_into_once(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def copied(path: Path, copy: Path) -> str:
        read.append(path.name)
        return copy_input(path, copy)

    monkeypatch.setattr("flows.night.take.copy_input", copied)
    monkeypatch.setattr("flows.night.take.TICK", 0)
    counted = root.put("inbox/inventory/2026-04-01.csv", COUNTED + "L,U,4\n")
    root.night("2026-04-01")
    counted.touch()
    for day in ("2026-04-02", "2026-04-03", "2026-04-04"):
        root.night(day)

    assert read == ["2026-04-01.csv"] * 2
    assert root.rows("SELECT status, kept FROM files") == [("taken", 1)]


def test_of_an_export_of_counts_that_grows_every_night_the_latest_holds(root: Root) -> None:
    lines = ["L,U1,5\n", "L,U2,7\n", "L,U3,2\n"]
    for night, upto in enumerate((1, 3), 1):
        root.put("inbox/inventory/2026-04-01_all.csv", COUNTED + "".join(lines[:upto]))
        root.night(f"2026-04-0{night}")

    assert root.rows(ON_HAND) == [("U1", 5), ("U2", 7), ("U3", 2)]
    # Each version replaces the statements of the one before.
    kept = "SELECT kept, repeated FROM files ORDER BY day"
    assert root.rows(kept) == [(1, 0), (3, 0)]


def test_of_an_export_of_adjustments_that_grows_every_night_each_applies_once(root: Root) -> None:
    lines = ["L,U,5\n", "L,U,-1\n", "L,U,-1\n"]
    for night, upto in enumerate((1, 2, 3), 1):
        root.put("inbox/adjustments/2026-04-01_all.csv", ADJUSTED + "".join(lines[:upto]))
        root.night(f"2026-04-0{night}")

    assert root.rows(ON_HAND) == [("U", 3)]
    kept = "SELECT kept, repeated FROM files ORDER BY day"
    assert root.rows(kept) == [(1, 0), (1, 1), (1, 2)]


def test_of_an_export_of_adjustments_without_a_day_each_applies_once_too(root: Root) -> None:
    lines = ["L,U,5\n", "L,U,-1\n", "L,U,-1\n"]
    for night, upto in enumerate((2, 3), 1):
        root.put("inbox/adjustments/all.csv", ADJUSTED + "".join(lines[:upto]))
        root.night(f"2026-04-0{night}")

    assert root.rows(ON_HAND) == [("U", 3)]


def test_of_an_export_of_orders_that_grows_every_night_each_line_is_ordered_once(
    root: Root,
) -> None:
    lines = ["1,1,L,U,5\n", "1,2,L,U,2\n", "2,1,L,U,1\n"]
    for night, upto in enumerate((1, 3), 1):
        root.put("inbox/orders/2026-04-01_all.csv", ORDERED + "".join(lines[:upto]))
        root.night(f"2026-04-0{night}")

    lines_told = "SELECT order_id, line_id, quantity, pending FROM order_lines ORDER BY ALL"
    assert root.rows(lines_told) == [("1", "1", 5, 5), ("1", "2", 2, 2), ("2", "1", 1, 1)]
    kept = "SELECT kept, repeated FROM files ORDER BY day"
    assert root.rows(kept) == [(1, 0), (2, 1)]


def test_of_an_export_of_shipments_that_grows_every_night_each_leaves_once(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTED + "L,U,10\n")
    root.put("inbox/orders/2026-04-01.csv", ORDERED + "1,1,L,U,9\n")
    lines = ["1,1,2\n", "1,1,2\n", "1,1,3\n"]
    for night, upto in enumerate((1, 3), 1):
        root.put("inbox/shipments/2026-04-01_all.csv", SHIPPED + "".join(lines[:upto]))
        root.night(f"2026-04-0{night}")

    assert root.rows("SELECT shipped, allocated FROM order_lines") == [(7, 2)]
    assert root.rows(ON_HAND) == [("U", 3)]


@pytest.mark.parametrize("kind", ["inventory", "adjustments"])
def test_a_file_sent_again_under_another_name_of_its_day_counts_nothing(
    root: Root, kind: str
) -> None:
    root.put(f"inbox/{kind}/2026-04-01.csv", COUNTED + "L,U,5\n")
    root.night("2026-04-01")
    root.put(f"inbox/{kind}/2026-04-01_again.csv", COUNTED + "L,U,5\n")

    night = root.night("2026-04-02")

    first = f"{kind}/2026-04-01.csv"
    assert night.repeated == [(f"{kind}/2026-04-01_again.csv", f"the same as {first}")]
    assert root.rows(ON_HAND) == [("U", 5)]


def test_equal_files_of_two_nights_both_count(root: Root) -> None:
    for night in (1, 2):
        root.put(f"inbox/adjustments/2026-04-0{night}.csv", ADJUSTED + "L,U,-1\n")
        root.night(f"2026-04-0{night}")

    assert root.rows(ON_HAND) == [("U", -2)]
    assert root.rows("SELECT kept FROM files") == [(1,), (1,)]


def test_an_upload_under_way_is_no_input_until_it_has_its_name(root: Root) -> None:
    path = root.put("inbox/inventory/2026-04-01.csv.part", COUNTED + "L,U,5\n")
    root.put("inbox/inventory/_2026-04-01.csv", COUNTED + "L,V,5\n")
    root.put("inbox/inventory/2026-04-01.csv.tmp", COUNTED + "L,W,5\n")
    root.night("2026-04-01")
    assert root.rows("SELECT count(*) FROM files") == [(0,)]
    path.rename(path.with_suffix(""))

    root.night("2026-04-02")

    assert root.rows(ON_HAND) == [("U", 5)]
    assert root.rows("SELECT file FROM files") == [("inventory/2026-04-01.csv",)]


def test_a_source_that_is_done_when_it_says_so_waits_for_its_word(root: Root) -> None:
    root.put("lotwise.toml", '[[sources]]\nname = "ftp"\nkind = "inventory"\ndone = true\n')
    root.put("inbox/inventory/2026-04-01.csv", COUNTED + "L,U,5\n")
    left = root.night("2026-04-01").left
    assert left == [("inventory/2026-04-01.csv", "it waits for 2026-04-01.csv.done")]
    assert root.rows("SELECT count(*) FROM files") == [(0,)]
    root.put("inbox/inventory/2026-04-01.csv.done", "")

    root.night("2026-04-02")

    assert root.rows(ON_HAND) == [("U", 5)]
    assert root.rows("SELECT file FROM files") == [("inventory/2026-04-01.csv",)]


def put_refresh(root: Root, clock: str, upcs: range) -> None:
    """A chunk of a Kibo Refresh as it is exported, one unit of each UPC."""
    items = [{"upc": f"U{number}", "onHand": 1, "lotCode": "A"} for number in upcs]
    body = {"locationCode": "L", "type": "REFRESH", "items": items}
    root.put(f"inbox/inventory/refresh_{clock}.json", json.dumps(body))


def test_chunks_of_one_refresh_of_a_whole_location_leave_what_any_of_them_names(
    root: Root,
) -> None:
    root.put(
        "lotwise.toml",
        """
        [[sources]]
        name = "kibo"
        kind = "inventory"
        count_mode = "full"
        """,
    )
    for chunk in range(3):
        put_refresh(root, f"2604010530{chunk:02}", range(chunk * 3000, (chunk + 1) * 3000))
    root.night("2026-04-01")
    counted = "SELECT count(*), sum(on_hand)::INT, max(counted_at) FROM inventory"
    assert root.rows(counted) == [(9000, 9000, datetime(2026, 4, 1, 5, 30, 2))]  # noqa: DTZ001
    put_refresh(root, "260402053000", range(3000))
    put_refresh(root, "260402053001", range(3000, 6000))
    put_refresh(root, "260402053002", range(6000, 8000))

    root.night("2026-04-02")

    assert root.rows("SELECT count(*), sum(on_hand)::INT FROM inventory") == [(9000, 8000)]
    gone = "SELECT count(*) FROM inventory WHERE on_hand = 0 AND substr(upc, 2)::INT >= 8000"
    assert root.rows(gone) == [(1000,)]


NO_LINE_IDS = """
    [[sources]]
    name = "till"
    kind = "orders"
    line_id = "row"
"""


def test_a_corrected_file_without_line_ids_restates_the_lines_of_its_rows(root: Root) -> None:
    root.put("lotwise.toml", NO_LINE_IDS)
    told = "order_id,location_code,upc,quantity\n1,L,U1,5\n1,L,U2,2\n"
    root.put("inbox/orders/2026-04-01.csv", told)
    root.night("2026-04-01")
    root.put("inbox/orders/2026-04-01.csv", told.replace("U2,2", "U2,1") + "1,L,U3,4\n")

    root.night("2026-04-02")

    lines = "SELECT line_id, upc, quantity, cancelled FROM order_lines ORDER BY line_id"
    assert root.rows(lines) == [("1", "U1", 5, 0), ("2", "U2", 2, 1), ("3", "U3", 4, 0)]


def test_a_row_put_in_between_without_line_ids_is_a_conflict_and_never_a_wrong_line(
    root: Root,
) -> None:
    """The rows below it have other numbers, and so ask for what other lines have asked for: such a
    file is to be sent with line ids. The lines that were known stay as they were."""
    root.put("lotwise.toml", NO_LINE_IDS)
    root.put(
        "inbox/orders/2026-04-01.csv",
        "order_id,location_code,upc,quantity\n1,L,U1,5\n1,L,U2,2\n",
    )
    root.night("2026-04-01")
    root.put(
        "inbox/orders/2026-04-01.csv",
        "order_id,location_code,upc,quantity\n1,L,U9,8\n1,L,U1,5\n1,L,U2,2\n",
    )

    root.night("2026-04-02")

    lines = "SELECT line_id, upc, quantity FROM order_lines ORDER BY line_id"
    assert root.rows(lines) == [("1", "U1", 5), ("2", "U2", 2), ("3", "U2", 2)]
    rejects = "SELECT row, rule FROM rejects ORDER BY row"
    assert root.rows(rejects) == [(1, "conflict"), (2, "conflict")]


LONDON = """
    timezone = "Europe/London"

    [[sources]]
    name = "shop"
    kind = "inventory"
    count_time = "end"
"""


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2026-03-29", "2026-03-29T22:59:59.999999"),
        ("2026-10-25", "2026-10-25T23:59:59.999999"),
    ],
)
def test_counts_at_the_end_of_a_day_end_with_it_when_the_clocks_change(
    root: Root, day: str, instant: str
) -> None:
    root.put("lotwise.toml", LONDON)
    root.put(f"inbox/inventory/{day}.csv", COUNTED + "L,U,5\n")
    # The last second of the day comes before the count, midnight after it.
    root.put(
        f"inbox/adjustments/{day}.csv",
        f"location_code,upc,quantity,adjusted_at\nL,U,-1,{day}T23:59:59\n",
    )

    root.night(day)

    counted = root.rows("SELECT on_hand, counted_at FROM inventory")
    assert counted == [(5, datetime.fromisoformat(instant))]


def test_an_adjustment_at_midnight_is_of_the_new_day(root: Root) -> None:
    root.put("lotwise.toml", LONDON)
    root.put("inbox/inventory/2026-03-29.csv", COUNTED + "L,U,5\n")
    root.put(
        "inbox/adjustments/2026-03-29.csv",
        "location_code,upc,quantity,adjusted_at\nL,U,-1,2026-03-30T00:00:00\n",
    )

    root.night("2026-03-29")

    assert root.rows(ON_HAND) == [("U", 4)]


def test_an_hour_that_comes_twice_is_told_apart_by_its_offset(root: Root) -> None:
    root.put("lotwise.toml", 'timezone = "Europe/London"\n')
    root.put(
        "inbox/inventory/2026-10-25.csv",
        """
        location_code,upc,quantity,counted_at
        L,U,5,2026-10-25T01:30:00+01:00
        L,V,5,2026-10-25T01:30:00+00:00
        L,W,5,2026-10-25T01:30:00
        """,
    )
    # Half an hour after the first half past one, half an hour before the second.
    root.put(
        "inbox/adjustments/2026-10-25.csv",
        """
        location_code,upc,quantity,adjusted_at
        L,U,-1,2026-10-25T01:00:00Z
        L,V,-1,2026-10-25T01:00:00Z
        L,W,-1,2026-10-25T01:00:00Z
        """,
    )

    root.night("2026-10-25")

    assert root.rows(ON_HAND) == [("U", 4), ("V", 5), ("W", 4)]


def test_a_clock_time_that_the_spring_skips_is_the_hour_after_it(root: Root) -> None:
    root.put("lotwise.toml", 'timezone = "Europe/London"\n')
    root.put(
        "inbox/inventory/2026-03-29.csv",
        """
        location_code,upc,quantity,counted_at
        L,U,5,2026-03-29T01:30:00
        """,
    )

    root.night("2026-03-29")

    counted = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001  published without a zone
    assert root.rows("SELECT counted_at FROM inventory") == [(counted,)]


DATED = "location_code,upc,quantity,date\nL,U,5,05/06/2026\n"


def test_a_date_in_no_declared_format_is_rejected_and_not_guessed(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", DATED)

    root.night("2026-04-01")

    assert root.rows("SELECT count(*) FROM inventory") == [(0,)]
    assert root.rows('SELECT row, rule, "column", value FROM rejects') == [
        (1, "real_date", "date", "05/06/2026")
    ]


@pytest.mark.parametrize(("dates", "day"), [("%d/%m/%Y", "2026-06-05"), ("%m/%d/%Y", "2026-05-06")])
def test_a_date_in_a_declared_format_is_read_by_it(root: Root, dates: str, day: str) -> None:
    root.put("lotwise.toml", f'[[sources]]\nname = "s"\nkind = "inventory"\ndates = "{dates}"\n')
    root.put("inbox/inventory/2026-04-01.csv", DATED)

    root.night("2026-04-01")

    assert root.rows("SELECT date::VARCHAR FROM inventory") == [(day,)]


def test_a_file_dropped_late_says_what_was_true_on_its_day(root: Root) -> None:
    root.put("inbox/inventory/2026-04-02.csv", COUNTED + "L,U,5\n")
    root.night("2026-04-02")
    root.put("inbox/inventory/2026-04-01.csv", COUNTED + "L,U,9\nL,V,3\n")
    root.put("inbox/adjustments/2026-04-01.csv", ADJUSTED + "L,U,-1\nL,V,-1\n")

    root.night("2026-04-03")

    # The later count of U stands; V was 3 at the start of the first, and 2 at its end.
    assert root.rows(ON_HAND) == [("U", 5), ("V", 2)]


def test_a_file_dated_in_the_future_waits_for_its_night(root: Root) -> None:
    root.put("inbox/inventory/2026-04-03.csv", COUNTED + "L,U,5\n")
    root.night("2026-04-01")
    assert root.rows("SELECT count(*) FROM files") == [(0,)]

    root.night("2026-04-03")

    assert root.rows(ON_HAND) == [("U", 5)]


def test_a_row_dated_in_the_future_is_rejected(root: Root) -> None:
    root.put(
        "inbox/inventory/2026-04-01.csv",
        """
        location_code,upc,quantity,counted_at
        L,U,5,2026-04-02T23:59:59Z
        L,V,5,2026-04-03T00:00:00Z
        """,
    )

    root.night("2026-04-01")

    assert root.rows(ON_HAND) == [("U", 5)]
    assert root.rows("SELECT row, rule FROM rejects") == [(2, "too_late")]


def test_a_day_run_again_takes_what_came_meanwhile_and_nothing_twice(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01_a.csv", ADJUSTED + "L,U,5\n")
    root.night("2026-04-01")
    root.put("inbox/adjustments/2026-04-01_b.csv", ADJUSTED + "L,U,2\n")
    root.night("2026-04-01")
    digests = root.digests()

    assert not root.night("2026-04-01").is_new

    assert root.digests() == digests
    assert root.rows(ON_HAND) == [("U", 7)]
    assert root.rows("SELECT file, kept FROM files ORDER BY file") == [
        ("adjustments/2026-04-01_a.csv", 1),
        ("adjustments/2026-04-01_b.csv", 1),
    ]


def test_a_cancellation_in_a_file_of_orders_is_of_the_end_of_its_day(root: Root) -> None:
    root.put(
        "lotwise.toml",
        """
        [[sources]]
        name = "invoices"
        kind = "orders"
        [[sources.rows]]
        kind = "cancellations"
        where = { quantity = "-" }
        negate = ["quantity"]
        """,
    )
    root.put(
        "inbox/orders/2026-04-01.csv",
        """
        order_id,line_id,location_code,upc,quantity
        1,1,L1,U1,5
        1,1,L1,U1,-2
        """,
    )

    root.night("2026-04-01")

    assert root.rows("SELECT kind, moved_at::VARCHAR FROM movements ORDER BY movement_id") == [
        ("order", "2026-04-01 00:00:00"),
        ("cancel", "2026-04-01 23:59:59.999999"),
    ]


def test_a_count_that_is_corrected_and_put_back_says_what_it_said_first(root: Root) -> None:
    counts = "location_code,upc,quantity\nL1,U1,{}\n"
    for night, units in ((1, 5), (2, 8), (3, 5)):
        root.put("inbox/inventory/2026-04-01.csv", counts.format(units))
        root.night(f"2026-04-0{night}")
        assert root.rows("SELECT on_hand FROM inventory") == [(units,)]
    assert not root.night("2026-04-03").is_new
