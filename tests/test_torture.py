"""Files that others collected to torture readers of CSV read as their answers say (SPEC 2.1)."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.files.read import read
from flows.state.warehouse import Connection, scratch
from schemas.raw import Unreadable
from schemas.settings import Kind, Settings
from tests.clerk_of_files import trimmed
from tests.roots import SHARED
from tests.test_mutations import judged
from tests.test_read import Cells, cells, malformed

TORTURE = SHARED / "realdata" / "csv-torture"
has_torture = pytest.mark.skipif(not TORTURE.is_dir(), reason="the files aren't here")


# Its answer is about another file than the one beside it.
SPECTRUM = [path.stem for path in sorted(TORTURE.glob("csv-spectrum/csvs/*.csv"))]
SPECTRUM = [name for name in SPECTRUM if name != "location_coordinates"]


@has_torture
@pytest.mark.parametrize("name", SPECTRUM)
def test_csv_spectrum_reads_as_its_answers_say(name: str) -> None:
    raw = read(TORTURE / f"csv-spectrum/csvs/{name}.csv")
    rows = [dict(zip(raw.header, (cell or "" for cell in row), strict=True)) for row in cells(raw)]
    assert rows == json.loads((TORTURE / f"csv-spectrum/json/{name}.json").read_bytes())


SINEEMORE = TORTURE / "sineemore-csv-test-data"
# A file of blank lines has no header here, and a blank line is no row.
OTHERS = ("all-empty", "empty-one-column")
GOOD = [path.stem for path in sorted(SINEEMORE.glob("json/*.json")) if path.stem not in OTHERS]


@has_torture
@pytest.mark.parametrize("name", GOOD)
def test_sineemore_cases_read_as_their_answers_say(name: str) -> None:
    raw = read(SINEEMORE / f"csv/{name}.csv")
    answer = json.loads((SINEEMORE / f"json/{name}.json").read_bytes())
    values = [list(row.values()) if isinstance(row, dict) else row for row in answer]
    if values and tuple(values[0]) == raw.header:
        values = values[1:]
    assert [[cell or "" for cell in row] for row in cells(raw)] == values
    assert malformed(raw) == []


@has_torture
@pytest.mark.parametrize(
    ("name", "rows", "bad"),
    [
        ("bad-header-less-fields", [], [(1, "number_of_columns")]),
        ("bad-header-more-fields", [], [(1, "number_of_columns")]),
        ("bad-header-wrong-header", [], []),
        ("bad-quotes-with-unescaped-quote", [], [(1, "malformed_row")]),
        ("bad-unescaped-quote", [("1", 'This "quotes" must be escaped', "3")], []),
    ],
)
def test_sineemore_bad_rows_are_malformed_alone(
    name: str, rows: Cells, bad: list[tuple[int, str]]
) -> None:
    raw = read(SINEEMORE / f"csv/{name}.csv")
    assert cells(raw) == rows
    assert malformed(raw) == bad


@has_torture
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("all-empty", "no_header"),
        ("bad-header-no-header", "no_header"),
        ("bad-missing-quote", "unclosed_quote"),
    ],
)
def test_sineemore_bad_files_are_unreadable(name: str, rule: str) -> None:
    with pytest.raises(Unreadable) as why:
        read(SINEEMORE / f"csv/{name}.csv")
    assert why.value.rule == rule


BROKEN = {"required", "number_of_columns", "malformed_row", "invisible_character"}
ALL = sorted(TORTURE.glob("*/cs*/*.csv"))


@pytest.fixture(scope="module")
def night() -> Iterator[Connection]:
    with scratch() as tables:
        yield tables


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        return [row for row in csv.reader(text) if row]


def described(kind: Kind, header: list[str]) -> Settings:
    """A source whose UPC is a file's first column and whose SKU is its last."""
    source = {
        "name": "torture",
        "kind": kind,
        "columns": {"upc": header[0], "sku": header[-1]},
        "constants": {"location_code": "L", "quantity": "3"}
        | ({"order_id": "O"} if kind == "orders" else {}),
        "line_id": "row" if kind == "orders" else "column",
    }
    return Settings.model_validate({"sources": [source]})


