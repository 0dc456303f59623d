"""Marks: what the bytes of a file tell of all its cells at once (SPEC 3.1).

To look for a mark in the bytes of a text costs a tenth of what it costs to look into every cell.
Most files have none of them, and then no cell of theirs can break the rule that it is a mark of.
"""

from collections.abc import Iterable
from typing import Final

from schemas.rules import MARKS

SEEN: Final = bytes(range(0x20, 0x7F)) + b"\r\n"
"""Characters that everybody sees, blanks, and the ends of lines."""

TRIMMED: Final = "trimmed"
"""That no text has blanks at its ends: nobody breaks it for long."""

BARE_NUMBER: Final = "bare_number"
"""That no text has an apostrophe in front, or U+2212 for a minus, which numbers are taken with."""

OF_WHAT_IS_SEEN: Final = frozenset({TRIMMED, BARE_NUMBER, "invisible_character"})
OF_BYTES: Final = {**MARKS, BARE_NUMBER: (b"'",)}
EVERY_RULE: Final = frozenset({*OF_WHAT_IS_SEEN, *OF_BYTES})


def rules_kept(portions: Iterable[bytes], escape: bytes = b"") -> frozenset[str]:
    """Those of EVERY_RULE that no cell of a text breaks: none, where it may have an `escape`, by
    which cells have what their text doesn't show. portions: its bytes in UTF-8.
    """
    kept = EVERY_RULE
    ends = dict.fromkeys((b"\r", b"\n", b"\r\n"), 0)
    before = b""
    for portion in portions:
        if escape and escape in portion:
            return frozenset()
        if portion.translate(None, SEEN):
            kept -= OF_WHAT_IS_SEEN
        elif b" " in portion:
            kept -= {TRIMMED}
        between = before + portion[:1]
        for rule in kept & OF_BYTES.keys():
            if any(_has(portion, mark) or mark in between for mark in OF_BYTES[rule]):
                kept -= {rule}
        if b"\r" in portion or between == b"\r\n":
            found = {end: portion.count(end) for end in ends}
            found[b"\r\n"] += between == b"\r\n"
            ends = {end: ends[end] + found[end] for end in ends}
        elif b"\n" in portion:
            ends[b"\n"] += 1
        if not kept:
            break
        before = portion[-1:]
    is_lines = not ends[b"\r"] or len({*ends.values()}) == 1
    return kept if is_lines else kept - OF_WHAT_IS_SEEN


def _has(portion: bytes, mark: bytes) -> bool:
    """To look for one byte costs next to nothing, for two of them much."""
    return all(mark[place : place + 1] in portion for place in range(len(mark))) and mark in portion
