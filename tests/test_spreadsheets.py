"""Files as spreadsheets and old systems write them: what is read, rejected and told (SPEC 2.3, 2.4,
2.6, 3.2)."""

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prefect.server.schemas.schedules import CronSchedule

from flows.settings import Stopped
from tests.roots import REPOSITORY, Root
from transforms import parse

COUNTED = "location_code,upc,lot_code,quantity\n"


def source(kind: str, **described: str) -> str:
    lines = [f"{name} = {value}" for name, value in described.items()]
    return "\n".join(["[[sources]]", 'name = "theirs"', f'kind = "{kind}"', *lines, ""])


def test_a_value_mapped_to_nothing_is_blank_in_every_column(root: Root) -> None:
    mapped = '{ lot_code = { NOLOT = "" }, date = { none = "" }, serial_number = { "-" = "" } }'
    root.put("lotwise.toml", source("inventory", values=mapped))
    header = "location_code,upc,lot_code,date,serial_number,quantity\n"
    root.put("inbox/inventory/2026-03-02.csv", f"{header}L,U,NOLOT,none,-,10\n")
    root.put("inbox/inventory/2026-03-03.csv", f"{header}L,U,,,,12\n")
    for day in ("2026-03-02", "2026-03-03"):
        root.night(day)
    told = "SELECT lot_code, date, serial_number, on_hand FROM inventory"
    assert root.rows(told) == [(None, None, None, 12)]


