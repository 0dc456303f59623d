"""A file's rows are kept, repeated or rejected by the rules of their kind (SPEC 3)."""

import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.files.read import Chunks, read
from flows.night.valid_rows import TABLES, Batch, Stamp, show
from flows.night.validate_batch import validate_batch
from flows.state.warehouse import Connection, load, only, scratch
from schemas.raw import Misread, RawRows
from schemas.settings import Kind, Settings, Source
from tests.clerk_of_rules import (
    COUNTED_AT,
    FINE,
    ITS_INSTANT,
    LATEST_AT,
    LINE,
    STOCK,
    Text,
    judged_file,
    rows_of,
)
from transforms.rows import PAGES, Circumstances
from transforms.validate import Outcome

T = TypeVar("T")
SAMPLE = Path(__file__).parents[2] / "shared/payloads/01_refresh_request_granular__seed.json"
AROUND = Circumstances(
    ZoneInfo("UTC"),
    dict.fromkeys((page.instant for page in PAGES.values()), (COUNTED_AT,)),
    (LATEST_AT,),
)
PROFILE = settings.default
EXAMPLES = PROFILE.max_examples // 3 if PROFILE else 12
WITH_STOCK: list[Kind] = ["inventory", "adjustments", "orders"]
WITH_FIELDS: list[Kind] = [*WITH_STOCK, "shipments"]


def raw_rows(rows: list[Text]) -> RawRows:
    header = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = {f"c{place}": [row.get(name) for row in rows] for place, name in enumerate(header)}
    return RawRows.of(header, pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String)))


@dataclass(frozen=True)
class Judged:
    """What became of a file, and what it left in the night's tables."""

    outcome: Outcome
    tables: dict[Kind, pl.DataFrame]
    rejects: pl.DataFrame
    uncertain: pl.DataFrame

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outcome, name)


OPEN = ExitStack()


@cache
def night() -> Connection:
    """Every file is taken back, so one night does for all."""
    return OPEN.enter_context(scratch())


def validate_file(
    raw: RawRows, kind: Kind, source: Source | None, limits: Settings, around: Circumstances
) -> Judged:
    return validate_chunks([raw], kind, source, limits, around)


def validate_chunks(
    chunks: list[RawRows],
    kind: Kind,
    source: Source | None,
    limits: Settings,
    around: Circumstances,
) -> Judged:
    tables = night()

    def reading(through: Callable[[Chunks], T]) -> T:
        return through(iter(chunks))

    day = COUNTED_AT.date()
    batch = Batch((Stamp(f"{kind}/file", day),), kind, day, 1)
    try:
        (outcome,) = validate_batch(tables, reading, batch, source, limits, around)
        show(tables)
        return Judged(
            outcome,
            {
                part: load(tables, f"FROM {TABLES[part]} ORDER BY row").drop(
                    "file", "day", "is_full", strict=False
                )
                for part in outcome.tables
            },
            load(
                tables,
                """
                SELECT row, kind, rule, "column", value, raw FROM rejects
                ORDER BY row, "column" NULLS FIRST, rule
                """,
            ),
            load(tables, "SELECT DISTINCT location_code, upc FROM uncertain ORDER BY ALL"),
        )
    finally:
        tables.execute("ROLLBACK")


def validated(kind: Kind, *rows: Text, source: Source | None = None, **around: Any) -> Judged:
    return validate_file(raw_rows(list(rows)), kind, source, Settings(), replace(AROUND, **around))


def broken(judged: Judged) -> list[tuple[int, str, str | None]]:
    return judged.rejects.select("row", "rule", "column").rows()


def kept(judged: Judged, kind: Kind) -> list[int]:
    return judged.tables[kind].get_column("row").to_list()


@pytest.mark.parametrize("kind", FINE)
def test_a_row_that_breaks_no_rule_is_kept(kind: Kind) -> None:
    outcome = validated(kind, FINE[kind])
    assert (outcome.rows, outcome.kept, outcome.repeated, outcome.rejected) == (1, 1, 0, 0)
    assert broken(outcome) == []


