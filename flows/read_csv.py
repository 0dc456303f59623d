"""CSV: by DuckDB where every row is as the header says, else row by row (SPEC 2.1)."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from flows.opened import open_text
from schemas.raw import RawRows, Unreadable

SEPARATORS: Final = (",", ";", "\t", "|")


def read_csv(path: Path) -> RawRows:
    header, separator = _header(path)
    columns = [f"c{position}" for position in range(len(header))]
    with duckdb.connect() as connection:
        try:
            rows = connection.read_csv(
                str(path),
                header=True,
                sep=separator,
                quotechar='"',
                escapechar='"',
                columns=dict.fromkeys(columns, "VARCHAR"),
                allow_quoted_nulls=False,
                auto_detect=False,
            ).pl()
        except duckdb.Error:
            # Some row is not as the header says. The slower reader tells which, and why.
            return _read_rows(path, header, separator)
    # A blank line is no row, but in one column DuckDB takes it for a null.
    return RawRows.of(header, rows.drop_nulls() if len(header) == 1 else rows)


def _header(path: Path) -> tuple[tuple[str, ...], str]:
    headers: dict[str, list[str]] = {}
    for separator in SEPARATORS:
        with open_text(path) as lines, suppress(Unreadable):
            headers[separator] = next(_records(lines, separator), ("", None))[1] or []
    separator = max(headers, key=lambda mark: len(headers[mark]), default=",")
    header = tuple(headers.get(separator, ()))
    if any(name.strip() for name in header):
        return header, separator
    with open_text(path) as lines:
        is_empty = not lines.read(1)
    fault = "the file is empty" if is_empty else "the first row is blank or can't be read"
    raise Unreadable("no_header", f"{fault}; the first row names the columns")


def _read_rows(path: Path, header: tuple[str, ...], separator: str) -> RawRows:
    rows: list[list[str]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    row = 0
    with open_text(path) as lines:
        records = _records(lines, separator)
        next(records)
        for record, cells in records:
            if not record.rstrip(separator if len(header) == 1 else ""):
                continue
            row += 1
            while cells and len(cells) > len(header) and not cells[-1].strip():
                cells.pop()
            if cells is None:
                malformed.append((row, "malformed_row", record))
            elif len(cells) == len(header):
                numbers.append(row)
                rows.append(cells)
            else:
                malformed.append((row, "number_of_columns", record))
    columns = [f"c{position}" for position in range(len(header))]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return RawRows.of(header, frame, numbers, malformed)


def _records(lines: Iterable[str], separator: str) -> Iterator[tuple[str, list[str] | None]]:
    """Each record and its cells; no cells where a quote stands where none may.

    Quotes, and blanks around them, mean what they mean to DuckDB: how a row is read must not
    depend on whether another row called for this reader.
    """
    mark = re.escape(separator)
    cell = re.compile(
        rf' ?"(?P<quoted>[^"]*+(?:" *"[^"]*+)*+)(?:(?P<closed>") *(?={mark}|\Z)|\Z)'
        rf'|(?! ?")(?P<plain>[^{mark}]*+)'
    )
    following = iter(lines)
    row = 0
    for line in following:
        record = line.rstrip("\r\n")
        cells: list[str] | None = record.split(separator)
        if '"' in record:
            text = line
            cells, is_open = _cells(record, cell)
            while is_open:
                text += _up_to_a_quote(following, row)
                record = text.rstrip("\r\n")
                cells, is_open = _cells(record, cell)
        yield record, cells
        row += record != ""


def _cells(record: str, cell: re.Pattern[str]) -> tuple[list[str] | None, bool]:
    """The cells of a record, and whether the quote of its last one is still open."""
    cells = []
    place = 0
    while found := cell.match(record, place):
        quoted, closed, plain = found.groups()
        if quoted is not None and closed is None:
            return None, True
        if quoted is not None and '"' in quoted:
            quoted = re.sub('"( *)"', lambda between: between[1] or '"', quoted)
        cells.append(plain if quoted is None else quoted)
        if found.end() == len(record):
            return cells, False
        place = found.end() + 1
    return None, False


def _up_to_a_quote(lines: Iterator[str], row: int) -> str:
    passed = []
    for line in lines:
        passed.append(line)
        if '"' in line:
            return "".join(passed)
    raise Unreadable("unclosed_quote", f"a quote opened in or after row {row} is never closed")
