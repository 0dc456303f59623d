"""Reading a file gives its rows as they stand in it, as text (SPEC 2.1, 2.2)."""

import gzip
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.files.read import read
from schemas.raw import RawRows, Unreadable

Cells = list[tuple[str | None, ...]]


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    written = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(written) if name.endswith(".gz") else written)
    return path


def cells(raw: RawRows) -> Cells:
    return raw.rows.select(f"c{place}" for place in range(len(raw.header))).rows()


def numbers(raw: RawRows) -> list[int]:
    return raw.rows.get_column("row").to_list()


def malformed(raw: RawRows) -> list[tuple[int, str]]:
    return raw.malformed.select("row", "rule").rows()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_csv_file_may_use_any_of_four_separators_and_three_line_ends(
    tmp_path: Path, separator: str, end: str
) -> None:
    lines = ["upc{0}lot_code", "007{0}A", "008{0}"]
    text = "".join(line.format(separator) + end for line in lines)
    raw = read(file(tmp_path, "counts.csv", text))
    assert raw.header == ("upc", "lot_code")
    assert cells(raw) == [("007", "A"), ("008", None)]
    assert numbers(raw) == [1, 2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quoted_separators_quotes_and_line_breaks_belong_to_the_value(
    tmp_path: Path, end: str
) -> None:
    text = f'upc,lot_code{end}"A,1","a ""b"""{end}B,"two{end}lines"{end}'
    raw = read(file(tmp_path, "counts.csv", text))
    assert cells(raw) == [("A,1", 'a "b"'), ("B", f"two{end}lines")]
    assert numbers(raw) == [1, 2]


@pytest.mark.parametrize("body", ["A,1\n", "A,1\nB\n"])
@pytest.mark.parametrize("first", ["upc", '"upc"'])
def test_a_byte_order_mark_is_no_part_of_the_first_column_name(
    tmp_path: Path, first: str, body: str
) -> None:
    raw = read(file(tmp_path, "counts.csv", f"\ufeff{first},lot_code\n{body}"))
    assert raw.header == ("upc", "lot_code")
    assert cells(raw) == [("A", "1")]


def test_a_separator_inside_a_quoted_column_name_does_not_choose_the_separator(
    tmp_path: Path,
) -> None:
    raw = read(file(tmp_path, "counts.csv", '"upc, as printed";lot_code\nA;1\n'))
    assert raw.header == ("upc, as printed", "lot_code")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_of_another_width_are_malformed_and_the_others_keep_their_numbers(
    tmp_path: Path, end: str
) -> None:
    text = end.join(["upc,lot_code", "A,1", "B", "C,2,3", "", "D,4"])
    raw = read(file(tmp_path, "counts.csv", text))
    assert cells(raw) == [("A", "1"), ("D", "4")]
    assert numbers(raw) == [1, 4]
    assert malformed(raw) == [(2, "number_of_columns"), (3, "number_of_columns")]
    assert raw.malformed.get_column("raw").to_list() == ['"B"', '"C,2,3"']


def test_a_row_with_a_quote_inside_a_quoted_value_is_malformed_alone(tmp_path: Path) -> None:
    raw = read(file(tmp_path, "counts.csv", 'upc,lot_code\nA,"x"y\nB,2\n'))
    assert malformed(raw) == [(1, "malformed_row")]
    assert cells(raw) == [("B", "2")]
    assert numbers(raw) == [2]


ODD_ROWS = st.lists(st.sampled_from(["A", "", " ", '"a"', '"a,b"', 'x"y']), min_size=1, max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ODD_ROWS, min_size=1, max_size=3))
def test_a_row_reads_the_same_whatever_stands_below_it(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    text = "upc,lot_code\n" + "".join(",".join(row) + "\n" for row in rows)
    alone = read(file(tmp_path, "alone.csv", text))
    above = read(file(tmp_path, "above.csv", text + "1,2,3\n"))
    assert read_rows(above) == read_rows(alone)
    assert malformed(above)[:-1] == malformed(alone)


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [("a.csv", "upc,lot_code\n", "A,1\n"), ("a.ndjson", "", '{"upc": "A", "lot_code": "1"}\n')],
)
def test_a_malformed_row_far_down_a_file_is_malformed_alone(
    tmp_path: Path, name: str, head: str, row: str
) -> None:
    raw = read(file(tmp_path, name, head + 5_000 * row + "bad\n" + row))
    assert raw.rows.height == 5_001
    assert raw.malformed.get_column("row").to_list() == [5_001]