@pytest.mark.parametrize(
    ("kind", "column"), [(kind, column) for kind in FINE for column in FINE[kind]]
)
@pytest.mark.parametrize("blank", ["", " \t"])
def test_a_required_field_may_not_be_blank(kind: Kind, column: str, blank: str) -> None:
    outcome = validated(kind, {**FINE[kind], column: blank})
    assert broken(outcome) == [(1, "required", column)]


WHOLE: dict[Kind, list[str]] = {
    "inventory": ["quantity", "floor", "safety_stock", "ltd"],
    "adjustments": ["quantity"],
    "orders": ["quantity", "priority"],
    "cancellations": ["quantity", "inventory_id"],
    "shipments": ["quantity", "inventory_id"],
}


@pytest.mark.parametrize(
    ("kind", "column"), [(kind, column) for kind in WHOLE for column in WHOLE[kind]]
)
@pytest.mark.parametrize("text", ["x", "1.5", "4.000", "1e3"])
def test_quantities_are_whole_units(kind: Kind, column: str, text: str) -> None:
    outcome = validated(kind, {**FINE[kind], column: text})
    assert broken(outcome) == [(1, "whole_number", column)]
    assert outcome.rejects.get_column("value").to_list() == [text]


@pytest.mark.parametrize(
    ("kind", "column", "low"),
    [
        ("inventory", "quantity", 0),
        ("inventory", "floor", 0),
        ("inventory", "safety_stock", 0),
        ("adjustments", "quantity", -2_147_483_647),
        ("orders", "quantity", 0),
        ("cancellations", "quantity", 1),
        ("shipments", "quantity", 1),
    ],
)
def test_quantities_have_a_least_and_a_largest_value(kind: Kind, column: str, low: int) -> None:
    high = 2_147_483_647
    assert validated(kind, {**FINE[kind], column: str(low)}).kept == 1
    assert validated(kind, {**FINE[kind], column: str(high)}).kept == 1
    below = validated(kind, {**FINE[kind], column: str(low - 1)})
    above = validated(kind, {**FINE[kind], column: str(high + 1)})
    assert broken(below) == [(1, "too_small", column)]
    assert broken(above) == [(1, "too_large", column)]


def test_an_adjustment_of_nothing_is_rejected() -> None:
    outcome = validated("adjustments", {**STOCK, "quantity": "0"})
    assert broken(outcome) == [(1, "not_allowed", "quantity")]


@pytest.mark.parametrize(
    ("kind", "quantities"),
    [
        ("inventory", {"0": 1, "1": 1, "2": 0}),
        ("adjustments", {"-2": 0, "-1": 1, "1": 1, "2": 0}),
        ("orders", {"1": 1, "2": 0}),
        ("shipments", {"1": 1, "2": 0}),
    ],
)
def test_a_row_with_a_serial_number_has_a_quantity_of_at_most_1(
    kind: Kind, quantities: dict[str, int]
) -> None:
    for quantity, rows in quantities.items():
        outcome = validated(kind, {**FINE[kind], "serial_number": "S", "quantity": quantity})
        assert outcome.kept == rows
        assert broken(outcome) == [(1, "serial_quantity", "quantity")] * (1 - rows)


@pytest.mark.parametrize("kind", WITH_FIELDS)
@pytest.mark.parametrize(
    ("column", "length"), [("lot_code", 50), ("condition", 50), ("serial_number", 30)]
)
def test_granular_fields_have_a_largest_length_in_characters(
    kind: Kind, column: str, length: int
) -> None:
    assert validated(kind, {**FINE[kind], column: "é" * length}).kept == 1
    outcome = validated(kind, {**FINE[kind], column: "é" * (length + 1)})
    assert broken(outcome) == [(1, "too_long", column)]


@pytest.mark.parametrize("kind", WITH_FIELDS)
@pytest.mark.parametrize("text", ["05/06/2026", "2026-02-30"])
def test_a_date_is_a_day_that_exists(kind: Kind, text: str) -> None:
    outcome = validated(kind, {**FINE[kind], "date": text})
    assert broken(outcome) == [(1, "real_date", "date")]


