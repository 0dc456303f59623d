"""Ledger: where events are posted one by one: balances that change with every movement."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from schemas.granular import GRANULAR_FIELDS, GRANULAR_KEY, POOL
from schemas.movements import EFFECTS
from transforms.full_counts import zeros
from transforms.moved_serials import zeros_elsewhere
from transforms.rank import use_key

NEVER: Final = datetime.min.replace(tzinfo=UTC)

Row = dict[str, Any]
LineKey = tuple[str, str]

MOVEMENT: Final = {
    "at": pl.Datetime("us", "UTC"),
    "kind": pl.String,
    "quantity": pl.Int64,
    "inventory_id": pl.Int64,
    "line_no": pl.Int64,
    "reason": pl.String,
    "file": pl.String,
    "row": pl.Int64,
}


@dataclass
class Ledger:
    """Lines, records and allocations as they stand, and what is written down on the way.

    records: those of the pools, and wherever else their serial numbers stand.
    allocations: units by line and record. known_shipments: fulfilled rows by shipment and line.
    without_stock: locations that may ship what they don't have. untracked: UPCs without stock.
    full_counts, arrived: of the locations and UPCs, for records that become known here.
    """

    lines: dict[LineKey, Row]
    records: dict[int, Row]
    allocations: dict[LineKey, dict[int, int]]
    known_shipments: dict[tuple[str, str, str], list[int | None]]
    without_stock: frozenset[str]
    untracked: frozenset[str]
    next_id: int
    full_counts: pl.DataFrame
    arrived: pl.DataFrame
    pools: dict[tuple[str, ...], list[Row]] = field(default_factory=lambda: defaultdict(list))
    serials: dict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    statements: list[Row] = field(default_factory=list)
    movements: list[Row] = field(default_factory=list)
    fulfilled: list[Row] = field(default_factory=list)
    discrepancies: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)
    repeats: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        for record in sorted(self.records.values(), key=use_key):
            self._lay_down(record)

    def _lay_down(self, record: Row) -> None:
        self.pools[pool(record)].append(record)
        if record["serial_number"] is not None:
            self.serials[record["upc"], record["serial_number"]].append(record)

    def move(
        self,
        event: Row,
        kind: str,
        units: int,
        *,
        record: Row | None = None,
        line: Row | None = None,
    ) -> None:
        """Write a movement down and change the balances of its record and line by it."""
        for balance, factor in EFFECTS[kind].items():
            for holder in (record, line):
                if holder is not None and balance in holder:
                    holder[balance] += factor * units
        if record is not None and line is not None:
            promised = self.allocations[line["order_id"], line["line_id"]]
            change = EFFECTS[kind].get("allocated", 0) * units
            promised[record["inventory_id"]] = promised.get(record["inventory_id"], 0) + change
        self.movements.append(
            {
                "at": event["at"],
                "kind": kind,
                "quantity": units,
                "inventory_id": record["inventory_id"] if record else None,
                "line_no": line["line_no"] if line else None,
                "reason": event["because"],
                "file": event["file"],
                "row": event["row"],
            }
        )

    def correct(self, event: Row, units: int, record: Row) -> None:
        """Undo on on_hand what a later count of the record included already (SPEC 4.2)."""
        if includes(record, event):
            self.move(event | {"because": "late"}, "count", units, record=record)

    def free(self, record: Row) -> int:
        """Units that the next line could get: of a serial number no more than one (SPEC 1, 4.4)."""
        if record["is_held"] or record["is_expired"]:
            return 0
        units: int = record["on_hand"] - record["safety_stock"]
        if record["serial_number"] is not None:
            units = 0 if self._stands_elsewhere(record) else min(units, 1)
        allocated: int = record["allocated"]
        return max(units - allocated, 0)

    def _stands_elsewhere(self, record: Row) -> bool:
        """Of the records that have the unit, it is another's that is promised or counted last."""
        same = self.serials[record["upc"], record["serial_number"]]
        having = [one for one in same if one["on_hand"] > 0]
        return bool(having) and max(having, key=_promised_first) is not record

    def promised(self, line: Row) -> list[tuple[Row, int]]:
        """The line's records and the units it is promised of each, in use order."""
        units = self.allocations[line["order_id"], line["line_id"]]
        records = sorted((self.records[one] for one, had in units.items() if had), key=use_key)
        return [(record, units[record["inventory_id"]]) for record in records]

    def new_record(self, fields: Row) -> Row:
        """A record made because units left it, as earlier statements had it: with none on hand."""
        record = {name: fields[name] for name in ("pool_no", *GRANULAR_KEY)} | {
            "inventory_id": self.next_id,
            "on_hand": 0,
            "allocated": 0,
            "safety_stock": 0,
            "floor": None,
            "ltd": None,
            "counted_at": None,
            "is_held": False,
            "is_expired": False,
        }
        said = self._statements_of(record)
        record["counted_at"] = max((row["at"] for row in said), default=None)
        self.statements += said
        self.next_id += 1
        self.records[record["inventory_id"]] = record
        self._lay_down(record)
        self.pools[pool(record)].sort(key=use_key)
        return record

    def _statements_of(self, record: Row) -> list[Row]:
        """What was said of a record before it was known: 0, where its location was counted whole
        or its serial arrived elsewhere (4.3, 4.4)."""
        names = ("location_code", "upc", "serial_number")
        one = frame([record], {"inventory_id": pl.Int64, **dict.fromkeys(names, pl.String)})
        nothing = pl.DataFrame(schema={"inventory_id": pl.Int64, "file": pl.String})
        said = [zeros(self.full_counts, one, nothing), zeros_elsewhere(self.arrived, one)]
        return pl.concat(said, how="diagonal").to_dicts()


def _promised_first(record: Row) -> tuple[int, datetime, int]:
    counted_at: datetime | None = record["counted_at"]
    return record["allocated"], counted_at or NEVER, -record["inventory_id"]


def pool(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in POOL)


def includes(record: Row, event: Row) -> bool:
    """The record was counted at or after the event: its on_hand knows of it already."""
    return record["counted_at"] is not None and record["counted_at"] >= event["at"]


def fits(record: Row, event: Row) -> bool:
    """A field that the event doesn't name is no limit."""
    return all(event[name] is None or event[name] == record[name] for name in GRANULAR_FIELDS)


def frame(rows: Iterable[Row], schema: dict[str, Any]) -> pl.DataFrame:
    """Rows of the ledger as a table; what the schema doesn't name is left out."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
