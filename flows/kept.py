"""Kept: the good rows of files, in the folder of the night until the ledger has posted them.

They are files of Arrow, which cost a fifth of what it takes to insert rows, and no memory. A table
of the night lists them, so that what a refused file left goes with its transaction.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from pyarrow.dataset import dataset

from flows.warehouse import Connection, load, only, save
from schemas.settings import Kind
from transforms.rows import PAGES
from transforms.validate import count_breaches

TABLES: Final[dict[Kind, str]] = {
    "inventory": "counts",
    "adjustments": "adjustments",
    "orders": "orders",
    "cancellations": "cancellations",
    "shipments": "shipments",
}
"""Kind: what its kept rows are called where they are queried (see `show`)."""


@dataclass(frozen=True)
class Stamp:
    """What is written beside a file's rows: its name, its day, and the run and its day.

    is_full: its counts state their locations whole (SPEC 4.3).
    """

    file: str
    kind: Kind
    day: date
    run_day: date
    run: int
    is_full: bool = False


@dataclass
class Tally:
    """What is known of a file on the way through it.

    kept: rows by kind. keys: row, key by kind, a list of frames for each rule among rows. broken:
    rule, rows, first.
    """

    header: tuple[str, ...] = ()
    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    kept: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))
    unknown: frozenset[str] | None = None
    broken: list[pl.DataFrame] = field(default_factory=list)
    keys: dict[Kind, list[list[pl.DataFrame]]] = field(default_factory=dict)


def reject(night: Connection, rejects: pl.DataFrame, stamp: Stamp, tally: Tally) -> None:
    """Write down rejects: row, kind, rule, column, value, raw."""
    save(night, "rejects", rejects, file=stamp.file, day=stamp.run_day, run=stamp.run)
    tally.rejected += rejects.get_column("row").n_unique()
    tally.broken.append(count_breaches(rejects))


def doubt(night: Connection, meant: pl.DataFrame, stamp: Stamp) -> None:
    """Write down what rejected counts may have meant: location_code, upc; null is any."""
    save(night, "uncertain", meant, file=stamp.file, day=stamp.day, is_full=stamp.is_full)


def keep(night: Connection, rows: pl.DataFrame, kind: Kind, stamp: Stamp) -> None:
    """Lay down good rows of a file."""
    stamped = [pl.lit(stamp.file).alias("file"), pl.lit(stamp.day).alias("day")]
    if kind == "inventory":
        stamped.append(pl.lit(stamp.is_full).alias("is_full"))
    _lay_down(night, rows.with_columns(stamped), kind, stamp.file)


def _lay_down(night: Connection, rows: pl.DataFrame, kind: Kind, file: str) -> None:
    if rows.is_empty():
        return
    folder = Path(only(night, "SELECT current_setting('temp_directory')"))
    folder.mkdir(exist_ok=True)
    part = only(night, "SELECT nextval('parts_written')")
    path = folder / f"kept-{part}.arrow"
    # A column without a value costs as much as one with values, and says nothing.
    told = [column.name for column in rows if column.null_count() < rows.height]
    rows.select(told).write_ipc(path, compression="uncompressed")
    night.execute(
        "INSERT INTO parts VALUES ($part, $kind, $file, $path)",
        {"part": part, "kind": kind, "file": file, "path": str(path)},
    )


def show(night: Connection, *kinds: Kind) -> None:
    """Make the kept rows of these kinds, or of all, a view of the connection, as they are now."""
    for kind in kinds or TABLES:
        schema = pl.DataFrame(schema=columns(kind)).to_arrow().schema
        parts = load(night, "SELECT path FROM parts WHERE kind = $kind ORDER BY part", kind=kind)
        paths = parts.get_column("path").to_list()
        rows = dataset(paths, schema, "ipc") if paths else schema.empty_table()
        night.register(TABLES[kind], rows)


def columns(kind: Kind) -> dict[str, pl.DataType]:
    """row, what a row of this kind says, and the file and day that it is of."""
    checked = PAGES[kind].checked.to_schema().columns
    said = {name: checked[name].dtype.type for name in PAGES[kind].content}
    is_full = {"is_full": pl.Boolean()} if kind == "inventory" else {}
    return {"row": pl.Int64(), **said, "file": pl.String(), "day": pl.Date(), **is_full}


def kept_rows(night: Connection, stamp: Stamp, kind: Kind, rows: pl.Series) -> pl.DataFrame:
    """The file's kept rows of these numbers, in their order, as validation had them."""
    found = [
        part.filter(pl.col("row").is_in(rows.implode())) for _, part in _parts(night, stamp, kind)
    ]
    empty = pl.DataFrame(schema=columns(kind))
    return (
        pl.concat([empty, *found], how="diagonal").select("row", *PAGES[kind].content).sort("row")
    )


def take_out(night: Connection, stamp: Stamp, kind: Kind, rows: pl.Series, tally: Tally) -> None:
    """Leave out kept rows."""
    if rows.is_empty():
        return
    for number, part in _parts(night, stamp, kind):
        left = part.filter(~pl.col("row").is_in(rows.implode()))
        if left.height < part.height:
            night.execute("DELETE FROM parts WHERE part = $part", {"part": number})
            _lay_down(night, left, kind, stamp.file)
    tally.kept[kind] -= rows.len()


def _parts(night: Connection, stamp: Stamp, kind: Kind) -> Iterator[tuple[int, pl.DataFrame]]:
    query = "SELECT part, path FROM parts WHERE kind = $kind AND file = $file ORDER BY part"
    for number, path in load(night, query, kind=kind, file=stamp.file).iter_rows():
        # Not read_ipc: to it the brackets of a folder's name are a pattern.
        yield number, pl.scan_ipc(path, glob=False).collect()
