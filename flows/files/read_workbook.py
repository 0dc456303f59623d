"""Workbooks: the cells of one sheet as text, numbers as their exact digits (SPEC 2.1)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import fastexcel
import polars as pl

from flows.files.workbook_size import check_workbook
from schemas.raw import (
    PLAIN,
    Layout,
    RawRows,
    Unreadable,
    height_of_chunk,
    refuse_too_many_columns,
)
from transforms.footer import until_footer

ERRORS: Final = {
    "Div0": "#DIV/0!",
    "GettingData": "#GETTING_DATA",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
}
"""What a formula comes to that failed, as the library and as the spreadsheet calls it."""

CLOCK: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)$"
"""Dates and instants as the library writes them."""

NUMBER: Final = r"^-?[0-9]+(?:\.[0-9]+)?$"


def read_workbook(path: Path, cells: int, layout: Layout = PLAIN) -> Iterator[RawRows]:
    """The rows of the source's sheet, else of the first one that is not hidden and has cells.

    Blank rows are passed over, and counted in the numbers of those below. What failed in the
    spreadsheet reads as it is shown there, such as #N/A.
    """
    has_long_numbers = check_workbook(path)
    try:
        workbook = fastexcel.read_excel(path)
        sheet = _sheet(workbook, layout.sheet)
        texts = _texts(sheet)
        if has_long_numbers:
            numbers = _loaded(workbook, sheet.name, "float").to_arrow()
            texts = _with_exact_digits(texts, pl.DataFrame(numbers))
    except fastexcel.FastExcelError as error:
        told = str(error).partition("\n")[0]
        raise Unreadable("not_xlsx", f"{told}; send the workbook again") from error
    yield from until_footer(_chunks(texts, layout.skip_rows, cells), layout.footer)


def sheets_with_cells(path: Path) -> list[str]:
    """Those of a workbook that are not hidden. Raises Unreadable."""
    check_workbook(path)
    workbook = fastexcel.read_excel(path)
    sheets = (_loaded(workbook, name, "string") for name in workbook.sheet_names)
    return [sheet.name for sheet in sheets if sheet.visible == "visible" and sheet.height]


def _sheet(workbook: fastexcel.ExcelReader, name: str | None) -> fastexcel.ExcelSheet:
    names = workbook.sheet_names
    if name is None:
        for each in names:
            sheet = _loaded(workbook, each, "string")
            # A sheet of a chart has no cells.
            if sheet.visible == "visible" and sheet.height:
                return sheet
        raise Unreadable("no_header", "no sheet in it has cells; send the workbook again")
    if name not in names:
        there = ", ".join(map(repr, names))
        raise Unreadable("unknown_sheet", f"there is no sheet {name!r}; it has {there}")
    return _loaded(workbook, name, "string")


def _loaded(
    workbook: fastexcel.ExcelReader, name: str, cells: Literal["string", "float"]
) -> fastexcel.ExcelSheet:
    """From the first row on, blank or not, so that rows keep their places."""
    return workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes=cells)


def _texts(sheet: fastexcel.ExcelSheet) -> pl.DataFrame:
    batch, told = sheet.to_arrow_with_errors()
    texts = pl.DataFrame(batch)
    texts.columns = [f"c{place}" for place in range(texts.width)]
    failed: dict[int, dict[int, str]] = defaultdict(dict)
    for error in told.errors if told else ():
        row, column = error.offset_position
        kind = re.search(r"Error\((\w+)\)", error.detail)
        failed[column][row] = ERRORS.get(kind[1] if kind else "", "#ERROR!")
    return pl.DataFrame(
        [_cells(texts[:, place], failed.get(place, {})) for place in range(texts.width)]
    )


def _cells(texts: pl.Series, failed: dict[int, str]) -> pl.Series:
    """Texts with days and instants in ISO, and with what failed."""
    if texts.str.contains(CLOCK).any():
        texts = (
            # A time without a day, or a 0 that is shown as a day: nothing to take for a date.
            texts.str.replace(r"^1899-12-3[01] ([0-9:.]+)$", "$1")
            .str.replace(CLOCK, "${1}T${2}")
            .str.replace(r"^([0-9-]{10})T00:00:00$", "$1")
        )
    return texts.scatter(list(failed), list(failed.values())) if failed else texts


def _with_exact_digits(texts: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Texts of numbers as their cells have them: the library rounds to nine decimals."""
    return pl.DataFrame([_exact(text, number) for text, number in zip(texts, numbers, strict=True)])


def _exact(texts: pl.Series, numbers: pl.Series) -> pl.Series:
    other = texts.cast(pl.Float64, strict=False) != numbers
    may_be = texts.str.contains(NUMBER) & (other | texts.str.contains(r"\.[0-9]{6}"))
    places = may_be.fill_null(value=False).arg_true()
    told = zip(texts.gather(places), numbers.gather(places), strict=True)
    return texts.scatter(places, [_digits(text, number) for text, number in told])


def _digits(text: str, number: float | None) -> str:
    """Those of the number, where the text is the number rounded and no text of its own."""
    rounded = None if number is None else f"{number:.9f}".rstrip("0").rstrip(".")
    return f"{Decimal(repr(number)):f}" if text == rounded else text


def _chunks(texts: pl.DataFrame, skip_rows: int, cells: int) -> Iterator[RawRows]:
    texts = texts.with_columns(pl.all().replace("", None))
    is_said = pl.any_horizontal(pl.col(pl.String).str.strip_chars() != "")
    rows = texts.with_row_index("row").cast({"row": pl.Int64}).slice(skip_rows)
    said = rows.filter(is_said) if texts.width else rows.clear()
    if said.is_empty():
        raise Unreadable("no_header", "the sheet has no rows, or none below those to be skipped")
    place, *names = said.row(0)
    header = tuple(name or "" for name in names)
    refuse_too_many_columns(len(header))
    below = said.slice(1).with_columns(pl.col("row") - place)
    most = height_of_chunk(cells, len(header))
    for start in range(0, max(1, below.height), most):
        part = below.slice(start, most)
        raw = RawRows.of(header, part.drop("row"), part.get_column("row"))
        yield replace(raw, ignored=0 if start else skip_rows)
