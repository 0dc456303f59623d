"""The clerk who ships and cancels, row by row (SPEC 5.3, 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clerks import FIELDS, Row
from tests.ledger_files import KEY, Key

if TYPE_CHECKING:
    from tests.ledger_clerk import Ledger


def wait(ledger: Ledger, row: Row, reason: str) -> None:
    """5.4: tried every night, and given up `wait_days` after the run that took it."""
    if "since" not in row:
        row["since"] = ledger.day
        row["outcome"]["kept"] -= 1
        row["outcome"]["waiting"] += 1
    row["reason"] = reason
    if (ledger.day - row["since"]).days > ledger.reference.wait_days:
        settle(row)
        ledger.reject(row, "waited_too_long")
    else:
        ledger.waiting.append(row)


def settle(row: Row) -> None:
    if "since" in row:
        row["outcome"]["waiting"] -= 1
        row["outcome"]["kept"] += 1


def names_nothing_there(ledger: Ledger, row: Row, line: Row) -> bool:
    """An inventory_id that is unknown or of another pool."""
    known = [record["inventory_id"] for record in ledger.pool(line)]
    return row["inventory_id"] is not None and row["inventory_id"] not in known


def cancel(ledger: Ledger, row: Row) -> None:
    name = (row["order_id"], row["line_id"])
    if name not in ledger.lines:
        return wait(ledger, row, "line")
    settle(row)
    line = ledger.lines[name]
    if names_nothing_there(ledger, row, line):
        return ledger.reject(row, "unknown_record")
    where = {one: key for key, one in ledger.records.items()}.get(row["inventory_id"])
    promised = [one for one in reversed(ledger.pool(line)) if ledger.promises[name, one["key"]]]
    if row["inventory_id"] is None:
        open_units = line["pending"] + sum(ledger.promises[name, one["key"]] for one in promised)
    else:
        promised = [one for one in promised if one["key"] == where]
        open_units = sum(ledger.promises[name, one["key"]] for one in promised)
    all_open = max(open_units - row.get("ordered_since", 0), 0)
    asked = all_open if row["quantity"] is None else row["quantity"]
    left = min(asked, open_units)
    if asked > open_units:
        ledger.excess.append(("cancelled_too_much", row["inventory_id"], *name, asked - open_units))
    if row["inventory_id"] is None:
        pending = min(left, line["pending"])
        ledger.move("cancel", pending, line=name)
        left -= pending
    for record in promised:
        units = min(left, ledger.promises[name, record["key"]])
        left -= units
        ledger.move("release", units, line=name, key=record["key"])
        ledger.move("cancel", units, line=name)
        if row["decrement_on_hand"] and units:
            ledger.move("adjust", -units, key=record["key"])
            fields = dict(zip(KEY, record["key"], strict=True))
            ledger.adjusts.append(row | fields | {"quantity": -units})
    return None


def ship(ledger: Ledger, row: Row) -> None:
    name = (row["order_id"], row["line_id"])
    line = ledger.lines.get(name)
    if line is None:
        return wait(ledger, row, "line")
    untracked = not ledger.reference.product(line["upc"], "track_stock")
    pool = ledger.pool(line)
    if names_nothing_there(ledger, row, line):
        settle(row)
        return ledger.reject(row, "unknown_record")
    if is_known(ledger, row, line):
        settle(row)
        row["outcome"]["kept"] -= 1
        row["outcome"]["repeated"] += 1
        return None
    promised = sum(ledger.promises[name, record["key"]] for record in pool)
    if row["quantity"] > line["pending"] + promised:
        return wait(ledger, row, "open")
    if untracked:
        settle(row)
        ledger.move("pass", row["quantity"], line=name)
        ledger.ships.append(row | {"key": None})
        return None
    fitting = [record for record in pool if fits(row, record, line)]
    fitting.sort(key=lambda record: not asked_for(line, record))
    plan = planned(ledger, row, line, fitting)
    if plan is None:
        return wait(ledger, row, "stock")
    settle(row)
    ledger.know(plan)
    post(ledger, row, line, plan)
    return None


def fits(row: Row, record: Row, line: Row) -> bool:
    """A filter; where the record itself is named there is nothing more to ask. A row that names
    nothing means what the line asks for."""
    if row["inventory_id"] is not None:
        return bool(row["inventory_id"] == record["inventory_id"])
    if not any(row[field] for field in FIELDS):
        return asked_for(line, record)
    return all(row[field] in (None, record[field]) for field in FIELDS)


def asked_for(line: Row, record: Row) -> bool:
    return all(line[field] in (None, record[field]) for field in FIELDS)


def is_known(ledger: Ledger, row: Row, line: Row) -> bool:
    """5.4: a shipment_id known for the same line and record."""
    same = ("shipment_id", "order_id", "line_id")
    return row["shipment_id"] is not None and any(
        all(row[name] == sent[name] for name in same)
        and (sent["key"] is None or fits(row, record_of(ledger, sent["key"]), line))
        for sent in ledger.ships
    )


def record_of(ledger: Ledger, key: Key) -> Row:
    return {**dict(zip(KEY, key, strict=True)), "inventory_id": ledger.records[key]}


def planned(ledger: Ledger, row: Row, line: Row, fitting: list[Row]) -> dict[Key, int] | None:
    """Units by record that leave; None where it has to wait."""
    name = (row["order_id"], row["line_id"])
    latest = {record["key"]: ledger.latest(record["key"]) for record in fitting}
    included = [
        record for record in fitting if (told := latest[record["key"]]) and row["at"] <= told[0]
    ]
    plan: dict[Key, int] = dict.fromkeys((record["key"] for record in fitting), 0)
    left: int = row["quantity"]

    def take(record: Row, units: int) -> None:
        nonlocal left
        # A serial number is one unit.
        most = left if record["serial_number"] is None else min(left, 1 - plan[record["key"]])
        units = min(most, max(units, 0))
        plan[record["key"]] += units
        left -= units

    def there(record: Row) -> int:
        """Units that may still leave; no limit where the statement was made after it."""
        return left if record in included else record["on_hand"] - plan[record["key"]]

    for record in fitting:
        take(record, min(ledger.promises[name, record["key"]], there(record)))
    for record in fitting:
        take(record, min(record["free"], there(record)))
    for record in included:
        take(record, left)
    for record in fitting:
        take(record, there(record))
    if left and line["location_code"] in ledger.reference.without_stock:
        serials = {None, row["serial_number"], line["serial_number"]}
        for record in fitting:
            if row["inventory_id"] is not None or record["serial_number"] in serials:
                take(record, left)
        fields = {field: row[field] or line[field] for field in FIELDS}
        is_one = fields["serial_number"] is None or row["quantity"] == 1
        if left and row["inventory_id"] is None and is_one and asked_for(line, fields):
            plan[line["location_code"], line["upc"], "", *fields.values()] = left
            left = 0
    return None if left else {key: units for key, units in plan.items() if units}


def post(ledger: Ledger, row: Row, line: Row, plan: dict[Key, int]) -> None:
    """4.1: of a record the line wasn't promised, release, allocate and ship."""
    name = (row["order_id"], row["line_id"])
    own = {key: min(units, ledger.promises[name, key]) for key, units in plan.items()}
    keep = dict(own)
    elsewhere = sum(plan.values()) - sum(own.values())
    for record in reversed(ledger.pool(line)):
        key = record["key"]
        units = min(elsewhere, ledger.promises[name, key] - keep.get(key, 0))
        if units:
            ledger.move("release", units, line=name, key=key)
        elsewhere -= units
    for key, units in plan.items():
        if units > own[key]:
            ledger.move("allocate", units - own[key], line=name, key=key)
        ledger.move("ship", units, line=name, key=key)
        ledger.ships.append(row | {"key": key, "quantity": units})
        if not asked_for(line, record_of(ledger, key)):
            told = ("wrong_unit", ledger.records[key], *name, units)
            ledger.excess.append(told)
