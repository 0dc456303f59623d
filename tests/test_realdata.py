"""Real files nobody here wrote: every row of every file is accounted for, every number traced."""

import csv
import gzip
import io
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from flows.recalls.run_recall import Asked, run_recall
from tests.real_drives import Drives, drives_differ
from tests.real_nights import UCI, Line, Wholesaler
from tests.recall_clerk import assert_as_the_clerk_says
from tests.recount import Recount
from tests.roots import SHARED, Root

REAL = SHARED / "realdata"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")

CANCELLING = """
[[sources.rows]]
kind = "cancellations"
where = { InvoiceNo = "C" }
negate = ["quantity"]
"""

MODELS = (
    "Hitachi HDS5C4040ALE630",
    "WDC WD10EADS",
    "WDC WD10EACS",
    "WDC WD10EADX",
    "ST1500DL003",
    "ST31500341AS",
    "ST2000DL003",
    "HGST HMS5C4040ALE640",
)
"""Whose drives vanish, come and come back, without the most usual ones."""


def _rows(path: Path) -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_days_of_uci_orders_through_a_mapping_account_for_every_row(root: Root) -> None:
    root.put("lotwise.toml", UCI + CANCELLING)
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


def test_nights_of_a_wholesaler_lose_no_row_and_no_unit(root: Root) -> None:
    wholesaler = Wholesaler(REAL / "uci-online-retail", root.path)
    for number in range(10):
        root.night(str(wholesaler.drop(number)))

    recount = Recount(root.path)
    assert recount.differences() == []
    left = {lot: units for lot, units in wholesaler.on_hand.items() if units}
    found = "SELECT location_code, upc, lot_code, on_hand FROM inventory WHERE on_hand > 0"
    assert {(*lot,): units for *lot, units in root.rows(found)} == left
    # Every kind of thing that can happen did.
    units = (recount.ordered, recount.shipped, recount.cancelled, recount.too_late)
    assert all(one.total() > 0 for one in units)
    assert recount.waiting
    assert {rule for _, _, rule in recount.rejects} == {"too_small", "waited_too_long"}
    assert root.rows("SELECT count(*) > 0 FROM order_lines WHERE pending > 0") == [(True,)]

    for named in ({"lot": "A"}, {"lot": "C", "location_code": "United Kingdom"}):
        report = assert_as_the_clerk_says(root, named)
        assert report.tables["recall_lots"].height > 100
        called = report.tables["recall_contacts"]
        assert min(called[sure].sum() for sure in ("scanned", "inferred", "possible")) > 0


def test_drives_that_vanish_and_come_back_are_never_on_two_lines(root: Root) -> None:
    drives = Drives(REAL / "backblaze", root.path, MODELS)
    had: list[set[Line]] = []
    for number in range(len(drives.days)):
        day = drives.drop(number)
        root.night(str(day))
        assert drives_differ(drives, number) == [], day
        served = root.rows("SELECT order_id, line_id FROM order_lines WHERE allocated > 0")
        had.append({(str(order), str(line)) for order, line in served})

    assert root.rows("SELECT sum(rejected)::INT, sum(waiting)::INT FROM files") == [(0, 0)]
    assert root.rows("SELECT count(*) FROM discrepancies") == [(0,)]
    naming = {line for line, (_, serial, _) in drives.asked.items() if serial}
    waited = set().union(*(one - other for one, other in pairwise(had))) & naming
    assert waited - had[-1], "some named drives stay away"
    assert waited & had[-1], "and some come back to their lines"


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

    # A lot of it with a slash is ordered and recalled.
    (upc, location, lot, stood), *_ = root.rows(
        """
        SELECT upc, any_value(location_code), max_by(lot_code, on_hand)
            FILTER (lot_code LIKE '%/%' AND NOT is_blocked) AS slashed, max(on_hand)
        FROM inventory
        GROUP BY upc
        HAVING slashed IS NOT NULL
        ORDER BY upc
        """
    )
    assert isinstance(stood, int)
    root.put(
        "inbox/orders/2026-05-27.csv",
        "order_id,line_id,location_code,upc,quantity,lot_code,customer_id\n"
        f'1,1,"{location}",{upc},2,{lot},Ana\n'
        f'2,1,"{location}",{upc},2,,Bia\n'
        f'3,1,"{location}",{upc},{stood},,Caio\n',
    )
    root.night("2026-05-27")
    root.put(
        "inbox/shipments/2026-05-28.csv",
        f"order_id,line_id,quantity,lot_code,shipped_at\n1,1,1,{lot},2026-05-28\n"
        "1,1,1,,2026-05-28\n2,1,2,,2026-05-28\n3,1,1,,2026-05-28\n",
    )
    root.night("2026-05-28")

    report = assert_as_the_clerk_says(root, {"lot": str(lot)})
    called = {row["customer_id"]: row for row in report.tables["recall_contacts"].to_dicts()}
    assert (called["Ana"]["scanned"], called["Ana"]["inferred"]) == (1, 1)
    assert called["Bia"]["inferred"] + called["Bia"]["possible"] == 2


