"""JSON: an object, an array, a Kibo body, or one of them a line (SPEC 2.1, 2.2)."""

import json
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import IO, Any, Final

import polars as pl

from flows.files.open_file import LARGEST_CHUNK, lines_of, open_text
from schemas.raw import (
    LONGEST_ROW,
    RawRows,
    Unreadable,
    height_of_chunk,
    refuse_too_many_columns,
)
from transforms.columns import fold

LARGEST_DOCUMENT: Final = 128 << 20
"""Characters of a JSON document of many lines. It is held in memory, in which Python takes some ten
times as much; rows of their own, a line each, have no bound."""


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
    # Half of a character would be told by no library.
    "".join(header).encode()
    rows: list[tuple[str | None, ...]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    size = 0
    most = height_of_chunk(cells, len(header))

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
        if len(rows) + len(malformed) >= most or size >= LARGEST_CHUNK:
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
