"""Files read the same in every format, encoding and packing that they may come in (SPEC 2.1)."""

import gzip
import io
import json
import zipfile
from codecs import BOM_UTF16_BE
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.files import open_file as opened
from flows.files import zipped as unzipped
from flows.files.read import SMALL, read
from flows.files.read_csv import read_csv_exactly, read_csv_quickly
from schemas.raw import Layout, RawRows, Unreadable
from schemas.settings import Settings
from tests.roots import Root
from tests.test_bounds import read_elsewhere
from tests.test_read import cells, malformed, numbers

ROWS = [("0012", "Größe, 2"), ("Ł7", 'say "x"')]
TEXTS = {
    ".csv": 'upc,lot_code\n0012,"Größe, 2"\nŁ7,"say ""x"""\n',
    ".tsv": 'upc\tlot_code\n0012\tGröße, 2\nŁ7\t"say ""x"""\n',
    ".txt": 'upc;lot_code\n0012;Größe, 2\nŁ7;"say ""x"""\n',
    ".json": json.dumps([{"upc": upc, "lot_code": lot} for upc, lot in ROWS], ensure_ascii=False),
    ".ndjson": "".join(
        json.dumps({"upc": upc, "lot_code": lot}, ensure_ascii=False) + "\n" for upc, lot in ROWS
    ),
}
ENCODED: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with mark": lambda text: text.encode("utf-8-sig"),
    "utf-16, little end": lambda text: text.encode("utf-16"),
    "utf-16, big end": lambda text: BOM_UTF16_BE + text.encode("utf-16-be"),
    "iso8859-2": lambda text: text.encode("iso8859-2"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
}
DECLARED = ("iso8859-2", "utf-16-le", "utf-16-be")


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(folder: Path, **members: str | bytes) -> Path:
    """A ZIP of files by their names, of which `__` is a point."""
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def why_unread(path: Path, layout: Layout | None = None) -> str:
    with pytest.raises(Unreadable) as why:
        read(path, layout or Layout())
    return str(why.value)


@pytest.mark.parametrize("packed", ["", ".gz", ".zip", ".gz in .zip"])
@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("suffix", TEXTS)
def test_a_text_reads_the_same_in_every_format_encoding_and_packing(
    tmp_path: Path, suffix: str, encoding: str, packed: str
) -> None:
    content = ENCODED[encoding](TEXTS[suffix])
    name = f"a{suffix}"
    if ".gz" in packed:
        content, name = gzip.compress(content), f"{name}.gz"
    is_zip = ".zip" in packed
    path = zipped(tmp_path, **{name: content}) if is_zip else put(tmp_path, name, content)
    raw = read(path, Layout(encoding=encoding if encoding in DECLARED else None))
    assert (raw.header, cells(raw), numbers(raw)) == (("upc", "lot_code"), ROWS, [1, 2])


