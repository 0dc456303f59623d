"""Which columns of a file are which of ours, and their values as text (SPEC 2.2, 2.3)."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from schemas.raw import Unreadable
from schemas.settings import Source
from transforms.columns import recognise, select
from transforms.rows import PAGES

COUNTS = PAGES["inventory"].columns
ORDERS = PAGES["orders"].columns


def source(**described: Any) -> Source:
    return Source(name="ours", kind="inventory", **described)


def values(
    header: tuple[str, ...], row: list[str | None], wanted: list[str], described: Source | None
) -> dict[str, str | None]:
    """What the one row says, the columns of which it says nothing left out."""
    cells = {f"c{place}": [cell] for place, cell in enumerate(row)}
    rows = pl.DataFrame({"row": [7], **cells}, schema_overrides=dict.fromkeys(cells, pl.String))
    texts = select(rows, recognise(header, wanted, described), wanted, described)
    told = texts.drop("row").row(0, named=True)
    return {name: value for name, value in told.items() if value is not None}


@pytest.mark.parametrize("title", ["lot_code", "lotCode", "LOTCODE", " Lot_Code ", "LotCode"])
def test_names_compare_without_case_and_underscores(title: str) -> None:
    assert recognise((title,), COUNTS, None).positions == {"lot_code": 0}


@pytest.mark.parametrize(
    ("title", "wanted", "column"),
    [
        ("onHand", COUNTS, "quantity"),
        ("locationName", COUNTS, "location_code"),
        ("lTD", COUNTS, "ltd"),
        ("orderWeight", ORDERS, "priority"),
        ("orderDate", ORDERS, "placed_at"),
        ("orderItemID", ORDERS, "line_id"),
        ("safetyStock", COUNTS, "safety_stock"),
    ],
)
def test_a_column_is_known_by_its_aliases_too(title: str, wanted: list[str], column: str) -> None:
    columns = recognise((title,), wanted, None)
    assert columns.positions == {column: 0}
    assert columns.unknown == ()


def test_an_alias_yields_to_the_column_itself() -> None:
    for header in (("onHand", "quantity"), ("quantity", "onHand")):
        columns = recognise(header, COUNTS, None)
        assert columns.positions == {"quantity": header.index("quantity")}
        assert columns.unknown == ()


def test_the_columns_of_a_body_that_say_nothing_of_stock_are_ignored_and_others_are_named() -> None:
    header = ("retailPrice", "upc", "Colour", "currencyID", "partNumber", "shelf")
    assert recognise(header, COUNTS, None).unknown == ("Colour", "shelf")


@pytest.mark.parametrize("header", [("lotCode", "LOT_CODE"), ("onHand", "ON_HAND", "quantity")])
def test_two_columns_that_mean_the_same_make_a_file_unreadable(header: tuple[str, ...]) -> None:
    with pytest.raises(Unreadable, match=rf"'{header[0]}' and '{header[1]}'") as why:
        recognise(header, COUNTS, None)
    assert why.value.rule == "ambiguous_column"


def test_the_unknown_column_nearest_to_a_missing_one_is_found() -> None:
    columns = recognise(("upc", "Colour", "locationcod"), COUNTS, None)
    assert columns.nearest("location_code") == "locationcod"
    assert columns.nearest("serial_number") is None


def test_a_declared_mapping_is_the_whole_mapping() -> None:
    described = source(columns={"quantity": "Units", "lot_code": "Batch"})
    columns = recognise(("quantity", "Batch", "units", "upc"), COUNTS, described)
    assert columns.positions == {"quantity": 2, "lot_code": 1}
    assert columns.unknown == ("quantity", "upc")


def test_of_declared_columns_the_one_spelled_alike_is_meant() -> None:
    described = source(columns={"quantity": "Units"})
    assert recognise(("units", "Units"), COUNTS, described).positions == {"quantity": 1}
    with pytest.raises(Unreadable, match="ambiguous_column"):
        recognise(("units", "UNITS"), COUNTS, described)


def test_a_declared_column_that_is_not_there_is_told_with_the_nearest() -> None:
    described = source(columns={"quantity": "Units"})
    with pytest.raises(Unreadable, match=r"'ours' reads quantity from 'Units'.*'Unit'") as why:
        recognise(("upc", "Unit"), COUNTS, described)
    assert why.value.rule == "missing_column"


def test_text_is_trimmed_and_blank_is_null() -> None:
    rows = pl.DataFrame({"row": [1, 2], "c0": [" A\t", "\u00a0"], "c1": ["", None]})
    columns = recognise(("upc", "lot_code"), ["upc", "lot_code"], None)
    expected = pl.DataFrame(
        {"row": [1, 2], "upc": ["A", None], "lot_code": [None, None]},
        schema_overrides={"lot_code": pl.String},
    )
    assert_frame_equal(select(rows, columns, ["upc", "lot_code"], None), expected)


def test_a_constant_is_the_value_of_every_row_of_a_column_that_is_not_there() -> None:
    described = source(constants={"location_code": "L", "condition": "New"})
    assert values(("upc",), ["A"], COUNTS, described) == {
        "upc": "A",
        "location_code": "L",
        "condition": "New",
    }


def test_the_row_number_may_serve_as_line_id() -> None:
    described = source(line_id="row")
    assert values(("order_id",), ["O"], ORDERS, described) == {"order_id": "O", "line_id": "7"}


def test_a_value_map_changes_the_values_it_names_after_trimming() -> None:
    described = source(values={"condition": {"NEW": "New"}})
    assert values(("condition",), [" NEW "], COUNTS, described) == {"condition": "New"}
    assert values(("condition",), ["new"], COUNTS, described) == {"condition": "new"}
    assert values(("lot_code",), ["NEW"], COUNTS, described) == {"lot_code": "NEW"}
