"""What the bytes of a file tell of its cells is what the cells tell (SPEC 3.2)."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rules import FAILED, INVISIBLE, SPREADSHEET
from transforms.marks import BARE_NUMBER, EVERY_RULE, TRIMMED, rules_kept

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


def portions(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@given(CELLS, st.sampled_from(["\n", "\r\n"]), st.integers(1, 4))
def test_no_rule_is_taken_as_kept_that_a_cell_breaks(cells: list[str], end: str, size: int) -> None:
    content = end.join(cells).encode()
    assert not rules_kept(portions(content, size)) & broken(cells)


def test_no_cell_breaks_a_rule_where_nothing_odd_is_in_the_file() -> None:
    text = b"location_code,upc,lot_code,date\r\nL-1,00012,2E5,2026-04-30\r\nL-1,7,12E34,\r\n"
    assert rules_kept(portions(text, 7)) == EVERY_RULE


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("A,B C\n", {TRIMMED}),
        ("A,\u200bB\n", ODD_ONES),
        ("A\tB\n", ODD_ONES),
        ("A,B\rC\n", ODD_ONES),
        ("A,B\r\nC\n", ODD_ONES),
        ("1.2E+11\n", {"spreadsheet_number"}),
        ("5001.0\n", {"spreadsheet_number"}),
        ("#N/A\n", {"spreadsheet_error"}),
        ("'5\n", {BARE_NUMBER}),
        ("\u22125\n", ODD_ONES),
    ],
)
def test_what_stands_in_a_file_is_looked_for_in_its_cells(text: str, lost: set[str]) -> None:
    for size in (1, 2, 100):
        assert rules_kept(portions(text.encode(), size)) == EVERY_RULE - lost


def test_where_cells_have_what_the_text_does_not_show_nothing_is_known() -> None:
    assert rules_kept([b'A,"B\nC"\n'], b'"') == frozenset()
    assert rules_kept([rb'{"a": "\u200b"}'], b"\\") == frozenset()