def test_a_byte_order_mark_wins_over_what_is_declared(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        path = put(tmp_path, "a.csv", "upc\né\n".encode(encoding))
        assert cells(read(path, Layout(encoding="cp1252"))) == [("é",)]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".ndjson"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_refused_with_what_to_declare(
    tmp_path: Path, suffix: str, encoding: str
) -> None:
    told = why_unread(put(tmp_path, f"a{suffix}", TEXTS[suffix].encode(encoding)))
    assert told.startswith("not_utf8: it looks like UTF-16 without its byte order mark")
    assert f'encoding = "{encoding}"' in told


def test_text_that_is_not_utf8_is_refused_with_the_setting_that_would_read_it(
    tmp_path: Path,
) -> None:
    told = why_unread(put(tmp_path, "a.csv", "upc\nA\né\n".encode("cp1252")))
    assert told.startswith("not_utf8: line 3 is not UTF-8; ")
    assert 'encoding = "cp1252"' in told


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_bytes_that_the_declared_encoding_has_not_are_told_by_their_line(
    tmp_path: Path, end: str
) -> None:
    path = put(tmp_path, "a.csv", end.join(["upc", "A", "B"]).encode() + b"\x81")
    told = why_unread(path, Layout(encoding="cp1252"))
    assert told == "not_in_encoding: line 3 is not cp1252; correct the `encoding` of its source"


def test_utf16_that_was_cut_inside_a_character_is_refused(tmp_path: Path) -> None:
    told = why_unread(put(tmp_path, "a.csv", "upc\nA\n".encode("utf-16")[:-1]))
    assert told.startswith("not_in_encoding: line 2 is not UTF-16, as its byte order mark says")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_no_order_of_bytes_is_guessed_where_only_a_mark_would_tell_it(
    tmp_path: Path, encoding: str
) -> None:
    told = why_unread(put(tmp_path, "a.csv", "upc\nA\n"), Layout(encoding=encoding))
    assert told.startswith("not_in_encoding: it has no byte order mark; declare")


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13"])
def test_what_is_no_encoding_of_text_is_a_bad_setting(name: str) -> None:
    source = {"name": "s", "kind": "orders", "encoding": name}
    with pytest.raises(ValueError, match=f"'{name}' is no encoding; name one as in"):
        Settings.model_validate({"sources": [source]})


def test_a_large_file_of_a_code_page_is_read_by_the_quick_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads_nothing(path: Path, cells: int, footer: str | None) -> Iterator[RawRows]:
        raise AssertionError(path)

    monkeypatch.setattr("flows.files.read.read_csv_exactly", reads_nothing)
    path = put(tmp_path, "a.csv", ("upc,lot_code\n" + "é,1\n" * SMALL).encode("cp1252"))
    assert read(path, Layout(encoding="cp1252")).rows.get_column("c0").unique().to_list() == ["é"]


@pytest.mark.parametrize("height", [1, 30_000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("directive", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_a_first_line_that_names_the_separator_is_no_row(
    tmp_path: Path, directive: str, end: str, height: int
) -> None:
    lines = [directive, "upc;lot, as printed", *["A;1"] * height, ""]
    raw = read(put(tmp_path, "a.csv", end.join(lines)))
    assert (raw.header, raw.height, raw.ignored) == (("upc", "lot, as printed"), height, 0)
    assert cells(raw)[-1] == ("A", "1")
    assert numbers(raw)[-1] == height


def test_the_separator_named_above_skipped_lines_holds_below_them(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "sep=|\nStock, of, March\nupc|lot\nA|1\n")
    raw = read(path, Layout(skip_rows=1))
    assert (raw.header, cells(raw), raw.ignored) == (("upc", "lot"), [("A", "1")], 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("height", [1, 30_000])
def test_lines_above_the_header_are_ignored_whatever_they_are(
    tmp_path: Path, end: str, height: int
) -> None:
    lines = ['A 12" report; with, marks', "", "upc,lot", *["A,1"] * height]
    raw = read(put(tmp_path, "a.csv", end.join(lines)), Layout(skip_rows=2))
    assert (raw.header, raw.height, raw.ignored) == (("upc", "lot"), height, 2)
    assert numbers(raw)[0] == 1


def test_a_file_of_fewer_lines_than_are_skipped_is_refused(tmp_path: Path) -> None:
    told = why_unread(put(tmp_path, "a.csv", "upc\nA\n"), Layout(skip_rows=3))
    assert told == "no_header: it has 2 lines, and its source skips 3 above the header"


@pytest.mark.parametrize(
    "footer",
    [
        "Total,5",
        " Total,5",
        '"Total",5',
        "Total",
        "Total,,5,5,5",
        "Total,5\n\nC,7\nprinted",
        'Total,5\n"never closed',
        'Total,"5"x',
    ],
)
@pytest.mark.parametrize("height", [2, 30_000])
def test_the_footer_and_what_stands_behind_it_is_ignored_and_never_rejected(
    tmp_path: Path, footer: str, height: int
) -> None:
    text = "upc,lot\nA,1\n" + "B,Total\n" * (height - 1) + footer
    raw = read(put(tmp_path, "a.csv", text), Layout(footer="Total"))
    assert (raw.height, malformed(raw)) == (height, [])
    assert cells(raw)[-1] == ("B", "Total")
    behind = {"Total,5\n\nC,7\nprinted": 3, 'Total,5\n"never closed': 1}
    assert raw.ignored == behind.get(footer, 1)


def test_a_footer_matches_from_the_first_character_and_ends_the_table_once(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "upc,lot\nSubtotal,1\nTotal,2\nB,3\nTotal,4\n")
    raw = read(path, Layout(footer="Total|Sum"))
    assert (cells(raw), raw.ignored) == ([("Subtotal", "1")], 3)


def test_a_file_whose_first_row_is_its_footer_has_no_rows(tmp_path: Path) -> None:
    raw = read(put(tmp_path, "a.csv", "upc,lot\nTotal,0\n"), Layout(footer="Total"))
    assert (raw.header, raw.height, raw.ignored) == (("upc", "lot"), 0, 1)


CELL = st.sampled_from(["A", "Total", " Total", '"Total"', '"a\nTotal"', '"a,b"', ""])
TABLE = st.lists(st.tuples(CELL, CELL), max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=TABLE, sep=st.booleans(), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_quick_and_the_exact_reader_find_the_same_footer(
    tmp_path: Path, rows: list[tuple[str, str]], sep: bool, end: str
) -> None:
    lines = ["sep=,"] * sep + ["upc,lot", *map(",".join, rows), ""]
    path = put(tmp_path, "a.csv", end.join(lines))
    quick, exact = (
        RawRows.together(reader(path, 1_000, "Total"))
        for reader in (read_csv_quickly, read_csv_exactly)
    )
    assert quick.header == exact.header
    trimmed = pl.col("c0", "c1").str.strip_chars()
    assert_frame_equal(
        quick.rows.with_columns(trimmed), exact.rows.with_columns(trimmed), check_column_order=False
    )
    assert quick.ignored == exact.ignored


@pytest.mark.parametrize("height", [2, 30_000])
def test_several_files_of_a_zip_are_read_as_one_in_the_order_of_their_names(
    tmp_path: Path, height: int
) -> None:
    path = zipped(
        tmp_path,
        b__csv="lot;upc\n3;C\n",
        a__csv="upc,lot\n" + "A,1\n" * (height - 1) + "\nB,2\n",
        c__txt="upc,lot\nD\nE,5\n",
    )
    raw = read(path)
    assert raw.header == ("upc", "lot")
    assert cells(raw)[-3:] == [("B", "2"), ("C", "3"), ("E", "5")]
    assert numbers(raw)[-3:] == [height, height + 1, height + 3]
    assert malformed(raw) == [(height + 2, "number_of_columns")]


def test_rows_above_the_header_and_footers_are_those_of_each_file_of_a_zip(tmp_path: Path) -> None:
    report = "March\nupc,lot\n{0},1\nTotal,1\n"
    path = zipped(tmp_path, a__csv=report.format("A"), b__csv=report.format("B"))
    raw = read(path, Layout(skip_rows=1, footer="Total"))
    assert (cells(raw), numbers(raw), raw.ignored) == ([("A", "1"), ("B", "1")], [1, 2], 4)


def test_what_is_hidden_in_a_zip_is_passed_over_and_names_lead_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("folder")
        for name in ("__MACOSX/._a.csv", ".DS_Store", "folder/.hidden.json", "b.csv.part"):
            archive.writestr(name, "junk")
        archive.writestr("../../a.csv", "upc\nA\n")
        archive.writestr("/folder/b.csv", "upc\nB\n")
    assert cells(read(path)) == [("A",), ("B",)]
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, "empty_zip: there is no file in it"),
        ({".hidden": ""}, "empty_zip: there is no file in it"),
        ({"a.csv": "upc\nA\n", "b.json": "[]"}, "mixed_formats: it holds CSV and JSON files"),
        ({"a.csv": "upc\nA\n", "b.csv": "upc,lot\nA,1\n"}, "other_columns: 'b.csv' in it: its"),
        ({"a.csv": "upc\nA\n", "b.zip": ""}, "zip_in_zip: 'b.zip' in it: "),
        ({"a.pdf": ""}, "unknown_suffix: 'a.pdf' in it: no reader for '.pdf'"),
        ({"a.xls": ""}, "unknown_suffix: 'a.xls' in it: '.xls' is not read; save"),
        ({"a.csv": "upc\nA\n", "b.csv": b"upc\n\xe9\n"}, "not_utf8: 'b.csv' in it: line 2"),
        ({"a.csv": "upc\nA\n", "b.csv": ""}, "no_header: 'b.csv' in it: the file is empty"),
    ],
)
def test_a_zip_that_cannot_be_read_as_one_file_is_refused_in_words(
    tmp_path: Path, members: dict[str, str | bytes], told: str
) -> None:
    assert why_unread(zipped(tmp_path, **members)).startswith(told)


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, a__csv="upc\nA\n")
    content = bytearray(path.read_bytes())
    for place in (6, content.index(b"PK\1\2") + 8):
        content[place] |= 1
    path.write_bytes(content)
    assert why_unread(path) == "password: 'a.csv' in it has a password; send it without one"


def test_a_zip_cut_anywhere_or_damaged_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path, a__csv="upc\n" + "A\n" * 99).read_bytes()
    path = tmp_path / "damaged.zip"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert why_unread(path).startswith("not_zip: ")
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            raw = read(path)
        except Unreadable:
            continue
        assert raw.height == 99


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.csv", "w", force_zip64=True) as bomb,
    ):
        for _ in range(2 << 6):
            bomb.write(bytes(16 << 20))
    told, peak = read_elsewhere(path)
    assert str(told).startswith("file_too_large: it unzips to 2,048 MiB, more than 200 times its")
    assert peak < 512


