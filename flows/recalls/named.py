"""Named: what a recall is about, from lots and options, or from a notice (SPEC 7.1)."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from flows.files.reference import read_holds
from flows.settings import Stopped
from schemas.reference import NAMED_CODES

NAMED: Final = {
    "row": pl.Int64,
    **dict.fromkeys(NAMED_CODES, pl.String),
    "date_from": pl.Date,
    "date_to": pl.Date,
}


def named_by_lots(
    lots: tuple[str, ...], date_from: date | None, date_to: date | None, **codes: str | None
) -> pl.DataFrame:
    """A row for each lot, or one where none is named, beside what all of them name.

    Raises Stopped where nothing is named, or an empty lot: that would be all stock.
    """
    told = {name: (code or "").strip() or None for name, code in codes.items()}
    shared = {**told, "date_from": date_from, "date_to": date_to}
    rows = [{**shared, "lot_code": lot.strip()} for lot in dict.fromkeys(lots)] or [shared]
    if any(row.get("lot_code") == "" for row in rows):
        raise Stopped("one of the lots is blank; name it, or leave it out")
    named = pl.DataFrame(
        [{"row": number, **row} for number, row in enumerate(rows, start=1)], schema=NAMED
    )
    if named.drop("row").select(pl.all().null_count() == pl.len()).row(0) == (True,) * 8:
        raise Stopped("a recall names a lot, or at least one of --upc, --location, --serial, dates")
    return named


def named_by_notice(path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows of a notice, which has the columns of a hold, in any format that the inbox takes;
    and its columns that name nothing.

    Raises Stopped where it can't be read, has no row, or one that names nothing.
    """
    if not path.is_file():
        raise Stopped(f"there is no notice {path}")
    named, passed_over = read_holds(path, str(path))
    if named.is_empty():
        raise Stopped(f"the notice {path} has no rows: it names nothing")
    numbered = named.with_row_index("row", offset=1)
    return numbered.select(pl.col(name).cast(kind) for name, kind in NAMED.items()), passed_over
