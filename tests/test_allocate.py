"""Allocation keeps the promise of SPEC 6.1 to 6.6."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.typing.polars import DataFrame
from polars.testing import assert_frame_equal

from schemas.allocations import FreeStock, OpenLines
from tests import clerks
from tests.benchmarks import allocate as benchmark
from transforms import order
from transforms.allocate import allocate

TEXT_FIELDS = ("sku", "lot_code", "condition", "serial_number")
GRANULAR = {"sku": pl.String, "lot_code": pl.String, "date": pl.Date, "condition": pl.String}
POOL = {"location_code": pl.String, "upc": pl.String, "segment": pl.String}
LINES = {
    "order_id": pl.String,
    "line_id": pl.String,
    "rank": pl.Int64,
    **POOL,
    **GRANULAR,
    "serial_number": pl.String,
    "quantity": pl.Int64,
}
STOCK = {"inventory_id": pl.Int64, **POOL, **GRANULAR, "serial_number": pl.String, "free": pl.Int64}
PICKS = {
    "order_id": pl.String,
    "line_id": pl.String,
    "inventory_id": pl.Int64,
    "quantity": pl.Int64,
}
ANY = {"sku": None, "lot_code": None, "date": None, "condition": None, "serial_number": None}
HERE = {"location_code": "L", "upc": "U", "segment": ""}
PROFILE = settings.default
EXAMPLES = max(100, PROFILE.max_examples if PROFILE else 0)
SCENARIOS = Path(__file__).parents[2] / "shared" / "scenarios.json"


def line(rank: int, quantity: int, **named: object) -> clerks.Row:
    return {
        **HERE,
        **ANY,
        "order_id": f"O{rank}",
        "line_id": "1",
        "rank": rank,
        "quantity": quantity,
        **named,
    }


def record(inventory_id: int, free: int, **values: object) -> clerks.Row:
    return {**HERE, **ANY, "inventory_id": inventory_id, "free": free, **values}


def day(number: int) -> date:
    return date(2026, 1, number)


def open_lines(lines: list[clerks.Row]) -> DataFrame[OpenLines]:
    return cast("DataFrame[OpenLines]", pl.DataFrame(lines, schema=LINES, orient="row"))


def free_stock(stock: list[clerks.Row]) -> DataFrame[FreeStock]:
    return cast("DataFrame[FreeStock]", pl.DataFrame(stock, schema=STOCK, orient="row"))


def place(lines: list[clerks.Row], stock: list[clerks.Row]) -> pl.DataFrame:
    return allocate(open_lines(lines), free_stock(stock))


def picks(lines: list[clerks.Row], stock: list[clerks.Row]) -> list[tuple[int, int, int]]:
    """(rank, inventory_id, quantity) per row."""
    return [
        (int(order_id[1:]), inventory_id, quantity)
        for order_id, _, inventory_id, quantity in place(lines, stock).iter_rows()
    ]


# Worked examples


def test_an_early_line_leaves_the_new_unit_to_the_line_that_needs_it() -> None:
    stock = [
        record(1, 1, condition="New", date=day(1)),
        record(2, 1, condition="Used", date=day(2)),
    ]
    assert picks([line(1, 1), line(2, 1, condition="New")], stock) == [(1, 2, 1), (2, 1, 1)]


def test_a_line_is_served_from_its_own_pool_only() -> None:
    elsewhere = [
        record(1, 9, location_code="M"),
        record(2, 9, upc="V"),
        record(3, 9, segment="wholesale"),
    ]
    assert picks([line(1, 1)], elsewhere) == []


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_line_naming_a_value_is_never_given_another(field: str) -> None:
    stock = [record(1, 5), record(2, 5, **{field: "A"}), record(3, 5, **{field: "B"})]
    assert picks([line(1, 9, **{field: "B"})], stock) == [(1, 3, 5)]


def test_a_line_naming_a_date_is_never_given_another() -> None:
    stock = [record(1, 5, date=day(1)), record(2, 5, date=day(2)), record(3, 5)]
    assert picks([line(1, 9, date=day(2))], stock) == [(1, 2, 5)]
    assert picks([line(1, 9, date=day(3))], stock) == []


def test_a_line_naming_nothing_takes_the_earliest_date_and_undated_records_last() -> None:
    stock = [record(1, 2), record(2, 2, date=day(2)), record(3, 2, date=day(1))]
    assert picks([line(1, 5)], stock) == [(1, 3, 2), (1, 2, 2), (1, 1, 1)]


def test_records_of_one_date_are_used_by_inventory_id() -> None:
    stock = [record(2, 1, date=day(1)), record(10, 1, date=day(1)), record(1, 1, date=day(1))]
    assert picks([line(1, 2)], stock) == [(1, 1, 1), (1, 2, 1)]


def test_what_is_short_falls_on_the_latest_rank() -> None:
    stock = [record(1, 20)]
    lines = [line(3, 20), line(1, 5), line(2, 3), line(4, 20)]
    assert picks(lines, stock) == [(1, 1, 5), (2, 1, 3), (3, 1, 12)]


def test_earlier_ranked_lines_get_earlier_dates() -> None:
    stock = [record(1, 3, date=day(2)), record(2, 3, date=day(1))]
    lines = [line(1, 2), line(2, 2), line(3, 2)]
    assert picks(lines, stock) == [(1, 2, 2), (2, 2, 1), (2, 1, 1), (3, 1, 2)]


def test_lines_of_one_rank_go_by_order_and_line() -> None:
    lines = [
        line(1, 1, order_id="O2"),
        line(1, 1, order_id="O1", line_id="2"),
        line(1, 1, order_id="O1", line_id="1"),
    ]
    expected = pl.DataFrame([("O1", "1", 1, 1), ("O1", "2", 1, 1)], schema=PICKS, orient="row")
    assert_frame_equal(place(lines, [record(1, 2)]), expected)


def test_a_serial_named_beside_a_contradicting_condition_gets_nothing() -> None:
    stock = [record(1, 1, serial_number="S", condition="New"), record(2, 1, condition="Used")]
    assert picks([line(1, 1, serial_number="S", condition="Used")], stock) == []


def test_a_serial_counts_against_the_condition_of_its_record() -> None:
    stock = [
        record(1, 1, serial_number="S", condition="New", date=day(1)),
        record(2, 1, condition="New", date=day(2)),
        record(3, 1, condition="Used", date=day(3)),
    ]
    lines = [line(1, 1), line(2, 1, serial_number="S"), line(3, 2, condition="New")]
    assert picks(lines, stock) == [(1, 3, 1), (2, 1, 1), (3, 2, 1)]


def test_lines_whose_fields_cross_move_others_to_what_fits_them_as_well() -> None:
    stock = [
        record(1, 1, sku="A", condition="New", date=day(1)),
        record(2, 1, sku="A", condition="Used", date=day(2)),
        record(3, 1, sku="B", condition="New", date=day(3)),
    ]
    lines = [
        line(1, 1, sku="A"),
        line(2, 1, condition="New"),
        line(3, 1, sku="A", condition="New"),
        line(4, 1),
    ]
    assert picks(lines, stock) == [(1, 2, 1), (2, 3, 1), (3, 1, 1)]


def test_of_crossing_lines_that_name_as_much_the_earlier_chooses_first() -> None:
    stock = [
        record(1, 1, sku="A", condition="New", date=day(1)),
        record(2, 1, sku="A", condition="New", date=day(2)),
    ]
    by_sku_first = [line(1, 1, sku="A"), line(2, 1, condition="New")]
    by_condition_first = [line(1, 1, condition="New"), line(2, 1, sku="A")]
    assert picks(by_sku_first, stock) == [(1, 1, 1), (2, 2, 1)]
    assert picks(by_condition_first, stock) == [(1, 1, 1), (2, 2, 1)]


def test_a_serial_is_told_from_records_like_it_where_fields_cross() -> None:
    stock = [
        record(1, 1, sku="A", condition="New", date=day(1)),
        record(2, 1, sku="A", condition="New", date=day(2), serial_number="S"),
    ]
    lines = [line(1, 1, serial_number="S"), line(2, 1, sku="A"), line(3, 1, condition="New")]
    assert picks(lines, stock) == [(1, 2, 1), (2, 1, 1)]


def test_a_crossing_line_exchanges_its_units_for_earlier_ones() -> None:
    stock = [
        record(1, 1, sku="A", condition="New", lot_code="1", date=day(1)),
        record(2, 1, sku="A", condition="New", lot_code="2", date=day(2)),
    ]
    too_late = [line(3, 1, lot_code="1"), line(4, 1, lot_code="2")]
    lines = [line(1, 1, sku="A"), line(2, 1, condition="New"), *too_late]
    assert picks(lines, stock) == [(1, 1, 1), (2, 2, 1)]


@pytest.mark.parametrize(
    ("lines", "stock"),
    [
        ([], []),
        ([line(1, 1)], []),
        ([], [record(1, 1)]),
        ([line(1, 0), line(2, -1)], [record(1, 1)]),
        ([line(1, 1)], [record(1, 0), record(2, -3)]),
        ([line(1, 1, sku="A", date=day(1))], [record(1, 1)]),
    ],
)
def test_nothing_asked_or_nothing_free_is_an_empty_table(
    lines: list[clerks.Row], stock: list[clerks.Row]
) -> None:
    assert_frame_equal(place(lines, stock), pl.DataFrame(schema=PICKS))


# Against the clerk

NAMES: list[list[tuple[str, ...]]] = [
    [(), ("condition",)],
    [(), ("condition",), ("serial_number",), ("condition", "serial_number")],
    [(), ("sku",), ("sku", "condition"), ("sku", "lot_code", "date", "condition")],
    [("date",), ("date", "lot_code"), ("serial_number",)],
    [("sku",), ("condition",)],
    [(), ("sku",), ("condition",), ("serial_number",)],
    [(), ("sku",), ("lot_code",), ("date",), ("condition",), ("serial_number",)],
    [("sku", "lot_code"), ("lot_code", "condition"), ("condition", "date"), ()],
]
VALUES: dict[str, list[Any]] = {
    "sku": ["A", "B"],
    "lot_code": ["1", "2"],
    "date": [day(1), day(2), day(3)],
    "condition": ["New", "Used"],
    "serial_number": ["S1", "S2"],
}
UNKNOWN: dict[str, Any] = {**dict.fromkeys(TEXT_FIELDS, "none has it"), "date": day(31)}


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[clerks.Row], list[clerks.Row]]:
    """Lines and records of one to three pools, where everything collides with everything."""
    lines, stock = [], []
    upcs = draw(st.sampled_from(["U", "UV", "UVW"]))
    for upc in upcs:
        names = draw(st.sampled_from(NAMES))
        told_by = {"date", *(field for fields in names for field in fields)}
        offered = {
            field: [*values, None, *values] if field in told_by else [None]
            for field, values in VALUES.items()
        }
        for _ in range(draw(st.integers(0, 6))):
            values = {field: draw(st.sampled_from(offered[field])) for field in VALUES}
            free = draw(st.integers(-1, 4))
            stock.append(record(0, free, upc=upc, **values))
        for _ in range(draw(st.integers(0, 6))):
            named: dict[str, Any] = {}
            for field in draw(st.sampled_from(names)):
                named[field] = draw(st.sampled_from([*(3 * VALUES[field]), UNKNOWN[field]]))
            lines.append(line(draw(st.integers(1, 9)), draw(st.integers(-1, 4)), upc=upc, **named))
    places = draw(st.permutations(range(len(stock))))
    for place_of, row in zip(places, stock, strict=True):
        row["inventory_id"] = place_of
    orders = draw(st.permutations(range(len(lines))))
    for turn, row in zip(orders, lines, strict=True):
        row["order_id"], row["line_id"] = f"O{turn // 2}", str(turn % 2)
    return lines, stock


def of_pool(upc: str, rows: list[clerks.Row]) -> list[clerks.Row]:
    return [row for row in rows if row["upc"] == upc]


def upcs_of(lines: list[clerks.Row]) -> list[str]:
    return sorted({row["upc"] for row in lines})


@settings(deadline=None, max_examples=EXAMPLES)
@given(nights())
def test_every_line_gets_what_the_clerk_gives_it(
    night: tuple[list[clerks.Row], list[clerks.Row]],
) -> None:
    lines, stock = night
    given_to: Counter[tuple[str, str]] = Counter()
    for order_id, line_id, _, quantity in place(lines, stock).iter_rows():
        given_to[order_id, line_id] += quantity
    for upc in upcs_of(lines):
        ranked = clerks.by_rank(of_pool(upc, lines))
        quantities = [given_to[row["order_id"], row["line_id"]] for row in ranked]
        assert quantities == clerks.quantities(ranked, of_pool(upc, stock))


@settings(deadline=None, max_examples=EXAMPLES)
@given(nights())
def test_every_record_gives_what_the_clerk_takes(
    night: tuple[list[clerks.Row], list[clerks.Row]],
) -> None:
    lines, stock = night
    taken: Counter[int] = Counter()
    given_to: Counter[tuple[str, str]] = Counter()
    for order_id, line_id, inventory_id, quantity in place(lines, stock).iter_rows():
        taken[inventory_id] += quantity
        given_to[order_id, line_id] += quantity
    for upc in upcs_of(lines):
        rows = of_pool(upc, lines)
        served = [given_to[row["order_id"], row["line_id"]] for row in rows]
        records = clerks.by_use(of_pool(upc, stock))
        expected = clerks.used(rows, records, served)
        assert [taken[row["inventory_id"]] for row in records] == expected


@settings(deadline=None, max_examples=EXAMPLES)
@given(nights())
def test_every_row_keeps_the_promise(night: tuple[list[clerks.Row], list[clerks.Row]]) -> None:
    lines, stock = night
    line_of = {(row["order_id"], row["line_id"]): row for row in lines}
    record_of = {row["inventory_id"]: row for row in stock}
    given_to: Counter[tuple[str, str]] = Counter()
    taken: Counter[int] = Counter()
    dates: dict[tuple[str, str], list[date]] = {}
    keys = []
    for order_id, line_id, inventory_id, quantity in place(lines, stock).iter_rows():
        assert quantity > 0
        assert clerks.fits(line_of[order_id, line_id], record_of[inventory_id])
        given_to[order_id, line_id] += quantity
        taken[inventory_id] += quantity
        used_on = record_of[inventory_id]["date"] or date.max
        dates.setdefault((order_id, line_id), []).append(used_on)
        row = line_of[order_id, line_id]
        keys.append((row["rank"], order_id, line_id, used_on, inventory_id))
    assert keys == sorted(set(keys))
    assert all(given_to[key] <= line_of[key]["quantity"] for key in given_to)
    assert all(taken[key] <= record_of[key]["free"] for key in taken)
    served = [row for row in clerks.by_rank(lines) if (row["order_id"], row["line_id"]) in dates]
    for place_of, earlier in enumerate(served):
        for later in served[place_of + 1 :]:
            if all(earlier[field] == later[field] for field in (*clerks.POOL, *clerks.FIELDS)):
                of_earlier = dates[earlier["order_id"], earlier["line_id"]]
                assert max(of_earlier) <= min(dates[later["order_id"], later["line_id"]])


def expected_table(lines: list[clerks.Row], stock: list[clerks.Row]) -> pl.DataFrame:
    rank_of = {(row["order_id"], row["line_id"]): row["rank"] for row in lines}
    rows = [
        row
        for upc in upcs_of(lines)
        for row in clerks.placed(of_pool(upc, lines), of_pool(upc, stock))
    ]
    # Rows of a line are in use order already, and sorting keeps them so.
    rows.sort(
        key=lambda row: (
            rank_of[row["order_id"], row["line_id"]],
            row["order_id"],
            row["line_id"],
        )
    )
    return pl.DataFrame(rows, schema=PICKS, orient="row")


@settings(deadline=None, max_examples=EXAMPLES)
@given(nights())
def test_the_table_is_the_clerks(night: tuple[list[clerks.Row], list[clerks.Row]]) -> None:
    assert_frame_equal(place(*night), expected_table(*night))


@settings(deadline=None)
@given(nights(), st.sampled_from([1, 3, 5]))
def test_keys_too_wide_for_one_integer_change_nothing(
    night: tuple[list[clerks.Row], list[clerks.Row]], bits: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "KEY_BITS", bits)
        assert_frame_equal(place(*night), expected_table(*night))


# Determinism


@settings(deadline=None)
@given(nights(), st.integers(0, 9))
def test_the_order_of_rows_and_columns_changes_nothing(
    night: tuple[list[clerks.Row], list[clerks.Row]], seed: int
) -> None:
    lines, stock = open_lines(night[0]), free_stock(night[1])
    expected = allocate(lines, stock)
    shuffled = (
        frame.sample(fraction=1, shuffle=True, seed=seed).select(reversed(frame.columns))
        for frame in (lines, stock)
    )
    assert_frame_equal(allocate(*benchmark.as_night(*shuffled)), expected)


def a_large_night() -> benchmark.Night:
    return benchmark.crossing(*benchmark.night(20_000, 20_000), share=10)


def test_pools_cut_into_buckets_and_placed_apart_are_placed_the_same() -> None:
    lines, stock = a_large_night()
    bucket = pl.concat_str("location_code", "upc", "segment").hash() % 16
    apart = [
        allocate(*benchmark.as_night(lines.filter(is_in), stock.filter(is_in)))
        for is_in in (bucket == number for number in range(16))
    ]
    ranks = lines.select("order_id", "line_id", "rank")
    together = (
        pl.concat(apart)
        .join(ranks, on=["order_id", "line_id"], maintain_order="left")
        .sort("rank", maintain_order=True)
        .drop("rank")
    )
    assert_frame_equal(allocate(lines, stock), together)


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from tests.test_allocate import *; "
        "allocate(*a_large_night()).write_parquet(sys.argv[1])"
    )
    tables = []
    for threads in ("1", "2"):
        file = tmp_path / f"{threads}.parquet"
        environment = {
            **os.environ,
            "POLARS_MAX_THREADS": threads,
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        subprocess.run([sys.executable, "-c", program, file], env=environment, check=True)
        tables.append(pl.read_parquet(file))
    assert tables[0].height > 10_000
    assert_frame_equal(*tables)


# Scenarios of other systems


def scenarios() -> list[dict[str, Any]]:
    """Those of other systems' tests that agree with ours, in whole units of named locations."""
    if not SCENARIOS.exists():
        return []
    return [
        one
        for one in json.loads(SCENARIOS.read_text())
        if one["kind"] in ("allocate", "dry_run", "idempotent")
        and one["agreement"] == "same"
        and all(order.get("location") is not None for order in one["orders"])
        and all(row["qty"] == int(row["qty"]) for row in one["orders"] + one["stock"])
    ]


