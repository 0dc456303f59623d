"""Read: a file's rows as text, as they stand in it, the reader chosen by suffix (SPEC 2.1)."""

import gzip
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.opened import open_bytes
from flows.read_csv import read_csv
from flows.read_json import read_json, read_ndjson
from schemas.raw import RawRows, Unreadable


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
        line = _first_line_not_in_utf8(path)
        raise Unreadable("not_utf8", f"line {line} is not UTF-8; save the file as UTF-8") from error
    except UnicodeEncodeError as error:
        raise Unreadable("not_utf8", f"{error}; send the file again") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable("not_gzip", f"{error}; send the file again") from error


def _first_line_not_in_utf8(path: Path) -> int:
    number = 1
    with open_bytes(path) as lines, suppress(UnicodeDecodeError):
        for line in lines:
            line.decode()
            number += 1
    return number


def _read_parquet(path: Path) -> RawRows:
    with open_bytes(path) as file:
        source = BytesIO(file.read()) if path.suffix.lower() == ".gz" else path
    try:
        rows = pl.read_parquet(source)
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
    if column.dtype == pl.Duration:
        return column.dt.to_string("iso")
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return pl.Series([_value_text(value) for value in column.to_list()], dtype=pl.String)
    return column.cast(pl.String)


def _value_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return _bytes_text(value)
    return json.dumps(value, ensure_ascii=False, default=_inner_text)


def _inner_text(value: Any) -> str:
    return _bytes_text(value) if isinstance(value, bytes) else str(value)


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


READERS: Final[dict[str, Callable[[Path], RawRows]]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".json": read_json,
    ".ndjson": read_ndjson,
    ".jsonl": read_ndjson,
    ".parquet": _read_parquet,
}
