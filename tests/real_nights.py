"""Real nights: what a wholesaler would have dropped into the inbox, night by night.

Plain code throughout: nothing here reads or writes as Lotwise does.
"""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

Line = tuple[str, str]
"""order_id, line_id."""
Lot = tuple[str, str, str]
"""location_code, upc, lot_code."""

UCI: Final = """\
timezone = "Europe/London"

[[sources]]
name = "uci"
kind = "orders"
files = "20*.csv"
line_id = "row"
codes = "as_is"
columns.order_id = "InvoiceNo"
columns.upc = "StockCode"
columns.quantity = "Quantity"
columns.placed_at = "InvoiceDate"
columns.customer_id = "CustomerID"
columns.location_code = "Country"
"""

LOT_DATES: Final = {"A": "2011-03-31", "B": "2011-04-30", "C": "2011-05-31"}
DAYS_TO_SHIP: Final = timedelta(days=3)
NIGHTS_TO_COUNT: Final = 7


def told(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, if it has rows."""
    rows = list(rows)
    if rows:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])


def published(root: Path, table: str, day: date | None = None) -> list[dict[str, Any]]:
    """A published table as rows: of the database, or of a day's folder."""
    folder = root / "published"
    with duckdb.connect() if day else duckdb.connect(str(folder / "lotwise.duckdb"), True) as base:
        if day:
            path = str(folder / f"day={day}" / f"{table}.parquet")
            found = base.execute("FROM read_parquet($path) ORDER BY ALL", {"path": path})
        else:
            found = base.execute(f'FROM "{table}" ORDER BY ALL')
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Wholesaler:
    """The wholesaler of the UCI files. Each night's files are dropped after the night before ran.

    It starts with three lots a product and country, of four fifths of what December will want. A
    cancelling invoice goes to the lines it can mean; what can't be told keeps the number of the
    invoice, which is no order's. What has been allocated for three days is shipped, every other
    line by the record's id. Every seventh night counts what is there, now and then a little off,
    and a new lot of each product with it: three fifths of what the seven nights asked for.
    """

    def __init__(self, files: Path, root: Path) -> None:
        self.files, self.inbox, self.root = files, root / "inbox", root
        self.days = sorted(date.fromisoformat(path.stem) for path in files.glob("*.csv"))
        self.on_hand: dict[Lot, int] = {}
        self.lot_dates = dict(LOT_DATES)
        self.wanted: Counter[tuple[str, str]] = Counter()
        """Location and product: units ordered since the last count."""
        self.sold: dict[tuple[str, str], list[tuple[Line, int]]] = defaultdict(list)
        """Customer and stock code: lines by age, each with the units not cancelled yet."""
        root.mkdir(parents=True, exist_ok=True)
        (root / "lotwise.toml").write_text(UCI, encoding="utf-8")

    def drop(self, number: int) -> date:
        """Write the files of a night, numbered from 0. Returns its day."""
        day = self.days[number]
        if number == 0:
            self._count(day, self._starting_stock())
        cancelled = self._sell(day)
        shipped = self._ship(number, cancelled) if number else Counter()
        if number % NIGHTS_TO_COUNT == NIGHTS_TO_COUNT - 1:
            self._count(day, self._found(day, shipped))
        for lot, units in shipped.items():
            self.on_hand[lot] -= units
        return day

    def _starting_stock(self) -> dict[Lot, int]:
        wanted: Counter[tuple[str, str]] = Counter()
        for day in self.days:
            if day.month == 12:
                for row in told(self.files / f"{day}.csv"):
                    wanted[row["Country"], row["StockCode"]] += max(int(row["Quantity"]), 0)
        return {
            (*pool, lot): -(-units * 4 // 15)
            for pool, units in wanted.items()
            for lot in LOT_DATES
            if units
        }

    def _count(self, day: date, found: dict[Lot, int]) -> None:
        self.on_hand |= found
        header = ("location_code", "upc", "lot_code", "date", "quantity", "counted_at")
        rows = [
            (*lot, self.lot_dates[lot[2]], units, f"{day}T06:00:00") for lot, units in found.items()
        ]
        write(self.inbox / "inventory" / f"{day}.csv", header, rows)

    def _found(self, day: date, shipped: Counter[Lot]) -> dict[Lot, int]:
        """What is there at six; one lot in twenty is off, never below what leaves today."""
        chance = random.Random(str(day))
        new = f"W{day:%m%d}"
        self.lot_dates[new] = str(day + timedelta(days=180))
        self.on_hand |= {(*pool, new): units * 3 // 5 for pool, units in self.wanted.items()}
        self.wanted.clear()
        return {
            lot: max(units + chance.choice((-2, -1, 1, 2)), shipped[lot])
            if chance.random() < 0.05
            else units
            for lot, units in self.on_hand.items()
            if units
        }

    def _sell(self, day: date) -> set[Line]:
        """Write orders and cancellations. Returns the lines that are cancelled."""
        rows = told(self.files / f"{day}.csv")
        orders: list[dict[str, str]] = []
        cancellations: list[tuple[object, ...]] = []
        for row in rows:
            units, key = int(row["Quantity"]), (row["CustomerID"], row["StockCode"])
            if not row["InvoiceNo"].startswith("C"):
                orders.append(row)
                if units > 0:
                    self.wanted[row["Country"], row["StockCode"]] += units
                    self.sold[key].append(((row["InvoiceNo"], str(len(orders))), units))
                continue
            left = -units
            # A sale over the counter has no customer, so nobody can tell which one came back.
            lines = self.sold[key] if row["CustomerID"] else []
            while lines and left:
                line, still = lines.pop()
                taken = min(still, left)
                left -= taken
                cancellations.append((*line, taken, row["InvoiceDate"]))
                if still > taken:
                    lines.append((line, still - taken))
            if left:
                cancellations.append(
                    (row["InvoiceNo"], len(cancellations) + 1, left, row["InvoiceDate"])
                )
        name = f"{day}.csv"
        write(self.inbox / "orders" / name, list(rows[0]), [list(row.values()) for row in orders])
        header = ("order_id", "line_id", "quantity", "cancelled_at")
        write(self.inbox / "cancellations" / name, header, cancellations)
        return {(str(row[0]), str(row[1])) for row in cancellations}

    def _ship(self, number: int, cancelled: set[Line]) -> Counter[Lot]:
        """Ship what stood allocated three days ago and still does. Returns units by lot.

        A line that is cancelled today is left for another day, so that it doesn't matter which
        of both comes first.
        """
        day = self.days[number]
        shipped: Counter[Lot] = Counter()
        old = [one for one in self.days[:number] if one + DAYS_TO_SHIP <= day]
        if not old:
            return shipped
        then = _allocated(self.root, old[-1])
        now = _allocated(self.root, self.days[number - 1])
        rows: list[tuple[object, ...]] = []
        for line, records in now.items():
            if line in cancelled or line not in then:
                continue
            leaving = {
                record: (min(units, then[line][record][0]), lot)
                for record, (units, lot) in records.items()
                if record in then[line]
            }
            is_whole = {record: units for record, (units, _) in leaving.items()} == {
                record: units for record, (units, _) in records.items()
            }
            # Only where all that the line has leaves, it is certain from where without an id.
            if is_whole and int(line[1]) % 2:
                rows.append((*line, sum(units for units, _ in leaving.values()), ""))
            else:
                rows.extend((*line, units, record) for record, (units, _) in leaving.items())
            for units, lot in leaving.values():
                shipped[lot] += units
        header = ("order_id", "line_id", "quantity", "inventory_id", "shipped_at")
        write(
            self.inbox / "shipments" / f"{day}.csv",
            header,
            [(*row, f"{day}T07:00:00") for row in rows],
        )
        return shipped


def _allocated(root: Path, day: date) -> dict[Line, dict[int, tuple[int, Lot]]]:
    found: dict[Line, dict[int, tuple[int, Lot]]] = defaultdict(dict)
    for row in published(root, "allocated", day):
        lot = (row["location_code"], row["upc"], row["lot_code"])
        found[row["order_id"], row["line_id"]][row["inventory_id"]] = (row["quantity"], lot)
    return found
