"""`lotwise check` tells a person what the night would make of a file (SPEC 10.1)."""

import gzip
from pathlib import Path

import pytest

from flows.cli import DONE, DONE_WITH_REFUSED_FILES, FAILED, WRONG_USAGE, run

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


def test_a_good_file_is_told_by_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, GOOD)
    assert found.code == DONE
    assert found.err == []
    assert found.out == [
        "stock_2026-01-01.csv as inventory, file day 2026-01-01, columns by their names",
        "1 rows: 1 kept, 0 repeated, 0 rejected",
        "  1 kept as inventory",
    ]


def test_a_file_is_told_by_outcome_rule_and_first_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, MIXED)
    assert found.code == DONE
    assert found.out[1] == "4 rows: 1 kept, 1 repeated, 2 rejected"
    assert "not read: shelf" in found.out
    assert found.out[4:7] == [
        "  1 rows break required (location_code)",
        "  1 rows break too_small (quantity)",
        "  1 rows break whole_number (quantity)",
    ]
    third = '{"location_code":"L","upc":"V","quantity":"x","shelf":"b"}'
    assert found.out[7] == f"  row 3: whole_number (quantity: x)  {third}"
    assert found.out[8].startswith("  row 4: required (location_code: None)")
    assert found.out[9].startswith("  row 4: too_small (quantity: -1)")


def test_no_more_than_ten_broken_rows_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(capsys, tmp_path, GOOD + "L,V,x\n" * 12)
    assert "  12 rows break whole_number (quantity)" in found.out
    assert len([line for line in found.out if line.startswith("  row ")]) == 10


def test_a_file_with_too_many_rejects_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lotwise.toml").write_text("max_reject_rows = 1")
    found = checked(capsys, tmp_path, MIXED)
    assert found.code == DONE_WITH_REFUSED_FILES
    assert found.out[1] == "4 rows: 0 kept, 0 repeated, 4 rejected"
    assert any(line.startswith("REFUSED too_many_rejects: 2 of 4 rows") for line in found.out)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", "", "no_header"),
        ("a.csv", "location_code,upc\nL,U\n", "missing_column"),
        ("a.csv", 'location_code,upc,quantity\nL,"U,4\n', "unclosed_quote"),
        ("a.json", "{", "not_json"),
        ("a.xlsx", "", "unknown_suffix"),
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


def test_a_source_is_named_and_reads_its_own_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lotwise.toml").write_text(
        '[[sources]]\nname = "shop"\nkind = "inventory"\nfiles = "stock_*"\n'
        'columns = {upc = "Code", quantity = "Units"}\nconstants = {location_code = "L"}\n'
    )
    found = checked(capsys, tmp_path, "Code;Units\nU;4\n")
    assert found.out[0].endswith("file day 2026-01-01, source 'shop'")
    assert found.out[1] == "1 rows: 1 kept, 0 repeated, 0 rejected"


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
        ("products.csv", "upc,out_of_stock\nU,wait\n", "row 1: not_allowed (out_of_stock)"),
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
    assert "  1 rows break unknown_location (location_code)" in found.out
    assert "  1 rows break product_not_tracked (upc)" in found.out