def test_a_notice_of_thirty_thousand_drug_lots(root: Root) -> None:
    notice = REAL / "drug_recall_lots_part.csv.gz"
    lots = sorted({row["lot_code"] for row in _rows(notice)})
    stocked = [lot for lot in lots[::700] if lot.isascii() and lot.isalnum()]
    written = {
        "AS IT IS": stocked[:20],
        "OTHERWISE": [f"{lot[:2]}-{lot[2:]}" for lot in stocked[20:]],
    }
    rows = [f'A,{upc.replace(" ", "-")},"{lot}",1' for upc, lots in written.items() for lot in lots]
    root.put("inbox/inventory/1.csv", "\n".join(["location_code,upc,lot_code,quantity", *rows, ""]))
    root.night("2026-04-01")

    answered = run_recall(Asked(notice=notice), root.path)

    tables = answered.report.tables
    assert set(tables["recall_lots"]["lot_code"]) == {*stocked[:20]}
    alike = tables["recall_matches"].filter(upc="OTHERWISE", why="case_or_punctuation")
    assert {*written["OTHERWISE"]} <= {*alike["lot_code"]}
    passed_over = dict(answered.told)["PASSED OVER"]
    assert "recall_number" in passed_over
    assert "openfda_upc" in passed_over


def test_food_recalls_as_the_press_tells_them(root: Root, tmp_path: Path) -> None:
    codes = re.findall(
        r"- '?(UPC|Lot)s? ([\w -]+)", (REAL / "us-food-recalls" / "2026.yaml").read_text()
    )
    upcs = sorted({code.replace(" ", "").strip("-") for what, code in codes if what == "UPC"})
    lots = sorted({code.strip() for what, code in codes if what == "Lot" and " " not in code})
    assert min(len(upcs), len(lots)) > 5
    notice = tmp_path / "food.json"
    named = [{"upc": upc} for upc in upcs] + [{"lotCode": lot} for lot in lots]
    notice.write_text(json.dumps(named))
    stock = [f"A,{upc},,3" for upc in upcs[:4]] + [f"A,OTHER,{lot},5" for lot in lots[:3]]
    stock += [f"A,OTHER,{lots[3]}X,7"]
    root.put("inbox/inventory/1.csv", "\n".join(["location_code,upc,lot_code,quantity", *stock]))
    root.night("2026-04-01")

    tables = run_recall(Asked(notice=notice), root.path).report.tables

    assert tables["recall_stock"]["on_hand"].sum() == 4 * 3 + 3 * 5


def test_a_week_of_liquor_orders(root: Root) -> None:
    root.put(
        "lotwise.toml",
        """
        timezone = "America/Chicago"

        [[sources]]
        name = "iowa"
        kind = "orders"
        line_id = "row"
        codes = "as_is"
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