@has_torture
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["inventory", "orders"])
def test_a_tortured_file_is_counts_and_orders_or_is_refused_with_a_reason(
    night: Connection, path: Path, kind: Kind
) -> None:
    header, *rows = rows_of(path) or [[""]]
    outcome, kept, rejects = judged(night, path, kind, described(kind, header))
    if outcome.refused:
        rule = outcome.refused.partition(":")[0]
        assert rule in ("no_header", "unclosed_quote", "missing_column", "ambiguous_column")
        return
    assert outcome.rows == outcome.kept + outcome.repeated + outcome.rejected == len(rows)
    assert {row["rule"] for row in rejects} <= BROKEN
    for row in kept.iter_rows(named=True):
        first, last = (trimmed(rows[row["row"] - 1][place]) for place in (0, -1))
        assert (row["upc"], row["sku"], row["quantity"]) == (first, last, 3)


STOCK = "location_code,upc,quantity,lot_code\n"


@pytest.mark.parametrize(
    ("name", "content", "kept", "bad"),
    [
        ("bom_inside.csv", STOCK + "L,U,1,A\n\ufeffM,U,2,B\nL,U,\ufeff3,C\n", [1, 2, 3], []),
        ("line_ends.csv", STOCK + "L,U,1,A\nL,U,2,B\r\nL,U,3,C\rL,U,4,D", [1, 2, 3, 4], []),
        ("behind.csv", "location_code,upc,quantity,\nL,U,1,\nL,V,2,,,\nL,W,3\n", [1, 2], [3]),
        ("quotes.csv", STOCK + 'L,U,1,5" disk\nL,U,2,"A" b\nL,U,3,x "y"\n', [1, 3], [2]),
        ("formulas.csv", STOCK + "L,U,1,=cmd|' /C calc'!A0\nL,U,=2,B\nL,U,3,@A\n", [1, 3], [2]),
        ("end_mark.csv", STOCK + "L,U,1,A\n\x1a", [1], [2]),
        ("nul.csv", STOCK + "L,U,1,A\0\nL,U,2\0,B\nL,U,3,A\0B\n", [1, 2], [3]),
        ("concatenated.csv", STOCK + "L,U,1,A\n" + STOCK + "L,U,2,B\n", [1, 3], [2]),
        ("list.json", '[["U"], {"location_code":"L","upc":"U","quantity":1}]', [2], [1]),
        ("scalar.json", "5", [], [1]),
        ("scalar.ndjson", '5\n"A"\nnull\ntrue\n', [], [1, 2, 3, 4]),
        ("empty.json", "[]", [], []),
        ("carriage.ndjson", '{"location_code":"L","upc":"U","quantity":1}\r7\r', [1], [2]),
        (
            "surrogates.ndjson",
            '{"location_code":"L","upc":"\\ud83d\\ude00","quantity":1}\n',
            [1],
            [],
        ),
    ],
)
def test_an_odd_file_keeps_its_good_rows(
    tmp_path: Path, night: Connection, name: str, content: str, kept: list[int], bad: list[int]
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    outcome, rows, rejects = judged(night, path, "inventory")
    assert outcome.refused is None
    assert rows.get_column("row").to_list() == kept
    assert sorted({row["row"] for row in rejects}, key=str) == bad


NUMBERS: list[tuple[str, int | None]] = [
    *(("+5", 5), ("-0", 0), ("'5", 5), ("005", 5), ("5.0", 5), ("5.00", 5), (" 5 ", 5), ("0", 0)),
    *((odd, None) for odd in ("1e3", "0x10", "0b1", "0o7", "١٢", "１２", "1_000", "1 000", "5.")),
    *((odd, None) for odd in (".5", "1e400", "NaN", "inf", "-inf", "true", "5.5", "5,0", "5.000")),
    *((odd, None) for odd in ("½", "²", "Ⅳ", "--5", "+-5", "5-", "(5)", "=5", "$5", "5 pcs")),
    *((odd, None) for odd in ("-5", "2147483648", "9" * 19, "9" * 5000, "0" * 30 + "x", "-", "+")),
]


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_a_quantity_is_the_number_that_is_written_or_is_rejected(
    tmp_path: Path, night: Connection, form: str
) -> None:
    rows = [
        {"location_code": "L", "upc": f"U{number}", "quantity": text}
        for number, (text, _) in enumerate(NUMBERS)
    ]
    path = tmp_path / f"numbers.{form}"
    if form == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        lines = "\n".join(json.dumps(row) for row in rows)
        path.write_text(lines if form == "ndjson" else f"[{lines.replace(chr(10), ',')}]")
    _, kept, rejects = judged(night, path, "inventory")
    found: dict[Any, Any] = dict(kept.select("row", "quantity").iter_rows())
    assert found == {row: units for row, (_, units) in enumerate(NUMBERS, 1) if units is not None}
    assert len({row["row"] for row in rejects}) == len(NUMBERS) - len(found)


ROW = '{"location_code":"L","upc":"U","quantity":%s}'


@pytest.mark.parametrize(
    ("number", "units"),
    [("5", 5), ("5.0", 5), ("-0", 0), ("0", 0), ('"5"', 5)]
    + [(odd, None) for odd in ("1e3", "5E0", "5.5", "1e400", "NaN", "Infinity", "-Infinity")]
    + [(odd, None) for odd in ("05", "+5", ".5", "5.", "0x5", "true", "null", "[5]", '{"n": 5}')]
    + [(odd, None) for odd in ("9" * 30, "9" * 5000, "5.0000000000000000001", "[[5]]", "'5'", "")],
)
@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_a_json_quantity_is_the_number_that_is_written_or_is_rejected(
    tmp_path: Path, night: Connection, form: str, number: str, units: int | None
) -> None:
    path = tmp_path / f"numbers.{form}"
    path.write_text(ROW % number)
    outcome, kept, _ = judged(night, path, "inventory")
    assert kept.get_column("quantity").to_list() == ([] if units is None else [units])
    assert outcome.refused or outcome.rows == 1


def zipped(text: str) -> bytes:
    """The same bytes whenever it is called."""
    return gzip.compress(text.encode(), mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("utf16le.json", (ROW % 5).encode("utf-16-le"), "not_utf8"),
        ("utf16le.csv", (STOCK + "L,U,1,A\n").encode("utf-16-le"), "not_utf8"),
        ("latin.csv", (STOCK + "L,U,1,ä\n").encode("latin-1"), "not_utf8"),
        ("twice.csv", b"location_code,upc,quantity,Quantity\nL,U,1,2\n", "ambiguous_column"),
        ("comment.json", f"[{ROW % 5} // five\n]".encode(), "not_json"),
        ("comma.json", f"[{ROW % 5},]".encode(), "not_json"),
        ("cut.json", f"[{ROW % 5}".encode(), "not_json"),
        ("deep.json", b"[" * 100_000, "not_json"),
        ("csv.json", (STOCK + "L,U,1,A\n").encode(), "not_json"),
        ("csv.parquet", (STOCK + "L,U,1,A\n").encode(), "not_parquet"),
        ("json.csv", (ROW % 5).encode(), "missing_column"),
        ("gzip.csv", zipped(STOCK + "L,U,1,A\n"), "not_utf8"),
        ("plain.csv.gz", (STOCK + "L,U,1,A\n").encode(), "not_gzip"),
        ("double.csv.gz", gzip.compress(zipped(STOCK + "L,U,1\n"), mtime=0), "not_utf8"),
        ("rest.csv.gz", zipped(STOCK + "L,U,1,A\n") + b"rest", "not_gzip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",
)
def test_a_file_of_another_format_or_encoding_is_refused_by_its_rule(
    tmp_path: Path, night: Connection, name: str, content: bytes, rule: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    outcome, _, _ = judged(night, path, "inventory")
    assert (outcome.refused or "").partition(":")[0] == rule
    assert (outcome.refused or "").isprintable()


def test_members_of_a_gz_file_are_read_one_after_the_other(
    tmp_path: Path, night: Connection
) -> None:
    path = tmp_path / "counts.csv.gz"
    members = (STOCK + "L,U,1,A\n", "L,U,2,B\n", "L,U,3,C\n")
    path.write_bytes(b"".join(zipped(member) for member in members))
    _, kept, _ = judged(night, path, "inventory")
    assert kept.select("lot_code", "quantity").rows() == [("A", 1), ("B", 2), ("C", 3)]