def test_what_unzips_to_more_than_a_disk_should_take_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (opened, unzipped):
        monkeypatch.setattr(module, "LARGEST_UNZIPPED", 1 << 20)
    text = "upc\n" + "A\n" * (1 << 20)
    assert why_unread(zipped(tmp_path, a__csv=text)).startswith("file_too_large: ")
    path = put(tmp_path, "a.csv.gz", gzip.compress(text.encode("utf-16")))
    assert why_unread(path).startswith("file_too_large: ")


def test_a_zip_holds_parquet_and_workbooks_as_well(tmp_path: Path) -> None:
    table = pl.DataFrame({"upc": ["0012"], "quantity": [5]})
    written = io.BytesIO()
    table.write_parquet(written)
    assert cells(read(zipped(tmp_path, a__parquet=written.getvalue()))) == [("0012", "5")]
    written = io.BytesIO()
    table.write_excel(written)
    assert cells(read(zipped(tmp_path, a__xlsx=written.getvalue()))) == [("0012", "5")]


REPORT = """
[[sources]]
name = "report"
kind = "inventory"
encoding = "cp1252"
skip_rows = 1
footer = "Total"

[[sources]]
name = "orders"
kind = "orders"
encoding = "cp1252"
skip_rows = 1
"""


def test_a_declared_report_is_taken_by_the_night_and_adds_up(root: Root) -> None:
    root.put("lotwise.toml", REPORT)
    text = "Bestände\nlocation_code,upc,lot_code,quantity\nA,U,L–1,5\nA,U,L2,x\nTotal,,,5\n"
    root.put("inbox/inventory/2026-03-02.csv", "").write_bytes(text.encode("cp1252"))
    root.night("2026-03-02")
    assert root.rows("SELECT lot_code, on_hand FROM inventory") == [("L–1", 5)]
    assert root.rows("SELECT rows, kept, rejected, ignored FROM files") == [(4, 1, 1, 2)]
    assert root.rows("SELECT row, rule FROM rejects") == [(2, "whole_number")]


