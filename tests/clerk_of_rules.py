"""The clerk of the rules: judges the rows of a file one by one, the obvious slow way (SPEC 3)."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from schemas.settings import Kind
from tests.clerk_of_files import is_invisible, trimmed

Text = dict[str, str]

COUNTED_AT = datetime(2026, 1, 1, tzinfo=UTC)
LATEST_AT = datetime(2026, 1, 2, 23, 59, 59, 999_999, tzinfo=UTC)
STOCK = {"location_code": "L", "upc": "U", "quantity": "1"}
LINE = {"order_id": "O", "line_id": "1"}
FINE: dict[Kind, Text] = {
    "inventory": STOCK,
    "adjustments": STOCK,
    "orders": LINE | STOCK,
    "cancellations": LINE,
    "shipments": {**LINE, "quantity": "1"},
}
ITS_INSTANT: dict[Kind, str] = {
    "inventory": "counted_at",
    "adjustments": "adjusted_at",
    "orders": "placed_at",
    "cancellations": "cancelled_at",
    "shipments": "shipped_at",
}

CODES = ["A", "A", " A ", "B", "", "5001.0", "1E+5", "#N/A", "A\u200bB", "\u200bA\t"]
POOLS: dict[str, list[str]] = {
    "location_code": CODES,
    "upc": CODES,
    "order_id": CODES,
    "line_id": CODES,
    "quantity": ["1", "1", "1.0", "2", "0", "-1", "-2", "4.000", "x", "", "2147483648"],
    "priority": ["", "0", "7", "x"],
    "inventory_id": ["", "7", "x"],
    "decrement_on_hand": ["", "Yes", "no", "maybe"],
    "lot_code": ["", "", "A", "2E5", "240115.0", "A\tB", "x" * 51],
    "serial_number": ["", "", "S", "T", "x" * 31],
    "date": ["", "2026-01-31", "2026-01-31T23:00:00-05:00", "2026-02-30", "05/06/2026"],
    "at": ["", "", "2026-01-01T10:00", "2026-01-01T11:00:00+01:00", "2026-01-03", "soon"],
}
COLUMNS: dict[Kind, list[str]] = {
    "inventory": [*STOCK, "lot_code", "serial_number", "date", "at"],
    "adjustments": [*STOCK, "lot_code", "serial_number", "at"],
    "orders": [*FINE["orders"], "priority", "serial_number", "at"],
    "cancellations": [*LINE, "quantity", "inventory_id", "decrement_on_hand", "at"],
    "shipments": [*LINE, "quantity", "inventory_id", "serial_number", "lot_code", "at"],
}
KEYS: dict[Kind, tuple[str, ...]] = {
    "inventory": ("location_code", "upc", "lot_code", "serial_number", "date"),
    "orders": ("order_id", "line_id"),
}
LEAST: dict[Kind, int] = {"inventory": 0, "orders": 0, "adjustments": -2_147_483_647}
LEAST_OF_A_SERIAL: dict[Kind, int] = {"inventory": 0, "orders": 0, "adjustments": -1}

WRITTEN_CODES = ("location_code", "upc", "order_id", "line_id", "lot_code", "serial_number")

Breaches = set[tuple[str, str | None]]


def broken_code(code: str) -> set[str]:
    """What a spreadsheet or a scanner made of a code."""
    mantissa, _, exponent = code.upper().partition("E")
    whole, point, zeros = code.removeprefix("-").partition(".")
    is_power = mantissa.isdigit() and exponent[:1] in ("+", "-") and exponent[1:].isdigit()
    has_tail = whole.isdigit() and point and zeros and not zeros.strip("0")
    found = {"spreadsheet_number"} if is_power or has_tail else set()
    if code == "#N/A":
        found.add("spreadsheet_error")
    if any(is_invisible(sign) for sign in code):
        found.add("invisible_character")
    return found


def judged(kind: Kind, row: Text) -> tuple[dict[str, object], Breaches]:
    """What one row says, and the rules it breaks by itself."""
    found: Breaches = set()
    told: dict[str, object] = {}
    for name, text in row.items():
        value = trimmed(text) or ""
        told[name] = value or None
        if not value:
            if name in FINE[kind]:
                found.add(("required", name))
            continue
        if name in ("quantity", "priority", "inventory_id"):
            digits, point, zeros = value.removeprefix("-").partition(".")
            if not digits.isdigit() or (point and zeros not in ("0", "00")):
                found.add(("whole_number", name))
                told[name] = None
            else:
                told[name] = -int(digits) if value[0] == "-" else int(digits)
        if name in WRITTEN_CODES:
            found |= {(rule, name) for rule in broken_code(value)}
        if name == "lot_code" and len(value) > 50:
            found.add(("too_long", name))
        if name == "serial_number" and len(value) > 30:
            found.add(("too_long", name))
        if name == "decrement_on_hand" and value.lower() not in ("yes", "no"):
            found.add(("yes_or_no", name))
        if name == "date":
            try:
                told[name] = datetime.fromisoformat(value).date()
            except ValueError:
                found.add(("real_date", name))
        if name == ITS_INSTANT[kind]:
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                found.add(("instant", name))
                continue
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            told[name] = moment.astimezone(UTC)
            if moment > LATEST_AT:
                found.add(("too_late", name))
    quantity = told["quantity"]
    if isinstance(quantity, int):
        if quantity < LEAST.get(kind, 1):
            found.add(("too_small", "quantity"))
        if quantity > 2_147_483_647:
            found.add(("too_large", "quantity"))
        if kind == "adjustments" and quantity == 0:
            found.add(("not_allowed", "quantity"))
        if told.get("serial_number") and not LEAST_OF_A_SERIAL.get(kind, 1) <= quantity <= 1:
            found.add(("serial_quantity", "quantity"))
    told[ITS_INSTANT[kind]] = told[ITS_INSTANT[kind]] or COUNTED_AT
    if kind == "orders":
        told["priority"] = told["priority"] or 0
    return told, found


def judged_file(kind: Kind, rows: list[Text]) -> tuple[list[int], int, list[object]]:
    """The rows kept, the number of repeated ones, and every rule that a row breaks."""
    rejects: set[tuple[int, str, str | None]] = set()
    fine: dict[int, dict[str, object]] = {}
    repeated = 0
    for number, row in enumerate(rows, 1):
        told, found = judged(kind, row)
        rejects |= {(number, rule, column) for rule, column in found}
        if found:
            continue
        if kind in KEYS and told in fine.values():
            repeated += 1
        else:
            fine[number] = told
    for number, told in fine.items():
        others = [other for place, other in fine.items() if place != number]
        key = KEYS.get(kind, ())
        if key and any(all(told[name] == other[name] for name in key) for other in others):
            rejects.add((number, "contradiction", None))
        unit = {name: told.get(name) for name in ("upc", "serial_number", "quantity")}
        has_one = kind == "inventory" and unit["serial_number"] and unit["quantity"] == 1
        if has_one and any(unit.items() <= other.items() for other in others):
            rejects.add((number, "serial_in_two_rows", None))
    bad = {number for number, _, _ in rejects}
    return [number for number in fine if number not in bad], repeated, sorted(rejects, key=str)


def rows_of(kind: Kind) -> st.SearchStrategy[list[Text]]:
    names = {ITS_INSTANT[kind] if name == "at" else name: POOLS[name] for name in COLUMNS[kind]}
    row = st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in names.items()})
    mostly_fine = row.map(lambda odd: {**odd, **FINE[kind]})
    return st.lists(st.one_of(mostly_fine, row), min_size=1, max_size=6)
