"""Parquet: typed columns, written as the text that a CSV file would have (SPEC 2.1)."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from flows.opened import PORTION, open_bytes
from schemas.raw import LONGEST_RAW, LONGEST_ROW, RawRows, Unreadable, refuse_too_many_columns

MAGIC: Final = b"PAR1"

LARGEST_UNZIPPED: Final = 16 << 30
"""Bytes. Parquet can't be read from its beginning, so a gzipped file is unzipped on disk, and a few
megabytes of gzip may fill it."""


def read_parquet(path: Path, cells: int) -> Iterator[RawRows]:
    with TemporaryDirectory() as folder:
        source = path
        if path.suffix.lower() == ".gz":
            source = Path(folder) / "unzipped.parquet"
            _unzip(path, source)
        try:
            yield from _chunks(source, cells)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Unreadable("not_parquet", f"{error}; send the file again") from error


def _unzip(path: Path, target: Path) -> None:
    passed = 0
    with open_bytes(path) as zipped, target.open("wb") as unzipped:
        while portion := zipped.read(PORTION):
            if passed == 0 and not portion.startswith(MAGIC):
                raise Unreadable("not_parquet", "there is no Parquet in it; send the file again")
            passed += unzipped.write(portion)
            if passed > LARGEST_UNZIPPED:
                raise Unreadable(
                    "file_too_large",
                    f"it unzips to more than {LARGEST_UNZIPPED >> 30} GiB; "
                    "send it in parts, or as Parquet, which is compressed by itself",
                )


def _chunks(path: Path, cells: int) -> Iterator[RawRows]:
    scan = pl.scan_parquet(path)
    empty = scan.head(0).collect()
    header = tuple(empty.columns)
    refuse_too_many_columns(len(header))
    passed = 0
    rows = max(1, cells // max(1, len(header)))
    for batch in scan.collect_batches(chunk_size=rows, maintain_order=True):
        yield _as_text(header, batch, passed)
        passed += batch.height
    if not passed:
        yield _as_text(header, empty, 0)


def _as_text(header: tuple[str, ...], batch: pl.DataFrame, passed: int) -> RawRows:
    texts = pl.DataFrame(
        [
            _column_text(batch.get_column(name)).alias(f"c{position}")
            for position, name in enumerate(header)
        ]
    )
    numbers = pl.int_range(passed + 1, passed + batch.height + 1, eager=True)
    longest = texts.select(pl.all().str.len_bytes().max()).row(0) if texts.width else ()
    if max((length or 0 for length in longest), default=0) <= LONGEST_ROW:
        return RawRows.of(header, texts, numbers)
    length = pl.sum_horizontal(pl.all().str.len_bytes().fill_null(0))
    is_long = texts.select(length > LONGEST_ROW).to_series()
    told = texts.filter(is_long).select(
        raw=pl.concat_str(pl.all().str.slice(0, LONGEST_RAW), separator=",", ignore_nulls=True)
    )
    malformed = [
        (row, "row_too_long", raw[:LONGEST_RAW])
        for row, raw in zip(numbers.filter(is_long), told.to_series(), strict=True)
    ]
    return RawRows.of(header, texts.filter(~is_long), numbers.filter(~is_long), malformed)


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
