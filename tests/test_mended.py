"""Rejected rows are written as files, mended, sent back, and count once (SPEC 3.1, 2.6)."""

import csv
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.cli.rejected_rows import write_rejects
from flows.settings import Stopped
from schemas.raw import RawRows
from schemas.settings import Source
from tests.roots import LOTWISE, REPOSITORY, Root
from transforms.resubmitted import is_resubmitted, original, without_notes
from transforms.take import dated, source_of

Row = dict[str, str]

WEB_SHOP = """\
    timezone = "UTC"

    [[sources]]
    name = "web-shop"
    kind = "orders"
    files = "shop_*.ndjson"
    columns = { order_id = "InvoiceNo", upc = "Code", quantity = "Units", placed_at = "When" }
    constants = { location_code = "L" }
    line_id = "row"
    instants = "%d/%m/%Y %H:%M"
    timezone = "Europe/London"
    numbers = { thousands = "." }
    done = true

    [[sources.rows]]
    kind = "cancellations"
    where = { InvoiceNo = "C" }
    negate = ["quantity"]
    """


def written(root: Root, day: str | None = None) -> list[Path]:
    """What `lotwise rejects` writes."""
    night = date.fromisoformat(day) if day else None
    mending = write_rejects(root.path, night, None, root.path / "rejects")
    return [written.path for written in mending.written]


