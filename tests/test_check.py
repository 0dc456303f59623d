"""`lotwise check` tells a person what the night would make of a file (SPEC 10.1)."""

import gzip
import re
from pathlib import Path

import pytest

from flows.cli.commands import DONE, DONE_WITH_REFUSED_FILES, FAILED, WRONG_USAGE, run
from schemas.advice import ADVICE
from tests.roots import REPOSITORY
from transforms.breaches import PANDERA_RULES

GOOD = "location_code,upc,quantity\nL,U,4\n"
MIXED = "location_code,upc,quantity,shelf\nL,U,4,a\nL,U,4,a\nL,V,x,b\n,W,-1,c\n"


class Told:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out.splitlines()
        self.err = err.splitlines()


def told(capsys: pytest.CaptureFixture[str], *words: object) -> Told:
    code = run([str(word) for word in words])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    return Told(code, printed.out, printed.err)


def checked(
    capsys: pytest.CaptureFixture[str],
    root: Path,
    content: str,
    name: str = "stock_2026-01-01.csv",
    kind: str = "inventory",
) -> Told:
    path = root / name
    path.write_text(content, encoding="utf-8", newline="")
    return told(capsys, "check", path, "--kind", kind, "--root", root)


def complaint(found: Told) -> str:
    """The one line on stderr of a command that failed."""
    assert found.code == FAILED
    assert found.out == []
    assert len(found.err) == 1
    assert found.err[0].startswith("lotwise: ")
    assert "defect" not in found.err[0]
    return found.err[0]


def test_a_good_file_is_told_by_its_rows_and_how_they_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, GOOD)
    assert found.code == DONE
    assert found.err == []
    assert found.out == [
        "stock_2026-01-01.csv as inventory of 2026-01-01 (the day in its name), "
        "columns by their names",
        "1 rows: 1 kept, 0 repeated, 0 rejected",
        "",
        "Read as inventory",
        "  location_code <- location_code",
        "  upc           <- upc",
        "  quantity      <- quantity",
        "  counted_at    =  2026-01-01 00:00:00  UTC, by the file's name or day",
        "  nothing tells: sku, lot_code, date, condition, serial_number, part_number, floor, "
        "safety_stock,",
        "    ltd",
        "",
        "rows=1 kept=1 repeated=0 rejected=0 ignored=0 refused=no",
    ]


def test_a_file_is_told_by_outcome_then_rule_what_to_do_and_first_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, MIXED)
    assert found.code == DONE
    assert found.out[1] == "4 rows: 1 kept, 1 repeated, 2 rejected"
    assert found.out[3:13] == [
        "To mend",
        "  required in location_code, 1 row",
        "    fill it in; it may not be blank",
        '    row 4  {"location_code":null,"upc":"W","quantity":"-1","shelf":"c"}',
        "  too_small in quantity, 1 row",
        "    correct it: counts and orders are 0 or more, shipments and cancellations 1 or more; "
        'negative_counts = "zero" in the source takes counts below 0 as 0',
        "    row 4  -1",
        "  whole_number in quantity, 1 row",
        "    write whole units in digits, or declare the source's `numbers`",
        "    row 3  x",
    ]
    assert "  not read: shelf" in found.out
    assert found.out[-1] == "rows=4 kept=1 repeated=1 rejected=2 ignored=0 refused=no"


def test_three_broken_rows_of_a_rule_are_shown_or_as_many_as_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, GOOD + "L,V,x\n" * 12)
    assert "  whole_number in quantity, 12 rows" in found.out
    assert [line for line in found.out if line.startswith("    row ")] == [
        f"    row {row}  x" for row in (2, 3, 4)
    ]
    assert "    and 9 more" in found.out
    path = tmp_path / "stock_2026-01-01.csv"
    found = told(capsys, "check", path, "--kind", "inventory", "--root", tmp_path, "--rows", "1000")
    assert len([line for line in found.out if line.startswith("    row ")]) == 12


