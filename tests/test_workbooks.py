"""Workbooks read as the cells that a person sees in them, in plain text (SPEC 2.1).

`workbooks/libreoffice.xlsx` is `workbooks/libreoffice.fods`, converted by LibreOffice 7.4:
`soffice --headless --convert-to xlsx libreoffice.fods`. All others are made here by XlsxWriter.
"""

import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from flows.files.read import read
from schemas.raw import Layout, Unreadable
from tests.roots import REPOSITORY, Root
from tests.test_bounds import read_elsewhere
from tests.test_read import cells, numbers

Table = list[list[object]]


def workbook(path: Path, fill: Callable[[Workbook, Worksheet], object]) -> Path:
    """A workbook of one sheet, or of more that `fill` adds."""
    with xlsxwriter.Workbook(path) as book:
        fill(book, book.add_worksheet("Count"))
    return path


def filled(path: Path, table: Table) -> Path:
    def fill(_: Workbook, sheet: Worksheet) -> None:
        for place, row in enumerate(table):
            sheet.write_row(place, 0, row)

    return workbook(path, fill)


def with_part(path: Path, part: str, content: Callable[[bytes], bytes]) -> Path:
    """The workbook with another content of one of its parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = content(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, told in parts.items():
            archive.writestr(name, told)
    return path


def refused(path: Path, layout: Layout | None = None) -> str:
    with pytest.raises(Unreadable) as why:
        read(path, layout or Layout())
    return str(why.value)


def one_cell(tmp_path: Path, cell: object, shown: str | None = None) -> str | None:
    """What a cell reads as that is shown in the format `shown`."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["what", "cell"])
        sheet.write(1, 0, "row")
        sheet.write(1, 1, cell, book.add_format({"num_format": shown}) if shown else None)

    ((_, told),) = cells(read(workbook(tmp_path / "one.xlsx", fill)))
    return told


@pytest.mark.parametrize("text", ["0012", "1E5", " x ", "1.50", "2026-04-30", "=A1", "#N/A", "–é"])
def test_a_text_cell_is_taken_as_it_is(tmp_path: Path, text: str) -> None:
    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_string(0, 0, "upc")
        sheet.write_string(1, 0, text)

    assert cells(read(workbook(tmp_path / "text.xlsx", fill))) == [(text,)]


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        (5, "5"),
        (5.0, "5"),
        (-5, "-5"),
        (0, "0"),
        (0.1, "0.1"),
        (12.99, "12.99"),
        (123456789012, "123456789012"),
        (123456789012345, "123456789012345"),
        (1e21, "1000000000000000000000"),
        (1e-10, "0.0000000001"),
        (4.9999999999, "4.9999999999"),
        (1234567890.1, "1234567890.1"),
    ],
)
def test_a_number_cell_is_its_exact_digits(tmp_path: Path, number: float, digits: str) -> None:
    assert one_cell(tmp_path, number) == digits
    assert one_cell(tmp_path, number, "0.00E+00") == digits
    assert one_cell(tmp_path, number, "#,##0") == digits


@pytest.mark.parametrize("shown", ["yyyy-mm-dd", "dd/mm/yyyy", "m/d/yy", "mmmm yyyy"])
def test_a_date_cell_is_an_iso_date_however_it_is_shown(tmp_path: Path, shown: str) -> None:
    day = datetime(2026, 4, 30)  # noqa: DTZ001  a cell has no zone
    assert one_cell(tmp_path, day, shown) == "2026-04-30"


def test_a_cell_of_day_and_time_is_an_iso_instant(tmp_path: Path) -> None:
    moment = datetime(2026, 4, 30, 13, 15, 30)  # noqa: DTZ001  a cell has no zone
    assert one_cell(tmp_path, moment, "dd/mm/yyyy hh:mm") == "2026-04-30T13:15:30"


@pytest.mark.parametrize(("cell", "told"), [(time(13, 15), "13:15:00"), (0, "00:00:00")])
def test_a_time_or_a_nought_shown_as_a_date_is_no_day(
    tmp_path: Path, cell: object, told: str
) -> None:
    assert one_cell(tmp_path, cell, "yyyy-mm-dd hh:mm") == told


def test_a_formula_is_what_it_came_to_and_a_truth_is_a_word(tmp_path: Path) -> None:
    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["sum", "code", "is", "blank"])
        sheet.write_formula(1, 0, "=2+3", None, 5)
        sheet.write_formula(1, 1, '="L"&"3"', None, "L3")
        sheet.write_boolean(1, 2, True)
        sheet.write_formula(1, 3, '=""', None, "")

    assert cells(read(workbook(tmp_path / "sums.xlsx", fill))) == [("5", "L3", "true", None)]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!"])
