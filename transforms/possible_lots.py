"""Possible lots: those that may be meant by one that was named (SPEC 7.4)."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import polars as pl

from schemas.recall import WHY_ALIKE
from transforms.near import LOOK_ALIKES, reading

ALIKE: Final = {"named": pl.String, "upc": pl.String, "lot_code": pl.String, "why": pl.String}


def possible_lots(named: Iterable[tuple[str, str | None]], lots: pl.DataFrame) -> pl.DataFrame:
    """named, upc, lot_code, why: lots that differ from a named one by what people mistake.

    named: lot codes, each with the UPC that was named beside it, or null. lots: upc, lot_code of
    all stock. Of a lot without a UPC only what reads the same is told: one character more, less or
    other is told among lots of the UPCs that have the lot itself, or were named with it.
    """
    of_upc: dict[str, list[str]] = defaultdict(list)
    with_lot: dict[str, list[str]] = defaultdict(list)
    that_read: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one, code in lots.select("upc", "lot_code").iter_rows():
        of_upc[one].append(code)
        with_lot[code].append(one)
        that_read[reading(code)].append((one, code))
    told = []
    for lot, upc in dict.fromkeys(named):
        its = {*with_lot.get(lot, ())} if upc is None else {upc}
        same = {
            (one, code)
            for one, code in that_read.get(reading(lot), ())
            if code != lot and (not its or one in its)
        }
        told += [(lot, one, code, _why_same(lot, code)) for one, code in same]
        for one in its:
            for code in of_upc.get(one, ()):
                why = None if (one, code) in same else _one_off(lot, code)
                if why:
                    told.append((lot, one, code, why))
    order = {why: place for place, why in enumerate(WHY_ALIKE)}
    told.sort(key=lambda row: (row[0], order[row[3]], row[1], row[2]))
    return pl.DataFrame(told, schema=ALIKE, orient="row")


def alike(codes: pl.Series, named: Iterable[str]) -> pl.Series:
    """Those of many codes that read like one of the named."""
    read = {reading(code) for code in named}
    letters, digits = ([chr(one) for one in side] for side in (LOOK_ALIKES, LOOK_ALIKES.values()))
    told = (
        codes.str.to_uppercase()
        .str.replace_all(r"[\W_]", "")
        .str.replace_many(letters, digits)
        .str.strip_chars_start("0")
    )
    return codes.filter(told.is_in(pl.Series([*read], dtype=pl.String).implode()))


def _bare(code: str) -> str:
    return re.sub(r"[\W_]", "", code.upper())


def _why_same(lot: str, other: str) -> str:
    """The strongest reason of two codes that read the same: the first change that makes them so."""
    if _bare(lot) == _bare(other):
        return "case_or_punctuation"
    if _bare(lot).lstrip("0") == _bare(other).lstrip("0"):
        return "leading_zeros"
    return "look_alike"


def _one_off(lot: str, other: str) -> str | None:
    if abs(len(lot) - len(other)) > 1 or lot == other:
        return None
    if len(lot) != len(other):
        short, long = sorted((lot, other), key=len)
        is_one = any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
        return "one_more_or_less" if is_one else None
    places = [place for place, (a, b) in enumerate(zip(lot, other, strict=True)) if a != b]
    match places:
        case [_]:
            return "one_other"
        case [one, two] if two == one + 1 and (lot[one], lot[two]) == (other[two], other[one]):
            return "swapped"
    return None
