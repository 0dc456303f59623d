"""Marks: what the bytes of all cells together tell of each of them (SPEC 3.1).

To look for a mark in the bytes of a column costs a tenth of what it costs to look into every cell.
Most files have none of them, and then no cell of theirs can break the rule that it is a mark of.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from schemas.rules import MARKS

SEEN: Final = bytes(range(0x20, 0x7F))
"""Characters that everybody sees, and the blank."""

TRIMMED: Final = "trimmed"
"""That no text has blanks at its ends: nobody breaks it for long."""

BARE_NUMBER: Final = "bare_number"
"""That no text has an apostrophe in front, or U+2212 for a minus, which numbers are taken with."""

OF_WHAT_IS_SEEN: Final = frozenset({TRIMMED, BARE_NUMBER, "invisible_character"})
OF_BYTES: Final = {**MARKS, BARE_NUMBER: (b"'",)}
EVERY_RULE: Final = frozenset({*OF_WHAT_IS_SEEN, *OF_BYTES})


def rules_kept(texts: Iterable[bytes]) -> frozenset[str]:
    """Those of EVERY_RULE that no text breaks, however each of the bytes in UTF-8 is cut into
    texts."""
    kept = EVERY_RULE
    for text in texts:
        if text.translate(None, SEEN):
            kept -= OF_WHAT_IS_SEEN
        if b" " in text:
            kept -= {TRIMMED}
        for rule in kept & OF_BYTES.keys():
            if any(_has(text, mark) for mark in OF_BYTES[rule]):
                kept -= {rule}
        if not kept:
            break
    return kept


def texts_of(cells: pl.DataFrame) -> Iterator[bytes]:
    """The texts of each column, one behind the other."""
    for column in cells.select(pl.col(pl.String)):
        # Arrow has them so: nulls, where they begin, and their bytes.
        buffer = column.to_arrow().buffers()[2]
        yield buffer.to_pybytes() if buffer is not None else b""


def _has(text: bytes, mark: bytes) -> bool:
    """To look for one byte costs next to nothing, for two of them much."""
    return all(mark[place : place + 1] in text for place in range(len(mark))) and mark in text