@pytest.mark.parametrize(("kind", "column"), ITS_INSTANT.items())
def test_an_instant_is_one_that_exists_and_not_past_the_day_after(kind: Kind, column: str) -> None:
    latest = validated(kind, {**FINE[kind], column: "2026-01-02T23:59:59.999999Z"})
    late = validated(kind, {**FINE[kind], column: "2026-01-03T00:00:00Z"})
    unreal = validated(kind, {**FINE[kind], column: "2026-01-01T25:00:00Z"})
    assert latest.tables[kind].get_column(column).to_list() == [LATEST_AT]
    assert broken(late) == [(1, "too_late", column)]
    assert broken(unreal) == [(1, "instant", column)]


@pytest.mark.parametrize(("kind", "column"), ITS_INSTANT.items())
def test_a_row_without_an_instant_has_that_of_its_file(kind: Kind, column: str) -> None:
    assert validated(kind, FINE[kind]).tables[kind].get_column(column).to_list() == [COUNTED_AT]


def test_a_flag_is_yes_or_no() -> None:
    outcome = validated("cancellations", {**LINE, "decrement_on_hand": "maybe"})
    assert broken(outcome) == [(1, "yes_or_no", "decrement_on_hand")]


LOCATIONS = pl.DataFrame({"location_code": ["L", "SHOP"], "supports_inventory": [True, False]})
PRODUCTS = pl.DataFrame(
    {"upc": ["U", "GIFT"], "part_number": [None, "P"], "track_stock": [True, False]}
)


@pytest.mark.parametrize("kind", WITH_STOCK)
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("location_code", "L", None),
        ("location_code", "l", "unknown_location"),
        ("location_code", "SHOP", "location_without_inventory"),
        ("upc", "V", "unknown_product"),
    ],
)
def test_reference_tables_say_which_locations_and_products_there_are(
    kind: Kind, column: str, value: str, rule: str | None
) -> None:
    row = {**FINE[kind], column: value}
    outcome = validated(kind, row, locations=LOCATIONS, products=PRODUCTS)
    assert broken(outcome) == ([(1, rule, column)] if rule else [])
    assert validated(kind, row).kept == 1


def test_only_counts_of_a_product_that_is_not_tracked_are_rejected() -> None:
    rules = {
        kind: broken(validated(kind, {**FINE[kind], "upc": "GIFT"}, products=PRODUCTS))
        for kind in WITH_STOCK
    }
    assert rules == {
        "inventory": [(1, "product_not_tracked", "upc")],
        "adjustments": [],
        "orders": [],
    }


@pytest.mark.parametrize("kind", WITH_FIELDS)
def test_a_granular_field_that_is_not_enabled_is_rejected_when_present(kind: Kind) -> None:
    fields = {"sku": "K", "lot_code": "A", "date": "2026-01-31", "condition": "New"}
    outcome = validated(kind, FINE[kind] | fields, granular_fields=("lot_code", "date"))
    assert broken(outcome) == [
        (1, "field_not_enabled", "condition"),
        (1, "field_not_enabled", "sku"),
    ]


def test_with_no_granular_field_enabled_rows_without_them_are_kept() -> None:
    with_lot = {**STOCK, "lot_code": "A"}
    outcome = validated("inventory", STOCK, with_lot, granular_fields=())
    assert broken(outcome) == [(2, "field_not_enabled", "lot_code")]
    assert kept(outcome, "inventory") == [1]


def test_every_rule_that_a_row_breaks_is_listed_with_its_value_and_the_row_as_read() -> None:
    row = {"location_code": "", "upc": "U", "quantity": " 4 ", "serial_number": "S", "date": "x"}
    outcome = validated("inventory", FINE["inventory"], row)
    expected = pl.DataFrame(
        [
            (2, "inventory", "real_date", "date", "x", json.dumps(row)),
            (2, "inventory", "required", "location_code", None, json.dumps(row)),
            (2, "inventory", "serial_quantity", "quantity", "4", json.dumps(row)),
        ],
        schema=["row", "kind", "rule", "column", "value", "raw"],
        orient="row",
    )
    as_read = pl.col("raw").str.json_decode(pl.Struct(dict.fromkeys(row, pl.String)))
    assert_frame_equal(outcome.rejects.with_columns(as_read), expected.with_columns(as_read))
    assert (outcome.rows, outcome.kept, outcome.rejected) == (2, 1, 1)


def test_text_that_is_no_number_is_not_also_too_small() -> None:
    outcome = validated("orders", {**FINE["orders"], "quantity": "none", "serial_number": "S"})
    assert broken(outcome) == [(1, "whole_number", "quantity")]