@pytest.mark.parametrize("row", ['"a" ,b', ' "a",b', 'a, "b,c"', 'a,"b" '])
def test_a_quoted_value_with_blanks_around_it_reads_the_same_whatever_stands_below_it(
    tmp_path: Path, row: str
) -> None:
    text = f"upc,lot_code\n{row}\n"
    alone = read(file(tmp_path, "alone.csv", text))
    above = read(file(tmp_path, "above.csv", text + "1,2,3\n"))
    assert read_rows(above) == read_rows(alone)


def read_rows(raw: RawRows) -> list[tuple[object, ...]]:
    """Row number and cells; trimmed, since blanks go before anything is asked."""
    trimmed = [tuple((cell or "").strip() for cell in row) for row in cells(raw)]
    return list(zip(numbers(raw), trimmed, strict=True))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ('upc,lot_code\nA,1\nB,"2\nC,3\n', "unclosed_quote"),
        ("", "no_header"),
        ("\n", "no_header"),
        (",\nA,1\n", "no_header"),
        ("upc,lot_code\nA,Größe\n".encode("latin-1"), "not_utf8"),
        ("Größe,lot_code\nA,1\n".encode("latin-1"), "not_utf8"),
        ("upc,lot_code\nA,1\n".encode("utf-16-le"), "not_utf8"),
        ("upc,lot_code\nA,1\n".encode("utf-16-be"), "not_utf8"),
    ],
)
def test_a_csv_file_that_makes_no_sense_as_a_whole_is_unreadable_by_its_rule(
    tmp_path: Path, content: str | bytes, rule: str
) -> None:
    with pytest.raises(Unreadable) as why:
        read(file(tmp_path, "counts.csv", content))
    assert why.value.rule == rule


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ndjson", "a.csv.gz", "a.ndjson.gz"])
def test_an_empty_file_is_unreadable_in_every_format(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unreadable, match="the file is empty"):
        read(file(tmp_path, name, ""))


@pytest.mark.parametrize("content", ["\nupc\nA\n", ",\nA,1\n"])
def test_a_file_whose_first_row_is_blank_is_not_called_empty(tmp_path: Path, content: str) -> None:
    with pytest.raises(Unreadable, match="the first row is blank"):
        read(file(tmp_path, "counts.csv", content))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.ndjson"])
def test_text_that_is_not_utf8_is_told_by_its_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unreadable, match="line 3 is not UTF-8"):
        read(file(tmp_path, name, "upc,lot_code\nA,1\nA,Größe\n".encode("latin-1")))


def test_blank_lines_are_no_rows_of_a_file_of_one_column(tmp_path: Path) -> None:
    alone = read(file(tmp_path, "alone.csv", 'upc\n\nA\n\n""\n \n'))
    above = read(file(tmp_path, "above.csv", 'upc\n\nA\n\n""\n \nB,C\n'))
    assert read_rows(alone) == read_rows(above) == [(1, ("A",)), (2, ("",)), (3, ("",))]


def test_separators_behind_the_last_value_are_no_values(tmp_path: Path) -> None:
    raw = read(file(tmp_path, "counts.csv", "upc,lot_code\nA,1,\nB,2,,\nC\n"))
    assert cells(raw) == [("A", "1"), ("B", "2")]
    assert malformed(raw) == [(3, "number_of_columns")]


def test_an_unclosed_quote_is_told_with_the_row_it_was_opened_in(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="in or after row 2"):
        read(file(tmp_path, "counts.csv", 'upc,lot_code\nA,1\nB,"2\nC,3\n'))


@pytest.mark.parametrize("content", ["upc,lot_code", "upc,lot_code\n"])
def test_a_csv_file_of_a_header_alone_has_no_rows(tmp_path: Path, content: str) -> None:
    raw = read(file(tmp_path, "counts.csv", content))
    assert raw.header == ("upc", "lot_code")
    assert raw.height == 0


NUMBERS = ["4.0", "4.000", "1e3", "1E+5", "1.50", "-0", "1" * 30, "1" * 5_000]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ndjson"])
def test_numbers_stay_as_they_are_written(tmp_path: Path, name: str, number: str) -> None:
    text = f"n,m\n{number},1\n" if name == "a.csv" else f'{{"n": {number}, "m": 1}}\n'
    assert cells(read(file(tmp_path, name, text))) == [(number, "1")]