def test_a_failed_formula_is_no_blank_and_its_row_is_rejected(root: Root, error: str) -> None:
    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["location_code", "upc", "lot_code", "quantity"])
        sheet.write_row(1, 0, ["W1", "U", "L1", 5])
        sheet.write_row(2, 0, ["W1", "U", None, 7])
        sheet.write_formula(2, 2, "=X9", None, error)

    (root.path / "inbox/inventory").mkdir()
    path = workbook(root.path / "inbox/inventory/2026-03-02.xlsx", fill)
    assert cells(read(path))[1] == ("W1", "U", error, "7")
    root.night("2026-03-02")
    assert root.rows("SELECT lot_code, on_hand FROM inventory") == [("L1", 5)]
    assert root.rows('SELECT row, rule, "column", value FROM rejects') == [
        (2, "spreadsheet_error", "lot_code", error)
    ]


def test_blank_rows_are_passed_over_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    table: Table = [[], [], ["upc", "lot"], ["A", 1], [], [" ", ""], ["B", 2]]
    raw = read(filled(tmp_path / "blank.xlsx", table))
    assert (raw.header, cells(raw)) == (("upc", "lot"), [("A", "1"), ("B", "2")])
    assert numbers(raw) == [1, 4]


def test_rows_above_the_header_and_from_the_footer_on_are_ignored(tmp_path: Path) -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.merge_range("A1:B1", "Stock of March")
        for place, row in enumerate([["upc", "lot"], ["A", 1], [" Total", 1], ["x"], ["B", 2]]):
            sheet.write_row(place + 2, 0, row)

    path = workbook(tmp_path / "report.xlsx", fill)
    raw = read(path, Layout(skip_rows=2, footer="Total"))
    assert (raw.header, cells(raw), raw.ignored) == (("upc", "lot"), [("A", "1")], 5)


def sheets(path: Path) -> Path:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.hide()
        sheet.write_column(0, 0, ["upc", "hidden"])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Stock!$A$2:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
        for name in ("Stock", "Other"):
            book.add_worksheet(name).write_column(0, 0, ["upc", name])
        book.worksheets()[2].activate()

    return workbook(path, fill)


@pytest.mark.parametrize(
    ("sheet", "upc"), [(None, "Stock"), ("Other", "Other"), ("Count", "hidden")]
)
def test_the_first_sheet_that_is_not_hidden_is_read_or_the_one_that_is_named(
    tmp_path: Path, sheet: str | None, upc: str
) -> None:
    assert cells(read(sheets(tmp_path / "sheets.xlsx"), Layout(sheet=sheet))) == [(upc,)]


def test_a_sheet_that_is_not_there_is_told_beside_those_that_are(tmp_path: Path) -> None:
    told = refused(sheets(tmp_path / "sheets.xlsx"), Layout(sheet="Stocks"))
    assert told.startswith("unknown_sheet: there is no sheet 'Stocks'; it has 'Count', 'Chart'")


@pytest.mark.parametrize("table", [[], [["upc", "lot"]]])
def test_a_sheet_without_rows_is_empty(tmp_path: Path, table: Table) -> None:
    path = filled(tmp_path / "empty.xlsx", table)
    if table:
        assert read(path).height == 0
    else:
        assert "no sheet in it has cells" in refused(path)


LIBREOFFICE = REPOSITORY / "tests/workbooks/libreoffice.xlsx"


def test_a_workbook_of_libreoffice_reads_as_one_of_excel_does() -> None:
    raw = read(LIBREOFFICE, Layout(skip_rows=1, footer="Total"))
    assert raw.header == ("location_code", "upc", "lot_code", "date", "quantity")
    assert cells(raw) == [
        ("W1", "0012", "007", "2026-04-30", "5"),
        ("W1", "123456789012", "L2", "2028-02-29", "5"),
        ("W1", "U3", "L3", None, "0"),
    ]
    assert (numbers(raw), raw.ignored) == ([1, 2, 4], 2)


def test_a_workbook_is_taken_by_the_night(root: Root) -> None:
    (root.path / "inbox/inventory").mkdir()
    report = "inbox/inventory/report_2026-03-02.xlsx"
    (root.path / report).write_bytes(LIBREOFFICE.read_bytes())
    root.put(
        "lotwise.toml",
        """
        [[sources]]
        name = "erp"
        kind = "inventory"
        skip_rows = 1
        footer = "Total"
        """,
    )
    root.night("2026-03-02")
    assert root.rows("SELECT upc, lot_code, on_hand FROM inventory ORDER BY upc") == [
        ("0012", "007", 5),
        ("123456789012", "L2", 5),
        ("U3", "L3", 0),
    ]
    assert root.rows("SELECT rows, kept, rejected, ignored FROM files") == [(5, 3, 0, 2)]


