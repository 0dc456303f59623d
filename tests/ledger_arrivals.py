"""The same files, arriving in two orders and split over nights in two ways (SPEC 4.2)."""

from hypothesis import strategies as st

from tests.ledger_files import File
from tests.ledger_stories import FIRST, LOCATIONS, few, told


@st.composite
def facts(draw: st.DrawFn) -> list[File]:
    """Counts, adjustments and shipments, each a file of its own, no two at one instant.

    Each shipment names its serial, lot and condition, so that it means one record, known or not.
    """
    places = [
        told(location_code=code, upc="Ua", lot_code=lot, condition="New")
        for code in LOCATIONS
        for lot in "AB"
    ] + [
        told(location_code=code, upc="Sa", serial_number=one) for code in LOCATIONS for one in "12"
    ]
    files = []
    minutes = draw(st.permutations(range(10, 60)))
    for number in range(draw(st.integers(3, 8))):
        kind = draw(few(["inventory", "inventory", "adjustments", "adjustments", "shipments"]))
        where = draw(few(places))
        serial = where.get("serial_number")
        hour = draw(few(["2026-03-31T20", "2026-04-01T08", "2026-04-01T12", "2026-04-02T08"]))
        at = f"{hour}:{minutes[number]}"
        name = draw(few(["full", "part", "part"])) if kind == "inventory" else "a"
        if kind == "inventory":
            units = draw(few([0, 1])) if serial else draw(st.integers(0, 4))
            row = where | told(quantity=units, counted_at=at)
        elif kind == "adjustments":
            units = draw(few([1, -1] if serial else [-2, -1, 1, 3]))
            row = where | told(quantity=units, adjusted_at=at)
        else:
            lot = draw(few("AB"))
            asked = told(lot_code=lot, condition="New") if lot == "A" else told(serial_number="1")
            row = {"order_id": lot, "line_id": "1"} | asked | told(quantity=1, shipped_at=at)
        files.append(File(f"{kind}/{name}{number}_{FIRST}.csv", (tuple(sorted(row.items())),)))
    return files


@st.composite
def in_any_order(draw: st.DrawFn) -> tuple[list[list[File]], list[list[File]]]:
    """The same files, delivered in two ways; the orders that they ship come first."""
    told_by = draw(facts())
    lines = [
        told(order_id="A", line_id="1", location_code="L2", upc="Ua", quantity=99),
        told(order_id="B", line_id="1", location_code="L2", upc="Sa", quantity=99),
    ]
    orders = File(f"orders/a_{FIRST}.csv", tuple(tuple(sorted(line.items())) for line in lines))
    deliveries = []
    for _ in range(2):
        nights: list[list[File]] = [[orders], [], []]
        for file in told_by:
            draw(few(nights)).append(file)
        deliveries.append(nights)
    return deliveries[0], deliveries[1]