@pytest.mark.parametrize(
    "content", ['{"upc": "A", "lot_code": null}', '[{"upc": "A", "lot_code": null}]']
)
def test_a_json_file_is_an_object_or_an_array_of_objects(tmp_path: Path, content: str) -> None:
    raw = read(file(tmp_path, "counts.json", content))
    assert raw.header == ("upc", "lot_code")
    assert cells(raw) == [("A", None)]


def test_objects_need_not_name_the_same_columns(tmp_path: Path) -> None:
    raw = read(file(tmp_path, "counts.json", '[{"upc": "A"}, {"lot_code": "1", "ok": true}]'))
    assert raw.header == ("upc", "lot_code", "ok")
    assert cells(raw) == [("A", None, None), (None, "1", "true")]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
@pytest.mark.parametrize("twice", ['"n": 5, "n": 50', '"n": 5, "n": null', '"n": null, "n": 5'])
def test_a_row_that_says_two_things_of_one_name_is_malformed_alone(
    tmp_path: Path, name: str, twice: str
) -> None:
    rows = ['{"n": 1, "upc": "A"}', f'{{{twice}, "upc": "A"}}', '{"n": 2, "upc": "\\"n\\": 3"}']
    raw = read(file(tmp_path, name, "\n".join(rows)))
    assert (numbers(raw), malformed(raw)) == ([1, 3], [(2, "contradiction")])
    assert json.loads(raw.malformed.item(0, "raw")) == rows[1]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_row_may_say_the_same_twice(tmp_path: Path, name: str) -> None:
    raw = read(file(tmp_path, name, '{"n": 5, "n": 5}\n{"n": null, "n": null}'))
    assert cells(raw) == [("5",), (None,)]


def test_a_body_of_two_locations_is_no_statement_of_either(tmp_path: Path) -> None:
    body = '{"locationCode": "L", "locationCode": "M", "items": [{"upc": "A"}, {"upc": "B"}]}'
    assert malformed(read(file(tmp_path, "refresh.json", body))) == [(1, "contradiction")]


NESTED = '{"n": [5, 4.50, 1e3, "5"], "is": {"so": true, "a \\"b\\"": null}}'


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_nested_values_stay_as_they_are_written(tmp_path: Path, name: str) -> None:
    assert cells(read(file(tmp_path, name, f'{{"tags": {NESTED}}}\n'))) == [(NESTED,)]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_value_nested_too_deeply_costs_no_more_than_its_row(tmp_path: Path, name: str) -> None:
    for depth in (10, 400, 600, 900, 990):
        deep = f'{{"upc": {"[" * depth}{"]" * depth}}}'
        raw = read(file(tmp_path, name, f'{{"upc": "A"}}\n{deep}\n{{"upc": "B"}}\n'))
        assert (numbers(raw), malformed(raw)) in (
            ([1, 2, 3], []),
            ([1, 3], [(2, "nested_too_deeply")]),
            ([1, 3], [(2, "not_an_object")]),
        )


def test_an_element_that_is_no_object_is_malformed_and_the_others_stay(tmp_path: Path) -> None:
    raw = read(file(tmp_path, "counts.json", '[7, {"upc": "A"}, null]'))
    assert malformed(raw) == [(1, "not_an_object"), (3, "not_an_object")]
    assert cells(raw) == [("A",)]
    assert numbers(raw) == [2]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
@pytest.mark.parametrize("content", ["{}", "{}\n{}"])
def test_an_object_that_says_nothing_is_a_row_all_the_same(
    tmp_path: Path, name: str, content: str
) -> None:
    assert read(file(tmp_path, name, content)).height == content.count("{}")