def test_what_a_terminal_would_act_on_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, GOOD + 'L,V,"a\x1b[31m\nx"\n' + "L,V," + "9" * 500)
    assert "    row 2  a�[31m x" in found.out
    assert f"    row 3  {'9' * 59}…" in found.out


def test_every_rule_has_its_advice() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("flows", "transforms", "schemas")
        for path in (REPOSITORY / folder).rglob("*.py")
        if path.name != "reference.py"
    )
    of_rows = re.findall(r'malformed\.append\(\(row, "(\w+)"', source)
    of_events = re.findall(r'_Rejected\("(\w+)"', source)
    late = re.findall(r'rule(?:": |=pl\.lit\()"(\w+)"', source)
    ours = re.findall(r'rule\(\s*"(\w+)",', source)
    for found in (of_rows, of_events, late, ours):
        assert found
    for rule in {*of_rows, *of_events, *late, *ours, *PANDERA_RULES.values()}:
        assert rule in ADVICE, rule


def test_a_file_with_too_many_rejects_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lotwise.toml").write_text("max_reject_rows = 1")
    found = checked(capsys, tmp_path, MIXED)
    assert found.code == DONE_WITH_REFUSED_FILES
    assert found.out[1] == "4 rows: 0 kept, 0 repeated, 4 rejected"
    assert found.out[-1] == "rows=4 kept=0 repeated=0 rejected=4 ignored=0 refused=yes"
    assert any(line.startswith("REFUSED too_many_rejects: 2 of 4 rows") for line in found.out)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", "", "no_header"),
        ("a.csv", "location_code,upc\nL,U\n", "missing_column"),
        ("a.csv", 'location_code,upc,quantity\nL,"U,4\n', "unclosed_quote"),
        ("a.json", "{", "not_json"),
        ("a.pdf", "", "unknown_suffix"),
        ("a.csv.gz", GOOD, "not_gzip"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_its_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, rule: str
) -> None:
    found = checked(capsys, tmp_path, content, name)
    assert found.code == DONE_WITH_REFUSED_FILES
    assert any(line.startswith(f"REFUSED {rule}: ") for line in found.out)


def test_a_file_without_a_column_it_needs_is_refused_with_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, "location_code,upc\nL,U\nL,V\n")
    assert found.out[1] == "2 rows: 0 kept, 0 repeated, 2 rejected"


def test_an_empty_object_breaks_the_rules_of_a_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, "[{}]", "a.json")
    assert found.code == DONE
    assert "1 rows: 0 kept, 0 repeated, 1 rejected" in found.out


def test_a_source_is_named_and_told_as_it_is_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lotwise.toml").write_text(
        """
        [[sources]]
        name = "shop"
        kind = "orders"
        files = "shop_*"
        columns.order_id = "Invoice"
        columns.upc = "Code"
        columns.quantity = "Units"
        columns.condition = "State"
        columns.placed_at = "When"
        constants = {location_code = "L"}
        line_id = "row"
        instants = "%d/%m/%Y %H:%M"
        timezone = "Europe/London"
        numbers = {thousands = ".", decimal = ","}
        values.condition = {A = "New", B = "Used", C = "C", D = "D", E = "E", F = "F"}
        [[sources.rows]]
        kind = "cancellations"
        where = {Invoice = "C"}
        negate = ["quantity"]
        """
    )
    rows = "Invoice;Code;Units;State;When;Till\n7;U;1.000;A;01/06/2026 09:00;x\nC7;U;-2;A;;y\n"
    found = checked(capsys, tmp_path, rows, "shop_2026-06-01.csv", "orders")
    assert found.out[0].endswith("of 2026-06-01 (the day in its name), source 'shop'")
    assert found.out[1:4] == [
        "2 rows: 2 kept, 0 repeated, 0 rejected",
        "  1 kept as orders",
        "  1 kept as cancellations",
    ]
    assert '    line_id = "row_of_order"' in found.out
    read = found.out[found.out.index("Read as orders") :]
    assert read[:15] == [
        "Read as orders",
        "  order_id      <- Invoice",
        "  line_id       =  the row's number",
        "  location_code =  L                 in every row",
        "  upc           <- Code",
        "  quantity      <- Units             written as 1.000,0",
        "  condition     <- State             A is New, B is Used, C is C, D is D, 2 more",
        "  placed_at     <- When              %d/%m/%Y %H:%M, Europe/London if it has no offset",
        "  nothing tells: sku, lot_code, date, serial_number, part_number, priority, customer_id",
        "  not read: Till",
        "",
        "Read as cancellations, the rows with Invoice matching C, quantity negated",
        "  order_id     <- Invoice",
        "  line_id      =  the row's number",
        "  quantity     <- Units                written as 1.000,0",
    ]
    assert read[16:-2] == [
        "  nothing tells: inventory_id, decrement_on_hand, event_id",
        "  left out: Code, State, When",
        "  not read: Till",
    ]


