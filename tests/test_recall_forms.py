"""The forms of a recall: tables, a workbook and a page, which no data breaks (SPEC 7.7)."""

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import fastexcel
import polars as pl
import pytest

from flows.recalls.page import page_of
from flows.recalls.workbook import MOST_ROWS, write_workbook
from flows.recalls.write import write_report
from tests.recalled import COUNTS, SHIPPED, recalled
from tests.roots import Root


def _parts(workbook: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(workbook) as parts:
        return [(name, parts.read(name)) for name in parts.namelist()]


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


def test_a_sheet_that_is_cut_says_so_and_names_the_file_that_has_all(tmp_path: Path) -> None:
    table = pl.DataFrame({"order_id": [str(one) for one in range(MOST_ROWS + 5)]})

    write_workbook({"recall_stop": table}, [("here", "much")], tmp_path / "cut.xlsx")

    workbook = fastexcel.read_excel(tmp_path / "cut.xlsx")
    more = "5 MORE ROWS IN recall_stop.csv"
    sheet = workbook.load_sheet("stop", dtypes="string").to_polars()
    assert sheet.row(-1) == (more,)
    summary = workbook.load_sheet("summary", header_row=None, dtypes="string").to_polars()
    assert summary.rows() == [("here", "much"), ("CUT", f"recall_stop: {more}")]


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
