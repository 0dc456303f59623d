"""Rows as their source describes them: not meant, filled down, counted by order (SPEC 2.3)."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.raw import RawRows, Unreadable
from schemas.settings import Source
from tests.roots import Root
from transforms.described import described

Row = tuple[str | None, ...]
HEADER = ("Name", "Created at", "Sku")


def source(**settings: Any) -> Source:
    columns = {"order_id": "Name", "placed_at": "Created at", "upc": "Sku"}
    return Source.model_validate({"name": "s", "kind": "orders", "columns": columns} | settings)


def chunks(rows: list[Row], sizes: list[int]) -> Iterator[RawRows]:
    start = 0
    for size in [*sizes, len(rows)]:
        part = rows[start : start + size]
        schema = [f"c{place}" for place in range(len(HEADER))]
        cells = pl.DataFrame(part, schema=dict.fromkeys(schema, pl.String), orient="row")
        yield RawRows.of(HEADER, cells, range(start + 1, start + len(part) + 1))
        start += size


def told(rows: list[Row], source: Source, *sizes: int) -> tuple[tuple[str, ...], list[Row]]:
    raw = RawRows.together(described(chunks(rows, list(sizes)), source))
    return raw.header, raw.rows.drop("row").rows()


ORDERS: list[Row] = [
    ("#1", "2026-03-01", "A"),
    (" #1", " ", "B"),
    ("#2", "2026-03-02", "A"),
    ("#1", None, "A"),
    (None, None, "C"),
    ("#2", "NONE", "B"),
]


def test_a_row_is_known_by_its_place_among_the_rows_of_its_order() -> None:
    header, rows = told(ORDERS, source(line_id="row_of_order"))
    assert header == (*HEADER, "row of order")
    assert [row[-1] for row in rows] == ["1", "2", "1", "3", None, "2"]


def test_what_stands_on_an_orders_first_row_only_is_that_of_its_other_rows() -> None:
    values = {"placed_at": {"NONE": ""}}
    _, rows = told(ORDERS, source(fill_down=["placed_at"], values=values))
    assert [row[1] for row in rows] == [
        *("2026-03-01", "2026-03-01", "2026-03-02", "2026-03-01", None, "2026-03-02"),
    ]


def test_a_blank_order_may_be_that_of_the_row_above() -> None:
    fill_down = ["order_id", "placed_at"]
    _, rows = told(ORDERS, source(line_id="row_of_order", fill_down=fill_down))
    assert [(row[0], row[1], row[-1]) for row in rows[3:]] == [
        ("#1", "2026-03-01", "3"),
        ("#1", "2026-03-01", "4"),
        ("#2", "NONE", "2"),
    ]


CELLS = st.tuples(
    st.sampled_from(["1", "2", "2 ", "", None]),
    st.sampled_from(["x", "y", " ", "", None]),
    st.sampled_from(["A", "B"]),
)


def slowly(rows: list[Row], fills_orders: bool) -> list[Row]:
    """Row by row."""
    placed: dict[str, str | None] = {}
    places: dict[str, int] = {}
    above: str | None = None
    done: list[Row] = []
    for stated, at, sku in rows:
        order = above if fills_orders and not (stated or "").strip() else stated
        above = order
        name = (order or "").strip()
        if not name:
            done.append((order, at if (at or "").strip() else None, sku, None))
            continue
        places[name] = places.get(name, 0) + 1
        if at and at.strip():
            placed[name] = at
        done.append((order, placed.get(name), sku, str(places[name])))
    return done


def blank_as_null(rows: list[Row]) -> list[Row]:
    return [tuple((cell or "").strip() or None for cell in row) for row in rows]


@given(st.lists(CELLS, max_size=12), st.lists(st.integers(1, 4), max_size=5), st.booleans())
def test_however_a_file_is_cut_into_chunks_its_rows_are_the_same(
    rows: list[Row], sizes: list[int], fills_orders: bool
) -> None:
    fill_down = ["order_id", "placed_at"] if fills_orders else ["placed_at"]
    _, found = told(rows, source(line_id="row_of_order", fill_down=fill_down), *sizes)
    assert blank_as_null(found) == blank_as_null(slowly(rows, fills_orders))


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        (["Not stocked"], [1, 3]),
        (["Not", "y"], [3]),
        ([{"Sku": "Not stocked"}], [1, 2, 3]),
        ([{"created AT": "x"}], [1, 2, 4]),
        ([{"Name": "4", "Sku": "Not"}, {"Created at": "y"}], [2, 3]),
        ([{"Name": "4", "Sku": "A"}], [1, 2, 3, 4]),
    ],
)
def test_rows_that_are_not_meant_are_ignored(ignore: list[object], left: list[int]) -> None:
    rows: list[Row] = [
        ("1", "y", "A"),
        ("2", " Not stocked", "B"),
        ("3", "x", "C"),
        ("4", None, "Not stocked here"),
    ]
    raw = RawRows.together(described(chunks(rows, [3]), source(ignore=ignore)))
    assert raw.rows.get_column("row").to_list() == left
    assert raw.ignored == len(rows) - len(left)


def test_a_row_is_ignored_by_any_cell_whatever_its_column_is_called() -> None:
    cells = pl.DataFrame(
        {"c0": ["U", "V"], "c1": [None, None], "c2": [None, "Not stocked"]},
        schema=dict.fromkeys(("c0", "c1", "c2"), pl.String),
    )
    raw = RawRows.of(("Sku", "", ""), cells)
    (meant,) = described(iter([raw]), source(ignore=["Not stocked"]))
    assert meant.rows.get_column("c0").to_list() == ["U"]


def test_a_column_that_rows_are_ignored_by_must_be_there() -> None:
    with pytest.raises(Unreadable, match="`ignore` looks at 'State', which isn't there"):
        list(described(chunks(ORDERS, []), source(ignore=[{"State": "X"}])))


SHOP = """
    [[sources]]
    name = "shop"
    kind = "orders"
    files = "shop_*"
    line_id = "row_of_order"
    fill_down = ["placed_at", "location_code"]
    ignore = ["Total", "free text"]
    columns.order_id = "Name"
    columns.placed_at = "Created at"
    columns.upc = "Sku"
    columns.quantity = "Units"
    columns.location_code = "From"

    [[sources]]
    name = "store"
    kind = "inventory"
    count_mode = "full"
    ignore = ["Not stocked"]
    """
LINES = "SELECT order_id, line_id, upc, quantity, hour(placed_at) FROM order_lines ORDER BY ALL"


def test_an_export_sent_again_in_another_order_is_the_same_orders(root: Root) -> None:
    header = "Name,Created at,Sku,Units,From"
    one = "#1,2026-03-02T09:00,U,1,L\n#1,,V,2,\n"
    two = "#2,2026-03-02T08:00,U,x,L\n#2,,V,4,\n"
    root.put("lotwise.toml", SHOP)
    root.put(
        "inbox/inventory/2026-03-01.csv", "location_code,upc,quantity\nL,U,5\nL,V,Not stocked\n"
    )
    root.put("inbox/orders/shop_2026-03-02.csv", f"{header}\n{one}{two}Total,,,7,\nfree text\n")
    root.night("2026-03-02")
    assert root.rows("SELECT file, rows, kept, rejected, ignored FROM files ORDER BY ALL") == [
        ("inventory/2026-03-01.csv", 2, 1, 0, 1),
        ("orders/shop_2026-03-02.csv", 6, 3, 1, 2),
    ]
    lines = [("#1", "1", "U", 1, 9), ("#1", "2", "V", 2, 9), ("#2", "2", "V", 4, 8)]
    assert root.rows(LINES) == lines
    assert root.rows("SELECT count(*) FROM discrepancies") == [(0,)]

    root.lotwise("rejects", "--day", "2026-03-02", "--out", str(root.path / "inbox"))
    (mended,) = root.path.glob("inbox/orders/*.rejects-*.csv")
    mended.write_text(mended.read_text().replace(",x,", ",3,"))
    root.put("inbox/orders/shop_2026-03-03.csv", f"{header}\n{two.replace('x', '3')}{one}")
    root.night("2026-03-03")
    assert root.rows(LINES) == [*lines[:2], ("#2", "1", "U", 3, 8), lines[2]]
    assert root.rows("SELECT sum(rejected), sum(repeated) FROM files WHERE day = '2026-03-03'") == [
        (0, 4)
    ]
