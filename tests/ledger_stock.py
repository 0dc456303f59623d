"""The clerk of stock: what was ever said of it, and what follows (SPEC 4.2 to 4.4)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from tests.clerks import Row
from tests.ledger_files import Key, key_of

Taken = tuple[int, str, int]
"""Run, file and row: of statements with one instant the last one taken wins."""


def taken_of(row: Row) -> Taken:
    return (row["run"], row["file"], row["row"])


class Stock:
    """Facts, from which on_hand is worked out anew each time it is asked for."""

    def __init__(self) -> None:
        self.counts: list[Row] = []
        self.unclear: list[tuple[str, date, str, str]] = []
        self.adjusts: list[Row] = []
        self.ships: list[Row] = []
        self.records: dict[Key, int] = {}

    def know(self, keys: Iterable[Key]) -> None:
        """New records get their ids in key order, null last."""
        new = {key for key in keys if key not in self.records}
        for key in sorted(new, key=lambda key: [(one is None, str(one)) for one in key]):
            self.records[key] = len(self.records) + 1

    def statements(self, key: Key) -> list[tuple[datetime, Taken, int]]:
        """Every statement about a record, its own and others' (4.2 to 4.4)."""
        found = [
            (row["at"], taken_of(row), row["quantity"]) for row in self.counts if key_of(row) == key
        ]
        whole = {(row["location_code"], row["day"]) for row in self.counts if row["is_full"]}
        for location, day in whole:
            of_it = [
                row
                for row in self.counts
                if row["is_full"] and (row["location_code"], row["day"]) == (location, day)
            ]
            is_unclear = any(one[1:] == (day, *key[:2]) for one in self.unclear)
            is_named = any(key_of(row) == key for row in of_it)
            if key[0] == location and not is_named and not is_unclear:
                last = max(taken_of(row) for row in of_it)
                found.append((max(row["at"] for row in of_it), last, 0))
        for at, taken, where in self.arrivals(key):
            if where != key:
                found.append((at, taken, 0))
        return found

    def arrivals(self, key: Key) -> list[tuple[datetime, Taken, Key]]:
        """Where a serial number was seen: of one instant only the last taken counts."""
        last: dict[datetime, tuple[Taken, Key]] = {}
        for row in [*self.counts, *self.adjusts]:
            is_unit = row["serial_number"] is not None and row["quantity"] == 1
            if is_unit and (row["upc"], row["serial_number"]) == (key[1], key[-1]):
                seen = (taken_of(row), key_of(row))
                last[row["at"]] = max(last.get(row["at"], seen), seen, key=lambda one: one[0])
        return [(at, taken, where) for at, (taken, where) in last.items()]

    def latest(self, key: Key) -> tuple[datetime, Taken, int] | None:
        return max(self.statements(key), default=None)

    def on_hand(self, key: Key) -> int:
        """4.2: the latest statement and what came after it."""
        latest = self.latest(key)
        later = [row for row in self.adjusts if key_of(row) == key]
        gone = [row for row in self.ships if row["key"] == key]
        units: int = latest[2] if latest else 0
        units += sum(row["quantity"] for row in later if not latest or row["at"] > latest[0])
        units -= sum(row["quantity"] for row in gone if not latest or row["at"] > latest[0])
        return units

    def stated(self, key: Key, name: str) -> Any:
        """4.3: the latest-counted value of floor, safety_stock or ltd."""
        told = [
            (row["at"], taken_of(row), row[name])
            for row in self.counts
            if key_of(row) == key and row[name] is not None
        ]
        return max(told)[2] if told else None
