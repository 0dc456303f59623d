"""Write: a recall's tables as files, each whole and at once (SPEC 7.7)."""

import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from flows.recalls.page import page_of
from flows.recalls.report import Recall
from flows.recalls.workbook import write_workbook

FORMULA = "^[=+\\-@\t\r]"
"""How a cell begins that a spreadsheet would work out."""


def folder_name(name: str) -> str:
    """A name of one folder, whatever characters a lot has."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "recall"


def write_report(report: Recall, name: str, told: list[tuple[str, str]], folder: Path) -> None:
    """Write each table as CSV and Parquet, all as a workbook whose first sheet says what is `told`,
    and the page. A report that is there is replaced as a whole."""
    beside = folder.with_name(f".{folder.name}.next")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        files = meanwhile.submit(_write_files, report.tables, beside)
        write_workbook(report.tables, told, beside / "recall.xlsx")
        page = page_of(report, name, dict(told).get("balance", ""))
        (beside / "recall.html").write_text(page, encoding="utf-8")
        files.result()
    replaced = folder.with_name(f".{folder.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    os.replace(beside, folder)  # noqa: PTH105
    shutil.rmtree(replaced, ignore_errors=True)


def _write_files(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
        as_text(table).write_csv(folder / f"{name}.csv")


def as_text(table: pl.DataFrame) -> pl.DataFrame:
    """The table with no text that a spreadsheet would take for a formula."""
    text = pl.col(pl.String)
    return table.with_columns(
        pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep()
    )