@pytest.mark.parametrize("content", ["", '{"upc": "A"', "upc,lot_code", "[" * 100_000])
def test_a_json_file_that_cannot_be_parsed_is_unreadable(tmp_path: Path, content: str) -> None:
    with pytest.raises(Unreadable) as why:
        read(file(tmp_path, "counts.json", content))
    assert why.value.rule == "not_json"


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
@pytest.mark.parametrize("row", ['{"upc": "\\ud800"}', '{"\\ud800": "A"}', '"\\ud800"'])
def test_half_a_character_makes_a_json_file_unreadable(tmp_path: Path, name: str, row: str) -> None:
    with pytest.raises(Unreadable, match=r"'\\ud800' is half of a character") as why:
        read(file(tmp_path, name, f'{{"upc": "B"}}\n{row}\n'))
    assert why.value.rule == "not_utf8"


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_what_looks_like_a_line_end_inside_a_json_value_is_none(tmp_path: Path, name: str) -> None:
    content = '{"upc": "A\u2028B"}\n{"upc": "C"}\n'
    assert cells(read(file(tmp_path, name, content))) == [("A\u2028B",), ("C",)]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_body_without_items_has_no_rows(tmp_path: Path, name: str) -> None:
    assert read(file(tmp_path, name, '{"locationCode": "L", "items": []}\n')).height == 0


@pytest.mark.parametrize("line", ['{"upc": "A",}', '{"upc": nan}', '{"upc": -Inf}'])
def test_a_line_that_only_looks_like_json_is_malformed(tmp_path: Path, line: str) -> None:
    raw = read(file(tmp_path, "counts.ndjson", f'{line}\n{{"upc": "B"}}\n'))
    assert malformed(raw) == [(1, "not_an_object")]
    assert cells(raw) == [("B",)]


BODY = {
    "locationCode": "L",
    "items": [
        {"upc": "A", "quantity": 4},
        {"upc": "B", "quantity": 1, "locationCode": "M"},
        {"upc": "C", "quantity": 2, "locationCode": None},
    ],
}


@pytest.mark.parametrize("name", ["refresh.json", "refresh.ndjson"])
def test_what_stands_above_the_items_of_a_body_fills_them_and_their_own_value_wins(
    tmp_path: Path, name: str
) -> None:
    raw = read(file(tmp_path, name, json.dumps(BODY)))
    rows = pl.DataFrame(cells(raw), schema=list(raw.header), orient="row")
    assert rows.select("upc", "quantity", "locationCode").rows() == [
        ("A", "4", "L"),
        ("B", "1", "M"),
        ("C", "2", "L"),
    ]


def test_a_blank_value_of_an_item_is_none_so_the_body_fills_it(tmp_path: Path) -> None:
    body = {"locationCode": "L", "items": [{"upc": "A", "locationCode": " "}]}
    raw = read(file(tmp_path, "refresh.json", json.dumps(body)))
    assert dict(zip(raw.header, cells(raw)[0], strict=True)) == {"upc": "A", "locationCode": "L"}


def test_an_item_may_spell_the_column_of_its_body_another_way(tmp_path: Path) -> None:
    body = {"locationCode": "L", "items": [{"upc": "A", "location_code": "M"}]}
    raw = read(file(tmp_path, "refresh.json", json.dumps(body)))
    assert raw.header == ("upc", "location_code")
    assert cells(raw) == [("A", "M")]


@pytest.mark.parametrize("name", ["counts.ndjson", "counts.jsonl", "counts.json"])
@pytest.mark.parametrize("bad", ['{"upc":', "7", '["C"]', '{"upc": "B"} {"upc": "C"}', "null"])
def test_a_line_that_is_no_object_is_malformed_and_the_others_stay(
    tmp_path: Path, name: str, bad: str
) -> None:
    raw = read(file(tmp_path, name, f'{{"upc": "A"}}\n{bad}\n\n{{"upc": "D"}}\n'))
    assert malformed(raw) == [(2, "not_an_object")]
    assert cells(raw) == [("A",), ("D",)]
    assert numbers(raw) == [1, 3]


@pytest.mark.parametrize("name", ["counts.json", "counts.ndjson"])
def test_json_that_is_not_utf8_is_unreadable(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unreadable) as why:
        read(file(tmp_path, name, '{"upc": "Größe"}'.encode("latin-1")))
    assert why.value.rule == "not_utf8"


