"""JSON: an object, an array, a Kibo body, or one of them a line (SPEC 2.1, 2.2)."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from glob import escape
from io import StringIO
from itertools import islice
from pathlib import Path
from threading import Event
from typing import IO, Any, Final

import duckdb
import polars as pl

from flows.opened import LARGEST_CHUNK, PORTION, lines_of, open_bytes, open_text, quick_chunks
from schemas.raw import LONGEST_ROW, Misread, RawRows, Unreadable, refuse_too_many_columns
from transforms.columns import fold

LARGEST_DOCUMENT: Final = 128 << 20
"""Characters of a JSON document of many lines. It is held in memory, in which Python takes some ten
times as much; rows of their own, a line each, have no bound."""

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


class TooLong(str):
    """The beginning of a line longer than a row may be."""


class Number(str):
    """A number as it is written."""


class Contradiction(dict[str, Any]):
    """An object that says two things of one name; `told` is all of it."""

    told: str


def read_json(path: Path, cells: int) -> Iterator[RawRows]:
    with open_text(path) as text:
        content = text.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        yield from _read_large(path, content.lstrip()[:LONGEST_ROW], cells)
        return
    try:
        document = _json(content)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" or not content.strip():
            yield from _read_lines(lambda: StringIO(content, newline=""), cells)
            return
        raise Unreadable("not_json", f"{error}; send the file again") from error
    except RecursionError as error:
        raise Unreadable("not_json", "nested too deeply") from error
    documents = document if isinstance(document, list) else [document]
    yield from _objects(lambda: iter(documents), cells)


def _read_large(path: Path, beginning: str, cells: int) -> Iterator[RawRows]:
    try:
        _json(beginning.partition("\n")[0])
    except (json.JSONDecodeError, RecursionError):
        raise Unreadable(
            "document_too_large",
            f"a JSON document of more than {LARGEST_DOCUMENT >> 20} Mi characters; "
            "send it as NDJSON, a row a line, or as CSV",
        ) from None
    yield from read_ndjson_exactly(path, cells)


def read_ndjson_quickly(path: Path, cells: int) -> Iterator[RawRows]:
    """Raises Misread where some line may be no object of the first ones' names: the other reader
    tells."""
    header = _first_names(path)
    columns = {name: f"c{position}" for position, name in enumerate(header)}
    passed = 0
    given_up = Event()
    with ThreadPoolExecutor(1) as reader, duckdb.connect() as connection:
        is_plain = reader.submit(_is_plain, path, header, given_up)
        try:
            connection.execute("SET produce_arrow_string_view = true")
            connection.execute("SET enable_progress_bar = false")
            texts = connection.read_json(
                escape(str(path)),
                format="newline_delimited",
                columns=dict.fromkeys(header, "VARCHAR"),
                records="true",
                maximum_object_size=LONGEST_QUICK_ROW,
            )
            for rows in quick_chunks(connection, texts, max(1, cells // len(header))):
                if is_plain.done() and not is_plain.result():
                    raise Misread
                numbers = pl.int_range(passed + 1, passed + rows.height + 1, eager=True)
                yield RawRows.of(header, rows.rename(columns), numbers)
                passed += rows.height
            if not is_plain.result() or not passed:
                raise Misread
        except (duckdb.Error, OSError) as error:
            # From the second batch on, Arrow tells DuckDB's errors as its own.
            raise Misread from error
        finally:
            given_up.set()


def _first_names(path: Path) -> tuple[str, ...]:
    """The names in a file's first lines. Raises Misread where the quick reader can't read them."""
    names: dict[str, None] = {}
    with suppress(UnicodeDecodeError), open_text(path) as text:
        for line, quotes in islice(lines_of(text), FIRST_LINES):
            try:
                told = _json(line) if line.strip() and quotes is None else {}
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


def read_ndjson_exactly(path: Path, cells: int) -> Iterator[RawRows]:
    yield from _read_lines(lambda: open_text(path), cells)


def _read_lines(opened: Callable[[], IO[str]], cells: int) -> Iterator[RawRows]:
    def documents() -> Iterator[Any]:
        with opened() as text:
            for line, quotes in lines_of(text):
                told = line.rstrip("\r\n")
                if not told.strip():
                    continue
                if quotes is not None:
                    yield TooLong(told)
                    continue
                try:
                    yield _json(told)
                except (json.JSONDecodeError, RecursionError):
                    yield told

    if not any(True for _ in documents()):
        raise Unreadable("not_json", "the file is empty; send it again")
    yield from _objects(documents, cells)


def _json(text: str) -> Any:
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
        object_pairs_hook=_object,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs) or all(members[name] == value for name, value in pairs):
        return members
    contradiction = Contradiction(members)
    contradiction.told = f"{{{_members(pairs)}}}"
    return contradiction


def _objects(documents: Callable[[], Iterator[Any]], cells: int) -> Iterator[RawRows]:
    """Rows from JSON objects; a Kibo body gives one row an item (SPEC 2.2).

    The documents are gone through twice, since any of them may name another column.
    """
    names: dict[str, None] = {}
    for item in _all_items(documents()):
        if isinstance(item, dict) and not item.keys() <= names.keys():
            names |= dict.fromkeys(item)
            refuse_too_many_columns(len(names))
    header = tuple(names)
    rows: list[tuple[str | None, ...]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    size = 0

    def chunk() -> RawRows:
        columns = zip(*rows, strict=True) if rows else [()] * len(header)
        texts = [
            pl.Series(f"c{position}", column, dtype=pl.String)
            for position, column in enumerate(columns)
        ]
        return RawRows.of(header, pl.DataFrame(texts), numbers, malformed)

    row = 0
    for row, item in enumerate(_all_items(documents()), 1):
        try:
            if isinstance(item, Contradiction):
                malformed.append((row, "contradiction", item.told))
                size += len(item.told)
            elif isinstance(item, dict):
                told = tuple(_text(item.get(name)) for name in header)
                size += sum(map(len, filter(None, told)))
                rows.append(told)
                numbers.append(row)
            elif isinstance(item, TooLong):
                malformed.append((row, "row_too_long", item))
            else:
                malformed.append((row, "not_an_object", _text(item) or "null"))
                size += len(malformed[-1][-1])
        except RecursionError:
            malformed.append((row, "nested_too_deeply", "nested too deeply to be told"))
        if (len(rows) + len(malformed)) * max(1, len(header)) >= cells or size >= LARGEST_CHUNK:
            yield chunk()
            rows, numbers, malformed, size = [], [], [], 0
    if rows or malformed or not row:
        yield chunk()


def _all_items(documents: Iterator[Any]) -> Iterator[Any]:
    for document in documents:
        yield from _items(document)


def _items(document: Any) -> Iterator[Any]:
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or isinstance(document, Contradiction):
        yield document
        return
    spelled = dict.fromkeys(name for item in items if isinstance(item, dict) for name in item)
    above = {
        name: [own for own in spelled if fold(own) == fold(name)] or [name]
        for name in document
        if name != "items"
    }
    for item in items:
        if isinstance(item, dict):
            unstated = {
                names[0]: document[name]
                for name, names in above.items()
                if all(_is_blank(item.get(own)) for own in names)
            }
            yield {**item, **unstated}
        else:
            yield item


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _spelled(value)


def _spelled(value: Any) -> str:
    """JSON of a nested value, its numbers as they are written."""
    if isinstance(value, Number):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{_members(value.items())}}}"
    return json.dumps(value, ensure_ascii=False)


def _members(pairs: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{_spelled(name)}: {_spelled(value)}" for name, value in pairs)
