"""CSV: by DuckDB where every row is as the header says, else row by row (SPEC 2.1)."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from glob import escape
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

import polars as pl

from flows.files.duckdb_chunks import quick_chunks, reading
from flows.files.open_file import LARGEST_CHUNK, check_unzips, lines_of, open_text, separator_named
from schemas.raw import LONGEST_ROW, RawRows, Unreadable, height_of_chunk, refuse_too_many_columns
from transforms.footer import is_footer, until_footer

SEPARATORS: Final = (",", ";", "\t", "|")

LONGEST_QUICK_ROW: Final = 1 << 16
"""Bytes. DuckDB reads 2,048 rows at once, and of longer rows these could take all memory."""


LONGEST_HEADER: Final = 1 << 20
"""Characters of the first line. It is read anew for every separator, and a file that is no text may
have no second line for gigabytes."""


def read_csv_quickly(path: Path, cells: int, footer: str | None = None) -> Iterator[RawRows]:
    """Raises Misread where some row is not as the header says: the other reader tells which."""
    yield from until_footer(_read_quickly(path, cells), footer)


def _read_quickly(path: Path, cells: int) -> Iterator[RawRows]:
    header, separator, directives = _header(path)
    columns = [f"c{position}" for position in range(len(header))]
    passed = 0
    given_up = Event()
    with ThreadPoolExecutor(1) as checker, reading() as connection:
        unzips = checker.submit(check_unzips, path, given_up)
        try:
            texts = connection.read_csv(
                escape(str(path)),
                header=True,
                skiprows=directives,
                sep=separator,
                quotechar='"',
                escapechar='"',
                columns=dict.fromkeys(columns, "VARCHAR"),
                allow_quoted_nulls=False,
                auto_detect=False,
                max_line_size=LONGEST_QUICK_ROW,
            )
            for chunk in quick_chunks(connection, texts, height_of_chunk(cells, len(header))):
                # A blank line is no row, but in one column DuckDB takes it for a null.
                rows = chunk.drop_nulls() if len(header) == 1 else chunk
                numbers = pl.int_range(passed + 1, passed + rows.height + 1, eager=True)
                yield RawRows.of(header, rows, numbers)
                passed += rows.height
            unzips.result()
        finally:
            given_up.set()
    if not passed:
        yield RawRows.of(header, pl.DataFrame(schema=dict.fromkeys(columns, pl.String)))


def _header(path: Path) -> tuple[tuple[str, ...], str, int]:
    """Its names, the separator, and lines above it that name the separator."""
    with open_text(path) as text:
        first = text.readline(LONGEST_HEADER)
        if len(first) == LONGEST_HEADER:
            raise Unreadable(
                "no_header",
                f"the first line is longer than {LONGEST_HEADER >> 20} Mi characters; "
                "the first row names the columns",
            )
    named = separator_named(first)
    directives = int(named is not None)
    headers: dict[str, list[str]] = {}
    for separator in (named,) if named else SEPARATORS:
        with open_text(path) as text, suppress(Unreadable):
            records = _records(islice(lines_of(text), directives, None), separator)
            headers[separator] = next(records, ("", None))[1] or []
    separator = max(headers, key=lambda mark: len(headers[mark]), default=",")
    header = tuple(headers.get(separator, ()))
    if any("\0" in name for name in header):
        raise Unreadable("not_utf8", "the first row has zeros in it; save the file as UTF-8")
    refuse_too_many_columns(len(header))
    if any(name.strip() for name in header):
        return header, separator, directives
    with open_text(path) as text:
        is_empty = not text.read(1)
    fault = "the file is empty" if is_empty else "the first row is blank or can't be read"
    raise Unreadable("no_header", f"{fault}; the first row names the columns")


def read_csv_exactly(path: Path, cells: int, footer: str | None = None) -> Iterator[RawRows]:
    header, separator, directives = _header(path)
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    row = size = ignored = 0
    most = height_of_chunk(cells, len(header))

    def chunk() -> RawRows:
        columns = zip(*rows, strict=True) if rows else [()] * len(header)
        texts = [
            pl.Series(f"c{position}", column, dtype=pl.String)
            for position, column in enumerate(columns)
        ]
        raw = RawRows.of(header, pl.DataFrame(texts), numbers, malformed)
        return replace(raw, ignored=ignored)

    def is_blank(record: str) -> bool:
        return not record.rstrip(separator if len(header) == 1 else "")

    with open_text(path) as text:
        records = _records(islice(lines_of(text), directives, None), separator)
        next(records)
        for record, found in records:
            if is_blank(record):
                continue
            if is_footer(footer, found[0] if found else record.strip(' "')):
                ignored = 1 + _height(records, is_blank)
                break
            row += 1
            size += len(record)
            while found and len(found) > len(header) and not found[-1].strip():
                found.pop()
            if found is None:
                malformed.append((row, "malformed_row", record))
            elif len(found) == len(header):
                numbers.append(row)
                # As the quick reader tells them.
                rows.append([cell or None for cell in found])
            elif found:
                malformed.append((row, "number_of_columns", record))
            else:
                malformed.append((row, "row_too_long", record))
            if len(rows) + len(malformed) >= most or size >= LARGEST_CHUNK:
                yield chunk()
                rows, numbers, malformed, size = [], [], [], 0
    if rows or malformed or ignored or not row:
        yield chunk()


def _height(
    records: Iterator[tuple[str, list[str] | None]], is_blank: Callable[[str], bool]
) -> int:
    """Rows behind a table, of which nobody asks whether they make sense."""
    rows = 0
    with suppress(Unreadable):
        for record, _ in records:
            rows += not is_blank(record)
    return rows


def _records(
    lines: Iterator[tuple[str, int | None]], separator: str
) -> Iterator[tuple[str, list[str] | None]]:
    """Each record and its cells; no cells where a quote stands where none may.

    Quotes, and blanks around them, mean what they mean to DuckDB: how a row is read must not
    depend on whether another row called for this reader. Of a record that is too long its
    beginning is given, and an empty list of cells.
    """
    mark = re.escape(separator)
    quoted = rf'(?P<quoted>[^"]*+(?:" *"[^"]*+)*+)(?:(?P<closed>") *(?={mark}|\Z)|\Z)'
    cell = re.compile(rf' ?"{quoted}|(?! ?")(?P<plain>[^{mark}]*+)')
    rest_of_cell = re.compile(quoted)
    row = 0
    for line, quotes in lines:
        record = line.rstrip("\r\n")
        cells: list[str] | None = record.split(separator)
        if quotes is not None:
            cells = []
            if quotes % 2:
                raise _unclosed(row)
        elif '"' in record:
            told, size = [line], len(line)
            cells, opened = _cells(record, 0, cell)
            within = [line[opened:]]
            while opened is not None and cells is not None:
                told.append(_up_to_a_quote(lines, row, LONGEST_ROW - size))
                size += len(told[-1])
                piece = told[-1].rstrip("\r\n")
                found = rest_of_cell.match(piece)
                if found is None:
                    cells = None
                elif found["closed"] is None:
                    within.append(told[-1])
                else:
                    cells.append(_unquoted("".join([*within, found["quoted"]])))
                    opened = None
                    if found.end() < len(piece):
                        more, opened = _cells(piece, found.end() + 1, cell)
                        within = [told[-1][opened:]]
                        cells = None if more is None else [*cells, *more]
            record = "".join(told).rstrip("\r\n")
        yield record, cells
        row += record != ""


def _cells(record: str, place: int, cell: re.Pattern[str]) -> tuple[list[str] | None, int | None]:
    """The cells of a record from a place on, and where the last one begins if its quote is open."""
    cells: list[str] = []
    while found := cell.match(record, place):
        quoted, closed, plain = found.groups()
        if quoted is not None and closed is None:
            return cells, found.start("quoted")
        cells.append(plain if quoted is None else _unquoted(quoted))
        if found.end() == len(record):
            return cells, None
        place = found.end() + 1
    return None, None


def _unquoted(text: str) -> str:
    return re.sub('"( *)"', lambda between: between[1] or '"', text) if '"' in text else text


def _up_to_a_quote(lines: Iterator[tuple[str, int | None]], row: int, most: int) -> str:
    passed = []
    for line, quotes in lines:
        passed.append(line)
        most -= len(line)
        if most < 0 or quotes is not None:
            break
        if '"' in line:
            return "".join(passed)
    raise _unclosed(row)


def _unclosed(row: int) -> Unreadable:
    return Unreadable(
        "unclosed_quote",
        f"a quote opened in or after row {row} is never closed, "
        f"or not within {LONGEST_ROW >> 20} Mi characters",
    )
