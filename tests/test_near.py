"""Codes near to one that isn't there (SPEC 5.4)."""

import pytest

from transforms.near import near


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("l-1", "L1"),
        ("L 1", "l.1"),
        ("0012", "12"),
        ("A0B", "AOB"),
        ("X1I", "XLl"),
        ("S5", "5S"),
        ("B8", "8B"),
        ("OM-0413", "OM-413"),
        ("OM-0413", "OM-0414"),
        ("OM-0413", "OM-04133"),
        ("M-0413", "OM-0413"),
    ],
)
def test_codes_that_read_alike_or_differ_in_one_character_are_near(code: str, other: str) -> None:
    assert near(code, [other, "another"]) == [other]
    assert near(other, [code, "another"]) == [code]


@pytest.mark.parametrize(
    ("code", "other"),
    [("A", "A"), ("A", "C"), ("A1", "A2"), ("OM-0413", "OM-0424"), ("ABC", "CBA")],
)
def test_other_codes_are_not_near(code: str, other: str) -> None:
    assert near(code, [other]) == []


def test_what_reads_alike_leaves_out_what_differs_and_no_more_than_three_are_told() -> None:
    assert near("l-12", ["L12", "L13"]) == ["L12"]
    assert near("A100", [f"A10{one}" for one in range(9, 0, -1)]) == ["A101", "A102", "A103"]
