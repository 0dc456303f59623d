"""Workbook: a recall's tables as sheets that people sort and filter (SPEC 7.7)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

MOST_ROWS: Final = 1_000
"""Rows of a sheet below its header: more than a person goes through, and written within seconds.
What is left out is told in the sheet and on the first one; the files have all."""

SHEETS: Final = {"recall_fsma": "FSMA"}
"""Sheets that are asked for by a name of their own."""

A4: Final = 9
"""As the workbook's format numbers paper."""

COLUMNS_OF_A_PAGE: Final = 14

WIDEST: Final = 40
SUMMARY_WIDTH: Final = 100
LINE_HEIGHT: Final = 15

SAMPLE: Final = 200
"""Rows by which the width of a column is judged."""

TEXT_ALONE: Final = {
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
"""Texts stay texts, whatever they look like."""


def write_workbook(
    tables: Mapping[str, pl.DataFrame], told: list[tuple[str, str]], path: Path
) -> None:
    """A sheet that says what is told, and one for each table: codes and dates as text."""
    with xlsxwriter.Workbook(path, TEXT_ALONE) as workbook:
        bold = workbook.add_format({"bold": True})
        bold_above = workbook.add_format({"bold": True, "valign": "top"})
        wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        first = workbook.add_worksheet("summary")
        _fit_on_paper(first, 2)
        first.set_column(0, 0, 14)
        first.set_column(1, 1, SUMMARY_WIDTH)
        for name, table in tables.items():
            sheet = workbook.add_worksheet(SHEETS.get(name, name.removeprefix("recall_")))
            shown = _as_cells(table.head(MOST_ROWS))
            for place, column in enumerate(shown.columns):
                sheet.set_column(place, place, _width(shown, column))
            sheet.freeze_panes(1, 0)
            _fit_on_paper(sheet, shown.width)
            if shown.height:
                sheet.autofilter(0, 0, shown.height, shown.width - 1)
            for place, column in enumerate(shown.columns):
                sheet.write_string(0, place, column, bold)
            for row, values in enumerate(shown.iter_rows(), start=1):
                for place, value in enumerate(values):
                    if isinstance(value, str):
                        sheet.write_string(row, place, value)
                    elif value is not None:
                        sheet.write(row, place, value)
            if table.height > MOST_ROWS:
                more = f"{table.height - MOST_ROWS:,} MORE ROWS IN {name}.csv"
                sheet.write_string(MOST_ROWS + 1, 0, more, bold)
                told = [*told, ("CUT", f"{name}: {more}")]
        for row, (what, figure) in enumerate(told):
            first.write_string(row, 0, what, bold_above)
            first.write_string(row, 1, figure, wrapped)
            first.set_row(row, LINE_HEIGHT * -(-len(figure) // SUMMARY_WIDTH))


def _fit_on_paper(sheet: Worksheet, columns: int) -> None:
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(-(-columns // COLUMNS_OF_A_PAGE), 0)
    sheet.repeat_rows(0)


def _as_cells(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"),
        pl.col(pl.Datetime).dt.to_string("%Y-%m-%d %H:%M:%S"),
    )


def _width(shown: pl.DataFrame, column: str) -> int:
    texts = shown.get_column(column).head(SAMPLE).cast(pl.String)
    longest = texts.str.len_chars().max()
    widest = longest if isinstance(longest, int) else 0
    return min(WIDEST, max(widest, len(column)) + 2)
