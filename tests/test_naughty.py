"""Strings that break software elsewhere are lots, serials, order ids and file names like any other.

The strings are the Big List of Naughty Strings; each goes through a night and is looked for in what
was published, to the character (SPEC 3.2, 8.1).
"""

import csv
import json
import os
import re
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from tests.clerk_of_files import is_invisible, trimmed
from tests.mutants import written
from tests.roots import SHARED, Root
from transforms.take import dated, is_input

LIST = SHARED / "realdata" / "csv-torture" / "blns" / "blns.json"
pytestmark = pytest.mark.skipif(not LIST.is_file(), reason="the list isn't here")

STRINGS: Final[list[str]] = json.loads(LIST.read_bytes()) if LIST.is_file() else []
DAY: Final = "2026-04-01"
FIELDS: Final = ("location_code", "lot_code", "condition", "serial_number")
LONGEST: Final = {"lot_code": 50, "condition": 50, "serial_number": 30}


def counts() -> list[dict[str, Any]]:
    """Each string in each field, known by its UPC."""
    return [
        {
            "location_code": text if field == "location_code" else "L",
            "upc": f"{field}-{number}",
            "quantity": 1,
            **{name: text if name == field else None for name in FIELDS[1:]},
        }
        for field in FIELDS
        for number, text in enumerate(STRINGS)
    ]


def orders() -> list[dict[str, Any]]:
    """A line for each string, which names the order and the lot that it wants."""
    return [
        {
            "order_id": text,
            "line_id": str(number),
            "location_code": "L",
            "upc": f"lot_code-{number}",
            "quantity": 1,
            "lot_code": text,
            "customer_id": text,
        }
        for number, text in enumerate(STRINGS)
    ]


def too_long(row: dict[str, Any]) -> bool:
    return any(len(trimmed(row.get(name) or "") or "") > most for name, most in LONGEST.items())


def is_broken_code(text: str) -> bool:
    """A spreadsheet's number, or one with a character inside that nobody sees."""
    is_number = re.fullmatch(r"[+-]?\d+([.,]\d+)?[eE][+-]\d+|[+-]?\d+\.0+", text, re.ASCII)
    return is_number is not None or any(map(is_invisible, text))


def is_kept(row: dict[str, Any]) -> bool:
    required = ("location_code", "upc", "order_id")
    codes = (*FIELDS, "upc", "order_id", "customer_id")
    has_all = all(trimmed(row[name]) for name in required if name in row)
    told = [trimmed(row.get(name) or "") or "" for name in codes]
    return has_all and not too_long(row) and not any(map(is_broken_code, told))


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_naughty_values_are_published_to_the_character_or_rejected(root: Root, form: str) -> None:
    told = {"inventory": counts(), "orders": orders()}
    for kind, rows in told.items():
        folder = root.path / "inbox" / kind
        folder.mkdir(parents=True)
        (folder / f"{DAY}.{form}").write_bytes(written(rows, form))
    # Of the strings more are too long than a night lets pass.
    root.put("lotwise.toml", 'max_reject_share = 1.0\ncsv_tables = ["inventory", "allocated"]\n')

    root.night(DAY)

    wanted = {
        row["upc"]: tuple(trimmed(row[name] or "") for name in FIELDS)
        for row in told["inventory"]
        if is_kept(row)
    }
    for records in published(root, "inventory", "upc", *FIELDS):
        assert dict(records) == wanted
    lines = {
        row["line_id"]: (trimmed(row["order_id"]), trimmed(row["lot_code"]))
        for row in told["orders"]
        if is_kept(row)
    }
    for promised in published(root, "allocated", "line_id", "order_id", "lot_code"):
        assert dict(promised) == lines
    rejected = root.rows("SELECT DISTINCT kind, row FROM rejects ORDER BY ALL")
    assert rejected == [
        (kind, number)
        for kind, rows in sorted(told.items())
        for number, row in enumerate(rows, 1)
        if not is_kept(row)
    ]
    assert {rule for (rule,) in root.rows("SELECT DISTINCT rule FROM rejects")} <= {
        "too_long",
        "required",
        "spreadsheet_number",
        "invisible_character",
    }


def published(
    root: Root, table: str, key: str, *columns: str
) -> list[list[tuple[object, tuple[object, ...]]]]:
    """A table's columns by key, as the database, the Parquet file and the CSV file have them."""
    folder = root.path / "published" / f"day={DAY}"
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as text:
        as_csv = [
            {name: cell or None for name, cell in row.items()} for row in csv.DictReader(text)
        ]
    return [
        [(row[key], tuple(row[name] for name in columns)) for row in rows]
        for rows in (
            root.query(f'FROM "{table}"').to_dicts(),
            pl.read_parquet(folder / f"{table}.parquet").to_dicts(),
            as_csv,
        )
    ]


