"""Hints: look at a file's first and last rows, and at what is published (SPEC 10.1)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import duckdb
import polars as pl

from flows.files.formats import format_of
from flows.files.read import Chunks
from flows.files.read_workbook import sheets_with_cells
from flows.night.batches import Taken
from flows.night.valid_rows import show
from flows.settings import Places
from flows.state.warehouse import Connection, load
from schemas.raw import RawRows, Unreadable
from schemas.settings import Settings, Source
from transforms.cleared_locations import Surroundings, counts_that_clear
from transforms.columns import Columns, recognise, select
from transforms.hints import Hint, header_below, hints_of_cells, hints_of_sum, hints_of_total
from transforms.rows import PAGES

LOOKED_AT: Final = 10_000
"""First rows of a file whose cells are looked at."""

LAST: Final = 5
"""Last rows of a file that may be a total."""

FURTHER_DOWN: Final = 40
"""Lines within which a header is looked for."""

# Of a code that nobody knows, the one that is known with zeros in front.
LACKS_ZEROS: Final = """
    SELECT min(counts.row) AS row, counts.upc, min(known.upc) AS known
    FROM counts
    JOIN (SELECT DISTINCT upc FROM published.inventory) AS known
        ON ltrim(known.upc, '0') = ltrim(counts.upc, '0') AND length(known.upc) > length(counts.upc)
    WHERE counts.upc NOT IN (SELECT upc FROM published.inventory)
    GROUP BY counts.upc
    ORDER BY row
    LIMIT 3
"""

COUNTED_THERE: Final = """
    SELECT * REPLACE (counted_at AT TIME ZONE 'UTC' AS counted_at)
    FROM published.inventory
    SEMI JOIN counts USING (location_code)
"""


@dataclass(frozen=True)
class Ends:
    """The first rows of a file, and its last ones. is_whole: the first are all of them."""

    first: RawRows
    last: RawRows
    is_whole: bool


def hints(taken: Taken) -> tuple[list[Hint], Taken]:
    """What the rows of a file tell that nothing in its source says, and the file as it is read
    where its header stands further down."""
    found: list[Hint] = []
    ends = _ends(taken)
    if ends is None:
        return found, taken
    if format_of(taken.path.name) == "XLSX" and not (taken.source and taken.source.sheet):
        found += _hints_of_sheets(taken)
    below = _with_header(taken, ends.first)
    if below is not None:
        skipped, taken = below
        lines = "a line" if skipped == 1 else f"{skipped} lines"
        setting = f"skip_rows = {skipped}"
        found.append(Hint(f"the header seems to stand below {lines}", (setting,)))
        ends = _ends(taken) or ends
    if taken.source is None or taken.source.footer is None:
        found += hints_of_total(ends.last)
    columns = _columns(taken, ends.first)
    texts = select(ends.first.rows, columns, [*columns.positions], taken.source)
    if ends.is_whole:
        found += hints_of_sum(texts)
    return [*found, *hints_of_cells(texts, taken.kind, taken.source)], taken


def _columns(taken: Taken, first: RawRows) -> Columns:
    with suppress(Unreadable):
        return recognise(first.header, PAGES[taken.kind].columns, taken.source)
    return Columns({}, first.header)


def _ends(taken: Taken) -> Ends | None:
    def through(chunks: Chunks) -> Ends:
        first = last = next(chunks)
        for chunk in chunks:
            last = chunk
        is_whole = first is last and first.height <= LOOKED_AT
        return Ends(_cut(first, LOOKED_AT), _cut(last, -LAST), is_whole)

    with suppress(Unreadable):
        return taken.reading(through)
    return None


def _cut(raw: RawRows, rows: int) -> RawRows:
    """The first rows, or the last ones where `rows` is below 0."""
    part = pl.DataFrame.head if rows > 0 else pl.DataFrame.tail
    return replace(raw, rows=part(raw.rows, abs(rows)), malformed=part(raw.malformed, abs(rows)))


def _hints_of_sheets(taken: Taken) -> Iterator[Hint]:
    first, *others = sheets_with_cells(taken.path)
    if others:
        told = ", ".join(map(repr, others))
        yield Hint(f"of the sheets only {first!r} is read, not {told}", (f'sheet = "{first}"',))


def _with_header(taken: Taken, first: RawRows) -> tuple[int, Taken] | None:
    """How many lines stand above a header further down, blank ones too, and the file read so."""
    below = header_below(first, taken.kind, _columns(taken, first))
    if below is None:
        return None
    source = taken.declared or Source(name="theirs", kind=taken.kind)
    for skipped in range(source.skip_rows + 1, FURTHER_DOWN):
        moved = replace(taken, declared=source.model_copy(update={"skip_rows": skipped}))
        with suppress(Unreadable):
            header = moved.reading(lambda chunks: next(chunks).header)
            if [name.strip() for name in header] == [name.strip() for name in below]:
                return skipped, moved
    return None


def hints_of_published(night: Connection, there: Places, settings: Settings) -> Iterator[Hint]:
    """What counts that were validated look like beside the stock that is published, if any is."""
    database = there.published / "lotwise.duckdb"
    if not database.is_file():
        return
    show(night, "inventory")
    try:
        night.execute("ATTACH $path AS published (READ_ONLY)", {"path": str(database)})
    except duckdb.Error:
        # Somebody may be writing to it; the night will tell.
        return
    for row, upc, known in load(night, LACKS_ZEROS).iter_rows():
        yield Hint(f"row {row}: {upc} is no known UPC, and {known} is; export the column as text")
    around = Surroundings(
        records=load(night, COUNTED_THERE),
        doubts=load(night, "SELECT location_code, day, upc FROM uncertain WHERE is_full"),
    )
    refused = counts_that_clear(
        load(night, "FROM counts"), around, settings.max_reject_rows, settings.max_cleared_share
    )
    for reason in refused.get_column("reason"):
        yield Hint(f"by what is published it would be refused: {reason}")