@pytest.mark.parametrize("kind", ["inventory", "orders"])
def test_equal_rows_of_a_file_count_once(kind: Kind) -> None:
    row = FINE[kind]
    outcome = validated(kind, row, {**row, "upc": " U ", "quantity": "1.0"}, row)
    assert kept(outcome, kind) == [1]
    assert (outcome.repeated, outcome.rejected) == (2, 0)


@pytest.mark.parametrize("kind", ["inventory", "orders"])
def test_contradicting_rows_of_a_key_are_all_rejected(kind: Kind) -> None:
    row = FINE[kind]
    outcome = validated(kind, row, {**row, "quantity": "2"}, row)
    assert outcome.kept == 0
    assert broken(outcome) == [(1, "contradiction", None), (2, "contradiction", None)]
    assert outcome.rows == outcome.repeated + outcome.rejected


@pytest.mark.parametrize("kind", ["inventory", "orders"])
def test_a_row_that_breaks_a_rule_contradicts_no_other(kind: Kind) -> None:
    outcome = validated(kind, FINE[kind], {**FINE[kind], "quantity": "-2"})
    assert kept(outcome, kind) == [1]
    assert broken(outcome) == [(2, "too_small", "quantity")]


def test_every_granular_field_belongs_to_the_key_and_null_is_a_value() -> None:
    fields = {
        "sku": "K",
        "lot_code": "A",
        "date": "2026-01-31",
        "condition": "New",
        "serial_number": "S",
    }
    rows = [STOCK, *({**STOCK, name: value} for name, value in fields.items())]
    assert validated("inventory", *rows, {**STOCK, "lot_code": "a"}).kept == 7


@pytest.mark.parametrize("kind", ["adjustments", "cancellations", "shipments"])
def test_equal_rows_of_an_event_file_are_two_events(kind: Kind) -> None:
    outcome = validated(kind, FINE[kind], FINE[kind])
    assert kept(outcome, kind) == [1, 2]


def test_one_serial_of_a_upc_at_1_in_two_rows_rejects_both() -> None:
    here = {**STOCK, "serial_number": "S"}
    there = {**here, "location_code": "M"}
    outcome = validated("inventory", here, there, {**here, "upc": "V"})
    assert broken(outcome) == [(1, "serial_in_two_rows", None), (2, "serial_in_two_rows", None)]
    assert kept(outcome, "inventory") == [3]


def test_a_serial_may_be_counted_1_here_and_0_elsewhere() -> None:
    here = {**STOCK, "serial_number": "S"}
    assert validated("inventory", here, {**here, "location_code": "M", "quantity": "0"}).kept == 2


def test_a_serial_rule_looks_only_at_rows_that_pass_the_row_rules() -> None:
    here = {**STOCK, "serial_number": "S"}
    outcome = validated("inventory", here, {**here, "location_code": "M", "date": "x"})
    assert kept(outcome, "inventory") == [1]
    assert broken(outcome) == [(2, "real_date", "date")]


ITEM: dict[str, object] = {
    "partNumber": None,
    "upc": "PRODUCT_123",
    "sku": None,
    "ltd": 0,
    "floor": 0,
    "quantity": 4,
    "safetyStock": 0,
    "retailPrice": 1.99,
    "currencyID": 1,
    "serialNumber": "PRODUCT_123",
    "lotCode": "PRODUCT_123",
    "date": "2025-07-30T09:15:30-05:00",
    "condition": "PRODUCT_123_CONDITION_1",
}


def test_the_refresh_body_of_the_help_page_is_rejected_for_4_units_of_one_serial_number(
    tmp_path: Path,
) -> None:
    path = tmp_path / "refresh.json"
    path.write_text(json.dumps({"locationCode": "Example", "items": [ITEM]}))
    for body in (path, *filter(Path.is_file, [SAMPLE])):
        outcome = validate_file(read(body), "inventory", None, Settings(), AROUND)
        assert broken(outcome) == [(1, "serial_quantity", "quantity")]
        assert outcome.unknown_columns == ()


