"""Whatever a file holds, it is read or refused in bounded time and memory (SPEC 2.1, 9.3)."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.files import read_json
from flows.files.read import Chunks, read, read_through
from flows.files.read_csv import read_csv_exactly, read_csv_quickly
from flows.files.read_json import read_ndjson_exactly
from flows.files.read_ndjson import read_ndjson_quickly
from schemas.raw import LONGEST_RAW, MOST_COLUMNS, RawRows, Unreadable
from tests.test_read import ODD_ROWS, cells, file, malformed, numbers

MEBIBYTE = 1 << 20
HUGE = 50_000_000

# The rule by which a file is refused, or the number of its rows, and the process's peak in MiB.
READING = """
import json, sys
from pathlib import Path
from flows.files import duckdb_chunks as quickly
from flows.files.read import read_through
from schemas.raw import Unreadable
quickly.PATIENCE = 1
try:
    told = read_through(Path(sys.argv[1]), lambda chunks: sum(chunk.height for chunk in chunks))
except Unreadable as why:
    told = str(why)
# Not ru_maxrss, which starts with what the process that started this one had.
(peak,) = [line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")]
print(json.dumps([told, int(peak.split()[1]) / 1024]))
"""


def read_elsewhere(path: Path) -> tuple[int | str, float]:
    done = subprocess.run(
        [sys.executable, "-c", READING, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told, peak = json.loads(done.stdout)
    return told, peak


def zeros(path: Path, before: bytes = b"", mebibytes: int = 10 * 1024) -> Path:
    """Zeros that unzip to so many MiB, behind something else."""
    member = gzip.compress(bytes(16 * MEBIBYTE))
    with path.open("wb") as bomb:
        bomb.write(gzip.compress(before))
        for _ in range(mebibytes // 16):
            bomb.write(member)
    return path


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a.csv.gz", "no_header"),
        ("a.ndjson.gz", "row_too_long"),
        ("a.json.gz", "document_too_large"),
        ("a.parquet.gz", "not_parquet"),
    ],
)
def test_zeros_that_unzip_to_ten_gibibytes_are_refused_at_their_beginning(
    tmp_path: Path, name: str, rule: str
) -> None:
    told, peak = read_elsewhere(zeros(tmp_path / name))
    assert str(told).startswith(f"{rule}: ")
    assert peak < 1024


@pytest.mark.parametrize(
    ("name", "rows"), [("a.csv.gz", b"upc,lot_code\nA,1\n"), ("a.ndjson.gz", b'{"upc": "A"}\n')]
)
def test_zeros_behind_good_rows_are_refused_long_before_their_end(
    tmp_path: Path, name: str, rows: bytes
) -> None:
    told, peak = read_elsewhere(zeros(tmp_path / name, rows))
    assert str(told).startswith("row_too_long: a line is longer than 256 Mi characters; write")
    assert peak < 1024


@pytest.mark.parametrize("value", ["x", 'x"y'])
def test_a_row_with_a_value_of_fifty_megabytes_is_malformed_alone(
    tmp_path: Path, value: str
) -> None:
    quoted = f'"{value.replace(chr(34), 2 * chr(34)) * (HUGE // len(value))}"'
    raw = read(file(tmp_path, "counts.csv", f"upc,lot_code\nA,1\nB,{quoted}\nC,3\n"))
    assert malformed(raw) == [(2, "row_too_long")]
    assert json.loads(raw.malformed.item(0, "raw")) == f"B,{quoted}"[:LONGEST_RAW]
    assert cells(raw) == [("A", "1"), ("C", "3")]
    assert numbers(raw) == [1, 3]


def test_an_object_with_a_value_of_fifty_megabytes_is_malformed_alone(tmp_path: Path) -> None:
    lines = [json.dumps({"upc": upc}) for upc in ("A", HUGE * "x", "C")]
    raw = read(file(tmp_path, "counts.ndjson", "\n".join(lines)))
    assert malformed(raw) == [(2, "row_too_long")]
    assert cells(raw) == [("A",), ("C",)]


def test_a_parquet_row_with_a_value_of_fifty_megabytes_is_malformed_alone(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"upc": ["A", HUGE * "x", "C"], "lot_code": [None, "2", "3"]}).write_parquet(path)
    raw = read(path)
    assert malformed(raw) == [(2, "row_too_long")]
    assert cells(raw) == [("A", None), ("C", "3")]
    assert numbers(raw) == [1, 3]


def test_a_row_of_many_quoted_lines_takes_no_longer_than_its_length(tmp_path: Path) -> None:
    note = 'say ""x""\n' * 500_000
    raw = read(file(tmp_path, "counts.csv", f'upc,note\nA,"{note}"\nB\n'))
    assert cells(raw) == [("A", note.replace('""', '"'))]
    assert malformed(raw) == [(2, "number_of_columns")]


def test_a_quote_that_is_not_closed_within_a_row_is_not_looked_for_to_the_end(
    tmp_path: Path,
) -> None:
    path = file(tmp_path, "counts.csv", 'upc,note\nA,"open\n' + "B,2\n" * 5_000_000 + '"')
    with pytest.raises(Unreadable, match=r"after row 1 is never closed, or not within 16 Mi"):
        read(path)


def wide(columns: int) -> pl.DataFrame:
    return pl.DataFrame({f"column {place}": [str(place)] * 3 for place in range(columns)})


WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "a.csv": pl.DataFrame.write_csv,
    "a.json": pl.DataFrame.write_json,
    "a.ndjson": pl.DataFrame.write_ndjson,
    "a.parquet": pl.DataFrame.write_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_two_thousand_columns_are_read(tmp_path: Path, name: str) -> None:
    WRITERS[name](wide(2_000), tmp_path / name)
    raw = read(tmp_path / name)
    assert len(raw.header) == 2_000
    assert cells(raw) == wide(2_000).rows()


@pytest.mark.parametrize("name", WRITERS)
def test_more_columns_than_anyone_has_are_refused(tmp_path: Path, name: str) -> None:
    WRITERS[name](wide(MOST_COLUMNS + 1), tmp_path / name)
    with pytest.raises(Unreadable, match="5001 columns and may have 5000") as why:
        read(tmp_path / name)
    assert why.value.rule == "too_many_columns"


def test_a_large_json_document_is_refused_and_lines_of_json_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_json, "LARGEST_DOCUMENT", 100)
    rows = [{"upc": f"U{number}"} for number in range(20)]
    with pytest.raises(Unreadable, match="send it as NDJSON") as why:
        read(file(tmp_path, "document.json", json.dumps(rows)))
    assert why.value.rule == "document_too_large"
    assert read(file(tmp_path, "lines.json", "\n".join(map(json.dumps, rows)))).height == 20


def chunks(path: Path, rows: int, columns: int) -> list[RawRows]:
    def through(given: Chunks) -> list[RawRows]:
        return list(given)

    return read_through(path, through, cells=rows * columns)


LINES = st.sampled_from(
    ['{"a": "1", "b": "2"}', '{"b": 1.50}', '{"a": null}', "{}", "7", "{", '{"c": [1]}', ""]
)


def same_in_chunks(path: Path, columns: int) -> None:
    """A file reads the same in chunks of 1, 2, 3 and 7 rows as at once."""
    at_once = read(path)
    for rows in (1, 2, 3, 7):
        parts = chunks(path, rows, columns)
        assert {part.header for part in parts} == {at_once.header}
        together = RawRows.together(parts)
        assert_frame_equal(together.rows, at_once.rows)
        assert_frame_equal(together.malformed, at_once.malformed)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ODD_ROWS, max_size=8))
def test_a_csv_file_reads_the_same_in_chunks(tmp_path: Path, rows: list[list[str]]) -> None:
    text = "upc,lot_code\n" + "".join(",".join(row) + "\n" for row in rows)
    same_in_chunks(file(tmp_path, "counts.csv", text), 2)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, min_size=1, max_size=8), name=st.sampled_from(["a.json", "a.ndjson"]))
def test_a_file_of_json_lines_reads_the_same_in_chunks(
    tmp_path: Path, lines: list[str], name: str
) -> None:
    path = file(tmp_path, name, "\n".join(["{}", *lines]))
    same_in_chunks(path, max(1, len(read(path).header)))


def test_a_parquet_file_reads_the_same_in_chunks(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    rows = pl.DataFrame({"upc": [f"U{number}" for number in range(100)], "quantity": range(100)})
    rows.write_parquet(path, row_group_size=9)
    assert len(chunks(path, 7, 2)) > 3
    same_in_chunks(path, 2)


@pytest.mark.parametrize("name", ["counts.csv", "counts.ndjson"])
def test_the_quick_reader_gives_rows_in_the_order_of_the_file_and_as_the_exact_one(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    rows = pl.DataFrame({"upc": pl.int_range(200_000, eager=True), "lot": "A, B"}).cast(pl.String)
    is_csv = name.endswith(".csv")
    (rows.write_csv if is_csv else rows.write_ndjson)(path)
    quick, exact = (
        (read_csv_quickly, read_csv_exactly)
        if is_csv
        else (read_ndjson_quickly, read_ndjson_exactly)
    )
    given = list(quick(path, 60_000))
    assert len(given) > 1
    assert_frame_equal(
        RawRows.together(given).rows.drop("row"), rows.rename({"upc": "c0", "lot": "c1"})
    )
    assert_frame_equal(
        RawRows.together(given).rows,
        RawRows.together(exact(path, 60_000)).rows,
        check_column_order=False,
    )


def test_a_row_that_is_malformed_far_below_gives_no_row_twice(tmp_path: Path) -> None:
    lines = [f"U{number},1" for number in range(400_000)]
    lines[300_000] = "malformed"
    path = file(tmp_path, "counts.csv", "\n".join(["upc,lot_code", *lines]))
    raw = read(path)
    assert malformed(raw) == [(300_001, "number_of_columns")]
    assert numbers(raw) == [*range(1, 300_001), *range(300_002, 400_001)]
