"""Footer: where a file's table ends, such as at its row of totals (SPEC 2.1)."""

import re
from collections.abc import Iterator
from dataclasses import replace

from schemas.raw import RawRows


def is_footer(footer: str | None, cell: str | None) -> bool:
    """Whether the row with this first cell is the first behind the table."""
    return footer is not None and re.match(footer, (cell or "").strip()) is not None


def until_footer(chunks: Iterator[RawRows], footer: str | None) -> Iterator[RawRows]:
    """Chunks without malformed rows, up to the footer; it and what stands behind it is ignored."""
    for chunk in chunks:
        place = None if footer is None else _place(chunk, footer)
        if place is None:
            yield chunk
            continue
        behind = chunk.height - place + sum(rest.height for rest in chunks)
        yield replace(chunk, rows=chunk.rows.head(place), ignored=chunk.ignored + behind)


def _place(chunk: RawRows, footer: str) -> int | None:
    if not chunk.header or chunk.rows.is_empty():
        return None
    cells = chunk.rows.get_column("c0")
    matching = [cell for cell in cells.unique() if is_footer(footer, cell)]
    is_one = cells.is_in(matching, nulls_equal=True)
    return is_one.arg_max() if is_one.any() else None