def test_parquet_values_read_as_the_text_that_a_csv_file_would_have(tmp_path: Path) -> None:
    eastern = timezone(timedelta(hours=-5))
    path = tmp_path / "counts.parquet"
    pl.DataFrame(
        {
            "date": [date(2026, 1, 31), None],
            "clock": [datetime(2026, 1, 31, 9, 15, 30, 5), None],  # noqa: DTZ001  without an offset
            "instant": [datetime(2026, 1, 31, 9, 15, 30, tzinfo=UTC), None],
            "offset": pl.Series(
                [datetime(2026, 1, 31, 9, 15, 30, tzinfo=eastern), None],
                dtype=pl.Datetime("ms", "America/New_York"),
            ),
            "whole": [2**60, None],
            "float": [4.0, None],
            "flag": [True, None],
            "text": [" 007 ", None],
        }
    ).write_parquet(path)
    expected = (
        "2026-01-31",
        "2026-01-31T09:15:30.000005",
        "2026-01-31T09:15:30.000000+00:00",
        "2026-01-31T09:15:30.000000-05:00",
        "1152921504606846976",
        "4.0",
        "true",
        " 007 ",
    )
    assert cells(read(path)) == [expected, (None,) * len(expected)]


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([5, None], pa.decimal128(18, 3), ["5", None]),
        ([Decimal("5.500"), Decimal("500")], pa.decimal128(18, 3), ["5.5", "500"]),
        ([500, -20], pa.decimal128(18, 0), ["500", "-20"]),
        ([5, Decimal("0.0000001")], pa.decimal256(60, 7), ["5.0000000", "0.0000001"]),
        ([4.0, 4.5], pa.float32(), ["4.0", "4.5"]),
        ([2**64 - 1, 0], pa.uint64(), ["18446744073709551615", "0"]),
        (["A", None], pa.dictionary(pa.int8(), pa.string()), ["A", None]),
        ([7, None], pa.dictionary(pa.int8(), pa.int64()), ["7", None]),
        (["A", None], pa.large_string(), ["A", None]),
        ([None, None], pa.null(), [None, None]),
        ([b"A", b"\xff"], pa.binary(), ["A", "ff"]),
        ([[("a", 1)], None], pa.map_(pa.string(), pa.int64()), ['[["a", 1]]', None]),
    ],
)
def test_parquet_values_of_any_type_read_as_text(
    tmp_path: Path, values: list[object], kind: pa.DataType, texts: list[str | None]
) -> None:
    pq.write_table(pa.table({"upc": pa.array(values, kind)}), tmp_path / "counts.parquet")
    assert [row[0] for row in cells(read(tmp_path / "counts.parquet"))] == texts


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (None, "2026-07-01T12:00:00.000000"),
        ("UTC", "2026-07-01T12:00:00.000000+00:00"),
        ("Europe/London", "2026-07-01T13:00:00.000000+01:00"),
        ("+05:30", "2026-07-01T17:30:00.000000+05:30"),
        ("-07:00", "2026-07-01T05:00:00.000000-07:00"),
        ("Mars/Olympus", "2026-07-01T12:00:00.000000+00:00"),
    ],
)
def test_parquet_instants_read_as_the_clock_of_their_zone_with_its_offset(
    tmp_path: Path, zone: str | None, text: str
) -> None:
    noon = [datetime(2026, 7, 1, 12)]  # noqa: DTZ001  Parquet keeps it as UTC
    column = pa.array(noon, pa.timestamp("us")).cast(pa.timestamp("ms", zone))
    pq.write_table(pa.table({"counted_at": column}), tmp_path / "counts.parquet")
    assert cells(read(tmp_path / "counts.parquet")) == [(text,)]


def test_two_parquet_columns_of_one_name_are_both_there(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array(["A"]), pa.array(["B"])], names=["upc", "upc"])
    pq.write_table(twice, tmp_path / "counts.parquet")
    raw = read(tmp_path / "counts.parquet")
    assert (raw.header, cells(raw)) == (("upc", "upc"), [("A", "B")])


def test_a_parquet_file_with_a_damaged_page_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    table = pa.table({"upc": [f"damaged {place}" for place in range(9)]})
    pq.write_table(table, path, compression="none", write_page_checksum=True)
    path.write_bytes(path.read_bytes().replace(b"damaged 7", b"damaged 8", 1))
    with pytest.raises(Unreadable) as why:
        read(path)
    assert why.value.rule == "not_parquet"


def test_nested_parquet_values_read_as_json(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"tags": [["a", "b"], None], "extra": [{"n": 1}, {"n": None}]}).write_parquet(path)
    assert cells(read(path)) == [('["a", "b"]', '{"n": 1}'), (None, '{"n": null}')]