def test_an_unknown_column_is_told_with_what_it_may_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, "location_code,upc,quantity,Lot No,shelf\nL,U,4,a,b\n")
    assert found.code == DONE
    assert "  not read: Lot No (perhaps lot_code), shelf" in found.out


def test_what_is_proposed_for_unknown_columns_can_be_pasted_and_reads_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = 'Shop,Article,"Stock ""net""",Batch,Remark\nL,U,4,a,b\n'
    found = checked(capsys, tmp_path, rows, "north_2026-01-01.csv")
    assert found.code == DONE_WITH_REFUSED_FILES
    assert '  quantity      ?? Stock "net"          perhaps' in found.out
    start = found.out.index("[[sources]]")
    proposed = found.out[start:-2]
    assert proposed == [
        "[[sources]]",
        'name = "north"',
        'kind = "inventory"',
        'files = "north_*.csv"',
        'columns.location_code = "Shop"',
        'columns.upc = "Article"',
        'columns.quantity = "Stock \\"net\\""',
        'columns.lot_code = "Batch"',
    ]
    (tmp_path / "lotwise.toml").write_text("\n".join(proposed))
    found = checked(capsys, tmp_path, rows, "north_2026-01-01.csv")
    assert (found.code, found.out[1]) == (DONE, "1 rows: 1 kept, 0 repeated, 0 rejected")


def test_a_proposal_says_what_no_column_looks_like_and_reads_nothing_until_it_is_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "Invoice,StockCode,Quantity,InvoiceDate\n1,U,4,2026-01-01\n"
    found = checked(capsys, tmp_path, rows, "2026-01-01.csv", "orders")
    proposed = found.out[found.out.index("[[sources]]") : -2]
    assert proposed[4:] == [
        'line_id = "row_of_order"    # no column looks like it',
        '# location_code: no column looks like it; add it below, or: constants.location_code = "…"',
        'columns.order_id = "Invoice"',
        'columns.upc = "StockCode"',
        'columns.quantity = "Quantity"',
        'columns.placed_at = "InvoiceDate"',
    ]
    (tmp_path / "lotwise.toml").write_text("\n".join(proposed), encoding="utf-8")
    found = checked(capsys, tmp_path, rows, "2026-01-01.csv", "orders")
    assert found.code == DONE_WITH_REFUSED_FILES
    (tmp_path / "lotwise.toml").write_text("\n".join([*proposed, 'constants.location_code = "L"']))
    assert checked(capsys, tmp_path, rows, "2026-01-01.csv", "orders").code == DONE


def test_a_file_of_the_inbox_may_be_named_as_the_tables_name_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lotwise.toml").write_text(
        '[[sources]]\nname = "deep"\nkind = "inventory"\nfiles = "north/*"\n'
    )
    path = tmp_path / "inbox/inventory/north/2026-01-01.csv"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD)
    for name in (path, "inventory/north/2026-01-01.csv"):
        found = told(capsys, "check", name, "--kind", "inventory", "--root", tmp_path)
        assert found.out[0].startswith("north/2026-01-01.csv as inventory")
        assert found.out[0].endswith("source 'deep'")


