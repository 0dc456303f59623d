"""Who is served first, and which units go first (SPEC 1)."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.rank import id_order, rank_key, ranks, use_key

Row = dict[str, Any]

LINES: dict[str, Any] = {
    "order_id": pl.String,
    "line_id": pl.String,
    "placed_at": pl.Datetime("us", "UTC"),
    "priority": pl.Int64,
}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def line(
    order_id: str, line_id: str = "1", *, placed_at: datetime = NOON, priority: int = 0
) -> Row:
    return {
        "order_id": order_id,
        "line_id": line_id,
        "placed_at": placed_at,
        "priority": priority,
    }


def ranked(lines: list[Row], taken_by: list[int] | None = None) -> list[Row]:
    """The lines by rank; those of a run are numbered by their ids, run by run."""
    runs = taken_by or [1 for _ in lines]
    table = pl.DataFrame(lines, schema=LINES, orient="row").with_columns(
        run=pl.Series(runs, dtype=pl.Int64)
    )
    table = pl.concat([of_run[id_order(of_run)] for of_run in table.partition_by("run")] or [table])
    table = (
        table.sort("run", maintain_order=True).with_row_index("line_no").cast({"line_no": pl.Int64})
    )
    tied = table if len(set(runs)) > 1 else table.clear()
    shuffled = table.sample(fraction=1, shuffle=True, seed=1)
    by_rank = shuffled.with_columns(ranks(shuffled, tied)).sort("rank").drop("rank")
    return by_rank.drop("line_no", "run").to_dicts()


def order_ids(lines: list[Row]) -> list[str]:
    return [row["order_id"] for row in ranked(lines)]


def test_a_higher_priority_is_served_first() -> None:
    lines = [line("1", priority=-1), line("2"), line("3", priority=7)]
    assert order_ids(lines) == ["3", "2", "1"]


def test_of_one_priority_the_order_placed_first_is_served_first() -> None:
    lines = [line("1", placed_at=NOON + timedelta(microseconds=1)), line("2")]
    assert order_ids(lines) == ["2", "1"]


def test_ids_of_digits_go_by_value() -> None:
    ids = ["100", "9", "10", "99999999999999999999999999999", "1", "0"]
    assert order_ids([line(one) for one in ids]) == [
        "0",
        "1",
        "9",
        "10",
        "100",
        "99999999999999999999999999999",
    ]


def test_ids_of_one_value_go_by_their_bytes() -> None:
    ids = ["7", "007", "07", "000", "0", "00", "8"]
    expected = ["0", "00", "000", "007", "07", "7", "8"]
    assert order_ids([line(one) for one in ids]) == expected


def test_ids_of_digits_go_before_all_others() -> None:
    ids = ["-1", "1.0", "A", "", " 1", "1 ", "99", "+2", "1e3", "1\n"]
    assert order_ids([line(one) for one in ids]) == [
        "99",
        "",
        " 1",
        "+2",
        "-1",
        "1\n",
        "1 ",
        "1.0",
        "1e3",
        "A",
    ]


def test_words_go_by_bytes_and_not_by_a_language() -> None:
    ids = ["b", "B", "a", "Z", "é", "z", "ß", "\U0001f600", "\uffee", "A-10", "A-9"]
    expected = ["A-10", "A-9", "B", "Z", "a", "b", "z", "ß", "é", "\uffee", "\U0001f600"]
    assert order_ids([line(one) for one in ids]) == expected


def test_digits_of_other_scripts_are_words() -> None:
    ids = ["٣", "²", "１", "5", "x"]
    assert order_ids([line(one) for one in ids]) == ["5", "x", "²", "٣", "１"]


def test_lines_of_an_order_go_by_line_id_in_the_same_way() -> None:
    lines = [line("1", one) for one in ("10", "9", "a", "09")]
    assert [row["line_id"] for row in ranked(lines)] == ["09", "9", "10", "a"]


def test_the_order_of_rows_changes_nothing() -> None:
    lines = [line("1"), line("01"), line("1", "2"), line("a"), line("2", priority=1)]
    assert len({tuple(map(str, ranked(list(turn)))) for turn in permutations(lines)}) == 1


IDS = st.one_of(
    st.text(alphabet="01", max_size=4),
    st.text(alphabet="09a\u00e9\u0663\U0001f600\uffee \n-", max_size=3),
    st.sampled_from(["", "0", "00", "18446744073709551616", "9223372036854775808"]),
)
ASKED = st.builds(
    line,
    IDS,
    IDS,
    placed_at=st.sampled_from([NOON, NOON + timedelta(microseconds=1)]),
    priority=st.sampled_from([-1, 0, 3]),
)


@settings(deadline=None)
@given(st.lists(ASKED, max_size=12))
def test_tables_and_single_lines_have_one_rank(lines: list[Row]) -> None:
    assert ranked(lines) == sorted(lines, key=rank_key)


@given(st.lists(st.tuples(ASKED, st.integers(1, 3)), max_size=12))
def test_lines_that_several_runs_took_have_the_same_rank(told: list[tuple[Row, int]]) -> None:
    lines = [one for one, _ in told]
    assert ranked(lines, [run for _, run in told]) == sorted(lines, key=rank_key)


def test_records_are_used_by_date_then_inventory_id_undated_last() -> None:
    records: list[Row] = [
        {"date": None, "inventory_id": 1},
        {"date": date(2026, 1, 2), "inventory_id": 10},
        {"date": date(2026, 1, 2), "inventory_id": 9},
        {"date": date(2026, 1, 1), "inventory_id": 11},
        {"date": None, "inventory_id": 0},
        {"date": date.max, "inventory_id": 5},
    ]
    used = [record["inventory_id"] for record in sorted(records, key=use_key)]
    assert used == [11, 9, 10, 5, 0, 1]