def cells(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def mend(root: Root, path: Path, change: Callable[[Row], Row], delimiter: str = ",") -> None:
    """Save what a person makes of a file of rejects in the inbox."""
    rows = cells(path)
    target = root.path / "inbox" / path.relative_to(root.path / "rejects")
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(map(change, rows))


def saying(**cells: str) -> Callable[[Row], Row]:
    """A row with other cells."""
    return lambda row: row | cells


def test_the_readme_mends_a_row_of_the_sample(tmp_path: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    start, end = readme.index("## Look at a file"), readme.index("## Settings")
    commands = re.findall(r"```sh\n([^`]*)```", readme[start:end])
    (printed,) = re.findall(r"```\n(mill_lane[^`]*`dates`[^`]*)```", readme[start:end])
    ignored = shutil.ignore_patterns("warehouse*", "published", "rejects")
    shutil.copytree(REPOSITORY / "data", tmp_path / "data", ignore=ignored)
    sample = Root(tmp_path / "data")
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        sample.night(day)

    def run(command: str) -> str:
        done = subprocess.run(
            command.replace(".venv/bin/lotwise", LOTWISE),
            shell=True,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    check, write, send_back = commands
    assert run(check) == printed
    path = "data/rejects/orders/2026-03-04.csv.rejects-2026-03-04.csv"
    assert run(write).split()[0] == path
    before = (tmp_path / path).read_text(encoding="utf-8-sig")
    mended = before.replace("04/03/2026 09:00", "2026-03-04T09:00:00Z")
    (tmp_path / path).write_text(mended, encoding="utf-8-sig")
    assert "rows=1 kept=1 repeated=0 rejected=0 ignored=0 refused=no" in run(send_back)
    lines = "SELECT placed_at::VARCHAR, quantity FROM order_lines WHERE order_id = '5014'"
    assert sample.rows(lines) == [("2026-03-04 09:00:00", 1)]
    assert "sent back already" in run(write)


def test_a_mended_row_is_taken_once_and_as_if_it_had_been_right_from_the_start(
    root: Root, tmp_path: Path
) -> None:
    right = {"inventory": 10, "adjustments": -3, "orders": 6, "cancellations": 2, "shipments": 3}
    fine = Root(tmp_path / "fine")
    for at, told in ((fine, right), (root, dict.fromkeys(right, "some"))):
        stock = "location_code,upc,lot_code,quantity\nL,U,B,{}\nL,U,A,{}\n"
        at.put("inbox/inventory/2026-01-01.csv", stock.format(5, told["inventory"]))
        at.put("inbox/adjustments/2026-01-01.csv", stock.format(-1, told["adjustments"]))
        lines = "order_id,line_id,location_code,upc,lot_code,quantity\n1,1,L,U,A,{}\n2,1,L,U,B,2\n"
        at.put("inbox/orders/2026-01-01.csv", lines.format(told["orders"]))
        events = "order_id,line_id,quantity\n2,1,1\n1,1,{}\n"
        at.put("inbox/cancellations/2026-01-02.csv", events.format(told["cancellations"]))
        at.put("inbox/shipments/2026-01-02.csv", events.format(told["shipments"]))
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        for at in (fine, root):
            at.night(day)
        for path in written(root, day):
            quantity = str(right[path.parent.name])
            mend(root, path, saying(quantity=quantity))

    for question in (
        "SELECT lot_code, on_hand, allocated, counted_at FROM inventory ORDER BY lot_code",
        "SELECT * FROM order_lines ORDER BY order_id",
        "SELECT kind, sum(quantity) FROM movements WHERE kind <> 'count' GROUP BY kind ORDER BY 1",
    ):
        assert root.rows(question) == fine.rows(question)
    assert root.rows("SELECT sum(rows), sum(kept), sum(rejected) FROM files") == [(15, 10, 5)]
    assert not root.night("2026-01-03").is_new


def test_a_rejects_file_has_the_rows_exactly_as_they_were(root: Root) -> None:
    texts = ["=cmd|' /C calc'!A0", " 007 ", 'two\nlines, "quoted"', "Größe ☕", "+1", "1e5"]
    (root.path / "inbox/inventory").mkdir(parents=True)
    file = root.path / "inbox/inventory/2026-01-01.csv"
    with file.open("w", encoding="utf-8", newline="") as stock:
        csv.writer(stock).writerows(
            [["location_code", "upc", "quantity", "rule"], *(["L", t, "x", t] for t in texts)]
        )
    root.night("2026-01-01")

    (path,) = written(root)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as rejects:
        header, *rows = csv.reader(rejects)
    assert header == [
        *("row", "rule", "what to do"),
        *("location_code", "upc", "quantity", "rule"),
    ]
    advice = "write whole units in digits, or declare the source's `numbers`"
    told = [["quantity: whole_number", advice]] * len(texts)
    told[2] = [
        "quantity: whole_number; upc: invisible_character",
        f"{advice}; a character that nobody sees stands inside the code: write it without",
    ]
    assert rows == [
        [str(number), *told[number - 1], "L", text, "x", text]
        for number, text in enumerate(texts, 1)
    ]


def test_mended_rows_of_a_source_are_read_as_the_source_says_and_keep_their_line_ids(
    root: Root,
) -> None:
    root.put("lotwise.toml", WEB_SHOP)
    root.put("inbox/inventory/2026-06-01.csv", "location_code,upc,quantity\nL,U,9000\n")
    root.put(
        "inbox/orders/shop_2026-06-01.ndjson",
        """
        {"InvoiceNo": "1", "Code": "U", "Units": "2.000", "When": "01/06/2026 09:00"}
        {"InvoiceNo": "1", "Code": "U", "Units": "1.000", "When": "2026-06-01"}
        {"InvoiceNo": "1", "Code": "U", "Units": "none", "When": "01/06/2026 09:02"}
        """,
    )
    root.put("inbox/orders/shop_2026-06-01.ndjson.done", "")
    root.night("2026-06-01")

    (path,) = written(root)
    assert [(row["row"], row["When"]) for row in cells(path)] == [
        ("2", "2026-06-01"),
        ("3", "01/06/2026 09:02"),
    ]
    # One is mended, one is still wrong; the spreadsheet writes semicolons.
    mend(root, path, lambda row: row | {"When": f"01/06/2026 09:0{int(row['row']) - 1}"}, ";")
    root.night("2026-06-02")

    lines = "SELECT order_id, line_id, quantity, placed_at::VARCHAR FROM order_lines ORDER BY ALL"
    assert root.rows(lines) == [
        ("1", "1", 2000, "2026-06-01 08:00:00"),
        ("1", "2", 1000, "2026-06-01 08:01:00"),
    ]
    (path,) = written(root)
    assert [row["row"] for row in cells(path)] == ["3"]
    mend(root, path, saying(Units="1.500"))
    root.night("2026-06-03")
    assert root.rows(lines)[2:] == [("1", "3", 1500, "2026-06-01 08:02:00")]
    assert root.rows("SELECT DISTINCT unknown_columns FROM files") == [([],)]


def test_the_number_of_the_row_is_asked_for_where_it_is_the_line_id(root: Root) -> None:
    root.put("lotwise.toml", WEB_SHOP.replace("done = true", ""))
    name = "shop_2026-06-01.ndjson.rejects-2026-06-01.csv"
    root.put(f"inbox/orders/{name}", "InvoiceNo,Code,Units,When\n1,U,1,01/06/2026 09:00\n")
    ((file, reason),) = root.night("2026-06-01").refused
    assert file == f"orders/{name}"
    assert reason.startswith("missing_column: source 'web-shop' takes the row's number as line_id")


def test_cancelling_rows_of_an_order_file_come_back_as_cancellations(root: Root) -> None:
    root.put("lotwise.toml", WEB_SHOP.replace("done = true", "").replace('"row"', '"column"'))
    columns = root.path / "lotwise.toml"
    columns.write_text(columns.read_text().replace("{ order_id", '{ line_id = "Line", order_id'))
    root.put("inbox/inventory/2026-06-01.csv", "location_code,upc,quantity\nL,U,9\n")
    broken = '{"InvoiceNo": "C1", "Line": "1", "Code": "U", "Units": "three", "When": null}\n'
    root.put("inbox/orders/shop_2026-06-01.ndjson", broken)
    order = "order_id,line_id,location_code,upc,quantity\nC1,1,L,U,4\n"
    root.put("inbox/orders/2026-06-01.csv", order)
    root.night("2026-06-01")

    (path,) = written(root)
    mend(root, path, saying(Units="-3"))
    root.night("2026-06-01")
    assert root.rows("SELECT quantity, cancelled FROM order_lines") == [(4, 3)]


def test_a_mended_count_keeps_the_instant_that_its_file_is_named_by(root: Root) -> None:
    root.put(
        "inbox/inventory/refresh_260302053000.json",
        """
        {"locationCode": "L", "items": [{"upc": "U", "quantity": 2, "serialNumber": "S"}]}
        """,
    )
    root.night("2026-03-02")
    (path,) = written(root)
    mend(root, path, saying(quantity="1"))
    root.night("2026-03-05")
    counted = "SELECT location_code, on_hand, counted_at::VARCHAR FROM inventory"
    assert root.rows(counted) == [("L", 1, "2026-03-02 05:30:00")]


def test_a_mended_row_of_a_full_count_leaves_the_others_where_they_are(root: Root) -> None:
    root.put(
        "lotwise.toml", '[[sources]]\nname = "store"\nkind = "inventory"\ncount_mode = "full"\n'
    )
    count = "location_code,upc,quantity,lot_code\nL,U,5,A\nL,U,x,B\nL,V,7,\n"
    root.put("inbox/inventory/2026-01-01.csv", count)
    root.night("2026-01-01")
    (path,) = written(root)
    mend(root, path, saying(quantity="6"))
    root.night("2026-01-02")
    stock = "SELECT upc, lot_code, on_hand FROM inventory ORDER BY ALL"
    assert root.rows(stock) == [("U", "A", 5), ("U", "B", 6), ("V", None, 7)]


def test_rows_of_a_file_without_a_day_keep_the_day_it_was_taken(root: Root) -> None:
    root.put("lotwise.toml", "wait_days = 0")
    root.put("inbox/orders/o.csv", "order_id,line_id,location_code,upc,quantity\n1,1,L,U,2\n")
    root.put("inbox/shipments/s.csv", "order_id,line_id,quantity\n9,1,2\n")
    root.put("inbox/inventory/c.csv", "location_code,upc,quantity\nL,U,5\n")
    root.night("2026-01-01")
    root.night("2026-01-04")

    (path,) = written(root)
    assert path.name == "s.csv.2026-01-01.rejects-2026-01-04.csv"
    assert [row["rule"] for row in cells(path)] == ["waited_too_long"]
    mend(root, path, saying(order_id="1"))
    root.night("2026-01-05")
    shipped = "SELECT quantity, shipped_at::VARCHAR FROM fulfilled"
    assert root.rows(shipped) == [(2, "2026-01-01 23:59:59.999999")]


def test_a_row_that_does_not_fit_the_header_is_told_as_it_stood(root: Root) -> None:
    root.put("inbox/inventory/2026-01-01.csv", "location_code,upc,quantity\nL,U,1,2,3\nL,V,1\n")
    root.night("2026-01-01")
    (path,) = written(root)
    ((row),) = cells(path)
    assert row["as it stood"] == "L,U,1,2,3"
    assert row["quantity"] == ""
    mend(root, path, saying(location_code="L", upc="U", quantity="1"))
    root.night("2026-01-02")
    assert root.rows("SELECT upc FROM inventory ORDER BY upc") == [("U",), ("V",)]
    assert root.rows("SELECT DISTINCT unknown_columns FROM files") == [([],)]


def test_a_rejects_file_that_is_there_is_left_as_it_is(root: Root) -> None:
    root.put("inbox/inventory/2026-01-01.csv", "location_code,upc,quantity\nL,U,x\n")
    root.night("2026-01-01")
    (path,) = written(root)
    path.write_text("mended")
    (again,) = write_rejects(root.path, None, None, root.path / "rejects").written
    assert (again.is_new, again.is_sent) == (False, False)
    assert path.read_text() == "mended"
    told = root.lotwise("rejects").stdout.splitlines()
    assert told[0].endswith("1 row, written before and left as it is")
    assert told[-1] == "day=2026-01-01 rows=1 files=1 refused=0"


def test_one_file_or_another_folder_can_be_named(root: Root, tmp_path: Path) -> None:
    for name in ("a", "b"):
        broken = f"location_code,upc,quantity\nL,{name},x\n"
        root.put(f"inbox/inventory/{name}_2026-01-01.csv", broken)
    root.night("2026-01-01")
    out = tmp_path / "elsewhere"
    write_rejects(root.path, None, "inventory/b_2026-01-01.csv", out)
    names = [str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()]
    assert names == ["inventory/b_2026-01-01.csv.rejects-2026-01-01.csv"]


def test_refused_files_are_named_with_the_command_that_lists_their_rows(root: Root) -> None:
    root.put("inbox/inventory/2026-01-01.csv", "location_code,upc\nL,U\n")
    night = root.lotwise("nightly", "--day", "2026-01-01")
    look = (
        f"`lotwise check inventory/2026-01-01.csv --kind inventory --rows 1000 --root {root.path}`"
    )
    assert night.returncode == 3
    assert look in night.stdout
    assert look in root.lotwise("rejects").stdout
    assert "lotwise rejects" not in night.stdout
    checked = root.lotwise("check", "inventory/2026-01-01.csv", "--kind", "inventory")
    assert checked.returncode == 3
    assert checked.stdout.splitlines()[-1].endswith("rejected=1 ignored=0 refused=yes")


def test_a_night_that_is_not_published_is_named(root: Root) -> None:
    with pytest.raises(Stopped, match="no night is published"):
        written(root)
    root.put("inbox/inventory/2026-01-01.csv", "location_code,upc,quantity\nL,U,1\n")
    root.night("2026-01-01")
    with pytest.raises(Stopped, match="no night of 2026-01-02 is published"):
        written(root, "2026-01-02")


def test_a_rebuild_takes_mended_rows_as_the_nights_did(root: Root) -> None:
    root.put("lotwise.toml", WEB_SHOP.replace("done = true", ""))
    root.put(
        "inbox/orders/shop_2026-06-01.ndjson",
        '{"InvoiceNo": "1", "Code": "U", "Units": "x", "When": "01/06/2026 09:00"}\n',
    )
    root.night("2026-06-01")
    (path,) = written(root)
    mend(root, path, saying(Units="4"))
    root.night("2026-06-02")
    before = root.digests()
    assert root.lotwise("rebuild").returncode == 0
    assert root.digests() == before


def test_a_mended_row_that_the_ledger_rejects_is_written_as_its_file_had_it(root: Root) -> None:
    root.put("lotwise.toml", WEB_SHOP.replace("done = true", ""))
    order = "order_id,line_id,location_code,upc,quantity\n1,1,L,U,4\n"
    root.put("inbox/orders/2026-06-01.csv", order)
    row = '{"InvoiceNo": "1", "Code": "V", "Units": "x", "When": "01/06/2026 09:00"}\n'
    root.put("inbox/orders/shop_2026-06-01.ndjson", row)
    root.night("2026-06-01")
    (path,) = written(root)
    mend(root, path, saying(Units="5"))
    root.night("2026-06-02")
    (path,) = written(root)
    ((row_again),) = cells(path)
    assert (row_again.pop("row"), row_again.pop("rule")) == ("1", "upc: conflict")
    assert row_again.pop("what to do").startswith("the line is known with another UPC")
    mended = {"InvoiceNo": "1", "Code": "V", "Units": "5", "When": "01/06/2026 09:00"}
    assert row_again == mended


def test_the_number_of_a_row_is_its_line_id_whatever_else_the_file_calls_so() -> None:
    source = Source(name="one", kind="orders", line_id="row")
    cells_of_a_row = {"c0": ["7"], "c1": ["r"], "c2": ["w"], "c3": ["1"], "c4": ["x"]}
    header = ("row", "rule", "what to do", "order_id", "LineID")
    raw = without_notes(RawRows.of(header, pl.DataFrame(cells_of_a_row)), source)
    assert raw.header == ("line_id", "order_id")
    assert raw.rows.rows() == [(1, "7", "1")]


@pytest.mark.parametrize(
    ("file", "of"),
    [
        ("a.csv", "a.csv"),
        ("rejects-2026-01-01.csv", "rejects-2026-01-01.csv"),
        ("shop.rejects-2026-01-01.csv", "shop.rejects-2026-01-01.csv"),
        ("a.csv.rejects-2026-01-01.csv", "a.csv"),
        ("sub/a_2026-01-01.json.gz.rejects-2026-01-03.csv", "sub/a_2026-01-01.json.gz"),
        ("a.csv.2026-01-01.rejects-2026-01-03.csv", "a.csv"),
        ("a.csv.rejects-2026-01-01.csv.rejects-2026-01-02.csv", "a.csv"),
    ],
)
def test_the_name_tells_the_file_that_rows_are_of(file: str, of: str) -> None:
    assert original(file) == of
    assert is_resubmitted(file) == (file != of)
    source = Source(name="one", kind="orders", files=of)
    assert source_of("orders", file, (source,)) == source


def test_the_first_day_in_the_name_is_that_of_the_file() -> None:
    for name in ("a_2026-01-01.csv", "a.csv.2026-01-01"):
        assert str(dated(f"{name}.rejects-2026-01-09.csv")[0]) == "2026-01-01"


def test_the_summary_says_what_to_do_about_rejected_rows_and_about_a_cleared_location(
    root: Root,
) -> None:
    root.put("inbox/inventory/2026-01-01.csv", "location_code,upc,quantity\nL,U,500\nL,V,x\n")
    told = root.lotwise("nightly", "--day", "2026-01-01").stdout
    assert f"`lotwise rejects --day 2026-01-01 --root {root.path}`" in told
    root.put("inbox/inventory/2026-01-02.csv", "location_code,upc,quantity\nL,U,0\n")
    told = root.lotwise("nightly", "--day", "2026-01-02").stdout
    assert "REFUSED      inventory/2026-01-02.csv: clears_location: " in told
    assert "lotwise check" not in told
