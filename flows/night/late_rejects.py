"""Rejects that the ledger finds: rows fine by themselves, but not beside what is known."""

from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from flows.files.read import Chunks, read_through
from flows.state.warehouse import Connection, load, only, save, settings_of
from schemas.settings import Source
from transforms.described import described
from transforms.ledger import Row
from transforms.resubmitted import is_resubmitted, layout_of
from transforms.take import source_of


def save_late_rejects(night: Connection, found: pl.DataFrame, day: date) -> None:
    """Write down rejects (file, row, kind, rule, column), each with its row as read."""
    raws = raws_of(night, list(found.iter_rows(named=True)))
    told = [raws.get((row["file"], row["row"])) for row in found.iter_rows(named=True)]
    run = only(night, "SELECT run FROM tonight")
    save(
        night,
        "rejects",
        found.with_columns(
            pl.Series("raw", told, dtype=pl.String),
            day=pl.lit(day),
            run=pl.lit(run),
        ),
    )
    save(night, "late_rejects", found.select("file", "row"))


def raws_of(night: Connection, rows: list[Row]) -> dict[tuple[str, int], str]:
    """The rows as they stand in their files, as JSON, by file and row number."""
    raws: dict[tuple[str, int], str] = {}
    sources = settings_of(night).sources
    for file in sorted({row["file"] for row in rows}):
        copies = load(night, "SELECT copy FROM taken WHERE file = $file", file=file)
        wanted = pl.Series([row["row"] for row in rows if row["file"] == file], dtype=pl.Int64)
        kind, _, name = file.partition("/")
        source = source_of(kind, name, sources)
        # What its source says of rows is done to mended ones already.
        described_by = None if is_resubmitted(name) else source
        for copy in copies.get_column("copy"):
            through = partial(_told, wanted, described_by)
            told = read_through(Path(copy), through, layout_of(name, source))
            raws |= {(file, row): raw for row, raw in told}
    return raws


def _told(wanted: pl.Series, source: Source | None, chunks: Chunks) -> list[tuple[int, str]]:
    told = described(chunks, source)
    return [row for chunk in told for row in chunk.as_json(wanted).iter_rows()]
