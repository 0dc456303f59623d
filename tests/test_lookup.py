"""Joins on our own numbers, by position where they have few holes, else row by row."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from transforms.lookup import left_join, looked_up

NEAR = st.integers(-5, 5)
FAR = st.integers(-(2**40), 2**40)


@given(st.lists(NEAR | FAR | st.none()), st.dictionaries(NEAR | FAR, st.none() | st.text()))
def test_each_number_has_its_value_and_null_where_it_is_not_known(
    asked: list[int | None], known: dict[int, str | None]
) -> None:
    numbers = pl.Series(asked, dtype=pl.Int64)
    values = pl.Series("value", [*known.values()], dtype=pl.String)

    found = looked_up(numbers, pl.Series([*known], dtype=pl.Int64), values)

    assert found.name == "value"
    assert found.to_list() == [None if number is None else known.get(number) for number in asked]


@given(st.lists(NEAR | FAR), st.dictionaries(NEAR | FAR, NEAR))
def test_rows_keep_their_order_beside_the_columns_of_their_number(
    asked: list[int], known: dict[int, int]
) -> None:
    schema: dict[str, pl.DataType] = {"number": pl.Int64(), "units": pl.Int64()}
    rows = pl.DataFrame({"number": asked, "turn": range(len(asked))}, schema_overrides=schema)
    others = pl.DataFrame([*known.items()], schema=schema, orient="row")

    joined = left_join(rows, others, "number")

    expected = [(number, turn, known.get(number)) for turn, number in enumerate(asked)]
    assert joined.rows() == expected
