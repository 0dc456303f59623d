"""What cells mean: codes, dates and numbers as others write them (SPEC 2.3, 2.4, 3.2)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.state.warehouse import Connection, scratch
from schemas.settings import RAW, Kind, Settings
from tests.test_mutations import DAY, judged

WHOLE_ROW = {
    "location_code": "L",
    "upc": "U",
    "order_id": "1",
    "line_id": "1",
    "quantity": "1",
}
NO_NUMBER = ("1.23457E+11", "123456789012.0", "1E+5", "1,5e-07", "-2.5E-3", "5001.00")
HIDDEN = ("A\tB", "A\nB", "A\u200bB", "A\x1dB", "A\ufeffB", "A\u2028B", "A\0B")


@pytest.fixture(scope="module")
def night() -> Iterator[Connection]:
    with scratch() as tables:
        yield tables


def of_source(kind: Kind, **described: Any) -> Settings:
    source = {"name": "theirs", "kind": kind} | described
    return Settings.model_validate({"sources": [source], "max_reject_rows": 1000})


class Cells:
    """Rows of one kind, each of which is right but for one cell."""

    def __init__(self, night: Connection, folder: Path) -> None:
        self.night = night
        self.folder = folder

    def judged(
        self, kind: Kind, cells: list[tuple[str, str]], day: date = DAY, **described: Any
    ) -> tuple[pl.DataFrame, list[tuple[object, ...]]]:
        """Kept rows, and row, rule, column of the rejects."""
        needed = [name for name, one in RAW[kind].to_schema().columns.items() if not one.nullable]
        fine = {name: WHOLE_ROW[name] for name in needed}
        rows = [
            # Keys that no other row has.
            {**fine, needed[0]: f"K{number}", column: cell}
            for number, (column, cell) in enumerate(cells)
        ]
        header = list(dict.fromkeys(name for row in rows for name in row))
        lines = [
            ",".join(f'"{row.get(name, "")}"' if row.get(name) else "" for name in header)
            for row in rows
        ]
        path = self.folder / f"{kind}.csv"
        path.write_bytes("\n".join([",".join(header), *lines, ""]).encode())
        outcome, kept, rejects = judged(self.night, path, kind, of_source(kind, **described), day)
        assert outcome.refused is None
        return kept, [(row["row"], row["rule"], row["column"]) for row in rejects]


@pytest.fixture
def cells(night: Connection, tmp_path: Path) -> Cells:
    return Cells(night, tmp_path)


def codes_of(kind: Kind) -> list[str]:
    names = RAW[kind].to_schema().columns
    ends = ("_id", "_code", "serial_number")
    found = [name for name in names if name.endswith(ends) or name in ("upc", "sku", "condition")]
    return [name for name in found if name != "inventory_id"]


@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize(
    ("broken", "rule"), [(NO_NUMBER, "spreadsheet_number"), (HIDDEN, "invisible_character")]
)
def test_a_code_that_lost_or_gained_characters_is_rejected_in_every_code_column(
    cells: Cells, kind: Kind, broken: tuple[str, ...], rule: str
) -> None:
    columns = codes_of(kind)
    assert {"order_id", "upc"} & set(columns)
    told = [(column, cell) for column in columns for cell in broken]
    kept, rejects = cells.judged(kind, told)
    assert kept.is_empty()
    assert rejects == [(row, rule, column) for row, (column, _) in enumerate(told, 1)]


def test_a_lot_that_only_looks_like_a_number_stays(cells: Cells) -> None:
    lots = ["2E5", "12E34", "10D9T", "1.5", "A.0", "007", "1-2", "É1", "1E", "E+5", "#12"]
    kept, rejects = cells.judged("inventory", [("lot_code", lot) for lot in lots])
    assert kept.get_column("lot_code").to_list() == lots
    assert not rejects


def test_a_source_may_say_that_its_codes_are_written_so(cells: Cells) -> None:
    told = [("lot_code", cell) for cell in NO_NUMBER]
    kept, rejects = cells.judged("inventory", told, codes="as_is")
    assert kept.get_column("lot_code").to_list() == list(NO_NUMBER)
    assert not rejects


def test_what_nobody_sees_at_the_ends_of_a_code_is_trimmed(cells: Cells) -> None:
    marks = ["\t", "\n", "\u00a0", "\u200b", "\x1d", "\ufeff", "\u2028"]
    kept, rejects = cells.judged("inventory", [("lot_code", f"{mark}L1 {mark}") for mark in marks])
    assert kept.get_column("lot_code").to_list() == ["L1"] * len(marks)
    assert not rejects


@pytest.mark.parametrize(
    ("dates", "told", "day"),
    [
        ("%m/%Y", "04/2026", date(2026, 4, 30)),
        ("%m/%Y", "02/2028", date(2028, 2, 29)),
        ("%Y-%m", "2026-12", date(2026, 12, 31)),
        ("%b %Y", "Apr 2026", date(2026, 4, 30)),
        ("%d.%m.%y", "02.04.26", date(2026, 4, 2)),
        ("%a %d/%m/%Y", "Thu 02/04/2026", date(2026, 4, 2)),
        ("%G-W%V-%u", "2026-W14-4", date(2026, 4, 2)),
        ("%Y-%j", "2026-092", date(2026, 4, 2)),
        ("gs1", "260400", date(2026, 4, 30)),
        ("gs1", "280200", date(2028, 2, 29)),
        ("gs1", "260415", date(2026, 4, 15)),
        ("gs1", "760101", date(2076, 1, 1)),
        ("gs1", "770101", date(1977, 1, 1)),
    ],
)
def test_a_date_is_read_as_its_source_says(cells: Cells, dates: str, told: str, day: date) -> None:
    kept, rejects = cells.judged("inventory", [("date", told)], dates=dates)
    assert not rejects
    assert kept.get_column("date").to_list() == [day]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_century_of_a_gs1_date_is_that_nearest_to_the_files_day(
    cells: Cells, zone: str
) -> None:
    for day, of_77 in [(date(2026, 12, 31), 1977), (date(2027, 1, 1), 2077)]:
        kept, _ = cells.judged("inventory", [("date", "770101")], day, dates="gs1", timezone=zone)
        assert kept.get_column("date").to_list() == [date(of_77, 1, 1)]


def test_what_is_no_gs1_date_is_rejected(cells: Cells) -> None:
    told = ["260431", "261300", "2604", "26-04-00", "04/2026"]
    _, rejects = cells.judged("inventory", [("date", one) for one in told], dates="gs1")
    assert [(rule, column) for _, rule, column in rejects] == [("real_date", "date")] * len(told)


@pytest.mark.parametrize(
    ("numbers", "told", "units"),
    [
        ({"minus": "trailing"}, "5-", -5),
        ({"minus": "trailing"}, "5", 5),
        ({"minus": "parentheses"}, "(5)", -5),
        ({"minus": "trailing", "thousands": ".", "decimal": ","}, "1.200,0-", -1200),
        ({"decimal": "."}, "5.000", 5),
        ({"thousands": ","}, "1,200", 1200),
        (None, "\u22125", -5),
        (None, "'5", 5),
        (None, "'-5", -5),
        (None, "5-", None),
        (None, "(5)", None),
        (None, "4.000", None),
        ({"minus": "trailing"}, "-5", None),
        ({"minus": "parentheses"}, "(5", None),
        ({"decimal": ","}, "5.000", None),
    ],
)
def test_a_number_is_read_as_its_source_says_or_rejected(
    cells: Cells, numbers: dict[str, str] | None, told: str, units: int | None
) -> None:
    described: dict[str, Any] = {"numbers": numbers} if numbers else {}
    kept, rejects = cells.judged("adjustments", [("quantity", told)], **described)
    assert kept.get_column("quantity").to_list() == ([] if units is None else [units])
    assert [rule for _, rule, _ in rejects] == (["whole_number"] if units is None else [])


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (None, ["-3", "\u22123", "'-3"]),
        ({"minus": "trailing"}, ["3-", "3 -"]),
        ({"minus": "parentheses"}, ["(3)"]),
    ],
)
def test_numbers_are_negated_as_they_are_meant(
    cells: Cells, numbers: dict[str, str] | None, told: list[str]
) -> None:
    described = {"numbers": numbers} if numbers else {}
    returns = {"kind": "cancellations", "where": {"order_id": "K"}, "negate": ["quantity"]}
    path = cells.folder / "orders.csv"
    rows = [f"K{number},1,{cell}" for number, cell in enumerate(told)]
    path.write_text("\n".join(["order_id,line_id,quantity", *rows]))
    settings = of_source("shipments", rows=[returns], **described)
    outcome, _, rejects = judged(cells.night, path, "shipments", settings)
    assert (outcome.tables.get("cancellations"), rejects) == (len(told), [])


def test_a_constant_of_nothing_is_blank(cells: Cells) -> None:
    kept, _ = cells.judged("inventory", [("upc", "U")], constants={"lot_code": ""})
    assert kept.get_column("lot_code").to_list() == [None]


def test_a_count_below_0_is_rejected_or_0_as_its_source_says(cells: Cells) -> None:
    told = [("quantity", cell) for cell in ("-2", "-2.0", "\u22122", "'-2")]
    _, rejects = cells.judged("inventory", told)
    assert [rule for _, rule, _ in rejects] == ["too_small"] * len(told)
    kept, rejects = cells.judged("inventory", told, negative_counts="zero")
    assert kept.get_column("quantity").to_list() == [0] * len(told)
    assert not rejects