def test_a_count_below_0_is_0_and_a_discrepancy_where_its_source_says_so(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    root.night("2026-03-02")
    root.put("lotwise.toml", source("inventory", negative_counts='"zero"'))
    root.put("inbox/inventory/2026-03-03.csv", f"{COUNTED}L,U,A,-2\n")
    root.night("2026-03-03")
    assert root.rows("SELECT on_hand FROM inventory") == [(0,)]
    assert root.rows("SELECT kind, quantity, detail FROM discrepancies") == [
        (
            "negative_count",
            -2,
            "inventory/2026-03-03.csv, row 1: a count of -2 of U at L is taken as 0",
        )
    ]


MOVED = "event_id,location_code,upc,quantity,adjusted_at\n"


def test_an_event_known_by_its_id_counts_once_in_any_file(root: Root) -> None:
    told = [f"MV-{number},L,U,4,2026-03-02T0{number}:00:00Z\n" for number in range(3)]
    root.put("inbox/adjustments/a_2026-03-02.csv", MOVED + told[0] + told[1])
    root.put("inbox/adjustments/b_2026-03-02.csv", MOVED + told[1])
    root.put("inbox/adjustments/c_2026-03-03.csv", MOVED + told[1] + told[2] + told[2])
    for day in ("2026-03-02", "2026-03-03"):
        root.night(day)
    assert root.rows("SELECT on_hand FROM inventory") == [(12,)]
    kept = "SELECT file, kept, repeated FROM files ORDER BY file"
    assert root.rows(kept) == [
        ("adjustments/a_2026-03-02.csv", 2, 0),
        ("adjustments/b_2026-03-02.csv", 0, 1),
        ("adjustments/c_2026-03-03.csv", 1, 2),
    ]


def test_an_event_that_was_rejected_may_come_again_under_its_id(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    header = "order_id,line_id,location_code,upc,quantity\n"
    root.put("inbox/orders/2026-03-02.csv", f"{header}1,1,L,U,1\n")
    shipped = "order_id,line_id,quantity,inventory_id,event_id\n"
    root.put("inbox/shipments/2026-03-02.csv", f"{shipped}1,1,1,77,SH-1\n")
    root.night("2026-03-02")
    assert root.rows("SELECT rule FROM rejects") == [("unknown_record",)]
    root.put("inbox/shipments/2026-03-03.csv", f"{shipped}1,1,1,,SH-1\n")
    root.night("2026-03-03")
    assert root.rows("SELECT quantity FROM fulfilled") == [(1,)]


def test_an_event_that_waited_in_vain_may_come_again_under_its_id(root: Root) -> None:
    root.put("lotwise.toml", "wait_days = 0\n")
    shipped = "order_id,line_id,quantity,event_id\n"
    root.put("inbox/shipments/2026-03-02.csv", f"{shipped}1,1,1,SH-1\n1,2,1,SH-2\n")
    root.night("2026-03-02")
    root.put("inbox/inventory/2026-03-03.csv", f"{COUNTED}L,U,A,5\n")
    root.night("2026-03-03")
    waited = ("waited_too_long",)
    assert root.rows("SELECT rule FROM rejects") == [waited, waited]
    header = "order_id,line_id,location_code,upc,quantity\n"
    root.put("inbox/orders/2026-03-04.csv", f"{header}1,1,L,U,1\n")
    root.put("inbox/shipments/2026-03-04.csv", f"{shipped}1,1,1,SH-1\n")
    root.night("2026-03-04")
    assert root.rows("SELECT quantity FROM fulfilled") == [(1,)]


def test_events_without_an_id_that_another_file_told_count_and_are_named(root: Root) -> None:
    row = "L,U,4,2026-03-02T01:00:00Z\n"
    header = MOVED.removeprefix("event_id,")
    root.put("inbox/adjustments/2026-03-02.csv", header + row)
    root.put("inbox/adjustments/2026-03-03.csv", header + row)
    assert root.night("2026-03-02").told_before == []
    told = root.night("2026-03-03").told_before
    assert told == [("adjustments/2026-03-03.csv", "adjustments/2026-03-02.csv", 1)]
    assert root.rows("SELECT on_hand FROM inventory") == [(8,)]


def test_many_small_files_leave_what_one_large_file_does(root: Root, tmp_path: Path) -> None:
    whole = Root(tmp_path / "whole")
    rows = [f"S{store:02},U{upc},{upc + store}\n" for store in range(40) for upc in range(5)]
    rows[7] = "S01,U2,x\n"
    header = "location_code,upc,quantity\n"
    whole.put("inbox/inventory/2026-03-02.csv", header + "".join(rows))
    for store in range(40):
        told = header + "".join(rows[store * 5 : store * 5 + 5])
        root.put(f"inbox/inventory/s{store:02}_2026-03-02.csv", told)
    root.put("inbox/inventory/t_2026-03-02.csv", "location_code,upc,qty\nS41,U1,1\n")
    for one in (root, whole):
        one.night("2026-03-02")
    stock = "SELECT location_code, upc, on_hand FROM inventory ORDER BY ALL"
    assert root.rows(stock) == whole.rows(stock)
    assert root.rows("SELECT file, row, rule FROM rejects") == [
        ("inventory/s01_2026-03-02.csv", 3, "whole_number")
    ]
    outcomes = "SELECT status, rows, kept, rejected, count(*) FROM files GROUP BY ALL ORDER BY ALL"
    assert root.rows(outcomes) == [
        ("refused", 1, 0, 1, 1),
        ("taken", 5, 4, 1, 1),
        ("taken", 5, 5, 0, 39),
    ]


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago"]
)
def test_the_schedule_gives_each_day_one_night_over_all_changes_of_the_clocks(zone: str) -> None:
    cron = re.search(r'cron: "(.*)"', (REPOSITORY / "prefect.yaml").read_text(encoding="utf-8"))
    assert cron
    schedule = CronSchedule(cron=cron[1], timezone=zone)
    start = datetime(2027, 1, 1, 12, tzinfo=ZoneInfo(zone))
    runs = asyncio.run(schedule.get_dates(n=400, start=start))
    days = [parse.business_day(run, ZoneInfo(zone)) for run in runs]
    assert days == [date(2027, 1, 2) + timedelta(number) for number in range(400)]


def test_the_samples_schedule_is_in_the_business_time_zone() -> None:
    settings = tomllib.loads((REPOSITORY / "data/lotwise.toml").read_text(encoding="utf-8"))
    deployed = (REPOSITORY / "prefect.yaml").read_text(encoding="utf-8")
    assert f'timezone: "{settings["timezone"]}"' in deployed


def test_no_name_of_a_table_or_column_wants_quotes_but_the_one_that_spec_names(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    root.night("2026-03-02")
    names = root.rows(
        """
        SELECT table_name, column_name FROM duckdb_columns()
        WHERE schema_name = 'main' AND NOT internal
        """
    )
    for table, column in names:
        if (table, column) != ("rejects", "column"):
            root.query(f"SELECT {column} FROM {table} LIMIT 0")


def test_a_link_that_leads_out_of_the_inbox_is_refused_and_not_read(
    root: Root, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("location_code,upc,quantity\nSECRET,U,1\n")
    folder = root.path / "inbox" / "inventory"
    folder.mkdir(parents=True)
    (folder / "2026-03-02.csv").symlink_to(secret)
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "zeros_2026-03-02.csv").symlink_to("/dev/zero")
    root.put("inbox/inventory/own_2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    (folder / "inside_2026-03-02.csv").symlink_to(folder / "own_2026-03-02.csv")

    refused = root.night("2026-03-02").refused

    assert [file for file, _ in refused] == [
        "inventory/2026-03-02.csv",
        "inventory/elsewhere",
        "inventory/zeros_2026-03-02.csv",
    ]
    assert root.rows("SELECT location_code FROM inventory") == [("L",)]
    assert not any("SECRET" in str(row) for row in root.rows("FROM files"))
    assert not root.night("2026-03-02").is_new


def test_a_source_may_say_to_follow_links(root: Root, tmp_path: Path) -> None:
    elsewhere = tmp_path / "theirs"
    elsewhere.write_text(f"{COUNTED}L,U,A,5\n")
    folder = root.path / "inbox" / "inventory"
    folder.mkdir(parents=True)
    (folder / "2026-03-02.csv").symlink_to(elsewhere)
    root.put("lotwise.toml", source("inventory", follow_links="true"))
    assert root.night("2026-03-02").refused == []
    assert root.rows("SELECT on_hand FROM inventory") == [(5,)]


WRITER = """
import duckdb, os, sys
database = sys.argv[1]
os.chmod(database, 0o644)
connection = duckdb.connect(database)
connection.execute("SET checkpoint_threshold = '1TB'")
connection.execute("CREATE TABLE notes AS SELECT 1 AS note")
if sys.argv[2] == "waits":
    print("open", flush=True)
    sys.stdin.readline()
    connection.execute("INSERT INTO notes VALUES (2)")
os._exit(1)
"""


def test_a_writer_that_died_over_the_published_database_locks_nobody_out(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    root.night("2026-03-02")
    live = root.path / "published" / "lotwise.duckdb"
    subprocess.run([sys.executable, "-c", WRITER, str(live), "dies"], check=False)
    assert live.with_name("lotwise.duckdb.wal").exists()
    root.put("inbox/inventory/2026-03-03.csv", f"{COUNTED}L,U,A,7\n")

    root.night("2026-03-03")

    assert root.rows("SELECT on_hand FROM inventory") == [(7,)]
    assert root.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'notes'") == [(0,)]
    assert live.stat().st_mode & 0o777 == 0o444


def test_a_writer_over_the_published_database_during_the_swap_is_healed_by_the_next_run(
    root: Root,
) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    root.night("2026-03-02")
    live = root.path / "published" / "lotwise.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(live), "waits"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout
        assert writer.stdin
        writer.stdout.readline()
        root.put("inbox/inventory/2026-03-03.csv", f"{COUNTED}L,U,A,7\n")
        with suppress(Stopped):
            root.night("2026-03-03")
        writer.stdin.write("on\n")
        writer.stdin.flush()
        writer.wait()

    root.night("2026-03-03")

    assert root.rows("SELECT on_hand FROM inventory") == [(7,)]


def test_a_published_database_that_was_cut_is_published_again(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{COUNTED}L,U,A,5\n")
    root.night("2026-03-02")
    live = root.path / "published" / "lotwise.duckdb"
    live.chmod(0o644)
    os.truncate(live, live.stat().st_size // 2)

    root.night("2026-03-02")

    assert root.rows("SELECT on_hand FROM inventory") == [(5,)]


def test_a_corrected_expiry_and_a_serial_of_two_units_are_told(root: Root) -> None:
    head = "location_code,upc,lot_code,date,serial_number,quantity\n"
    root.put("inbox/inventory/2026-03-02.csv", f"{head}L,U,A,2026-05-01,,10\nL,V,,,S1,1\n")
    root.put("inbox/adjustments/2026-03-02.csv", f"{head}L,V,,,S1,1\n")
    root.night("2026-03-02")
    root.put("inbox/inventory/2026-03-03.csv", f"{head}L,U,A,2026-06-01,,10\n")
    root.night("2026-03-03")
    kinds = "SELECT kind, inventory_id, quantity FROM discrepancies ORDER BY ALL"
    assert root.rows(kinds) == [
        ("lot_with_two_dates", 1, 10),
        ("lot_with_two_dates", 3, 10),
        ("serial_with_many_units", 2, 2),
    ]
    root.put("inbox/inventory/2026-03-04.csv", f"{head}L,U,A,2026-05-01,,0\n")
    root.night("2026-03-04")
    assert root.rows(kinds) == [("serial_with_many_units", 2, 2)]