def test_two_hundred_thousand_rows_are_read_whole_in_chunks(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "large.xlsx", {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["upc", "quantity"])
        for row in range(1, 200_001):
            sheet.write_row(row, 0, [123456789012 + row, row % 100])
    raw = read(tmp_path / "large.xlsx")
    assert raw.height == 200_000
    assert raw.rows.row(-1) == (200_000, "123456989012", "0")
    assert raw.rows.get_column("c1").cast(pl.Int64).sum() == 200_000 // 100 * sum(range(100))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xlsx", b"upc,lot\nA,1\n", "not_xlsx: "),
        ("a.xlsx", b"", "not_xlsx: "),
        ("a.xlsx", bytes.fromhex("D0CF11E0A1B11AE1") + bytes(2_000), "not_xlsx: it has a password"),
        ("a.xls", b"", "unknown_suffix: '.xls' is not read; save the workbook as .xlsx"),
        ("a.xlsm", b"", "unknown_suffix: '.xlsm' is not read; save the workbook as .xlsx"),
        ("a.ods", b"", "unknown_suffix: '.ods' is not read; save the workbook as .xlsx"),
        ("a.xlsx.gz", b"", "unknown_suffix: '.xlsx' is zipped by itself; send it without .gz"),
    ],
)
def test_what_is_no_xlsx_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name).startswith(told)


def test_a_workbook_with_macros_under_another_name_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.xlsx", [["upc"], ["A"]])
    with_part(path, "xl/vbaProject.bin", lambda _: b"macros")
    assert refused(path) == "not_xlsx: it has macros; save the workbook as .xlsx"


def test_a_workbook_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole.xlsx", [["upc"], ["A"]]).read_bytes()
    path = tmp_path / "cut.xlsx"
    for length in range(1, len(whole), len(whole) // 50):
        path.write_bytes(whole[:length])
        assert refused(path).startswith("not_xlsx: ")


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("counts.csv", "upc\nA\n")
    assert refused(tmp_path / "a.xlsx").startswith("not_xlsx: ")


def test_whatever_is_damaged_in_a_workbook_costs_no_more_than_the_file(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole.xlsx", [["upc", "lot"], ["A", 1], ["B", 2.5]]).read_bytes()
    chance = random.Random(9)
    path = tmp_path / "damaged.xlsx"
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 3, 9])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        with suppress(Unreadable):
            read(path)


SHEET = "xl/worksheets/sheet1.xml"
FAR_OFF = (
    b'<row r="1"><c r="A1"><v>1</v></c></row>'
    b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
)


@pytest.mark.parametrize(
    "far_off", [FAR_OFF, b'<row r="4294967295"><c r="A4294967295"><v>1</v></c></row></sheetData>']
)
def test_a_cell_far_off_all_others_takes_no_memory(tmp_path: Path, far_off: bytes) -> None:
    path = filled(tmp_path / "a.xlsx", [])
    with_part(path, SHEET, lambda sheet: sheet.replace(b"<sheetData/>", b"<sheetData>" + far_off))
    told, peak = read_elsewhere(path)
    assert str(told).startswith("file_too_large: a sheet spans ")
    assert "delete what stands far off" in str(told)
    assert peak < 512


def test_a_long_text_in_a_million_cells_takes_no_memory(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.xlsx", [["upc"], [30_000 * "x"]])
    row = '<row r="{0}"><c r="A{0}" t="s"><v>1</v></c></row>'
    rows = "".join(map(row.format, range(2, 200_000))).encode()
    with_part(path, SHEET, lambda sheet: sheet.replace(b"</sheetData>", rows + b"</sheetData>"))
    told, peak = read_elsewhere(path)
    assert str(told).startswith("file_too_large: ")
    assert peak < 512


def zeros(path: Path, part: str, gibibytes: int) -> Path:
    filled(path, [["upc"], ["A"]])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(part, "w", force_zip64=True) as bomb,
    ):
        for _ in range(gibibytes << 6):
            bomb.write(bytes(16 << 20))
    return path


def test_a_workbook_that_unzips_to_gibibytes_is_refused_by_its_directory(tmp_path: Path) -> None:
    told, peak = read_elsewhere(zeros(tmp_path / "a.xlsx", "xl/media/image1.bin", 2))
    assert str(told).startswith("file_too_large: it unzips to more than 1 GiB")
    assert peak < 512


def test_a_workbook_whose_directory_lies_is_refused_as_it_is_unzipped(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.xlsx", [["upc"], ["A"]])
    with_part(path, SHEET, lambda sheet: sheet + bytes(64 << 20))
    content = path.read_bytes()
    with zipfile.ZipFile(BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    told, peak = read_elsewhere(path)
    assert str(told).startswith("not_xlsx: ")
    assert "larger than it says" in str(told)
    assert peak < 512
