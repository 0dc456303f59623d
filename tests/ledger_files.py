"""The clerk of files: what they say, row by row, and which rows say it again (SPEC 2, 3)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from tests.clerks import FIELDS, Row

Text = dict[str, str]
Key = tuple[Any, ...]
"""A granular key: location, upc, segment, then the five fields."""

KEY: Final = ("location_code", "upc", "segment", *FIELDS)
ITS_INSTANT: Final = {
    "inventory": "counted_at",
    "adjustments": "adjusted_at",
    "orders": "placed_at",
    "cancellations": "cancelled_at",
    "shipments": "shipped_at",
}
NAMES: Final = {
    "inventory": (*KEY, "quantity", "floor", "safety_stock", "ltd"),
    "adjustments": (*KEY, "quantity", "reason", "event_id"),
    "orders": ("order_id", "line_id", *KEY, "quantity", "priority", "customer_id"),
    "cancellations": (
        *("order_id", "line_id", "quantity", "inventory_id"),
        *("decrement_on_hand", "event_id"),
    ),
    "shipments": (
        *("order_id", "line_id", *FIELDS, "quantity"),
        *("shipment_id", "inventory_id", "event_id"),
    ),
}
REQUIRED: Final = {
    "inventory": {"location_code", "upc", "quantity"},
    "adjustments": {"location_code", "upc", "quantity"},
    "orders": {"order_id", "line_id", "location_code", "upc", "quantity"},
    "cancellations": {"order_id", "line_id"},
    "shipments": {"order_id", "line_id", "quantity"},
}
WHOLE: Final = ("quantity", "floor", "safety_stock", "ltd", "priority", "inventory_id")
LEAST: Final = {"inventory": 0, "orders": 0, "adjustments": -9}
LEAST_OF_A_SERIAL: Final = {"inventory": 0, "orders": 0, "adjustments": -1}


@dataclass
class Reference:
    """What the reference tables and settings say on a night."""

    without_stock: frozenset[str] = frozenset()
    products: dict[str, Row] = field(default_factory=dict)
    holds: list[Row] = field(default_factory=list)
    wait_days: int = 7

    def product(self, upc: str, name: str) -> Any:
        defaults = {"track_stock": True, "out_of_stock": "backorder", "min_days_left": 0}
        return self.products.get(upc, {}).get(name, defaults.get(name))

    @property
    def untracked(self) -> list[str]:
        return [upc for upc in self.products if not self.product(upc, "track_stock")]


@dataclass(frozen=True)
class File:
    """A file of the inbox, `kind/name_day.csv`, and its rows as the test wrote them."""

    name: str
    rows: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]

    @property
    def day(self) -> date:
        return date.fromisoformat(self.name.removesuffix(".csv")[-10:])

    @property
    def is_full(self) -> bool:
        return self.name.startswith("inventory/full")

    @property
    def csv(self) -> str:
        header = sorted({name for row in self.rows for name, _ in row} | REQUIRED[self.kind])
        lines = [",".join(dict(row).get(name, "") for name in header) for row in self.rows]
        return "\n".join([",".join(header), *lines, ""])


@dataclass
class Judged:
    """kept: typed rows with their number. rejects: row and rule."""

    kept: list[Row]
    repeated: int
    rejects: list[tuple[int, str]]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def end_of(day: date) -> datetime:
    return midnight(day + timedelta(days=1)) - timedelta(microseconds=1)


def key_of(row: Row) -> Key:
    return tuple(row[name] for name in KEY)


def typed(file: File, number: int, text: Text) -> Row:
    """What a row says; `at` is its instant, stated or not (2.4)."""
    kind = file.kind
    told: Row = {name: text.get(name) or None for name in NAMES[kind]}
    for name in WHOLE:
        if told.get(name) is not None:
            told[name] = int(told[name])
    if told.get("date"):
        told["date"] = date.fromisoformat(told["date"])
    if "segment" in told:
        told["segment"] = ""
    if kind == "orders":
        told["priority"] = told["priority"] or 0
    if kind == "cancellations":
        told["decrement_on_hand"] = told["decrement_on_hand"] == "true"
    stated = text.get(ITS_INSTANT[kind])
    told["is_dated"] = bool(stated)
    if stated:
        told["at"] = datetime.fromisoformat(stated).replace(tzinfo=UTC)
    else:
        at_start = kind in ("inventory", "orders")
        told["at"] = midnight(file.day) if at_start else end_of(file.day)
    return told | {"file": file.name, "row": number, "day": file.day}


def broken(kind: str, row: Row, untracked: Iterable[str]) -> set[str]:
    """The rules that a row breaks by itself (3.2, 3.3)."""
    found = set()
    quantity = row["quantity"]
    if row["at"] > end_of(row["day"] + timedelta(days=1)):
        found.add("too_late")
    if kind == "inventory" and row["upc"] in untracked:
        found.add("product_not_tracked")
    if quantity is None:
        return found | (set() if kind == "cancellations" else {"required"})
    if quantity < LEAST.get(kind, 1):
        found.add("too_small")
    if kind == "adjustments" and quantity == 0:
        found.add("not_allowed")
    if row.get("serial_number") and not LEAST_OF_A_SERIAL.get(kind, 1) <= quantity <= 1:
        found.add("serial_quantity")
    return found


def judge(file: File, untracked: Iterable[str]) -> Judged:
    kind = file.kind
    rejects: list[tuple[int, str]] = []
    fine: list[Row] = []
    repeated = 0
    for number, text in enumerate(file.rows, 1):
        row = typed(file, number, dict(text))
        breaks = broken(kind, row, untracked)
        rejects += [(number, rule) for rule in breaks]
        if breaks:
            continue
        if kind in ("inventory", "orders") and any(same(row, other) for other in fine):
            repeated += 1
        else:
            fine.append(row)
    for row in fine:
        others = [other for other in fine if other is not row]
        about = {
            "inventory": key_of(row) if kind == "inventory" else None,
            "orders": (row.get("order_id"), row.get("line_id")),
        }.get(kind)
        if kind == "inventory" and any(key_of(other) == about for other in others):
            rejects.append((row["row"], "contradiction"))
        if kind == "orders" and any((o["order_id"], o["line_id"]) == about for o in others):
            rejects.append((row["row"], "contradiction"))
        if kind == "inventory" and row["serial_number"] and row["quantity"] == 1:
            unit = ("upc", "serial_number", "quantity")
            if any(all(row[name] == other[name] for name in unit) for other in others):
                rejects.append((row["row"], "serial_in_two_rows"))
    bad = {number for number, _ in rejects}
    return Judged([row for row in fine if row["row"] not in bad], repeated, sorted(rejects))


def same(row: Row, other: Row) -> bool:
    told = set(row) - {"row", "is_dated"}
    return all(row[name] == other[name] for name in told)


def event(row: Row) -> tuple[object, ...]:
    """By what a row of a changed file of events is known again (2.6)."""
    if row["event_id"]:
        return ("event", row["event_id"])
    aside = {"file", "row", "day", "is_dated", *(() if row["is_dated"] else ("at",))}
    return tuple((name, row[name]) for name in sorted(row) if name not in aside)


def fresh(
    rows: Iterable[Row], known: Counter[tuple[object, ...]], ids: set[tuple[str, str]], kind: str
) -> list[Row]:
    """The rows that no earlier version had, nor any file under their id; both are learnt."""
    seen: Counter[tuple[object, ...]] = Counter()
    found = []
    for row in rows:
        if row["event_id"]:
            if (kind, row["event_id"]) not in ids:
                ids.add((kind, row["event_id"]))
                found.append(row)
            continue
        seen[event(row)] += 1
        if seen[event(row)] > known[event(row)]:
            found.append(row)
    known |= seen
    return found
