"""Exports of the usual systems, read as the README declares them (SPEC 2.3)."""

import tomllib
from datetime import date

import pytest
import xlsxwriter

from tests.roots import REPOSITORY, Root

DAY = "2026-03-02"


def declared() -> str:
    """Every block of the README's page of exports, one below the other."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    _, _, page = readme.partition("\n## Declare an export\n")
    page, _, _ = page.partition("\n## ")
    return "\n".join(block.partition("```")[0] for block in page.split("```toml\n")[1:])


def put_excel(root: Root) -> None:
    path = root.path / f"inbox/inventory/stock_{DAY}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet("Read me").write_row(0, 0, ["Stock of all stores"])
        sheet = workbook.add_worksheet("Stock")
        as_date = workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet.merge_range(0, 0, 0, 4, "Stock report")
        sheet.write_row(2, 0, ["Store", "Item", "Lot", "Best before", "On hand"])
        sheet.write_row(3, 0, ["X1", "00123", "L7", None, 12])
        sheet.write_datetime(3, 3, date(2026, 4, 30), as_date)
        sheet.write_row(4, 0, ["X1", 4006381333931, "n/a", None, 3])
        sheet.write_row(5, 0, ["Total", None, None, None, 15])


def put_sap(root: Root) -> None:
    lines = [
        "Werk;Material;Charge;MHD;Menge;Bewegungsart;Beleg",
        "KÖLN;M1;C1;30.04.2026;1.200;Wareneingang;4900001",
        "KÖLN;M1;C1;30.04.2026;5-;Ausschuß;4900002",
    ]
    path = root.path / f"inbox/adjustments/mb51_{DAY}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))


def put_shopify(root: Root) -> None:
    root.put("reference/skus.csv", "sku,upc\nTEA-50,T50\nTEA-100,T100\n")
    root.put(
        f"inbox/orders/orders_export_{DAY}.csv",
        """
        Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem sku
        #1002,b@example.com,paid,2026-03-01 09:30:00 +0100,1,"Tea, 50 g",TEA-50
        #1001,a@example.com,paid,2026-03-01 08:00:00 +0000,2,"Tea, 50 g",TEA-50
        #1001,,,,4,"Tea, 100 g",TEA-100
        """,
    )


def put_netsuite(root: Root) -> None:
    root.put(
        f"inbox/inventory/ns_{DAY}.csv",
        """
        "Inventory by Lot"
        Location,Item,Lot Number,Expiration Date,On Hand
        "N1","A-1","LA","4/30/2026","1,250"
        "N1","A-2","LB","12/1/2026","(3)"
        "N1","A-3",,,"Not stocked"
        """,
    )


def put_scanner(root: Root) -> None:
    header = "01,10,17,21,37"
    root.put(
        f"inbox/inventory/scan_{DAY}.csv",
        f"{header}\n04006381333931,AB12\x1d,260400,,24\n04006381333931,AB13\x1d,260415,S1,1\n",
    )


def put_wms(root: Root) -> None:
    root.put(
        f"inbox/inventory/wms_{DAY}.csv",
        """
        Site,Article,Batch,Grade,Units
        W1,P,B1,A,5
        W1,P,B1,B,2
        W1,Subtotal P,,,7
        TOTAL,,,,7
        """,
    )


@pytest.fixture
def night(root: Root) -> Root:
    root.put("lotwise.toml", declared())
    for put in (put_excel, put_sap, put_shopify, put_netsuite, put_scanner, put_wms):
        put(root)
    root.night(DAY)
    return root


def test_the_readmes_exports_are_read_whole(night: Root) -> None:
    files = "SELECT split_part(file, '/', 2)[:2], rows, kept, rejected, ignored FROM files"
    assert night.rows(f"{files} ORDER BY ALL") == [
        ("mb", 2, 2, 0, 0),
        ("ns", 4, 2, 0, 2),
        ("or", 3, 3, 0, 0),
        ("sc", 2, 2, 0, 0),
        ("st", 5, 2, 0, 3),
        ("wm", 4, 2, 0, 2),
    ]
    stock = "SELECT location_code, upc, lot_code, date, condition, serial_number, on_hand"
    assert night.rows(f"{stock} FROM inventory ORDER BY ALL") == [
        ("DC-SOUTH", "04006381333931", "AB12", date(2026, 4, 30), None, None, 24),
        ("DC-SOUTH", "04006381333931", "AB13", date(2026, 4, 15), None, "S1", 1),
        ("KÖLN", "M1", "C1", date(2026, 4, 30), None, None, 1195),
        ("N1", "A-1", "LA", date(2026, 4, 30), None, None, 1250),
        ("N1", "A-2", "LB", date(2026, 12, 1), None, None, 0),
        ("W1", "P", "B1", None, "New", None, 5),
        ("W1", "P", "B1", None, "Used", None, 2),
        ("X1", "00123", "L7", date(2026, 4, 30), None, None, 12),
        ("X1", "4006381333931", None, None, None, None, 3),
    ]
    lines = "SELECT order_id, line_id, upc, quantity, customer_id, hour(placed_at) FROM order_lines"
    assert night.rows(f"{lines} ORDER BY ALL") == [
        ("#1001", "1", "T50", 2, "a@example.com", 8),
        ("#1001", "2", "T100", 4, "a@example.com", 8),
        ("#1002", "1", "T50", 1, "b@example.com", 8),
    ]
    assert night.rows("SELECT kind, quantity FROM discrepancies") == [("negative_count", -3)]


def test_the_readme_declares_each_export_by_itself() -> None:
    sources = tomllib.loads(declared())["sources"]
    assert [one["name"] for one in sources] == [
        *("excel", "sap", "shopify", "netsuite", "scanner", "wms"),
    ]
