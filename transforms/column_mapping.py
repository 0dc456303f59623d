"""Column mapping: how the columns of a file are read, for a person to see (SPEC 2.2 to 2.4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemas.settings import RAW, Kind, Source
from transforms.columns import Columns, recognise
from transforms.rows import PAGES, Circumstances

MAPPED_VALUES: Final = 4
"""Of a value map, as many as a person is told."""

PLACES: Final = {
    "row": "the row's number",
    "row_of_order": "the row's place among those of its order",
}
"""What a line's id is where no column tells it."""


@dataclass(frozen=True)
class ColumnMapping:
    """How one kind of a file's rows is read.

    columns: their places. lines: our column, `<-` or `=`, what it is read from, and how.
    unnamed: optional columns that nothing tells. left_out: columns of the file known to say
    nothing here.
    """

    kind: Kind
    columns: Columns
    lines: list[tuple[str, str, str, str]]
    unnamed: list[str]
    missing: list[str]
    left_out: list[str]


def column_mapping(
    header: tuple[str, ...], kind: Kind, source: Source | None, around: Circumstances
) -> ColumnMapping:
    """Raises Unreadable where two columns mean the same, or one of the source is nowhere."""
    columns = recognise(header, PAGES[kind].columns, source)
    read = {*columns.positions.values()}
    lines, unnamed, missing = [], [], []
    ours = RAW[kind].to_schema().columns
    for name in sorted(ours, key=lambda name: ours[name].nullable):
        line = _line(name, header, kind, source, around, columns)
        if line:
            lines.append((name, *line))
        elif ours[name].nullable:
            unnamed.append(name)
        else:
            missing.append(name)
    left_out = [
        name
        for place, name in enumerate(header)
        if place not in read and name not in columns.unknown
    ]
    return ColumnMapping(kind, columns, lines, unnamed, missing, left_out)


def _line(
    name: str,
    header: tuple[str, ...],
    kind: Kind,
    source: Source | None,
    around: Circumstances,
    columns: Columns,
) -> tuple[str, str, str] | None:
    page = PAGES[kind]
    how = "; ".join(_how(name, kind, source, around))
    if name == "line_id" and source is not None and source.line_id in PLACES:
        return "=", PLACES[source.line_id], ""
    if name in columns.positions:
        return "<-", header[columns.positions[name]], how
    if source is not None and name in source.constants:
        return "=", source.constants[name], "in every row"
    found_by = [one.column for one in around.lookups if one.column in columns.positions]
    if name == "upc" and found_by:
        return "=", f"found by {' or '.join(found_by)}", ""
    if name == page.instant:
        at = around.default_at[name][0].astimezone(around.zone)
        return "=", f"{at:%Y-%m-%d %H:%M:%S}", f"{around.zone.key}, by the file's name or day"
    return None


def _how(name: str, kind: Kind, source: Source | None, around: Circumstances) -> Iterator[str]:
    page = PAGES[kind]
    if name == page.instant:
        yield f"{(source and source.instants) or 'ISO'}, {around.zone.key} if it has no offset"
    if name == "date":
        yield (source and source.dates) or "ISO"
    if source is None:
        return
    if name in source.fill_down:
        yield "blank is what the row above says" + (" of its order" if name != "order_id" else "")
    if name in page.whole and "numbers" in source.model_fields_set:
        yield f"written as 1{source.numbers.thousands}000{source.numbers.decimal}0"
    values = source.values.get(name, {})
    told = [f"{theirs} is {ours}" for theirs, ours in values.items()]
    if len(told) > MAPPED_VALUES:
        told[MAPPED_VALUES:] = [f"{len(told) - MAPPED_VALUES} more"]
    if told:
        yield ", ".join(told)
