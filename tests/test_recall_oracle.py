"""Every figure of a recall, recounted row by row from the published tables (SPEC-BEYOND E)."""

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.recalls.holds import add_holds
from flows.recalls.named import named_by_lots
from flows.recalls.report import Recall, recall
from flows.recalls.what_if import what_if
from flows.settings import load_settings, places
from tests.ledger_stories import Story, stories
from tests.ledger_tables import written
from tests.roots import Root

Row = dict[str, Any]

TIMES = 100 if settings.get_current_profile_name() == "thorough" else 1
FIELDS = ("sku", "lot_code", "date", "condition", "serial_number")
SIGNS = {"count": 1, "adjust": 1, "ship": -1}
BROUGHT = ("opened", "received", "returned", "transferred_in")
NAMED: list[dict[str, str]] = [
    {"lot": "A"},
    {"lot": "B"},
    {"upc": "S"},
    {"upc": "U", "location_code": "L1"},
]


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

    def event(self, move: Row) -> str:
        record, units = self.records[move["inventory_id"]], move["quantity"]
        if move["kind"] == "ship":
            return "shipped"
        if move["kind"] == "count" and move["reason"] == "moved":
            return "transferred_out"
        left_elsewhere = any(
            other["kind"] == "count"
            and other["reason"] == "moved"
            and other["moved_at"] == move["moved_at"]
            and self.unit(other) == self.unit(move)
            for other in self.moves
        )
        if units > 0 and record["serial_number"] is not None and left_elsewhere:
            return "transferred_in"
        if move["kind"] == "adjust":
            return "received" if units > 0 else "adjusted_out"
        first = self.stated.get(record["inventory_id"])
        earlier = [
            other
            for other in self.moves
            if other["inventory_id"] == record["inventory_id"]
            and other["kind"] == "adjust"
            and first is not None
            and other["moved_at"] < first
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
        its = [move for move in self.moves if move["inventory_id"] == one]
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
                for one in self.recalled
                if self.records[one]["location_code"] == record["location_code"]
                and self.records[one]["upc"] == record["upc"]
                and all(line[name] in (None, self.records[one][name]) for name in FIELDS)
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


def reported(root: Root, named: dict[str, str]) -> Recall:
    found = load_settings(root.path)
    return recall(named_rows(named), places(root.path, found), found)


def assert_as_the_clerk_says(root: Root, named: dict[str, str]) -> None:
    report, clerk = reported(root, named), Clerk(root, named)

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


def lived(folder: Path, story: Story) -> Root:
    root = Root(folder)
    for day, reference, files in story.nights:
        written(root, reference)
        for file in files:
            root.put(f"inbox/{file.name}", file.csv)
        root.night(str(day))
    return root


@settings(max_examples=4 * TIMES)
@given(stories(nights=3), st.sampled_from(NAMED))
def test_a_recall_has_the_figures_that_the_clerk_counts(
    story: Story, named: dict[str, str]
) -> None:
    with TemporaryDirectory() as folder:
        root = lived(Path(folder), story)
        for one in (named, {"lot": "A"}):
            assert_as_the_clerk_says(root, one)


@settings(max_examples=4 * TIMES)
@given(stories(nights=2), st.sampled_from(NAMED))
def test_what_a_hold_would_do_is_what_the_night_does_with_it(
    story: Story, named: dict[str, str]
) -> None:
    with TemporaryDirectory() as folder:
        root = lived(Path(folder), story)
        found, rows = load_settings(root.path), named_rows(named)
        last, *_ = story.nights[-1]
        balances = "SELECT order_id, line_id, allocated, pending FROM order_lines"
        promised = "SELECT order_id, line_id, inventory_id, quantity FROM allocated"
        before = {row[:2]: row[2:] for row in root.rows(balances)}
        held = {row[:3]: row[3] for row in root.rows(promised)}

        told = what_if(rows, places(root.path, found))

        add_holds(rows, root.path / "reference" / "holds.csv", "recall", last)
        root.night(str(last))
        after = {row[:2]: row[2:] for row in root.rows(balances)}
        lines = {row[:2]: row[3:] for row in told["what_if_lines"].rows()}
        assert before | lines == after
        units = Counter(held)
        for order_id, line_id, gone, come, quantity in told["what_if_moves"].rows():
            units[order_id, line_id, gone] -= quantity
            units[order_id, line_id, come] += quantity
        then = {row[:3]: row[3] for row in root.rows(promised)}
        assert {key: left for key, left in units.items() if left and key[2]} == then
