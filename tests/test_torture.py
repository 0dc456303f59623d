"""Files that others collected to torture readers of CSV read as their answers say (SPEC 2.1)."""

import json

import pytest

from flows.read import read
from schemas.raw import Unreadable
from tests.roots import SHARED
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
