"""What the bytes of a file tell of its cells is what the cells tell (SPEC 3.2)."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rules import FAILED, INVISIBLE, SPREADSHEET
from transforms.marks import BARE_NUMBER, EVERY_RULE, TRIMMED, rules_kept, texts_of

SIGNS = st.sampled_from(["A", "e", "E", "1", "0", ".", "+", "-", "#", "N/A", " ", "'"])
ODD = st.sampled_from(["\t", "\r", "\u200b", "\u00a0", "\u2212", "é", "\x1d", "\0"])
CELLS = st.lists(st.lists(st.one_of(SIGNS, SIGNS, ODD), max_size=5).map("".join), max_size=6)


ODD_ONES = {TRIMMED, BARE_NUMBER, "invisible_character"}


def broken(cells: list[str]) -> set[str]:
    """Looked for in each cell, one by one."""
    texts = pl.Series(cells, dtype=pl.String)
    found = {
        "invisible_character": texts.str.contains(INVISIBLE),
        "spreadsheet_number": texts.str.contains(SPREADSHEET),
        "spreadsheet_error": texts.str.contains(FAILED),
        TRIMMED: texts.str.strip_chars() != texts,
        BARE_NUMBER: texts.str.contains("^'|\u2212"),
    }
    return {rule for rule, is_broken in found.items() if is_broken.any()}


@given(CELLS, CELLS)
def test_no_rule_is_taken_as_kept_that_a_cell_breaks(one: list[str], other: list[str]) -> None:
    columns = [pl.Series("c0", one, pl.String), pl.Series("c1", other, pl.String)]
    told = {rule for column in columns for rule in rules_kept(texts_of(column.to_frame()))}
    both = rules_kept(text for column in columns for text in texts_of(column.to_frame()))
    assert both <= told
    assert not both & (broken(one) | broken(other))


def test_no_cell_breaks_a_rule_where_nothing_odd_is_in_the_file() -> None:
    rows = [("L-1", "00012", "2E5", "2026-04-30"), ("L-1", "7", "12E34", None)]
    cells = pl.DataFrame(rows, schema=["c0", "c1", "c2", "c3"], orient="row")
    assert rules_kept(texts_of(cells.with_columns(row=1))) == EVERY_RULE
    assert rules_kept(texts_of(cells.clear())) == EVERY_RULE


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("B C", {TRIMMED}),
        ("\u200bB", ODD_ONES),
        ("A\tB", ODD_ONES),
        ("B\nC", ODD_ONES),
        ("B\rC", ODD_ONES),
        ("1.2E+11", {"spreadsheet_number"}),
        ("5001.0", {"spreadsheet_number"}),
        ("#N/A", {"spreadsheet_error"}),
        ("'5", {BARE_NUMBER}),
        ("\u22125", ODD_ONES),
    ],
)
def test_what_stands_in_a_file_is_looked_for_in_its_cells(text: str, lost: set[str]) -> None:
    cells = pl.DataFrame({"row": [1, 2, 3], "c0": ["A", None, text]})
    assert rules_kept(texts_of(cells)) == EVERY_RULE - lost
