"""The clerk of the files: reads a file with Python's own csv and json, and pyarrow, and no more."""

import csv
import gzip
import io
import json
import re
import unicodedata
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Told = dict[str, str | None]
"""Folded name: text."""


BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))).translate(
    dict.fromkeys(range(0x1C, 0x20))
)
"""Unicode's; to Python four control characters are blanks, too."""


def is_invisible(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")


def trimmed(text: str | None) -> str | None:
    """Without the blanks, control and invisible characters at its ends (SPEC 3.2)."""
    signs = [sign in BLANKS or is_invisible(sign) for sign in text or ""]
    seen = [place for place, is_edge in enumerate(signs) if not is_edge]
    return (text or "")[seen[0] : seen[-1] + 1] if seen else None


class NotTold(Exception):  # noqa: N818  it is the file that tells nothing
    """The clerk can't read the file either."""


def told(path: Path) -> list[Told | None]:
    """The rows of a file; null where a row is none."""
    content = path.read_bytes()
    try:
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        if ".parquet" in path.suffixes:
            return _parquet(content)
        text = content.decode("utf-8-sig")
        if ".csv" in path.suffixes:
            return _csv(text)
        return _json(text) if ".json" in path.suffixes else _lines(text)
    except (OSError, EOFError, ValueError, zlib.error, pa.ArrowException, csv.Error) as why:
        raise NotTold from why


def fold(name: str) -> str:
    return name.strip().replace("_", "").casefold()


def _csv(text: str) -> list[Told | None]:
    headers = {
        mark: next(csv.reader(io.StringIO(text, newline=""), delimiter=mark), [])
        for mark in ",;\t|"
    }
    mark = max(headers, key=lambda one: len(headers[one]))
    header = headers[mark]
    rows: list[Told | None] = []
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
        if not cells:
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        fits = len(cells) == len(header)
        rows.append(dict(zip(map(fold, header), cells, strict=True)) if fits else None)
    return rows[1:]


def _json(text: str) -> list[Told | None]:
    try:
        document = _loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _lines(text)
        raise
    documents = document if isinstance(document, list) else [document]
    return [row for one in documents for row in _rows(one)]


def _lines(text: str) -> list[Told | None]:
    rows: list[Told | None] = []
    for line in re.split("\r\n|\r|\n", text):
        if line.strip():
            try:
                rows += _rows(_loads(line))
            except json.JSONDecodeError:
                rows.append(None)
    return rows


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _rows(document: Any) -> list[Told | None]:
    if not isinstance(document, dict):
        return [None]
    if isinstance(document.get("items"), list):
        above = {name: value for name, value in document.items() if name != "items"}
        return [row for item in document["items"] for row in _rows({**above, **item})]
    return [{fold(name): _text(value) for name, value in document.items()}]


def _parquet(content: bytes) -> list[Told | None]:
    table = pq.read_table(io.BytesIO(content))
    names = [fold(name) for name in table.column_names]
    columns = [map(_text, column.to_pylist()) for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode()
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def same(value: object, text: str | None) -> bool:
    """Whether a kept value is what the text says; null is what a blank text says."""
    text = trimmed(text)
    if value is None or not text:
        return value is None and not text
    if isinstance(value, bool):
        yes_or_no = ("true", "t", "yes", "y", "1") if value else ("false", "f", "no", "n", "0")
        return text.lower() in yes_or_no
    if isinstance(value, int):
        return bool(re.fullmatch(r"[+-]?[0-9]+(\.0+)?", text)) and int(text.split(".")[0]) == value
    if isinstance(value, datetime):
        moment = datetime.fromisoformat(re.sub(r" (?=[+-]|Z)", "", text.upper()))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) == value
    if isinstance(value, date):
        return text[:10] == value.isoformat()
    if text[0] in "[{":
        # A nested number is told as it is written, and here as text.
        return text.replace('"', "") == str(value).replace('"', "")
    return text == value
