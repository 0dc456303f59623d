"""Near codes: those that a person may have meant by one that isn't there (SPEC 5.4)."""

import re
from collections.abc import Iterable
from itertools import takewhile
from typing import Final

LOOK_ALIKES: Final = str.maketrans("OILSB", "01158")
MOST: Final = 3
"""More than a person compares with what stands on the package."""


def near(code: str, codes: Iterable[str]) -> list[str]:
    """The few of `codes` that read like `code`, or else are one character away from it.

    Two read alike that differ in case, blanks, punctuation, leading zeros or letters like digits.
    """
    others = sorted({one for one in codes if one != code})
    alike = [one for one in others if reading(one) == reading(code)]
    return (alike or [one for one in others if _is_one_off(reading(one), reading(code))])[:MOST]


def reading(code: str) -> str:
    """What is the same of codes that people write for each other."""
    return re.sub(r"[\W_]", "", code.upper()).translate(LOOK_ALIKES).lstrip("0")


def _is_one_off(one: str, other: str) -> bool:
    """One character more, less or other. Of codes of two characters that would be nearly all."""
    short, long = sorted((one, other), key=len)
    pairs = zip(short, long, strict=False)
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    rest = short[same + 1 :] if len(short) == len(long) else short[same:]
    return len(long) > 2 and rest == long[same + 1 :]
