"""Recount: what the wholesaler's nights must have come to, told from the files they were given.

Dictionaries and loops over CSV, and published tables row by row; neither polars nor Lotwise.
"""

from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any, Final

from tests.real_nights import Line, Lot, published, told

WAIT_DAYS: Final = 7
Row = dict[str, Any]

SIGNS: Final = {
    "count": {"on_hand": 1},
    "adjust": {"on_hand": 1},
    "order": {"pending": 1},
    "allocate": {"allocated": 1, "pending": -1},
    "release": {"allocated": -1, "pending": 1},
    "ship": {"on_hand": -1, "allocated": -1, "shipped": 1},
    "cancel": {"pending": -1, "cancelled": 1},
}


class Recount:
    """What the inbox says, night by night; `differences` is how what was published differs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.nights = sorted(
            date.fromisoformat(path.name.removeprefix("day="))
            for path in root.glob("published/day=*")
        )
        self.files: dict[str, Counter[str]] = defaultdict(Counter)
        self.rejects: set[tuple[str, int, str]] = set()
        self.waiting: set[tuple[str, int]] = set()
        self.ordered: Counter[Line] = Counter()
        self.shipped: Counter[Line] = Counter()
        self.named: Counter[tuple[Line, int]] = Counter()
        self.cancelled: Counter[Line] = Counter()
        self.too_late: Counter[Line] = Counter()
        """Units that a cancellation asked for when the line had no more open."""
        self.counted: dict[Lot, tuple[str, int]] = {}
        for night in self.nights:
            self._night(night)

    def _rows(self, kind: str, night: date) -> list[tuple[int, dict[str, str]]]:
        path = self.root / "inbox" / kind / f"{night}.csv"
        rows = list(enumerate(told(path), 1)) if path.exists() else []
        if rows:
            self.files[f"{kind}/{night}.csv"]["rows"] = len(rows)
        return rows

    def _night(self, night: date) -> None:
        for row, order in self._rows("orders", night):
            name, units = f"orders/{night}.csv", int(order["Quantity"])
            if units < 1:
                self.rejects.add((name, row, "too_small"))
            else:
                self.ordered[order["InvoiceNo"], str(row)] = units
            self.files[name]["rejected" if units < 1 else "kept"] += 1
        for _, count in self._rows("inventory", night):
            lot = (count["location_code"], count["upc"], count["lot_code"])
            self.counted[lot] = (count["counted_at"], int(count["quantity"]))
            self.files[f"inventory/{night}.csv"]["kept"] += 1
        for _, shipment in self._rows("shipments", night):
            line, units = (shipment["order_id"], shipment["line_id"]), int(shipment["quantity"])
            self.shipped[line] += units
            if shipment["inventory_id"]:
                self.named[line, int(shipment["inventory_id"])] += units
            self.files[f"shipments/{night}.csv"]["kept"] += 1
        is_over = (self.nights[-1] - night).days > WAIT_DAYS
        for row, cancellation in self._rows("cancellations", night):
            name, line = (
                f"cancellations/{night}.csv",
                (cancellation["order_id"], cancellation["line_id"]),
            )
            if line in self.ordered:
                # A line is never shipped on the night it is cancelled, so the order is no matter.
                asked = int(cancellation["quantity"])
                still = self.ordered[line] - self.shipped[line] - self.cancelled[line]
                self.cancelled[line] += min(asked, still)
                self.too_late[line] += max(asked - still, 0)
                self.files[name]["kept"] += 1
            elif is_over:
                self.rejects.add((name, row, "waited_too_long"))
                self.files[name]["rejected"] += 1
            else:
                self.waiting.add((name, row))
                self.files[name]["waiting"] += 1

    def differences(self) -> list[str]:
        """A sentence each; none if every row and unit is where it must be."""
        tables = {
            name: published(self.root, name)
            for name in (
                *("files", "rejects", "waiting", "discrepancies", "movements"),
                *("order_lines", "inventory", "allocated", "fulfilled"),
            )
        }
        return [*self._rows_lost(tables), *self._lines(tables), *self._records(tables)]

    def _rows_lost(self, tables: dict[str, list[Row]]) -> list[str]:
        outcomes = ("rows", "kept", "repeated", "waiting", "rejected")
        found = {row["file"]: {name: row[name] for name in outcomes} for row in tables["files"]}
        wanted = {
            file: {name: rows[name] for name in outcomes} for file, rows in self.files.items()
        }
        rejects = {(row["file"], row["row"], row["rule"]) for row in tables["rejects"]}
        waiting = {(row["file"], row["row"]) for row in tables["waiting"]}
        return [
            *_unlike("outcomes of file", found, wanted),
            *(f"rejected or not: {one}" for one in sorted(rejects ^ self.rejects)),
            *(f"waiting or not: {one}" for one in sorted(waiting ^ self.waiting)),
        ]

    def _lines(self, tables: dict[str, list[Row]]) -> list[str]:
        promised: Counter[Line] = Counter()
        for row in tables["allocated"]:
            promised[row["order_id"], row["line_id"]] += row["quantity"]
        left: Counter[Line] = Counter()
        named: Counter[tuple[Line, int]] = Counter()
        for row in tables["fulfilled"]:
            line = (row["order_id"], row["line_id"])
            left[line] += row["quantity"]
            if row["is_scanned"]:
                named[line, row["inventory_id"]] += row["quantity"]
        excess: Counter[Line] = Counter()
        for row in tables["discrepancies"]:
            excess[row["order_id"], row["line_id"]] += row["quantity"]
        found, wanted, moved = {}, {}, _moved(tables["movements"], "order_id", "line_id")
        told = []
        for row in tables["order_lines"]:
            line = (row["order_id"], row["line_id"])
            found[line] = (row["quantity"], row["shipped"], row["cancelled"], row["allocated"])
            wanted[line] = (
                self.ordered[line],
                self.shipped[line],
                self.cancelled[line],
                promised[line],
            )
            balances = ("allocated", "pending", "shipped", "cancelled")
            if row["quantity"] != sum(row[name] for name in balances) or row["refused"]:
                told.append(f"line {line} doesn't balance: {row}")
            told += [
                f"{name} of line {line}: {row[name]}, its movements say {moved[line][name]}"
                for name in balances
                if row[name] != moved[line][name]
            ]
        return [
            *told,
            *(f"line there or not: {line}" for line in sorted(found.keys() ^ +self.ordered)),
            *_unlike("ordered, shipped, cancelled, allocated of", found, wanted),
            *_unlike("units that left of", left, +self.shipped),
            *_unlike("units that left by inventory_id of", named, +self.named),
            *_unlike("units cancelled too late of", excess, +self.too_late),
        ]

    def _records(self, tables: dict[str, list[Row]]) -> list[str]:
        left: Counter[int] = Counter()
        counted_at = {}
        for row in tables["inventory"]:
            lot = (row["location_code"], row["upc"], row["lot_code"])
            counted_at[row["inventory_id"]] = self.counted[lot][0]
        for row in tables["fulfilled"]:
            if row["shipped_at"].isoformat() > counted_at[row["inventory_id"]]:
                left[row["inventory_id"]] += row["quantity"]
        promised: Counter[int] = Counter()
        for row in tables["allocated"]:
            promised[row["inventory_id"]] += row["quantity"]
        found, wanted, moved = {}, {}, _moved(tables["movements"], "inventory_id")
        told = []
        for row in tables["inventory"]:
            record = row["inventory_id"]
            lot = (row["location_code"], row["upc"], row["lot_code"])
            found[lot] = (row["on_hand"], row["allocated"])
            wanted[lot] = (self.counted[lot][1] - left[record], promised[record])
            if row["on_hand"] < 0 or row["allocated"] > row["on_hand"]:
                told.append(f"more promised than there is: {row}")
            told += [
                f"{name} of {lot}: {row[name]}, its movements say {moved[record,][name]}"
                for name in ("on_hand", "allocated")
                if row[name] != moved[record,][name]
            ]
        return [
            *told,
            *(f"record there or not: {lot}" for lot in sorted(found.keys() ^ self.counted.keys())),
            *_unlike("on hand and allocated of", found, wanted),
        ]


def _moved(movements: list[Row], *key: str) -> dict[tuple[Any, ...], Counter[str]]:
    """Balances by what the movements with a full key add up to."""
    sums: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in movements:
        of = tuple(row[name] for name in key)
        if None not in of:
            for balance, sign in SIGNS[row["kind"]].items():
                sums[of][balance] += sign * row["quantity"]
    return sums


def _unlike(what: str, found: dict[Any, Any], wanted: dict[Any, Any]) -> list[str]:
    return [
        f"{what} {key}: {found.get(key)}, must be {wanted.get(key)}"
        for key in {**found, **wanted}
        if found.get(key) != wanted.get(key)
    ]
