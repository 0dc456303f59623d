"""Guessed formats: how a column writes its days or numbers, for a person to say yes (SPEC 2.4)."""

import re
from collections.abc import Iterable
from itertools import product
from typing import Final

import polars as pl

from schemas.date_formats import GS1
from schemas.rules import ISO, WHOLE

DAYS: Final = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d-%b-%y"),
    "%Y%m%d",
)
MONTHS: Final = ("%m/%Y", "%m.%Y", "%m-%Y", "%Y-%m", "%b %Y", "%Y%m")
CLOCKS: Final = (" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "")
LAST_YEAR_OF_FEW_DIGITS: Final = 999
SIX_DIGITS: Final = r"^[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])$"


def date_formats(texts: pl.Series) -> list[str]:
    """Formats that all the texts are written in which are no ISO days; none where no text is odd.

    Several where only a person knows which: 05/06/2026 may be of May or June.
    """
    odd = _odd(texts, ISO)
    if odd.is_empty():
        return []
    if odd.str.contains(SIX_DIGITS).all():
        return [GS1]
    return [one for one in (*DAYS, *MONTHS) if _fits(odd, one)]


def instant_formats(texts: pl.Series) -> list[str]:
    odd = _odd(texts, ISO)
    if odd.is_empty():
        return []
    written = (f"{day}{clock}" for clock in CLOCKS for day in DAYS)
    return [one for one in written if _fits(odd, one)]


def _odd(texts: pl.Series, usual: str) -> pl.Series:
    told = texts.drop_nulls().unique(maintain_order=True)
    return told.filter(~told.str.contains(usual))


def _fits(odd: pl.Series, written: str) -> bool:
    if written in MONTHS:
        read = (odd + " 01").str.to_date(f"{written} %d", strict=False)
    elif written in DAYS:
        read = odd.str.to_date(written, strict=False)
    else:
        read = odd.str.to_datetime(written, strict=False)
    # %Y takes a year of two digits for one of the first century.
    return read.null_count() == 0 and bool((read.dt.year() > LAST_YEAR_OF_FEW_DIGITS).all())


def number_formats(texts: Iterable[pl.Series]) -> list[dict[str, str]]:
    """How numbers are declared so that all are read which now are none; none where no text is odd.

    Several where only a person knows which: 4.000 may be 4 or 4000.
    """
    odd = pl.concat([_odd(column, WHOLE) for column in texts])
    told = [text for text in odd if re.fullmatch("[-+(]?[0-9][0-9., ']*[-)]?", text)]
    minus = {}
    if any(text.endswith("-") for text in told):
        minus = {"minus": "trailing"}
    elif any(text.startswith("(") for text in told):
        minus = {"minus": "parentheses"}
    bare = [text.strip("+-() ") for text in told]
    ways = [way for way in product(("", ".", ",", " ", "'"), (".", ",")) if _reads(*way, bare)]
    has_point = "." in "".join(bare)
    declared = [_declared(*way) | minus for way in ways] if told else []
    return [minus if way == {"decimal": "."} | minus and not has_point else way for way in declared]


def _reads(thousands: str, decimal: str, bare: list[str]) -> bool:
    """Of what no number has, only the usual is declared: a point, or a comma beside points."""
    is_usual = decimal == ("," if thousands == "." else ".")
    together = "".join(bare)
    if thousands == decimal or thousands not in together or not (is_usual or decimal in together):
        return False
    grouped = rf"[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|" if thousands else ""
    whole = re.compile(rf"(?:{grouped}[0-9]+)(?:{re.escape(decimal)}0*)?")
    return all(map(whole.fullmatch, bare))


def _declared(thousands: str, decimal: str) -> dict[str, str]:
    if not thousands:
        return {"decimal": decimal}
    return {"thousands": thousands} | ({"decimal": decimal} if decimal != "." else {})
