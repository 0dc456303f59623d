"""Parquet: typed columns, written as the text that a CSV file would have (SPEC 2.1).

Arrow reads it: polars panics at files that were damaged, and at zones such as +05:30.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.files.open_file import PORTION, copy_unzipped, open_bytes
from schemas.raw import (
    LONGEST_RAW,
    LONGEST_ROW,
    RawRows,
    Unreadable,
    height_of_chunk,
    refuse_too_many_columns,
)
from schemas.settings import timezones

MAGIC: Final = b"PAR1"

CLOCK: Final = "%Y-%m-%dT%H:%M:%S%.6f"

SINGLE: Final = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null),
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_date, pa.types.is_time, pa.types.is_timestamp, pa.types.is_duration),
    pa.types.is_decimal128,
)
"""Types that polars takes over as they are; values of others are written one by one."""


def read_parquet(path: Path, cells: int) -> Iterator[RawRows]:
    with TemporaryDirectory() as folder:
        source = path
        if path.suffix.lower() == ".gz":
            source = Path(folder) / "unzipped.parquet"
            _unzip(path, source)
        try:
            yield from _chunks(source, cells)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            # What is told of a damaged file is any of these.
            told = str(error).partition("\n")[0]
            raise Unreadable("not_parquet", f"{told}; send the file again") from error


def _unzip(path: Path, target: Path) -> None:
    """On disk, since Parquet can't be read from its beginning."""
    with open_bytes(path) as zipped, target.open("wb") as unzipped:
        beginning = zipped.read(PORTION)
        if not beginning.startswith(MAGIC):
            raise Unreadable("not_parquet", "there is no Parquet in it; send the file again")
        copy_unzipped(zipped, unzipped, unzipped.write(beginning))


def _chunks(path: Path, cells: int) -> Iterator[RawRows]:
    with path.open("rb") as opened:
        file = pq.ParquetFile(opened, page_checksum_verification=True)
        header = tuple(file.schema_arrow.names)
        refuse_too_many_columns(len(header))
        passed = 0
        for batch in file.iter_batches(height_of_chunk(cells, len(header))):
            # Text that is no UTF-8 would be taken over unseen.
            batch.validate(full=True)
            yield _as_text(header, batch, passed)
            passed += batch.num_rows
        if not passed:
            yield _as_text(header, file.schema_arrow.empty_table(), 0)


def _as_text(header: tuple[str, ...], batch: pa.RecordBatch | pa.Table, passed: int) -> RawRows:
    texts = pl.DataFrame(
        [
            _column_text(batch.column(position)).alias(f"c{position}")
            for position in range(len(header))
        ]
    )
    numbers = pl.int_range(passed + 1, passed + batch.num_rows + 1, eager=True)
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


def _column_text(values: pa.Array | pa.ChunkedArray) -> pl.Series:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if not any(is_of(values.type) for is_of in SINGLE):
        return pl.Series([_value_text(value) for value in values.to_pylist()], dtype=pl.String)
    zone = values.type.tz if pa.types.is_timestamp(values.type) else None
    if zone and zone not in timezones():
        return _ahead_of_utc(values, zone)
    column = pl.Series(pl.from_arrow(values))
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.to_string(f"{CLOCK}%:z" if zone else CLOCK)
    if column.dtype == pl.Duration:
        return column.dt.to_string("iso")
    text = column.cast(pl.String)
    if isinstance(column.dtype, pl.Decimal) and column.dtype.scale:
        # Zeros behind the point are the type's, not the value's.
        return text.str.replace(r"\.?0+$", "")
    return text


def _ahead_of_utc(instants: pa.Array | pa.ChunkedArray, zone: str) -> pl.Series:
    """Instants in a zone that is only an offset, such as +05:30; of an unknown one as UTC."""
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone)
    sign, hours, minutes = found.groups() if found else ("+", "00", "00")
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    utc = pl.Series(pl.from_arrow(instants.cast(pa.timestamp(instants.type.unit))))
    clock = utc + ahead if sign == "+" else utc - ahead
    return clock.dt.to_string(CLOCK) + f"{sign}{hours}:{minutes}"


def _value_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=_inner_text)
    return _inner_text(value)


def _inner_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _bytes_text(value) if isinstance(value, bytes) else str(value)


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
