"""The recall's clerk: every figure of a report, recounted row by row from the published tables.

Plain code throughout: nothing here works anything out as Lotwise does (SPEC-BEYOND E).
"""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, Final

import polars as pl

from flows.recalls.named import named_by_lots
from flows.recalls.report import Recall, recall
from flows.settings import load_settings, places
from tests.roots import Root

Row = dict[str, Any]

FIELDS: Final = ("sku", "lot_code", "date", "condition", "serial_number")
SIGNS: Final = {"count": 1, "adjust": 1, "ship": -1}
BROUGHT: Final = ("opened", "received", "returned", "transferred_in")


class Clerk:
    """Everything that was ever written down, and a slow look at it."""

    def __init__(self, root: Root, named: dict[str, str]) -> None:
        self.records: dict[int, Row] = {
            row["inventory_id"]: row for row in root.query("FROM inventory").to_dicts()
        }
        self.lines = {
            (row["order_id"], row["line_id"]): row
            for row in root.query("FROM order_lines").to_dicts()
        }
        self.shipped = root.query("FROM fulfilled").to_dicts()
        self.moves = [
            row
            for row in root.query("FROM movements ORDER BY moved_at, movement_id").to_dicts()
            if row["kind"] in SIGNS and row["inventory_id"] is not None
        ]
        self.of_record: dict[int, list[Row]] = defaultdict(list)
        self.gone: set[tuple[Any, ...]] = set()
        """Units that were found elsewhere, and when."""
        for move in self.moves:
            self.of_record[move["inventory_id"]].append(move)
            if move["kind"] == "count" and move["reason"] == "moved":
                self.gone.add((*self.unit(move), move["moved_at"]))
        self.stated: dict[int, datetime] = {}
        query = 'SELECT inventory_id, "at"::TIMESTAMP AS moment FROM state.statements'
        for inventory_id, moment in root.rows(query):
            first = self.stated.get(inventory_id, moment)  # type: ignore[call-overload]
            self.stated[inventory_id] = min(first, moment)  # type: ignore[index]
        self.recalled = {
            one
            for one, record in self.records.items()
            if all(
                record["lot_code" if name == "lot" else name] == value
                for name, value in named.items()
            )
        }

        self.in_pool: dict[tuple[str, str], list[int]] = defaultdict(list)
        for one in sorted(self.recalled):
            record = self.records[one]
            self.in_pool[record["location_code"], record["upc"]].append(one)

    def event(self, move: Row) -> str:
        record, units = self.records[move["inventory_id"]], move["quantity"]
        if move["kind"] == "ship":
            return "shipped"
        if move["kind"] == "count" and move["reason"] == "moved":
            return "transferred_out"
        left_elsewhere = (*self.unit(move), move["moved_at"]) in self.gone
        if units > 0 and record["serial_number"] is not None and left_elsewhere:
            return "transferred_in"
        if move["kind"] == "adjust":
            return "received" if units > 0 else "adjusted_out"
        first = self.stated.get(record["inventory_id"])
        earlier = [
            other
            for other in self.of_record[record["inventory_id"]]
            if other["kind"] == "adjust" and first is not None and other["moved_at"] < first
        ]
        return "opened" if move["moved_at"] == first and not earlier else "unaccounted"

    def unit(self, move: Row) -> tuple[str, str | None]:
        record = self.records[move["inventory_id"]]
        return record["upc"], record["serial_number"]

    def lots(self) -> dict[tuple[Any, ...], Counter[str]]:
        told: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
        for one in self.recalled:
            record = self.records[one]
            lot = told[record["upc"], record["lot_code"], record["date"]]
            lot["on_hand"] += record["on_hand"]
            lot["allocated"] += record["allocated"]
        for move in self.moves:
            if move["inventory_id"] in self.recalled:
                record, event = self.records[move["inventory_id"]], self.event(move)
                sign = SIGNS[move["kind"]] * (1 if event in BROUGHT else -1)
                told[record["upc"], record["lot_code"], record["date"]][event] += (
                    sign * move["quantity"]
                )
        return told

    def there(self, one: int, moment: datetime) -> int:
        its = self.of_record[one]
        units: int = sum(
            SIGNS[move["kind"]] * move["quantity"]
            for move in its
            if move["moved_at"] < moment or (move["moved_at"] == moment and move["kind"] != "ship")
        )
        corrections: Counter[datetime] = Counter()
        for move in its:
            if move["moved_at"] > moment and self.event(move) == "unaccounted":
                corrections[move["moved_at"]] += move["quantity"]
        found: int = next((units for _, units in sorted(corrections.items()) if units), 0)
        return max(0, units + max(0, found))

    def customers(self) -> Counter[tuple[Any, ...]]:
        told: Counter[tuple[Any, ...]] = Counter()
        for row in self.shipped:
            record = self.records.get(row["inventory_id"])
            if record is None:
                continue
            order = (row["order_id"], row["line_id"])
            if record["inventory_id"] in self.recalled:
                sure = "scanned" if row["is_scanned"] else "inferred"
                told[*order, row["shipped_at"], sure, row["quantity"]] += 1
                continue
            if row["is_scanned"] or record["lot_code"] is None:
                continue
            line = self.lines[order]
            units = sum(
                self.there(one, row["shipped_at"])
                for one in self.in_pool[record["location_code"], record["upc"]]
                if all(line[name] in (None, self.records[one][name]) for name in FIELDS)
            )
            if units:
                told[*order, row["shipped_at"], "possible", min(units, row["quantity"])] += 1
        return told

    def shipments(self) -> Counter[tuple[Any, ...]]:
        """Each shipped row of a recalled record, with its shipment."""
        return Counter(
            (
                row["order_id"],
                row["line_id"],
                row["shipped_at"],
                "scanned" if row["is_scanned"] else "inferred",
                row["quantity"],
                row["shipment_id"],
            )
            for row in self.shipped
            if row["inventory_id"] in self.recalled
        )


def named_rows(named: dict[str, str]) -> pl.DataFrame:
    codes = {name: value for name, value in named.items() if name != "lot"}
    lots = tuple(value for name, value in named.items() if name == "lot")
    return named_by_lots(lots, None, None, **codes)


def assert_as_the_clerk_says(root: Root, named: dict[str, str]) -> Recall:
    found = load_settings(root.path)
    report, clerk = recall(named_rows(named), places(root.path, found), found), Clerk(root, named)

    names = ("on_hand", "allocated", *BROUGHT, "shipped", "adjusted_out", "transferred_out")
    lots = {
        (row["upc"], row["lot_code"], row["date"]): [row[name] for name in (*names, "unaccounted")]
        for row in report.tables["recall_lots"].to_dicts()
    }
    expected = clerk.lots()
    assert lots == {
        key: [sums[name] for name in (*names, "unaccounted")] for key, sums in expected.items()
    }
    columns = ("order_id", "line_id", "shipped_at", "certainty", "quantity")
    customers = report.tables["recall_customers"].select(columns)
    told = Counter(row for row in customers.rows() if row[3] != "unlabelled")
    assert told == clerk.customers()

    events = report.tables["recall_events"].filter(event="shipped")
    moved = ("order_id", "line_id", "moved_at", "certainty", "quantity", "document_number")
    assert Counter(events.select(moved).rows()) == clerk.shipments()
    return report
