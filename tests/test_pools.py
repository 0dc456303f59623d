"""Pools, lines and records are known by numbers that never change (SPEC 1)."""

import duckdb
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from schemas.granular import POOL
from tests.roots import Root
from transforms.pools import named_pools

LINES = "order_id,line_id,location_code,upc,quantity\n"
TEXTS = st.sampled_from(["", "A", "B", "AB", "a", "é", "\U0001f600", "10", "9"])
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=6)


@given(st.lists(ROWS, min_size=1, max_size=3))
def test_each_row_has_the_place_of_its_pool_among_all_in_the_order_of_their_texts(
    told: list[list[tuple[str, str, str]]],
) -> None:
    tables = [
        pl.DataFrame(rows, schema=dict.fromkeys(POOL, pl.String), orient="row") for rows in told
    ]
    rows = [row for table in told for row in table]

    pools, place = named_pools(tables)

    expected = sorted(set(rows), key=lambda row: [text.encode() for text in row])
    assert pools.rows() == expected
    assert place.to_list() == [expected.index(row) for row in rows]


def test_numbers_of_pools_and_lines_stay_and_new_ones_come_behind_in_their_order(
    root: Root,
) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL2,U1,5\n")
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}10,1,L2,U1,1\n9,1,L2,U1,1\nA,1,L2,U1,1\n")
    root.night("2026-04-01")
    root.put("inbox/orders/2026-04-02.csv", f"{LINES}10,1,L2,U1,4\n5,1,L1,U1,1\n7,1,L0,U9,1\n")
    root.night("2026-04-02")

    with duckdb.connect(str(root.path / "warehouse.duckdb"), read_only=True) as warehouse:
        lines = warehouse.execute("SELECT order_id FROM state.lines ORDER BY line_no").fetchall()
        pools = warehouse.execute("SELECT location_code FROM state.pools ORDER BY pool_no")
        places = pools.fetchall()

    assert [order_id for (order_id,) in lines] == ["9", "10", "A", "5", "7"]
    assert [location_code for (location_code,) in places] == ["L2", "L0", "L1"]
