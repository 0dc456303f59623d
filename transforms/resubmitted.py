"""Resubmitted rows: rejected rows of a file that come back as a file of their own (SPEC 3.1).

Such a file is called as the one it is of, and `.rejects-<day>.csv` behind that. So its day, its
instant and its source are those of that file, and its cells mean what they meant there. What was
noted beside the cells for the person who mends them is left out again.
"""

import re
from dataclasses import replace
from typing import Final

import polars as pl

from schemas.raw import PLAIN, Layout, RawRows, Unreadable
from schemas.settings import Source
from transforms.columns import fold

ROW: Final = "row"
NOTES: Final = (ROW, "rule", "what to do", "as it stood")
"""Columns beside those of the file: the row's number there, and what is wrong with it."""

NAME: Final = re.compile(
    r"(?P<of>.+?\.\w+)(?:\.\d{4}-\d{2}-\d{2})?\.rejects-\d{4}-\d{2}-\d{2}\.csv"
)


def is_resubmitted(file: str) -> bool:
    """The file is one of rejected rows."""
    return NAME.fullmatch(file) is not None


def original(file: str) -> str:
    """The file whose rejected rows `file` has; itself where it is no such file."""
    while found := NAME.fullmatch(file):
        file = found["of"]
    return file


def takes_line_ids(source: Source | None) -> bool:
    """The row's number in the file is the line's id, so a mended row must keep it."""
    return source is not None and source.line_id == "row"


def layout_of(file: str, source: Source | None) -> Layout:
    """How `file` is laid out: one of rejected rows is not as its source writes them."""
    return PLAIN if source is None or is_resubmitted(file) else source.layout


def resubmitted_source(source: Source | None) -> Source | None:
    """The source as it reads mended rows: a line's id is the number that was noted."""
    if source is None or not takes_line_ids(source):
        return source
    columns = {**source.columns, "line_id": "line_id"} if source.columns else {}
    return source.model_copy(update={"line_id": "column", "columns": columns})


def without_notes(raw: RawRows, source: Source | None) -> RawRows:
    """Rows as they were in the file they are of. Raises Unreadable where the line's id is lost."""
    header = [name.strip() for name in raw.header]
    noted = {header.index(name) for name in NOTES if name in header}
    names = list(raw.header)
    if source is not None and takes_line_ids(source):
        if ROW not in header:
            raise Unreadable(
                "missing_column",
                f"source '{source.name}' takes the row's number as line_id, and the column "
                f"'{ROW}', which has it, is gone; put it back",
            )
        # A column of that name was not read in the file either.
        noted |= {place for place, name in enumerate(header) if fold(name) == fold("line_id")}
        noted -= {header.index(ROW)}
        names[header.index(ROW)] = "line_id"
    kept = [place for place in range(len(names)) if place not in noted]
    cells = [pl.col(f"c{place}").alias(f"c{number}") for number, place in enumerate(kept)]
    header_kept = tuple(names[place] for place in kept)
    return replace(raw, header=header_kept, rows=raw.rows.select("row", *cells))