def names() -> list[str]:
    """File names; where a string has a slash, another slash stands in for it."""
    whole = dict.fromkeys(text.replace("/", "\u2215") for text in STRINGS)
    return [name for name in whole if name and len(os.fsencode(name)) < 250 and name.strip(".")]


def put_files(root: Root, suffix: str, every: int = 1) -> list[str]:
    """Counts under naughty names; returns those that a night takes by the rules."""
    folder = root.path / "inbox" / "inventory"
    folder.mkdir(parents=True)
    files = [f"{name}{suffix}" for name in names()[::every]]
    for number, file in enumerate(files):
        text = f"location_code,upc,quantity\nL,U{number},1\n"
        (folder / file).write_text(text, encoding="utf-8")
    return [file for file in files if is_input(file) and str(dated(file)[0] or DAY) <= DAY]


def test_files_of_naughty_names_are_taken_under_their_names(root: Root) -> None:
    wanted = put_files(root, ".csv", every=12)

    root.night(DAY)

    assert len(wanted) > 30
    taken = [f"inventory/{file}" for file in sorted(wanted)]
    found = root.query("SELECT file FROM files WHERE status = 'taken'").get_column("file")
    assert sorted(found) == taken
    assert root.rows("SELECT sum(on_hand)::INT FROM inventory") == [(len(wanted),)]
    counted = root.query("SELECT file FROM movements WHERE kind = 'count'")
    assert sorted(counted.get_column("file")) == taken


def test_files_of_naughty_names_are_refused_by_their_suffix_and_told_a_line_each(
    root: Root,
) -> None:
    wanted = put_files(root, "")

    done = root.lotwise("nightly", "--day", DAY)

    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    refused = [f"inventory/{file}" for file in sorted(wanted)]
    assert len(refused) > 400
    found = root.query("SELECT file FROM files WHERE reason LIKE 'unknown_suffix: %'")
    assert sorted(found.get_column("file")) == refused
    told = [line for line in done.stdout.split("\n") if line.startswith("  REFUSED")]
    assert len(told) == len(refused)
    plain = [file for file in refused if file.isprintable()]
    assert [file for file in plain if not any(f"{file}: " in line for line in told)] == []
    assert not any(code < 32 or 127 <= code < 160 for line in told for code in map(ord, line))


def test_a_name_that_is_no_utf8_is_spelled_out(root: Root) -> None:
    folder = root.path / "inbox" / "inventory"
    folder.mkdir(parents=True)
    path = folder / os.fsdecode(b"gr\xf6\xdfe.csv")
    path.write_text("location_code,upc,quantity\nL,U,1\n")

    done = root.lotwise("nightly", "--day", DAY)

    assert done.returncode == 0, done.stderr
    assert root.rows("SELECT file FROM files") == [("inventory/gr\\xf6\\xdfe.csv",)]
    done = root.lotwise("check", str(path), "--kind", "inventory")
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6\\xdfe.csv as inventory" in done.stdout
    assert root.lotwise("rebuild").returncode == 0


def test_a_name_full_of_dots_is_no_reason_to_stop(root: Root) -> None:
    root.put("inbox/inventory/a." + "b" * 250, "location_code,upc,quantity\nL,U,1\n")
    root.put("inbox/inventory/c.csv", "location_code,upc,quantity\nL,U,1\n")

    night = root.night(DAY)

    assert [reason.partition(":")[0] for _, reason in night.refused] == ["unknown_suffix"]
    assert root.rows("SELECT on_hand FROM inventory") == [(1,)]


@pytest.mark.parametrize("folder", ["a[1]*", "a b'c;"])
def test_a_data_root_may_have_any_name(tmp_path: Path, folder: str) -> None:
    for name in ("a1", folder):
        root = Root(tmp_path / name)
        counted = f"location_code,upc,quantity\nL,{name},1\nL,{name},1\nL,W,1\nL,W,2\n"
        root.put(f"inbox/inventory/{DAY}.csv", counted)
        root.night(DAY)
        root.night("2026-04-02")

    assert root.rows("SELECT upc, on_hand FROM inventory") == [(folder, 1)]
    assert root.rows("SELECT kept, repeated, rejected FROM files") == [(1, 1, 2)]
    assert root.lotwise("rebuild").returncode == 0