def test_a_check_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inbox").mkdir()
    checked(capsys, tmp_path, GOOD)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inbox", "stock_2026-01-01.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["check", "a.csv"],
        ["check", "a.csv", "--kind", "stock"],
        ["check", "a.csv", "--kind", "inventory", "--rot", "data"],
        ["check", "a.csv", "--kind", "inventory", "--rows", "-1"],
        ["rejects", "--day", "yesterday"],
        ["chekc", "a.csv"],
        ["nightly", "--day", "yesterday"],
        ["backfill", "2026-01-01"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_why_on_stderr(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    found = told(capsys, *words)
    assert found.code == WRONG_USAGE
    assert found.out == []
    assert found.err != []


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "check", tmp_path / "gone.csv", "--kind", "orders", "--root", tmp_path)
    assert "no file" in complaint(found)
    assert "gone.csv" in complaint(found)


def test_a_missing_root_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(GOOD)
    found = told(capsys, "check", path, "--kind", "inventory", "--root", tmp_path / "nowhere")
    assert "nowhere" in complaint(found)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("max_reject_rows = = 1", "lotwise.toml: "),
        ("max_reject_row = 1", "did you mean 'max_reject_rows'"),
        ("max_reject_rows = -1", "setting 'max_reject_rows' is -1"),
        ("granular_fields = [[]]", "setting 'granular_fields.0' is"),
    ],
)
def test_a_broken_settings_file_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], toml: str, words: str
) -> None:
    (tmp_path / "lotwise.toml").write_text(toml)
    assert words in complaint(checked(capsys, tmp_path, GOOD))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("locations.csv", "code,supportsInventory\nL,yes\nM,perhaps\n", "row 2: yes_or_no"),
        ("locations.csv", "code\nL\nL\n", "row 1: contradiction"),
        ("locations.csv", "code,supportsInventory\nL,yes,no\n\nM\n", "row 1: number_of_columns"),
        ("locations.csv", "code,x\nL,1\nM\n,3\n", "row 2: number_of_columns"),
        ("locations.csv", "code,x\nL,1\n,2\nM\n", "row 2: required (location_code)"),
        ("products.csv", "upc,out_of_stock\nU,wait\n", "row 1: unknown_word (out_of_stock)"),
        ("products.csv", "upc,min_days_left\nU,soon\n", "row 1: whole_number (min_days_left)"),
        ("holds.csv", "lot_code,from\nA,01/02/2026\n", "row 1: real_date (held_from)"),
        ("holds.csv", "lot_code,reason\nA,\n,recall\n", "row 2: names_nothing"),
        ("products.json", "[1]", "row 1: not_an_object"),
        ("products.json", "{", "not_json"),
        ("products.csv", 'upc\n"U\n', "unclosed_quote"),
    ],
)
def test_a_broken_reference_file_is_told_by_file_row_and_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, words: str
) -> None:
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / name).write_text(content)
    line = complaint(checked(capsys, tmp_path, GOOD))
    assert f"reference/{name}" in line
    assert words in line


def test_a_blank_line_of_a_reference_file_is_no_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/locations.csv").write_text("location_code\n\nL\n\n")
    assert checked(capsys, tmp_path, GOOD).code == DONE


def test_two_files_of_one_reference_table_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/locations.csv").write_text("location_code\nL\n")
    (tmp_path / "reference/locations.csv.gz").write_bytes(gzip.compress(b"location_code\nL\n"))
    line = complaint(checked(capsys, tmp_path, GOOD))
    assert "locations.csv and locations.csv.gz" in line


def test_a_check_knows_the_reference_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/locations.csv").write_text("location_code\nM\n")
    (tmp_path / "reference/products.ndjson").write_text(
        '{"productCode": "U", "trackStock": false}\n'
    )
    found = checked(capsys, tmp_path, GOOD)
    assert "  unknown_location in location_code, 1 row" in found.out
    assert "  product_not_tracked in upc, 1 row" in found.out