def test_bytes_in_a_parquet_column_do_not_stop_the_reading_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"upc": ["A"], "picture": [b"\xff\xd8"]}).write_parquet(path)
    assert [row[0] for row in cells(read(path))] == ["A"]


@pytest.mark.parametrize("content", [b"", b"no parquet at all"])
def test_what_is_no_parquet_file_is_unreadable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unreadable) as why:
        read(file(tmp_path, "counts.parquet", content))
    assert why.value.rule == "not_parquet"


TABLE = pl.DataFrame(
    {
        "upc": ["007", "Größe, 2"],
        "quantity": [4, None],
        "date": [None, date(2026, 1, 31)],
        "note": ["a\nb", 'say "x"'],
    }
)
WRITTEN = {
    ".csv": TABLE.write_csv(),
    ".tsv": TABLE.write_csv(separator="\t"),
    ".json": TABLE.write_json(),
    ".ndjson": TABLE.write_ndjson(),
    ".jsonl": TABLE.write_ndjson(),
}


@pytest.mark.parametrize("zipped", ["", ".gz"])
@pytest.mark.parametrize("suffix", [*WRITTEN, ".parquet", ".CSV"])
def test_the_same_table_reads_the_same_in_every_format(
    tmp_path: Path, suffix: str, zipped: str
) -> None:
    if suffix == ".parquet":
        TABLE.write_parquet(tmp_path / "written")
        content: str | bytes = (tmp_path / "written").read_bytes()
    else:
        content = WRITTEN[suffix.lower()]
    raw = read(file(tmp_path, f"counts{suffix}{zipped}", content))
    assert raw.header == ("upc", "quantity", "date", "note")
    assert cells(raw) == [
        ("007", "4", None, "a\nb"),
        ("Größe, 2", None, "2026-01-31", 'say "x"'),
    ]
    assert numbers(raw) == [1, 2]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ndjson", "a.parquet"])
def test_a_gz_file_that_is_not_whole_is_unreadable(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.gz"
    whole = gzip.compress(b"upc,lot_code\nA,1\n" * 100)
    for content in (b"upc,lot_code\n", whole[:-10], whole[:10] + b"\xff" * 10 + whole[20:]):
        path.write_bytes(content)
        with pytest.raises(Unreadable) as why:
            read(path)
        assert why.value.rule == "not_gzip"


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.ndjson", "a.parquet"])
def test_a_gz_file_whose_checksum_is_wrong_is_unreadable(tmp_path: Path, name: str) -> None:
    if name == "a.parquet":
        TABLE.write_parquet(tmp_path / "written")
        content = (tmp_path / "written").read_bytes()
    else:
        content = WRITTEN[Path(name).suffix].encode()
    path = file(tmp_path, f"{name}.gz", content)
    path.write_bytes(path.read_bytes()[:-8] + b"crc!" + path.read_bytes()[-4:])
    with pytest.raises(Unreadable) as why:
        read(path)
    assert why.value.rule == "not_gzip"


def test_a_gz_file_that_is_neither_whole_nor_utf8_is_unreadable(tmp_path: Path) -> None:
    path = file(tmp_path, "counts.csv.gz", "upc,lot_code\nA,Größe\n".encode("latin-1"))
    path.write_bytes(path.read_bytes()[:-8] + b"crc!" + path.read_bytes()[-4:])
    with pytest.raises(Unreadable) as why:
        read(path)
    assert why.value.rule in ("not_gzip", "not_utf8")


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("name", ["b*", "b?", "[ab]", "b[[]"])
def test_marks_of_a_pattern_in_the_name_of_a_file_are_letters(
    tmp_path: Path, name: str, suffix: str
) -> None:
    for place, stem in enumerate((name, "b1", "b")):
        table = pl.DataFrame({"upc": [f"U{place}"], "lot_code": ["A"]})
        getattr(table, f"write_{suffix}")(tmp_path / f"{stem}.{suffix}")
    assert cells(read(tmp_path / f"{name}.{suffix}")) == [("U0", "A")]


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.zip.csv.7z", "a.gz", ".csv"])
def test_a_suffix_that_nothing_reads_is_told_beside_those_that_are(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"upc\nA\n")
    with pytest.raises(Unreadable, match=r"Lotwise reads \.csv") as why:
        read(path)
    assert why.value.rule == "unknown_suffix"
