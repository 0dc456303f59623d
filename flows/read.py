"""Read: a file's rows as text, as they stand in it, the reader chosen by suffix (SPEC 2.1)."""

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final

import duckdb
import polars as pl

from schemas.raw import RawRows, Unreadable

SEPARATORS: Final = (",", ";", "\t", "|")
LONGEST_FIELD: Final = 64 * 1024 * 1024


def read(path: Path) -> RawRows:
    """Every row of a CSV, JSON, NDJSON or Parquet file, gzipped or not, as text.

    Raises Unreadable where the file as a whole makes no sense, with the rule and what to do.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else path.suffix.lower()
    reader = READERS.get(suffix)
    if reader is None:
        known = ", ".join(READERS)
        raise Unreadable("unknown_suffix", f"no reader for '{suffix}'; Lotwise reads {known}")
    try:
        return reader(path)
    except UnicodeDecodeError as error:
        raise Unreadable(
            "not_utf8", f"byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise Unreadable("not_gzip", f"{error}; send the file again") from error


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _open_text(path: Path) -> TextIOWrapper:
    return TextIOWrapper(_open(path), encoding="utf-8-sig", newline="")


def _read_csv(path: Path) -> RawRows:
    header, separator = _csv_header(path)
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
                auto_detect=False,
            ).pl()
        except duckdb.Error:
            # Some row is not as the header says. The slower reader tells which, and why.
            return _read_csv_rows(path, header, separator)
    return RawRows.of(header, rows)


def _csv_header(path: Path) -> tuple[tuple[str, ...], str]:
    csv.field_size_limit(LONGEST_FIELD)
    headers = {}
    for separator in SEPARATORS:
        with _open_text(path) as lines:
            try:
                headers[separator] = next(csv.reader(lines, delimiter=separator), [])
            except csv.Error as error:
                raise Unreadable("no_header", f"the first row can't be read: {error}") from error
    separator = max(SEPARATORS, key=lambda mark: len(headers[mark]))
    header = headers[separator]
    if not any(name.strip() for name in header):
        raise Unreadable("no_header", "the file is empty; its first row names the columns")
    return tuple(header), separator


def _read_csv_rows(path: Path, header: tuple[str, ...], separator: str) -> RawRows:
    rows: list[list[str]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    with _open_text(path) as lines:
        reader = csv.reader(lines, delimiter=separator, strict=True)
        next(reader)
        row = 0
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    raise Unreadable(
                        "unclosed_quote",
                        f"a quote opened in or after row {row + 1} is never closed",
                    ) from error
                row += 1
                malformed.append((row, "malformed_row", str(error)))
                continue
            if cells is None:
                break
            if not cells:
                continue
            row += 1
            if len(cells) == len(header):
                numbers.append(row)
                rows.append(cells)
            else:
                malformed.append((row, "number_of_columns", separator.join(cells)))
    columns = [f"c{position}" for position in range(len(header))]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return RawRows.of(header, frame, numbers, malformed)


def _read_json(path: Path) -> RawRows:
    with _open_text(path) as text:
        content = text.read()
    try:
        document = _json(content)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _read_json_lines(content.splitlines())
        raise Unreadable("not_json", f"{error}; send the file again") from error
    except RecursionError as error:
        raise Unreadable("not_json", "nested too deeply") from error
    return _objects(enumerate(document if isinstance(document, list) else [document], 1))


def _read_ndjson(path: Path) -> RawRows:
    with duckdb.connect() as connection:
        try:
            header = tuple(
                connection.read_json(
                    str(path), format="newline_delimited", sample_size=-1, records="true"
                ).columns
            )
            if "items" not in header:
                rows = connection.read_json(
                    str(path),
                    format="newline_delimited",
                    columns=dict.fromkeys(header, "VARCHAR"),
                    records="true",
                ).pl()
                names = {name: f"c{position}" for position, name in enumerate(header)}
                return RawRows.of(header, rows.rename(names))
        except duckdb.Error:
            # Some line is no JSON object. The slower reader tells which.
            pass
    with _open_text(path) as lines:
        return _read_json_lines(lines)


def _read_json_lines(lines: Iterable[str]) -> RawRows:
    def documents() -> Iterator[tuple[int, Any]]:
        for row, line in enumerate((line for line in lines if line.strip()), 1):
            try:
                yield row, _json(line)
            except (json.JSONDecodeError, RecursionError):
                yield row, line.rstrip("\r\n")

    return _objects(documents())


def _json(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _objects(documents: Iterable[tuple[int, Any]]) -> RawRows:
    """Rows from JSON objects; a Kibo body gives one row an item (SPEC 2.2)."""
    header: dict[str, int] = {}
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    malformed: list[tuple[int, str, str]] = []
    row = 0
    for _, document in documents:
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
    body = {name: value for name, value in document.items() if name != "items"}
    for item in items:
        if isinstance(item, dict):
            stated = {name: value for name, value in item.items() if value is not None}
            yield {**item, **{name: body[name] for name in body if name not in stated}}
        else:
            yield item


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _read_parquet(path: Path) -> RawRows:
    with _open(path) as file:
        try:
            rows = pl.read_parquet(BytesIO(file.read()) if path.suffix.lower() == ".gz" else path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Unreadable("not_parquet", f"{error}; send the file again") from error
    texts = [
        _column_text(rows.get_column(name)).alias(f"c{position}")
        for position, name in enumerate(rows.columns)
    ]
    return RawRows.of(tuple(rows.columns), pl.DataFrame(texts))


def _column_text(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        zoned = "%:z" if column.dtype.time_zone else ""
        return column.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.6f{zoned}")
    if column.dtype.is_nested():
        return column.map_elements(
            lambda value: json.dumps(value, default=str), return_dtype=pl.String
        )
    return column.cast(pl.String)


READERS: Final[dict[str, Callable[[Path], RawRows]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".json": _read_json,
    ".ndjson": _read_ndjson,
    ".jsonl": _read_ndjson,
    ".parquet": _read_parquet,
}