def test_a_reject_that_the_ledger_finds_is_told_as_its_source_reads_it(root: Root) -> None:
    root.put("lotwise.toml", REPORT)
    head = "Aufträge\norder_id,line_id,location_code,upc,quantity,customer_id\n"
    for day, upc in (("2026-03-02", "U"), ("2026-03-03", "V")):
        path = root.put(f"inbox/orders/{day}.csv", "")
        path.write_bytes(f"{head}1,1,A,{upc},5,Größe\n".encode("cp1252"))
        root.night(day)
    ((rule, raw),) = root.rows("SELECT rule, raw FROM rejects")
    assert rule == "conflict"
    assert json.loads(str(raw))["customer_id"] == "Größe"


def test_mended_rows_of_a_declared_report_are_plain_csv(root: Root) -> None:
    root.put("lotwise.toml", REPORT)
    text = "Bestände\nlocation_code,upc,lot_code,quantity\nA,U,Lé,x\n"
    root.put("inbox/inventory/2026-03-02.csv", "").write_bytes(text.encode("cp1252"))
    root.night("2026-03-02")
    assert root.lotwise("rejects").returncode == 0
    (mended,) = (root.path / "rejects").rglob("*.csv")
    target = root.path / "inbox/inventory" / mended.name
    target.write_text(mended.read_text("utf-8-sig").replace(",x", ",5"), "utf-8-sig")
    root.night("2026-03-03")
    assert root.rows("SELECT lot_code, on_hand FROM inventory") == [("Lé", 5)]


