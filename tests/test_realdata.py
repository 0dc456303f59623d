"""Real files nobody here wrote: every row of every file is accounted for, every number traced."""

import csv
import gzip
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.roots import SHARED, Root

REAL = SHARED / "realdata"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")

UCI = """
    timezone = "Europe/London"

    [[sources]]
    name = "uci"
    kind = "orders"
    line_id = "row"
    columns.order_id = "InvoiceNo"
    columns.upc = "StockCode"
    columns.quantity = "Quantity"
    columns.placed_at = "InvoiceDate"
    columns.customer_id = "CustomerID"
    columns.location_code = "Country"

    [[sources.rows]]
    kind = "cancellations"
    where = { InvoiceNo = "C" }
    negate = ["quantity"]
"""


def _rows(path: Path) -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_days_of_uci_orders_through_a_mapping_account_for_every_row(root: Root) -> None:
    root.put("lotwise.toml", UCI)
    inbox = root.path / "inbox" / "orders"
    inbox.mkdir(parents=True)
    days = ("2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05")
    expected = []
    for day in days:
        source = REAL / "uci-online-retail" / f"{day}.csv"
        shutil.copy(source, inbox)
        rows = _rows(source)
        orders = [row for row in rows if not row["InvoiceNo"].startswith("C")]
        sold = [row for row in orders if int(row["Quantity"]) > 0]
        expected.append(
            (
                f"orders/{day}.csv",
                len(rows),
                len(sold),
                len(rows) - len(orders),
                len(orders) - len(sold),
                sum(int(row["Quantity"]) for row in sold),
            )
        )
        root.night(day)

    found = root.rows(
        """
        SELECT file, rows, kept, waiting, rejected, units
        FROM files
        JOIN (
            SELECT file, sum(quantity)::INT AS units
            FROM movements
            WHERE kind = 'order'
            GROUP BY ALL
        ) USING (file)
        ORDER BY file
        """
    )
    assert found == expected


def test_drives_counted_by_serial_are_one_record_of_one_unit_each(root: Root) -> None:
    root.put(
        "lotwise.toml",
        """
        [[sources]]
        name = "drives"
        kind = "inventory"
        columns.serial_number = "serial_number"
        columns.upc = "model"
        constants = { location_code = "DC", quantity = "1" }
        count_mode = "full"
        """,
    )
    serials = {}
    for day in ("2013-04-10", "2013-04-11"):
        source = REAL / "backblaze" / f"{day}.csv.gz"
        target = root.path / "inbox" / "inventory" / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        serials[day] = {row["serial_number"] for row in _rows(source)}
        root.night(day)

    there = "SELECT serial_number FROM inventory WHERE on_hand = 1"
    assert {serial for (serial,) in root.rows(there)} == serials["2013-04-11"]
    gone = root.rows("SELECT serial_number FROM inventory WHERE on_hand <> 1")
    assert {serial for (serial,) in gone} == serials["2013-04-10"] - serials["2013-04-11"]
    assert root.rows("SELECT sum(rejected)::INT, count(*) FROM files") == [(0, 2)]
    assert root.rows("SELECT count(*) FROM discrepancies") == [(0,)]


def test_inventory_and_locations_in_the_shape_of_the_system_we_reproduce(root: Root) -> None:
    source = REAL / "kibo-sandbox"
    for file, folder in (("inventory.jsonl", "inbox/inventory"), ("locations.jsonl", "reference")):
        (root.path / folder).mkdir(parents=True)
        shutil.copy(source / file, root.path / folder)
    told = [json.loads(line) for line in (source / "inventory.jsonl").read_text().splitlines()]
    places = [json.loads(line) for line in (source / "locations.jsonl").read_text().splitlines()]
    stocked = {place["code"] for place in places if place["supportsInventory"]}
    kept = [record for record in told if record["locationCode"] in stocked]

    root.night("2022-10-06")

    assert root.rows("SELECT rows, kept, rejected FROM files") == [
        (len(told), len(kept), len(told) - len(kept))
    ]
    assert root.rows("SELECT count(*), sum(on_hand)::INT FROM inventory") == [
        (len(kept), sum(record["onHand"] for record in kept))
    ]


def test_a_pharmacy_with_its_own_dates_and_numbers(root: Root) -> None:
    source = REAL / "portalegre" / "estoque-medicamentos.json"
    root.put(
        "lotwise.toml",
        """
        [[sources]]
        name = "pharmacy"
        kind = "inventory"
        dates = "%d/%m/%Y"
        instants = "%d/%m/%Y"
        numbers = { thousands = ".", decimal = "," }
        columns.upc = "codigo"
        columns.location_code = "estabelecimento"
        columns.sku = "medicamento"
        columns.lot_code = "lote"
        columns.date = "validade"
        columns.quantity = "quantidade"
        columns.counted_at = "data_estoque"
        """,
    )
    target = root.path / "inbox" / "inventory" / "2026-05-26.json"
    target.parent.mkdir(parents=True)
    shutil.copy(source, target)
    told = json.loads(source.read_text())
    units: dict[tuple[str, ...], set[int]] = {}
    for row in told:
        if row["codigo"].strip():
            day = "-".join(reversed(row["validade"].split("/")))
            key = (row["codigo"].strip(), row["medicamento"].strip(), row["lote"].strip(), day)
            units.setdefault(key, set()).add(int(row["quantidade"].replace(".", "")))

    root.night("2026-05-26")

    found = root.rows("SELECT upc, sku, lot_code, date::VARCHAR, on_hand FROM inventory")
    certain = {(*key, said.pop()) for key, said in units.items() if len(said) == 1}
    assert set(found) == certain
    assert root.rows("SELECT rows, rejected > 0 FROM files") == [(len(told), True)]
    rules = {rule for (rule,) in root.rows("SELECT DISTINCT rule FROM rejects")}
    assert rules <= {"required", "contradiction"}


def test_a_week_of_liquor_orders(root: Root) -> None:
    root.put(
        "lotwise.toml",
        """
        timezone = "America/Chicago"

        [[sources]]
        name = "iowa"
        kind = "orders"
        line_id = "row"
        columns.order_id = "Invoice/Item Number"
        columns.upc = "Item Number"
        columns.location_code = "Store Number"
        columns.quantity = "Bottles Sold"
        columns.placed_at = "Date"
        """,
    )
    folder = REAL / "iowa-liquor" / "nightly-2022-10-csv"
    (root.path / "inbox" / "orders").mkdir(parents=True)
    rows = bottles = 0
    for day in range(2, 10):
        source = folder / f"2022-10-{day:02}.csv"
        if not source.exists():
            continue
        shutil.copy(source, root.path / "inbox" / "orders")
        told = _rows(source)
        rows += len(told)
        bottles += sum(int(row["Bottles Sold"]) for row in told if int(row["Bottles Sold"]) > 0)

    root.night("2022-10-09")

    files = "SELECT sum(rows)::INT, sum(kept + rejected)::INT FROM files WHERE status = 'taken'"
    assert root.rows(files) == [(rows, rows)]
    assert root.rows("SELECT sum(quantity)::INT FROM order_lines") == [(bottles,)]
