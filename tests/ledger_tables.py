"""The tables that a story leaves: as the clerk of the ledger has them, and as nights leave them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from flows.files.reference import read_reference
from flows.night.stages import STAGES
from flows.settings import load_settings, places
from flows.state import commit
from flows.state.warehouse import Connection, load, night_of, open_warehouse
from schemas.reference import NAMED_CODES
from tests.clerks import Row
from tests.ledger_clerk import Ledger
from tests.ledger_files import KEY, Reference
from tests.ledger_placing import reasons
from tests.ledger_stories import LOCATIONS
from tests.roots import REPOSITORY, Root

SETTINGS: Final = """
    max_cleared_share = 1.0
    wait_days = {}
    [[sources]]
    name = "whole"
    kind = "inventory"
    files = "full_*"
    count_mode = "full"
    """
SQL: Final = REPOSITORY / "flows" / "published"
Table = list[tuple[object, ...]]
FILE_COLUMNS: Final = ("file", "status", "rows", "kept", "repeated", "waiting", "rejected")
FIELDS: Final = "location_code, upc, segment, sku, lot_code, date, condition, serial_number"
QUERIES: Final = {
    "inventory": f"""
        SELECT inventory_id, {FIELDS}, on_hand, allocated, available, free, is_blocked,
            safety_stock, floor, counted_at FROM inventory""",
    "order_lines": f"""
        SELECT order_id, line_id, priority, customer_id, {FIELDS}, quantity, pending, shipped,
            cancelled, refused, placed_at, allocated FROM order_lines""",
    "allocated": "SELECT order_id, line_id, inventory_id, quantity FROM allocated",
    "fulfilled": """
        SELECT order_id, line_id, inventory_id, quantity, shipment_id, shipped_at, is_scanned
        FROM fulfilled""",
    "shortages": "SELECT order_id, line_id, reason, quantity FROM shortages",
    "discrepancies": """
        SELECT kind, inventory_id, order_id, line_id, quantity FROM discrepancies""",
    "waiting": "SELECT file, row, kind, since FROM waiting",
    "rejects": "SELECT file, row, rule FROM rejects",
    "files": f"SELECT {', '.join(FILE_COLUMNS)} FROM files",
    "movements": """
        SELECT kind, order_id, line_id, inventory_id, sum(quantity)::BIGINT
        FROM movements GROUP BY ALL HAVING sum(quantity) <> 0""",
}


def written(root: Root, reference: Reference) -> None:
    """The settings and reference tables of a night."""
    root.put("lotwise.toml", SETTINGS.format(reference.wait_days))
    places = [f"{code},{str(code in reference.without_stock).lower()}" for code in LOCATIONS]
    header = "location_code,allow_fulfillment_without_stock"
    root.put("reference/locations.csv", "\n".join([header, *places, ""]))
    names = ("track_stock", "out_of_stock", "default_condition", "date_kind", "min_days_left")
    products = [
        ",".join([upc, *(str(product.get(name, "")) for name in names)])
        for upc, product in reference.products.items()
    ]
    root.put("reference/products.csv", "\n".join([",".join(["upc", *names]), *products, ""]))
    columns = (*NAMED_CODES, "date_from", "date_to", "from", "until")
    holds = [",".join(str(hold.get(name, "")) for name in columns) for hold in reference.holds]
    root.put("reference/holds.csv", "\n".join([",".join(columns), *holds, ""]))


def expected(ledger: Ledger) -> dict[str, Table]:
    """The tables, as the clerk has them."""
    ids = ledger.records
    records = [ledger.record(key) for key in ids]
    balances = ("quantity", "pending", "shipped", "cancelled", "refused")
    tables: dict[str, Iterable[tuple[object, ...]]] = {
        "inventory": (
            (
                *(one["inventory_id"], *one["key"], one["on_hand"], one["allocated"]),
                one["on_hand"] - one["allocated"] - one["safety_stock"],
                *(one["free"], one["is_blocked"], one["safety_stock"], one["floor"]),
                one["counted_at"] and one["counted_at"].replace(tzinfo=None),
            )
            for one in records
        ),
        "order_lines": (
            (
                *name,
                *(line[one] for one in ("priority", "customer_id", *KEY, *balances)),
                line["placed_at"].replace(tzinfo=None),
                sum(units for (one, _), units in ledger.promises.items() if one == name),
            )
            for name, line in ledger.lines.items()
        ),
        "allocated": (
            (*name, ids[key], units) for (name, key), units in ledger.promises.items() if units
        ),
        "fulfilled": (
            (
                *(row["order_id"], row["line_id"], ids.get(row["key"]), row["quantity"]),
                *(row["shipment_id"], row["at"].replace(tzinfo=None), is_scanned(row)),
            )
            for row in ledger.ships
        ),
        "shortages": ((order_id, "1", *rest) for order_id, *rest in reasons(ledger)),
        "discrepancies": [*ledger.excess, *impossible(records)],
        "waiting": ((row["file"], row["row"], row["kind"], row["since"]) for row in ledger.waiting),
        "rejects": ledger.rejects,
        "files": (tuple(one[name] for name in FILE_COLUMNS) for one in ledger.files),
        "movements": (
            (kind, *(line or (None, None)), ids.get(key) if key else None, units)
            for (kind, line, key), units in ledger.movements.items()
            if units
        ),
    }
    return {name: sorted(rows, key=str) for name, rows in tables.items()}


def is_scanned(shipment: Row) -> bool:
    """10.3: it named the record, its lot or its serial number."""
    return any(shipment[name] for name in ("inventory_id", "lot_code", "serial_number"))


def impossible(records: list[Row]) -> Table:
    """4.4: what can't be true of on_hand."""
    found: Table = [
        ("negative_on_hand", one["inventory_id"], None, None, one["on_hand"])
        for one in records
        if one["on_hand"] < 0
    ]
    there = [one for one in records if one["on_hand"] > 0]
    for one in there:
        told = (one["inventory_id"], None, None, one["on_hand"])
        serial = (one["upc"], one["serial_number"])
        others = [r for r in there if r is not one and (r["upc"], r["serial_number"]) == serial]
        if one["serial_number"] and others:
            found.append(("serial_on_many_records", *told))
        elif one["serial_number"] and one["on_hand"] > 1:
            found.append(("serial_with_many_units", *told))
        lot = ("location_code", "upc", "segment", "lot_code")
        of_lot = [row for row in there if all(row[name] == one[name] for name in lot)]
        dates = {row["date"] for row in of_lot} - {None}
        if one["lot_code"] and one["date"] and len(dates) > 1:
            found.append(("lot_with_two_dates", *told))
    return found


def published(root: Root) -> dict[str, Table]:
    return {name: sorted(root.rows(query), key=str) for name, query in QUERIES.items()}


def committed(root: Root, day: date) -> dict[str, Table]:
    """A night up to its commit, and the tables as publishing would select them.

    Building the published database takes half of a small night, and adds nothing to the ledger.
    """
    stated = load_settings(root.path)
    there = places(root.path, stated)
    open_warehouse(there).close()
    with night_of(there, stated, read_reference(there, stated), day):
        for stage in STAGES:
            stage(there, day)
        now = datetime.now(UTC)
        commit.write_run(there, now, now, {})
        with commit.committed(there) as warehouse:
            return {name: selected(warehouse, name, query) for name, query in QUERIES.items()}


def selected(warehouse: Connection, name: str, query: str) -> Table:
    select = SQL.joinpath(f"{name}.sql").read_text()
    days = {"first_day": date.min, "last_day": date.max} if "$first_day" in select else {}
    frame = load(warehouse, f"WITH {name} AS ({select}) {query}", **days)
    return sorted(frame.rows(), key=str)