def test_a_rebuild_reads_zips_workbooks_and_code_pages_again(root: Root) -> None:
    root.put("lotwise.toml", '[[sources]]\nname = "s"\nkind = "inventory"\nencoding = "cp1252"\n')
    folder = root.path / "inbox/inventory"
    folder.mkdir()
    counts = "location_code,upc,quantity\n{0},Ü,5\n"
    zipped(folder, a__csv=counts.format("Z").encode("cp1252")).rename(folder / "2026-03-02.CSV.ZIP")
    (folder / "2026-03-02.TXT.GZ").write_bytes(gzip.compress(counts.format("G").encode("cp1252")))
    pl.DataFrame({"location_code": ["X"], "upc": ["0012"], "quantity": [5]}).write_excel(
        folder / "2026-03-02.xlsx"
    )
    root.night("2026-03-02")
    before = root.tables()
    assert root.rows("SELECT location_code, upc FROM inventory ORDER BY ALL") == [
        ("G", "Ü"),
        ("X", "0012"),
        ("Z", "Ü"),
    ]
    for path in folder.iterdir():
        path.unlink()
    done = root.lotwise("rebuild")
    assert done.returncode == 0, done.stderr
    root.night("2026-03-03")
    assert root.tables()["inventory"] == before["inventory"]


def test_reference_tables_may_be_workbooks_and_zips(root: Root) -> None:
    (root.path / "reference").mkdir()
    pl.DataFrame({"location_code": ["A"]}).write_excel(root.path / "reference/locations.xlsx")
    zipped(root.path, products__csv="upc\nU\n").rename(root.path / "reference/products.zip")
    root.put("inbox/inventory/2026-03-02.csv", "location_code,upc,quantity\nA,U,1\nB,U,1\nA,V,1\n")
    root.night("2026-03-02")
    assert root.rows("SELECT row, rule FROM rejects ORDER BY row") == [
        (2, "unknown_location"),
        (3, "unknown_product"),
    ]
