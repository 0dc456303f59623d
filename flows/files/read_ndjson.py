"""NDJSON: by DuckDB where every line is an object as it writes them itself (SPEC 2.1)."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from glob import escape
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

import polars as pl

from flows.files.duckdb_chunks import quick_chunks, reading
from flows.files.open_file import PORTION, lines_of, open_bytes, open_text
from schemas.raw import Misread, RawRows, height_of_chunk, refuse_too_many_columns

FIRST_LINES: Final = 1_000
"""Lines from which the quick reader knows the columns."""

LONGEST_QUICK_ROW: Final = 1 << 18
"""Bytes. DuckDB holds 2,048 rows at once, and of longer ones these could take all memory."""

# What DuckDB reads exactly as it stands: a line of known names, texts, and numbers that it would
# write the same way.
NAME: Final = r"[A-Za-z0-9_ .-]+"
TEXT: Final = (
    r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]'
    r'|\\u(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))*"'
)
WHOLE: Final = r"(?:0|-?[1-9][0-9]{0,17})"
DECIMAL: Final = r"(?:0|-?[1-9][0-9]{0,10})\.(?:0|[0-9]{0,3}[1-9])"
VALUE: Final = rf"(?:{TEXT}|{DECIMAL}|{WHOLE}|true|false|null)"


def read_ndjson_quickly(path: Path, cells: int) -> Iterator[RawRows]:
    """Raises Misread where some line may be no object of the first ones' names: the other reader
    tells."""
    header = _first_names(path)
    columns = {name: f"c{position}" for position, name in enumerate(header)}
    passed = 0
    given_up = Event()
    with ThreadPoolExecutor(1) as reader, reading() as connection:
        is_plain = reader.submit(_is_plain, path, header, given_up)
        try:
            texts = connection.read_json(
                escape(str(path)),
                format="newline_delimited",
                columns=dict.fromkeys(header, "VARCHAR"),
                records="true",
                maximum_object_size=LONGEST_QUICK_ROW,
            )
            for rows in quick_chunks(connection, texts, height_of_chunk(cells, len(header))):
                if is_plain.done() and not is_plain.result():
                    raise Misread
                numbers = pl.int_range(passed + 1, passed + rows.height + 1, eager=True)
                yield RawRows.of(header, rows.rename(columns), numbers)
                passed += rows.height
            if not is_plain.result() or not passed:
                raise Misread
        finally:
            given_up.set()


def _first_names(path: Path) -> tuple[str, ...]:
    """The names in a file's first lines. Raises Misread where the quick reader can't read them."""
    names: dict[str, None] = {}
    with suppress(UnicodeDecodeError), open_text(path) as text:
        for line, quotes in islice(lines_of(text), FIRST_LINES):
            try:
                # Python refuses to make an integer of thousands of digits.
                told = json.loads(line, parse_int=str) if line.strip() and quotes is None else {}
            except (json.JSONDecodeError, RecursionError) as error:
                raise Misread from error
            names |= dict.fromkeys(told if isinstance(told, dict) else ())
    is_plain = all(re.fullmatch(NAME, name) for name in names)
    # DuckDB tells names apart without case.
    if not names or not is_plain or len({name.lower() for name in names}) < len(names):
        raise Misread
    refuse_too_many_columns(len(names))
    if "items" in names:
        raise Misread
    return tuple(names)


def _is_plain(path: Path, header: tuple[str, ...], given_up: Event) -> bool:
    """Whether every line is one that DuckDB reads exactly as it stands."""
    names = "|".join(map(re.escape, header))
    blank = r"[ \t\r]*"
    member = rf'{blank}"(?:{names})"{blank}:{blank}{VALUE}{blank}'
    line = rf"{blank}(?:\{{(?:(?:{member},)*{member}|{blank})\}}{blank})?"
    with closing(open_bytes(path)) as file:
        while not given_up.is_set():
            portion = file.read(PORTION)
            rest = file.readline(LONGEST_QUICK_ROW)
            if not portion:
                return True
            if len(rest) == LONGEST_QUICK_ROW:
                return False
            try:
                text = (portion + rest).decode().removesuffix("\n")
            except UnicodeDecodeError:
                return False
            if not pl.Series([text]).str.contains(rf"^(?:{line}\n)*{line}$").item():
                return False
    return False