def test_the_refresh_body_of_the_help_page_is_kept_with_1_unit(tmp_path: Path) -> None:
    path = tmp_path / "refresh.json"
    path.write_text(json.dumps({"locationCode": "Example", "items": [{**ITEM, "quantity": 1}]}))
    outcome = validate_file(read(path), "inventory", None, Settings(), AROUND)
    assert outcome.tables["inventory"].row(0, named=True) == {
        "row": 1,
        "location_code": "Example",
        "upc": "PRODUCT_123",
        "segment": "",
        "sku": None,
        "lot_code": "PRODUCT_123",
        "date": date(2025, 7, 30),
        "condition": "PRODUCT_123_CONDITION_1",
        "serial_number": "PRODUCT_123",
        "quantity": 1,
        "floor": 0,
        "safety_stock": 0,
        "ltd": 0,
        "counted_at": COUNTED_AT,
    }


def test_a_missing_column_is_told_with_the_nearest_one_there_is() -> None:
    judged = validated("inventory", {"locationcod": "L", "upc": "U", "quantity": "1"})
    assert judged.refused == (
        "missing_column: no column for location_code; did you mean 'locationcod'?"
    )
    assert (judged.rows, judged.rejected) == (1, 1)


def test_malformed_rows_are_rejected_beside_the_others() -> None:
    rows = raw_rows([STOCK])
    numbered = rows.rows.with_columns(row=pl.lit(2, pl.Int64))
    cells = numbered.drop("row")
    raw = RawRows.of(rows.header, cells, [2], [(1, "number_of_columns", "L,U")])
    outcome = validate_file(raw, "inventory", None, Settings(), AROUND)
    assert broken(outcome) == [(1, "number_of_columns", None)]
    assert (outcome.rows, outcome.kept, outcome.rejected) == (2, 1, 1)


@pytest.mark.parametrize(
    ("most", "share", "is_refused"),
    [(1, 0.5, True), (2, 0.5, False), (1, 2 / 3, False), (0, 0.0, True)],
)
def test_a_file_is_refused_with_more_rejects_than_both_the_number_and_the_share(
    most: int, share: float, is_refused: bool
) -> None:
    rows = [{**STOCK, "quantity": "x", "upc": "A"}, STOCK, {**STOCK, "date": "x", "upc": "B"}]
    limits = Settings(max_reject_rows=most, max_reject_share=share)
    outcome = validate_file(raw_rows(rows), "inventory", None, limits, AROUND)
    assert (outcome.refused is not None) is is_refused
    assert outcome.kept == (0 if is_refused else 1)
    assert outcome.rows == outcome.kept + outcome.repeated + outcome.rejected == 3


def test_a_refusal_names_the_rules_and_their_first_rows() -> None:
    rows = [{**STOCK, "quantity": quantity} for quantity in ("x", "-1", "x", "x", "x")]
    limits = Settings(max_reject_rows=0, max_reject_share=0)
    outcome = validate_file(raw_rows(rows), "inventory", None, limits, AROUND)
    assert outcome.refused == (
        "too_many_rejects: 5 of 5 rows: whole_number in 4 (row 1, 3, 4); too_small in 1 (row 2)"
    )


INVOICES = Source.model_validate(
    {
        "name": "invoices",
        "kind": "orders",
        "columns": {"order_id": "Invoice", "upc": "Code", "quantity": "Units"},
        "constants": {"location_code": "L"},
        "line_id": "row",
        "rows": [
            {"kind": "cancellations", "where": {"Invoice": "[cC]"}, "negate": ["quantity"]},
            {"kind": "adjustments", "where": {"units": "-", "Code": "U"}},
        ],
    }
)


def test_rows_of_one_file_go_to_the_first_kind_whose_patterns_they_match() -> None:
    rows = [
        ("1", "U", "4"),
        ("C2", "U", "-3"),
        ("3", "U", "-2"),
        ("4", "V", "-1"),
        ("1C", "U", "5"),
    ]
    texts = [dict(zip(("Invoice", "Code", "Units"), row, strict=True)) for row in rows]
    outcome = validated("orders", *texts, source=INVOICES)
    quantities = {
        kind: table.select("row", "quantity").rows() for kind, table in outcome.tables.items()
    }
    assert quantities == {
        "orders": [(1, 4), (5, 5)],
        "cancellations": [(2, 3)],
        "adjustments": [(3, -2)],
    }
    assert broken(outcome) == [(4, "too_small", "quantity")]
    assert outcome.rows == outcome.kept + outcome.rejected