@pytest.mark.skipif(not SCENARIOS.exists(), reason="the scenarios are not beside the repository")
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["id"])
def test_a_scenario_of_another_system_ends_the_same(scenario: dict[str, Any]) -> None:
    offered = [row for row in scenario["stock"] if not row.get("incoming")]
    stock = [
        record(
            number,
            row["qty"] - row.get("reserved", 0),
            location_code=row["location"],
            upc=row["upc"],
            sku=row["sku"],
            lot_code=row["lot"],
            date=row["date"] and date.fromisoformat(row["date"]),
            condition=row["condition"],
            serial_number=row["serial"],
        )
        for number, row in enumerate(offered)
    ]
    lines = [
        line(
            order["seq"],
            order["qty"],
            order_id=order["order"],
            line_id=str(order["line"]),
            location_code=order["location"],
            upc=order["upc"],
            sku=order.get("sku"),
            lot_code=order.get("lot"),
            condition=order.get("condition"),
            serial_number=order.get("serial"),
        )
        for order in scenario["orders"]
    ]
    table = place(lines, stock)
    for _ in range(scenario.get("repeat", 1) - 1):
        assert_frame_equal(place(lines, stock), table)
    placed = [
        {**offered[number], "order": order_id, "line": int(line_id), "qty": quantity}
        for order_id, line_id, number, quantity in table.iter_rows()
    ]
    told = ("order", "line", "location", "lot", "serial", "bin")
    expected: Counter[tuple[Any, ...]] = Counter()
    for row in scenario["expect"]["allocated"]:
        columns = tuple(column for column in told if column in row)
        expected[columns, tuple(row[column] for column in columns)] += row["qty"] * row.get(
            "count", 1
        )
    for (columns, values), units in expected.items():
        alike = [one for one in placed if values == tuple(one[column] for column in columns)]
        assert sum(one["qty"] for one in alike) == units
    assert sum(one["qty"] for one in placed) == expected.total()
    open_units = {(order["order"], order["line"]): order["qty"] for order in scenario["orders"]}
    for one in placed:
        open_units[one["order"], one["line"]] -= one["qty"]
    short = {(row["order"], row["line"]): row["qty"] for row in scenario["expect"]["short"]}
    assert {key: units for key, units in open_units.items() if units} == short


@pytest.mark.skipif(not SCENARIOS.exists(), reason="the scenarios are not beside the repository")
def test_the_scenarios_are_all_there() -> None:
    assert len(scenarios()) == 34
