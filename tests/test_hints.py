"""`lotwise check` names the setting that a file seems to want (SPEC 10.1)."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from flows.cli.check import check_file
from flows.cli.hints import hints
from flows.night.batches import taken_file
from schemas.settings import Kind, Settings
from tests.roots import Root
from tests.test_mutations import DAY
from transforms.guessed_formats import date_formats, instant_formats, number_formats

STOCK = "location_code,upc,lot_code,date,quantity\n"
LINES = "order_id,line_id,location_code,upc,quantity,placed_at\n"


def told(path: Path, kind: Kind, **described: Any) -> list[tuple[str, ...]]:
    """The settings that are named, those to choose from together."""
    source = [{"name": "s", "kind": kind} | described] if described else []
    line = {"file": f"{kind}/{path.name}", "kind": kind, "day": DAY, "copy": str(path)}
    settings = Settings.model_validate({"sources": source})
    found, _ = hints(taken_file({**line, "named_at": None}, 0, settings))
    return [hint.settings for hint in found]


@pytest.mark.parametrize(
    ("kind", "content", "settings"),
    [
        ("inventory", f"{STOCK}L,U,A,2026-04-30,5\nL,V,2E5,,0\n", []),
        ("inventory", f"{STOCK}L,U,A,,5\nGrand Total,,,,5\n", [('footer = "Grand Total"',)]),
        ("inventory", f"{STOCK}L,U,A,,5\nSumme\n", [('footer = "Summe"',)]),
        (
            "inventory",
            f"{STOCK}L,U,A,,5\nL,V,A,,2\n,,,,7\n",
            [('footer = "$"    # where the first cell is blank',)],
        ),
        ("inventory", f"Stock of today\n\n{STOCK}L,U,A,,5\n", [("skip_rows = 2",)]),
        ("inventory", f"a,b,c,d,e\n{STOCK}L,U,A,,5\n", [("skip_rows = 1",)]),
        (
            "inventory",
            f"{STOCK}L,U,A,05/06/2026,5\n",
            [('dates = "%d/%m/%Y"', 'dates = "%m/%d/%Y"')],
        ),
        ("inventory", f"{STOCK}L,U,A,13/06/2026,5\n", [('dates = "%d/%m/%Y"',)]),
        ("inventory", f"{STOCK}L,U,A,260400,5\n", [('dates = "gs1"',)]),
        (
            "inventory",
            f"{STOCK}L,U,NOLOT,,5\nL,V,N/A,,5\n",
            [('values.lot_code = { "N/A" = "", "NOLOT" = "" }',)],
        ),
        ("inventory", f"{STOCK}L,U,A,,5\nL,V,A,,Not stocked\n", [('ignore = ["Not stocked"]',)]),
        ("inventory", f"{STOCK}L,U,A,,-5\n", [('negative_counts = "zero"',)]),
        (
            "inventory",
            f"{STOCK}L,U,A,,4.000\n",
            [('numbers = { decimal = "." }', 'numbers = { thousands = ".", decimal = "," }')],
        ),
        ("adjustments", f"{STOCK}L,U,A,,5-\n", [('numbers = { minus = "trailing" }',)]),
        ("adjustments", f"{STOCK}L,U,A,,(5)\n", [('numbers = { minus = "parentheses" }',)]),
        ("orders", f"{LINES}1,1,L,U,1,\n1,1,L,V,2,\n", [('line_id = "row_of_order"',)]),
        (
            "orders",
            f"{LINES}1,1,L,U,1,2026-04-01\n1,2,L,V,2,\n2,1,L,V,2,\n",
            [('fill_down = ["placed_at"]',)],
        ),
        ("orders", f"{LINES}1,1,L,U,1,13/01/2026 09:05\n", [('instants = "%d/%m/%Y %H:%M"',)]),
    ],
)
def test_a_file_names_the_settings_that_it_wants(
    tmp_path: Path, kind: Kind, content: str, settings: list[tuple[str, ...]]
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(content)
    assert told(path, kind) == settings


def test_a_source_that_says_it_is_asked_no_more(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"Title\n{STOCK}L,U,NOLOT,13/06/2026,5-\nL,V,A,,Not stocked\nTotal,,,,\n")
    assert len(told(path, "adjustments")) == 6
    described = {
        "skip_rows": 1,
        "footer": "Total",
        "dates": "%d/%m/%Y",
        "numbers": {"minus": "trailing"},
        "values": {"lot_code": {"NOLOT": ""}},
        "ignore": ["Not stocked"],
    }
    assert told(path, "adjustments", **described) == []


def test_a_line_known_by_its_rows_number_is_told_to_be_known_by_its_order(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("order_id,location_code,upc,quantity\n1,L,U,1\n")
    assert told(path, "orders", line_id="row") == [('line_id = "row_of_order"',)]


def test_a_workbook_of_several_sheets_says_which_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stock.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name in ("North", "South"):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, ["location_code", "upc", "quantity"])
            sheet.write_row(1, 0, ["L", "U", 5])
    assert told(path, "inventory") == [('sheet = "North"',)]


@pytest.mark.parametrize(
    ("days", "formats"),
    [
        (["05/06/26"], ["%d/%m/%y", "%m/%d/%y"]),
        (["31.12.26", "01.02.26"], ["%d.%m.%y"]),
        (["04/2026"], ["%m/%Y"]),
        (["2 Apr 2026", None], ["%d %b %Y"]),
        (["20260405"], ["%Y%m%d"]),
        (["2026-04-05", None], []),
        (["soon"], []),
    ],
)
def test_days_are_in_the_formats_that_all_fit(days: list[str | None], formats: list[str]) -> None:
    assert date_formats(pl.Series(days, dtype=pl.String)) == formats


def test_instants_are_in_the_formats_that_all_fit() -> None:
    written = pl.Series(["13/06/2026 10:00:01", "01/06/2026 11:00:00"])
    assert instant_formats(written) == ["%d/%m/%Y %H:%M:%S"]
    assert instant_formats(pl.Series(["01/13/2026 9:05 PM"])) == ["%m/%d/%Y %I:%M %p"]
    assert instant_formats(pl.Series(["2026-04-01 10:00"])) == []


@pytest.mark.parametrize(
    ("numbers", "ways"),
    [
        (["1.200,0-"], [{"thousands": ".", "decimal": ",", "minus": "trailing"}]),
        (["1,200", "5"], [{"thousands": ","}]),
        (["1,000"], [{"decimal": ","}, {"thousands": ","}]),
        (["4.000", "5,0"], [{"thousands": ".", "decimal": ","}]),
        (["1 200"], [{"thousands": " "}]),
        (["5.5"], []),
        (["5", "few"], []),
    ],
)
def test_numbers_are_declared_in_the_ways_that_all_fit(
    numbers: list[str], ways: list[dict[str, str]]
) -> None:
    assert number_formats([pl.Series(numbers)]) == ways


def said(path: Path, root: Root) -> str:
    """All that check says, in a line."""
    return " ".join(line.strip() for line in check_file(path, "inventory", root.path).lines)


def test_counts_are_looked_at_beside_what_is_published(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", f"{STOCK}L,0012,A,,90\nL,V,A,,60\nM,V,A,,5\n")
    root.night("2026-03-02")
    less = root.put("2026-03-03.csv", f"{STOCK}L,0012,A,,5\nL,12,B,,3\nM,V,A,,0\n")
    told = said(less, root)
    assert "row 2: 12 is no known UPC, and 0012 is; export the column as text" in told
    assert "it would be refused: clears_location: L would go from 150 to 68 units" in told
    fine = root.put("2026-03-03.csv", f"{STOCK}L,0012,A,,80\nL,00012,B,,3\n")
    assert "Look at this" not in said(fine, root)
    root.put("lotwise.toml", '[[sources]]\nname = "s"\nkind = "inventory"\ncount_mode = "full"\n')
    whole = root.put("2026-03-03.csv", f"{STOCK}L,0012,A,,70\n")
    assert "L would go from 150 to 70 units" in said(whole, root)
    moved = root.put("2026-03-03.csv", f"{STOCK}L,0012,C,,90\nL,V,C,,60\n")
    assert "Look at this" not in said(moved, root)
