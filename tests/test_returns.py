"""Returns and transfers: adjustments that say whose units they are, or where from (SPEC 5.6)."""

import pytest

from flows.state.audit import audit
from tests.roots import Root

COUNTS = "location_code,upc,lot_code,quantity\n"
MOVED = "location_code,upc,lot_code,quantity,transfer_id\n"
BACK = "location_code,upc,condition,quantity,reason,order_id,line_id\n"
IN_TRANSIT = "SELECT transfer_id, location_code, upc, lot_code, quantity FROM in_transit"


def test_what_left_and_has_not_arrived_is_in_transit(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,L1,10\n")
    root.put("inbox/adjustments/2026-04-02.csv", f"{MOVED}A,U,L1,-10,T1\nB,U,L1,7,T1\n")
    root.put("inbox/adjustments/2026-04-04.csv", f"{MOVED}B,U,L1,3,T1\n")
    root.night("2026-04-01")
    root.night("2026-04-02")

    assert root.rows(IN_TRANSIT) == [("T1", "A", "U", "L1", 3)]
    assert root.rows("SELECT DISTINCT transfer_id FROM movements WHERE kind = 'adjust'") == [
        ("T1",)
    ]
    root.night("2026-04-03")
    assert root.rows(IN_TRANSIT) == [("T1", "A", "U", "L1", 3)]
    root.night("2026-04-04")
    assert root.rows(IN_TRANSIT) == []


def test_more_that_arrived_than_left_is_a_discrepancy_until_it_left(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", f"{COUNTS}A,U,L1,10\n")
    root.put("inbox/adjustments/2026-04-01.csv", f"{MOVED}B,U,L1,7,T1\n")
    root.put("inbox/adjustments/2026-04-02.csv", f"{MOVED}A,U,L1,-10,T1\n")
    root.night("2026-04-01")

    assert root.rows("SELECT kind, quantity FROM discrepancies") == [("arrived_more", 7)]
    root.night("2026-04-02")
    assert root.rows("SELECT kind, quantity FROM discrepancies") == []
    assert root.rows(IN_TRANSIT) == [("T1", "A", "U", "L1", 3)]


@pytest.mark.parametrize(("returned", "beyond"), [(2, []), (3, [("unknown_return", 1)])])
def test_a_return_is_its_lines_and_what_was_never_shipped_is_a_discrepancy(
    root: Root, returned: int, beyond: list[tuple[str, int]]
) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nA,U,5\n")
    orders = "order_id,line_id,location_code,upc,quantity\n1,1,A,U,2\n"
    root.put("inbox/orders/2026-04-01.csv", orders)
    root.put("inbox/shipments/2026-04-01.csv", "order_id,line_id,quantity\n1,1,2\n")
    root.put("inbox/adjustments/2026-04-02.csv", f"{BACK}A,U,Used,{returned},Return,1,1\n")
    root.night("2026-04-01")
    root.night("2026-04-02")

    assert root.rows("SELECT kind, quantity FROM discrepancies") == beyond
    assert root.rows("SELECT on_hand FROM inventory WHERE condition = 'Used'") == [(returned,)]
    assert root.rows("SELECT shipped, pending, quantity FROM order_lines") == [(2, 0, 2)]
    whose = "SELECT order_id, line_id, quantity FROM movements WHERE reason = 'Return'"
    assert root.rows(whose) == [("1", "1", returned)]
    assert audit(root.path).wrong.is_empty()


def test_a_return_of_an_unknown_line_stands_and_is_told(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01.csv", f"{BACK}A,U,Used,2,return: late,77,1\n")
    root.night("2026-04-01")

    told = "SELECT kind, order_id, line_id, quantity FROM discrepancies"
    assert root.rows(told) == [("unknown_return", "77", "1", 2)]
    assert root.rows("SELECT on_hand FROM inventory") == [(2,)]


def test_other_adjustments_are_of_no_line_whatever_they_name(root: Root) -> None:
    root.put("inbox/adjustments/2026-04-01.csv", f"{BACK}A,U,,2,found,77,1\nA,V,,-1,return,77,1\n")
    root.night("2026-04-01")

    named = "SELECT count(*) FROM movements WHERE order_id IS NOT NULL"
    assert root.rows(named) == [(0,)]
    assert "unknown_return" not in {kind for (kind,) in root.rows("SELECT kind FROM discrepancies")}
