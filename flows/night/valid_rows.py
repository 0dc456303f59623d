"""Valid rows: the good rows of files, in the folder of the night until the ledger has posted them.

They are files of Arrow, which cost a fifth of what it takes to insert rows, and no memory. A table
of the night lists them, so that what a refused file left goes with its transaction.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
from pyarrow.dataset import dataset

from flows.state.warehouse import Connection, load, only, save
from schemas.settings import Kind
from transforms.rows import PAGES, file_of
from transforms.validate import count_breaches

TABLES: Final[dict[Kind, str]] = {
    "inventory": "counts",
    "adjustments": "adjustments",
    "orders": "orders",
    "cancellations": "cancellations",
    "shipments": "shipments",
}
"""Kind: what its kept rows are called where they are queried (see `show`)."""

# A file is of one batch, so any of its files finds it.
OF_BATCH: Final = """
    SELECT part, path, files
    FROM parts
    WHERE kind = $kind AND list_contains(files, $file)
    ORDER BY part
"""


@dataclass(frozen=True)
class Stamp:
    """What is written beside a file's rows: its name and its day.

    number: its place among the files of the night, by day and name: what two files say is the
    earlier one's.
    """

    file: str
    day: date
    number: int = 0


@dataclass(frozen=True)
class Batch:
    """Files of one kind that are validated together: large ones alone, small ones by the hundred.

    Their rows are numbered on from file to file; starts: the rows before those of each. is_full:
    their counts state their locations whole (SPEC 4.3).
    """

    stamps: tuple[Stamp, ...]
    kind: Kind
    run_day: date
    run: int
    is_full: bool = False
    starts: tuple[int, ...] = (0,)
    ignored: tuple[int, ...] = (0,)
    """Rows of each that are no part of its table, where several are validated together."""

    def places(self, rows: pl.Series) -> pl.Series:
        """Which of the files each row is of."""
        return file_of(rows, self.starts)

    def stamped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with file, day and number beside each row, which counts from 1 in its file."""
        if len(self.stamps) == 1:
            (stamp,) = self.stamps
            of = (pl.lit(value) for value in (stamp.file, stamp.day, stamp.number))
            file, day, number = of
            return frame.with_columns(file=file, day=day, number=number)
        place = self.places(frame.get_column("row"))
        stamps = pl.DataFrame(
            {
                "file": [stamp.file for stamp in self.stamps],
                "day": [stamp.day for stamp in self.stamps],
                "number": [stamp.number for stamp in self.stamps],
                "start": self.starts,
            },
            schema_overrides={"start": pl.Int64, "number": pl.Int64},
        )
        beside = frame.hstack(stamps[place])
        return beside.with_columns(pl.col("row") - pl.col("start")).drop("start")

    def numbered_on(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The stamped frame with its rows as the batch counts them."""
        if len(self.stamps) == 1:
            return frame
        starts = {stamp.file: start for stamp, start in zip(self.stamps, self.starts, strict=True)}
        before = pl.col("file").replace_strict(starts, return_dtype=pl.Int64)
        return frame.with_columns(pl.col("row") + before)


@dataclass
class Tally:
    """What is known of the files of a batch on the way through it, counted by file.

    kept: rows by kind and file. keys: row, key by kind, a list of frames for each rule among rows.
    broken: file, rule, rows, first.
    """

    header: tuple[str, ...] = ()
    rows: Counter[int] = field(default_factory=Counter)
    ignored: Counter[int] = field(default_factory=Counter)
    rejected: Counter[int] = field(default_factory=Counter)
    repeated: Counter[int] = field(default_factory=Counter)
    kept: dict[Kind, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    unknown: frozenset[str] | None = None
    broken: list[pl.DataFrame] = field(default_factory=list)
    keys: dict[Kind, list[list[pl.DataFrame]]] = field(default_factory=dict)


def count(batch: Batch, rows: pl.Series) -> Counter[int]:
    """How many of the rows are of each file, by its place."""
    if len(batch.stamps) == 1:
        return Counter({0: rows.len()})
    return Counter(dict(batch.places(rows).value_counts().iter_rows()))


def reject(night: Connection, rejects: pl.DataFrame, batch: Batch, tally: Tally) -> None:
    """Write down rejects: row, kind, rule, column, value, raw."""
    if rejects.is_empty():
        return
    stamped = batch.stamped(rejects).drop("day", "number")
    save(night, "rejects", stamped, day=batch.run_day, run=batch.run)
    tally.rejected.update(count(batch, rejects.get_column("row").unique()))
    tally.broken.append(count_breaches(stamped))


def doubt(night: Connection, meant: pl.DataFrame, batch: Batch) -> None:
    """Write down what rejected counts may have meant: row, location_code, upc; null is any."""
    if meant.is_empty():
        return
    stamped = batch.stamped(meant).drop("row", "number").unique(maintain_order=True)
    save(night, "uncertain", stamped, is_full=batch.is_full)


def note_negative(night: Connection, counts: pl.DataFrame, batch: Batch) -> None:
    """Write down counts below 0 that were taken as 0: row, location_code, upc, quantity."""
    if counts.is_empty():
        return
    told = pl.format(
        "{}, row {}: a count of {} of {} at {} is taken as 0",
        *("file", "row", "quantity", "upc", "location_code"),
    )
    discrepancies = batch.stamped(counts).select(
        "quantity", kind=pl.lit("negative_count"), detail=told
    )
    save(night, "discrepancies", discrepancies, day=batch.run_day)


def keep(night: Connection, rows: pl.DataFrame, kind: Kind, batch: Batch) -> None:
    """Lay down good rows of files."""
    stamped = batch.stamped(rows).drop("number")
    if kind == "inventory":
        stamped = stamped.with_columns(is_full=pl.lit(batch.is_full))
    files = [stamp.file for stamp in batch.stamps]
    _lay_down(night, stamped, kind, files)


def _lay_down(night: Connection, rows: pl.DataFrame, kind: Kind, files: list[str]) -> None:
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
        "INSERT INTO parts VALUES ($part, $kind, $files, $path)",
        {"part": part, "kind": kind, "files": files, "path": str(path)},
    )


def show(night: Connection, *kinds: Kind) -> None:
    """Make the kept rows of these kinds, or of all, a view of the connection, as they are now."""
    for kind in kinds or TABLES:
        parts = load(night, "SELECT path FROM parts WHERE kind = $kind ORDER BY part", kind=kind)
        night.register(TABLES[kind], _rows_in(parts.get_column("path").to_list(), kind))


def _rows_in(paths: list[str], kind: Kind) -> Any:
    schema = pl.DataFrame(schema=columns(kind)).to_arrow().schema
    return dataset(paths, schema, "ipc") if paths else schema.empty_table()


def all_kept(night: Connection, kind: Kind) -> pl.DataFrame:
    """The kept rows of a kind, of all files."""
    parts = load(night, "SELECT path FROM parts WHERE kind = $kind ORDER BY part", kind=kind)
    # Not read_ipc: to it the brackets of a folder's name are a pattern.
    found = [pl.scan_ipc(path, glob=False).collect() for path in parts.get_column("path")]
    return pl.concat([pl.DataFrame(schema=columns(kind)), *found], how="diagonal")


def columns(kind: Kind) -> dict[str, pl.DataType]:
    """row, what a row of this kind says, and the file and day that it is of."""
    checked = PAGES[kind].checked.to_schema().columns
    said = {name: checked[name].dtype.type for name in PAGES[kind].content}
    is_full = {"is_full": pl.Boolean()} if kind == "inventory" else {}
    return {"row": pl.Int64(), **said, "file": pl.String(), "day": pl.Date(), **is_full}


def kept_rows(night: Connection, batch: Batch, kind: Kind, rows: pl.Series) -> pl.DataFrame:
    """The batch's kept rows of these numbers, in their order, as validation had them."""
    found = [
        numbered.filter(pl.col("row").is_in(rows.implode()))
        for _, part, _ in _parts(night, kind, batch.stamps[0].file)
        for numbered in [batch.numbered_on(part)]
    ]
    empty = pl.DataFrame(schema=columns(kind))
    return (
        pl.concat([empty, *found], how="diagonal").select("row", *PAGES[kind].content).sort("row")
    )


def repeated_rows(night: Connection, batch: Batch, kind: Kind, suspects: pl.Series) -> pl.Series:
    """Those of the suspects that say what an earlier row of their file says."""
    if suspects.is_empty():
        return suspects
    parts = load(night, OF_BATCH, kind=kind, file=batch.stamps[0].file)
    night.register("batch_rows", _rows_in(parts.get_column("path").to_list(), kind))
    night.register("suspects", batch.stamped(suspects.to_frame()).select("file", "row"))
    said = ", ".join(f'"{name}"' for name in PAGES[kind].content)
    repeated = load(
        night,
        f"""
        SELECT file, row
        FROM batch_rows SEMI JOIN suspects USING (file, row)
        QUALIFY row_number() OVER (PARTITION BY file, {said} ORDER BY row) > 1
        """,  # noqa: S608  our own names
    )
    for name in ("batch_rows", "suspects"):
        night.unregister(name)
    return batch.numbered_on(repeated).get_column("row")


def take_out(night: Connection, batch: Batch, kind: Kind, rows: pl.Series, tally: Tally) -> None:
    """Leave out kept rows."""
    if rows.is_empty():
        return
    out = batch.stamped(rows.alias("row").to_frame()).select("file", "row")
    leave_out(night, kind, batch.stamps[0].file, out)
    tally.kept[kind].subtract(count(batch, rows))


def leave_out(night: Connection, kind: Kind, file: str, out: pl.DataFrame) -> list[str]:
    """Leave out kept rows by file, or by file and row, of `file` and those validated with it.

    Returns these.
    """
    together: list[str] = []
    for number, part, files in _parts(night, kind, file):
        together = files
        left = part.join(out, on=out.columns, how="anti", maintain_order="left")
        if left.height < part.height:
            night.execute("DELETE FROM parts WHERE part = $part", {"part": number})
            _lay_down(night, left, kind, files)
    return together


def _parts(
    night: Connection, kind: Kind, file: str
) -> Iterator[tuple[int, pl.DataFrame, list[str]]]:
    for number, path, files in load(night, OF_BATCH, kind=kind, file=file).iter_rows():
        # Not read_ipc: to it the brackets of a folder's name are a pattern.
        yield number, pl.scan_ipc(path, glob=False).collect(), files
