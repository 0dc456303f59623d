"""Rows that name a SKU or part number in place of a UPC; codes of reference tables (SPEC 3.3)."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.check import check_file
from flows.night.rebuild import rebuild
from flows.settings import Stopped
from schemas.advice import advice
from schemas.raw import RawRows, Unreadable
from schemas.settings import Kind, Source
from tests.roots import Root
from tests.test_rebuild import warehouse_of
from tests.test_validate import AROUND
from transforms.rows import Circumstances
from transforms.upcs import lookups, with_upcs, without_zeros
from transforms.validate import Part, check_parts

SKUS = pl.DataFrame(
    [("S1", "U1"), ("S2", "U1"), ("S3", "U3"), ("S4", "U3"), ("S4", "U4")],
    schema=["sku", "upc"],
    orient="row",
)
PRODUCTS = pl.DataFrame(
    {"upc": ["U1", "U3", "U4", "U5"], "part_number": ["P1", "P34", "P34", None]},
)
Row = dict[str, str | None]


def found(row: Row) -> tuple[str | None, set[tuple[str, str]]]:
    """The UPC and the breaches of one row, looked up by hand."""
    known: dict[str, dict[str, set[str]]] = {
        "sku": {"S1": {"U1"}, "S2": {"U1"}, "S3": {"U3"}, "S4": {"U3", "U4"}},
        "part_number": {"P1": {"U1"}, "P34": {"U3", "U4"}},
    }
    upc = row["upc"]
    for column, codes in known.items():
        leads_to = codes.get(row[column] or "", set())
        if upc is None and len(leads_to) == 1:
            (upc,) = leads_to
    broken = set()
    for column, codes in known.items():
        if row[column] is None:
            continue
        leads_to = codes.get(row[column] or "", set())
        if upc is None:
            broken.add((f"ambiguous_{column}" if leads_to else f"unknown_{column}", column))
        elif leads_to and upc not in leads_to:
            broken.add((f"{column}_of_another_upc", column))
    return upc, broken


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "upc": st.sampled_from([None, None, "U1", "U3", "U9"]),
                "sku": st.sampled_from([None, "S1", "S2", "S3", "S4", "S9"]),
                "part_number": st.sampled_from([None, None, "P1", "P34", "P9"]),
            }
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_row_has_the_upc_that_its_codes_lead_to_or_is_told_why_not(rows: list[Row]) -> None:
    texts = pl.DataFrame(rows, schema=dict.fromkeys(("upc", "sku", "part_number"), pl.String))
    told, breaches = with_upcs(texts, lookups(SKUS, PRODUCTS))
    assert told.get_column("upc").to_list() == [found(row)[0] for row in rows]
    assert set(breaches.iter_rows()) == {
        (index, *breach) for index, row in enumerate(rows) for breach in found(row)[1]
    }


WITH_UPC: tuple[Kind, ...] = ("inventory", "adjustments", "orders")
KNOWN = pl.DataFrame({"upc": ["U1", "U3", "0012"], "track_stock": [True, True, True]})
THERE = pl.DataFrame({"location_code": ["L", "007"], "supports_inventory": [True, True]})
AMONG = replace(AROUND, locations=THERE, products=KNOWN, lookups=lookups(SKUS, PRODUCTS))


def checked(
    kind: Kind, *rows: Row, source: Source | None = None, around: Circumstances = AMONG
) -> Part:
    """What rows of a file come to, each fine but for what it says here."""
    fine: Row = {"order_id": "1", "line_id": "1"} if kind == "orders" else {}
    told = [{**fine, "location_code": "L", "quantity": "1", **row} for row in rows]
    header = tuple(dict.fromkeys(name for row in told for name in row))
    cells = {f"c{place}": [row.get(name) for row in told] for place, name in enumerate(header)}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    (part,) = check_parts(RawRows.of(header, frame), kind, source, around)
    return part


def broken(part: Part) -> list[tuple[object, ...]]:
    return part.rejects.select("row", "rule", "column", "value").rows()


@pytest.mark.parametrize("kind", WITH_UPC)
def test_a_upc_that_is_found_is_held_to_the_rules_of_any_other(kind: Kind) -> None:
    led = lookups(pl.DataFrame({"sku": ["S9", "S12", "S1"], "upc": ["U9", "12", "U1"]}), None)
    around = replace(AMONG, lookups=led)
    part = checked(kind, {"sku": "S9"}, {"sku": "S12"}, {"sku": "S1"}, around=around)
    assert broken(part) == [
        (1, "unknown_product", "upc", "U9"),
        (2, "lacks_leading_zeros", "upc", "12"),
    ]
    assert part.kept.select("row", "upc", "sku").rows() == [(3, "U1", "S1")]


@pytest.mark.parametrize("kind", WITH_UPC)
def test_every_rule_of_a_row_is_told_but_that_it_has_no_upc_only_where_nothing_says_why(
    kind: Kind,
) -> None:
    part = checked(
        kind,
        {"upc": "U9", "sku": "S1"},
        {"sku": "S\u200b1"},
        {"sku": "S4", "part_number": "P9"},
        {"sku": None},
        {"upc": "U\u200b1", "sku": "S1"},
    )
    assert broken(part) == [
        (1, "sku_of_another_upc", "sku", "S1"),
        (1, "unknown_product", "upc", "U9"),
        (2, "invisible_character", "sku", "S\u200b1"),
        (3, "unknown_part_number", "part_number", "P9"),
        (3, "ambiguous_sku", "sku", "S4"),
        (4, "required", "upc", None),
        (5, "sku_of_another_upc", "sku", "S1"),
        (5, "invisible_character", "upc", "U\u200b1"),
    ]


@pytest.mark.parametrize("kind", WITH_UPC)
def test_a_source_may_say_where_its_part_numbers_stand_and_what_its_skus_are(kind: Kind) -> None:
    columns = {name: name for name in ("location_code", "quantity", "order_id", "line_id")}
    if kind != "orders":
        columns = {name: columns[name] for name in ("location_code", "quantity")}
    by_number = Source(name="s", kind=kind, columns={**columns, "part_number": "Article"})
    by_sku = Source(name="s", kind=kind, values={"sku": {"tea": "S1"}})
    found = checked(kind, {"Article": " P1 "}, source=by_number)
    assert found.kept.select("upc", "sku").rows() == [("U1", None)]
    assert found.unknown == frozenset()
    assert checked(kind, {"sku": "tea"}, source=by_sku).kept["upc"].to_list() == ["U1"]


@pytest.mark.parametrize("kind", WITH_UPC)
def test_a_file_needs_a_column_of_upcs_or_one_that_leads_to_them(kind: Kind) -> None:
    by_sku = replace(AMONG, lookups=lookups(SKUS, None))
    refused: list[tuple[Row, Circumstances, str]] = [
        ({"sku": "S1"}, replace(AMONG, lookups=()), "upc"),
        ({"part_number": "P1"}, by_sku, "upc or sku"),
        ({"lot_code": "A"}, AMONG, "upc or sku or part_number"),
    ]
    for row, around, wanted in refused:
        with pytest.raises(Unreadable, match=f"^missing_column: no column for {wanted}; it has"):
            checked(kind, row, around=around)
    blank = checked(kind, {"upc": None, "sku": "S1"}, around=replace(AMONG, lookups=()))
    assert broken(blank) == [(1, "required", "upc", None)]


def test_a_code_lacks_leading_zeros_where_the_reference_has_it_with_more() -> None:
    known = pl.Series(["0012", "012", "7", "00A", "000"])
    asked = pl.Series(["12", "00012", "07", "A", "0", "13"])
    assert sorted(without_zeros(asked, known)) == ["0", "12", "A"]
    part = checked(
        "inventory",
        {"upc": "12"},
        {"upc": "00012"},
        {"upc": "U1", "location_code": "7"},
        {"sku": "5"},
        around=replace(AMONG, lookups=lookups(pl.DataFrame({"sku": ["05"], "upc": ["U1"]}), None)),
    )
    assert broken(part) == [
        (1, "lacks_leading_zeros", "upc", "12"),
        (2, "unknown_product", "upc", "00012"),
        (3, "lacks_leading_zeros", "location_code", "7"),
        (4, "lacks_leading_zeros", "sku", "5"),
    ]


def test_a_rejected_count_may_have_meant_any_upc_where_its_own_is_not_the_one_meant() -> None:
    part = checked(
        "inventory",
        {"upc": "U3", "sku": "S1"},
        {"upc": "12"},
        {"upc": "1.2E+11"},
        {"sku": "S9"},
        {"upc": "U1", "location_code": "7"},
        {"upc": "U1", "quantity": "x"},
        {"sku": "S1", "quantity": "x"},
        {"upc": "U1", "sku": "5001.0"},
    )
    assert part.uncertain.select("location_code", "upc").rows() == [
        *[("L", None)] * 4,
        (None, "U1"),
        *[("L", "U1")] * 3,
    ]


def test_a_count_below_0_that_is_taken_as_0_is_told_with_the_upc_that_was_found() -> None:
    source = Source(name="s", kind="inventory", negative_counts="zero")
    part = checked("inventory", {"sku": "S1", "quantity": "-2"}, source=source)
    assert part.negative.rows() == [(1, "L", "U1", -2)]


def test_check_tells_how_upcs_are_found_whatever_other_reference_tables_there_are(
    root: Root,
) -> None:
    for table in (
        "skus.csv:sku,upc\nS1,U1\n",
        "holds.csv:lot_code\nA\n",
        "locations.csv:code\nL\n",
    ):
        name, _, text = table.partition(":")
        root.put(f"reference/{name}", text)
    path = root.put("stock_2026-03-02.csv", "location_code,sku,quantity\nL,S1,4\n")
    lines = check_file(path, "inventory", root.path).lines
    assert "  upc           =  found by sku" in lines
    assert not [line for line in lines if "required" in line or "[[sources]]" in line]
    assert lines[-1].startswith("rows=1 kept=1 ")


def test_every_rule_of_a_reference_table_says_what_to_do(root: Root) -> None:
    for rule in ("names_nothing", "unknown_word", "contradiction", "required", "real_date"):
        assert advice(rule) != "correct the row"
    root.put("reference/products.csv", "upc,out_of_stock\nU,wait\n")
    with pytest.raises(Stopped, match=r"row 1: unknown_word \(out_of_stock\): .* one of them; 1"):
        root.night("2026-03-02")


def rejects(root: Root) -> list[tuple[object, ...]]:
    return root.rows('SELECT file, row, rule, "column" FROM rejects ORDER BY ALL')


def test_a_sku_or_part_number_finds_the_upc_of_counts_moves_and_orders(root: Root) -> None:
    root.put("reference/skus.csv", "sku,upc\nS1,U1\nS2,U1\nS2,U1\nS3,U3\nS4,U3\nS4,U4\n")
    root.put("reference/products.csv", "upc,part_number\nU1,P1\nU3,P3\nU4,\n0012,\n")
    root.put(
        "inbox/inventory/2026-03-02.csv",
        """
        location_code,sku,part_number,upc,quantity
        L,S1,,,4
        L,,P3,,2
        L,S9,,,1
        L,S4,,,1
        L,S1,P3,,1
        L,S3,,U1,1
        L,,,,1
        L,,P9,,1
        L,S9,,U1,7
        L,,,12,1
        L,S2,,,x
        """,
    )
    body = '{"locationCode": "L", "items": [{"partNumber": "P3", "quantity": 3}]}'
    root.put("inbox/adjustments/2026-03-02.json", body)
    root.put(
        "inbox/orders/2026-03-02.csv", "order_id,line_id,location_code,sku,quantity\n1,1,L,S3,2\n"
    )
    root.night("2026-03-02")
    file = "inventory/2026-03-02.csv"
    assert rejects(root) == [
        (file, 3, "unknown_sku", "sku"),
        (file, 4, "ambiguous_sku", "sku"),
        (file, 5, "part_number_of_another_upc", "part_number"),
        (file, 6, "sku_of_another_upc", "sku"),
        (file, 7, "required", "upc"),
        (file, 8, "unknown_part_number", "part_number"),
        (file, 10, "lacks_leading_zeros", "upc"),
        (file, 11, "whole_number", "quantity"),
    ]
    stock = root.rows("SELECT upc, sku, on_hand FROM inventory ORDER BY ALL")
    assert stock == [("U1", "S1", 4), ("U1", "S9", 7), ("U3", None, 5)]
    assert root.rows("SELECT upc, sku, pending FROM order_lines") == [("U3", "S3", 2)]

    tables, warehouse = root.tables(), warehouse_of(root)
    assert len(warehouse["skus"]) == 5  # the row that is written twice is one
    rebuild(root.path)
    assert root.tables() == tables
    assert warehouse_of(root) == warehouse


def test_a_file_without_upcs_is_refused_until_something_leads_to_them(root: Root) -> None:
    root.put("inbox/inventory/2026-03-02.csv", "location_code,sku,quantity\nL,S1,4\n")
    root.put("reference/products.csv", "upc\nU1\n")
    ((_, reason),) = root.night("2026-03-02").refused
    assert reason.startswith("missing_column: no column for upc")
    root.put("reference/skus.csv", "sku,upc\nS1,U1\n")
    assert root.night("2026-03-02").refused == []
    assert root.rows("SELECT upc, sku, on_hand FROM inventory") == [("U1", "S1", 4)]


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("holds.csv:lot_code\n240115.0\n", "spreadsheet_number (lot_code)"),
        ("holds.csv:lot_code\nA\u200bB\n", "invisible_character (lot_code)"),
        ("products.csv:upc\n1.23457E+11\n", "spreadsheet_number (upc)"),
        ("locations.csv:location_code\n#N/A\n", "spreadsheet_error (location_code)"),
        ("skus.csv:sku,upc\nS1,5001.0\n", "spreadsheet_number (upc)"),
    ],
)
def test_a_reference_table_with_a_code_that_is_none_stops_the_night(
    root: Root, table: str, rule: str
) -> None:
    name, _, text = table.partition(":")
    root.put(f"reference/{name}", text)
    with pytest.raises(Stopped) as why:
        root.night("2026-03-02")
    assert str(why.value).startswith(f"reference/{name}, row 1: {rule}: ")
    assert "export" in str(why.value) or "write it without" in str(why.value)


def test_codes_of_reference_tables_are_as_they_are_where_a_source_has_them_so(root: Root) -> None:
    root.put("lotwise.toml", '[[sources]]\nname = "s"\nkind = "inventory"\ncodes = "as_is"\n')
    root.put("reference/holds.csv", "lot_code\n240115.0\n")
    root.put(
        "inbox/inventory/2026-03-02.csv", "location_code,upc,lot_code,quantity\nL,U,240115.0,1\n"
    )
    root.night("2026-03-02")
    assert root.rows("SELECT lot_code, is_blocked FROM inventory") == [("240115.0", True)]
