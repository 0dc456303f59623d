"""Date formats: what a strptime format tells of a day (SPEC 2.4)."""

import re
from typing import Final

GS1: Final = "gs1"
"""Dates as YYMMDD, where day 00 is the last of the month (GS1 General Specifications)."""

WHOLE_DAY: Final = frozenset("FDxcs+")
"""Directives that name a day with its month and year."""

YEAR: Final = frozenset("Yy")
YEAR_OF_WEEKS: Final = frozenset("Gg")
MONTH: Final = frozenset("mbBh")
DAY_OF_MONTH: Final = frozenset("de")
WEEK: Final = frozenset("UW")
WEEKDAY: Final = frozenset("aAuw")


def directives(written: str) -> frozenset[str]:
    return frozenset(re.findall("%[-_0]?(.)", written.replace("%%", "")))


def names_a_day(written: str) -> bool:
    """It tells day, month and year, be it by a day of the year, or a week and its day."""
    said = directives(written)
    parts = (
        (YEAR, MONTH, DAY_OF_MONTH),
        (YEAR, frozenset("j")),
        (YEAR, WEEK, WEEKDAY),
        (YEAR_OF_WEEKS, frozenset("V"), WEEKDAY),
    )
    return bool(said & WHOLE_DAY) or any(all(said & part for part in way) for way in parts)


def names_a_month(written: str) -> bool:
    """It tells a month and its year, and nothing of a day, which then is the last."""
    said = directives(written)
    return bool(said & YEAR and said & MONTH) and not said & (DAY_OF_MONTH | WEEKDAY | WEEK)
