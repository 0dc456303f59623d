"""JSON: an object, an array, a Kibo body, or one of them a line (SPEC 2.1, 2.2)."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from flows.opened import open_text
from schemas.raw import RawRows, Unreadable
from transforms.columns import fold

# Lines that DuckDB would read as something else than stands in them: numbers that it writes its
# own way, what is no JSON to others, and null, which is no object.
MISREAD: Final = r"""
    FROM read_json_objects($path, format = 'newline_delimited')
    SELECT 1
    WHERE regexp_matches(
        json,
        '(?i)"\s*:\s*-?([0-9.]+e|[0-9]+\.([0-9]+0|[0-9]{5})|[0-9]{12,}\.|inf|nan)'
        || '|"\s*:\s*-0|,\s*[\]}]|^\s*null\s*$'
    )
    LIMIT 1
"""


def read_json(path: Path) -> RawRows:
    with open_text(path) as text:
        content = text.read()
    try:
        document = _json(content)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" or not content.strip():
            return _read_lines(StringIO(content, newline=""))
        raise Unreadable("not_json", f"{error}; send the file again") from error
    except RecursionError as error:
        raise Unreadable("not_json", "nested too deeply") from error
    return _objects(document if isinstance(document, list) else [document])


def read_ndjson(path: Path) -> RawRows:
    with duckdb.connect() as connection, suppress(duckdb.Error):
        # Where some line is no JSON object: the slower reader tells which.
        if connection.execute(MISREAD, {"path": str(path)}).fetchone() is None:
            described = connection.read_json(
                str(path), format="newline_delimited", sample_size=-1, records="true"
            )
            header = tuple(described.columns)
            if "items" not in header:
                rows = connection.read_json(
                    str(path),
                    format="newline_delimited",
                    columns=dict.fromkeys(header, "VARCHAR"),
                    records="true",
                ).pl()
                names = {name: f"c{position}" for position, name in enumerate(header)}
                return RawRows.of(header, rows.rename(names))
    with open_text(path) as lines:
        return _read_lines(lines)


def _read_lines(lines: Iterable[str]) -> RawRows:
    told = (line.rstrip("\r\n") for line in lines if line.strip())
    first = next(told, None)
    if first is None:
        raise Unreadable("not_json", "the file is empty; send it again")

    def documents() -> Iterator[Any]:
        for line in chain([first], told):
            try:
                yield _json(line)
            except (json.JSONDecodeError, RecursionError):
                yield line

    return _objects(documents())


def _json(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _objects(documents: Iterable[Any]) -> RawRows:
    """Rows from JSON objects; a Kibo body gives one row an item (SPEC 2.2)."""
    header: dict[str, int] = {}
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    row = 0
    for document in documents:
        for item in _items(document):
            row += 1
            if isinstance(item, dict):
                for name in item:
                    header.setdefault(name, len(header))
                rows.append({f"c{header[name]}": _text(value) for name, value in item.items()})
                numbers.append(row)
            else:
                malformed.append((row, "not_an_object", _text(item) or "null"))
    schema = {f"c{position}": pl.String for position in header.values()}
    frame = pl.DataFrame(rows, schema=schema, orient="row") if schema else pl.DataFrame()
    return RawRows.of(tuple(header), frame, numbers, malformed)


def _items(document: Any) -> Iterator[Any]:
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
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
    return json.dumps(value, ensure_ascii=False)
