"""Picks: which units a shipment says have left, record by record (SPEC 5.4)."""

from collections.abc import Callable, Iterable
from typing import Final

from schemas.granular import GRANULAR_FIELDS
from transforms.ledger import Ledger, Row, fits, includes, pool
from transforms.near import near

WORDS: Final = {
    "sku": "SKU",
    "lot_code": "lot",
    "date": "date",
    "condition": "condition",
    "serial_number": "serial number",
}


class Waits(Exception):  # noqa: N818  the event waits
    """It doesn't fit yet, for this reason."""


class _Picks:
    """Units by inventory_id that leave, and how many are still to be found."""

    def __init__(self, units: int) -> None:
        self.left = units
        self.units: dict[int, int] = {}

    def take(self, records: Iterable[Row], most: Callable[[Row], int]) -> None:
        """A serial number is one unit, however many its record has."""
        for record in records:
            if not self.left:
                return
            taken = self.taken(record)
            room = self.left if record["serial_number"] is None else 1 - taken
            units = min(self.left, room, most(record))
            if units > 0:
                self.units[record["inventory_id"]] = taken + units
                self.left -= units

    def taken(self, record: Row) -> int:
        return self.units.get(record["inventory_id"], 0)

    def all_left(self, _: Row) -> int:
        return self.left


def meant(event: Row, line: Row) -> Row:
    """The fields that the shipment names; one that names none means what the line asks for."""
    named = any(event[name] is not None for name in GRANULAR_FIELDS)
    return {name: (event if named else line)[name] for name in GRANULAR_FIELDS}


def is_meant(record: Row, event: Row, line: Row) -> bool:
    """A record that is named by its inventory_id is meant whatever it is."""
    if event["inventory_id"] is not None:
        return bool(event["inventory_id"] == record["inventory_id"])
    return fits(record, meant(event, line))


def pick(ledger: Ledger, event: Row, line: Row) -> dict[int, int]:
    """Units by inventory_id that leave by a shipment of an order line: all that it ships.

    Makes the record that is to go below 0 where there is none. Raises Waits where the units aren't
    there and may not be owed.
    """
    here = ledger.pools[pool(line)]
    fitting = _fitting(ledger, event, line)
    promised = ledger.allocations[line["order_id"], line["line_id"]]

    def own(record: Row) -> int:
        units = promised.get(record["inventory_id"], 0)
        return units if includes(record, event) else min(units, record["on_hand"])

    picks = _Picks(event["quantity"])
    picks.take(fitting, own)
    picks.take(fitting, ledger.free)
    # A later count knows of the units that left, whatever was on hand before it.
    picks.take((record for record in fitting if includes(record, event)), picks.all_left)
    picks.take(fitting, lambda record: record["on_hand"] - picks.taken(record))
    there = event["quantity"] - picks.left
    if picks.left and line["location_code"] in ledger.without_stock:
        _owe(ledger, event, line, fitting, picks)
    if picks.left:
        raise Waits(_too_few(event, line, there) if fitting else _no_record(event, line, here))
    return picks.units


def _fitting(ledger: Ledger, event: Row, line: Row) -> list[Row]:
    """Records that the shipment may mean: those that fit the line first, each in use order."""
    if event["inventory_id"] is not None:
        return [ledger.records[event["inventory_id"]]]
    wanted = meant(event, line)
    found = [record for record in ledger.pools[pool(line)] if fits(record, wanted)]
    return sorted(found, key=lambda record: not fits(record, line))


def _owe(ledger: Ledger, event: Row, line: Row, fitting: list[Row], picks: _Picks) -> None:
    """Let a record go below 0 by what is left: one with a serial number only if that is named."""
    serials = (event["serial_number"], line["serial_number"], None)
    is_named = event["inventory_id"] is not None
    owing = (record for record in fitting if is_named or record["serial_number"] in serials)
    picks.take(owing, picks.all_left)
    fields = line | {name: event[name] for name in GRANULAR_FIELDS if event[name] is not None}
    # Of a serial number that has given its unit there is no second one to owe.
    is_one = fields["serial_number"] is None or event["quantity"] == 1
    if picks.left and not is_named and is_one and fits(fields, line):
        picks.take([ledger.new_record(fields)], picks.all_left)


def _too_few(event: Row, line: Row, there: int) -> str:
    words = in_words(meant(event, line))
    if event["inventory_id"] is not None:
        words = f"record {event['inventory_id']}"
    of = f" of {words}" if words else ""
    return f"it ships {event['quantity']}{of}, more than is on hand: {there}"


def _no_record(event: Row, line: Row, here: Iterable[Row]) -> str:
    fields = meant(event, line)
    close: list[str] = []
    for name in ("lot_code", "serial_number"):
        known = {record[name] for record in here if record[name] is not None}
        if fields[name] is not None and fields[name] not in known:
            close += near(fields[name], known)
    words = in_words(fields)
    of = f" of {words}" if words else ""
    return f"no record{of} in this pool" + (f"; near: {', '.join(close)}" if close else "")


def in_words(fields: Row) -> str:
    """The granular fields that are named: `lot L1, condition New`."""
    named = (name for name in GRANULAR_FIELDS if fields[name] is not None)
    return ", ".join(f"{WORDS[name]} {fields[name]}" for name in named)