def test_a_reject_is_of_the_kind_that_its_row_was_read_as() -> None:
    outcome = validated("orders", {"Invoice": "C1", "Code": "U", "Units": "3"}, source=INVOICES)
    assert outcome.rejects.select("kind", "rule").rows() == [("cancellations", "too_small")]


@pytest.mark.parametrize(
    ("where", "rule"),
    [
        ({"Invoices": "C"}, "missing_column"),
        ({"Invoice": "("}, "bad_pattern"),
        ({"Invoice": "(?=C)"}, "bad_pattern"),
    ],
)
def test_a_pattern_that_cannot_be_looked_for_makes_the_file_unreadable(
    where: dict[str, str], rule: str
) -> None:
    source = Source.model_validate(
        {**INVOICES.model_dump(), "rows": [{"kind": "cancellations", "where": where}]}
    )
    judged = validated("orders", {"Invoice": "1", "Code": "U", "Units": "4"}, source=source)
    assert judged.refused is not None
    assert judged.refused.startswith(f"{rule}: ")


@pytest.mark.parametrize("kind", FINE)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_every_row_of_a_file_ends_up_where_a_clerk_would_put_it(
    kind: Kind, data: st.DataObject
) -> None:
    rows = data.draw(rows_of(kind))
    outcome = validated(kind, *rows)
    assert outcome.rows == outcome.kept + outcome.repeated + outcome.rejected == len(rows)
    found = sorted(broken(outcome), key=str)
    assert (kept(outcome, kind), outcome.repeated, found) == judged_file(kind, rows)


@pytest.mark.parametrize("kind", FINE)
@settings(max_examples=EXAMPLES // 2)
@given(data=st.data(), size=st.sampled_from([2, 3, 7]))
def test_a_file_comes_to_the_same_in_whatever_chunks_it_is_read(
    kind: Kind, data: st.DataObject, size: int
) -> None:
    rows = data.draw(st.lists(rows_of(kind), min_size=1, max_size=3).map(chain.from_iterable))
    whole = raw_rows(list(rows))
    bad = RawRows.of(whole.header, whole.rows.head(0).drop("row"), [], [(0, "malformed_row", "x")])
    limits = Settings(max_reject_rows=data.draw(st.sampled_from([0, 2, 100])), max_reject_share=0.3)
    chunks = [
        replace(whole, rows=part, malformed=whole.malformed)
        for part in whole.rows.iter_slices(size)
    ]
    if data.draw(st.booleans()):
        chunks.insert(data.draw(st.integers(0, len(chunks))), bad)
        whole = replace(whole, malformed=bad.malformed)
    in_chunks = validate_chunks(chunks, kind, None, limits, AROUND)
    at_once = validate_file(whole, kind, None, limits, AROUND)
    assert in_chunks.outcome == at_once.outcome
    if at_once.outcome.refused is None:
        assert_frame_equal(in_chunks.rejects, at_once.rejects)
        if (None, None) not in at_once.uncertain.rows():
            assert_frame_equal(in_chunks.uncertain, at_once.uncertain)
    for part, table in at_once.tables.items():
        assert_frame_equal(in_chunks.tables[part], table)


def test_what_a_reader_left_that_then_gave_up_is_taken_back() -> None:
    chunk = raw_rows([STOCK, {**STOCK, "quantity": "x"}])

    def reading(through: Callable[[Chunks], T]) -> T:
        def gives_up() -> Chunks:
            yield chunk
            raise Misread

        with suppress(Misread):
            through(gives_up())
        return through(iter([chunk]))

    day = COUNTED_AT.date()
    batch = Batch((Stamp("inventory/file", day),), "inventory", day, 1)
    with scratch() as tables:
        (outcome,) = validate_batch(tables, reading, batch, None, Settings(), AROUND)
        assert (outcome.rows, outcome.kept, outcome.rejected) == (2, 1, 1)
        show(tables)
        assert only(tables, "SELECT count(*) FROM counts") == 1
        assert only(tables, "SELECT count(*) FROM rejects") == 1
