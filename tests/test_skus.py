"""Rows that name a SKU or part number in place of a UPC; codes of reference tables (SPEC 3.3)."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.settings import Stopped
from tests.roots import Root
from transforms.upcs import lookups, with_upcs

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

    before = root.tables(without=("day",))
    root.lotwise("rebuild")
    assert root.tables(without=("day",)) == before


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
