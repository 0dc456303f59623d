"""Workbook size: whether an .xlsx is one, and small enough, before it is opened (SPEC 2.1).

What reads workbooks holds the whole rectangle of a sheet's cells in memory, and takes the process
with it where there is not enough. So what a workbook unzips to is measured first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from flows.files.open_file import PORTION
from flows.files.zipped import refuse_bomb, sound_zip
from schemas.raw import Unreadable

LARGEST_WORKBOOK: Final = 1 << 30
"""Bytes that it unzips to: some twenty million cells."""

LARGEST_SHEET: Final = 32_000_000
"""Cells of the rectangle that the used ones span, of some 60 bytes each."""

LARGEST_TEXT: Final = 2 << 30
"""Bytes, were every cell as long as the longest: a workbook holds equal texts once."""

OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")
"""How an .xls begins, and a workbook with a password."""

MACROS: Final = "xl/vbaProject.bin"

PLACE: Final = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
TEXT: Final = re.compile(rb"<(?:\w+:)?si\b")
LONG_NUMBER: Final = re.compile(
    rb"<(?:\w+:)?v>-?(?:[0-9]*\.[0-9]{9,}|[0-9]{7,}\.|[0-9.]+[eE]-)[0-9]*"
)
OVERLAP: Final = 64
"""Bytes that are looked at with the next portion again, lest a place or number be torn. What is
counted may be a little high for it."""


@dataclass
class Part:
    """What a sheet, or another part of a workbook, takes."""

    columns: int = 0
    rows: int = 0
    cells: int = 0
    longest_text: int = 0
    has_long_numbers: bool = False

    def add(self, text: bytes) -> None:
        places = PLACE.findall(text)
        self.cells += len(places)
        columns, rows = map(set, zip(*places, strict=True)) if places else (set(), set())
        self.columns = max([self.columns, *map(_number, columns)])
        self.rows = max([self.rows, *map(int, rows)])
        self.has_long_numbers |= LONG_NUMBER.search(text) is not None


def check_workbook(path: Path) -> bool:
    """Whether some number of a sound workbook has many decimals.

    Raises Unreadable where it is no workbook, none that may be opened, or too large.
    """
    with path.open("rb") as file:
        if file.read(len(OLE)) == OLE:
            raise Unreadable(
                "not_xlsx",
                "it has a password, or is an .xls under another name; save the workbook as .xlsx, "
                "without a password",
            )
    with sound_zip("not_xlsx"), ZipFile(path) as archive:
        members = archive.infolist()
        if any(member.filename == MACROS for member in members):
            raise Unreadable("not_xlsx", "it has macros; save the workbook as .xlsx")
        refuse_bomb(members, path, LARGEST_WORKBOOK)
        parts = [_measured(archive, member) for member in members]
    cells = max((part.cells for part in parts), default=0)
    longest = max((part.longest_text for part in parts), default=0)
    largest = max((part.columns * part.rows for part in parts), default=0)
    if largest > LARGEST_SHEET or cells * longest > LARGEST_TEXT:
        raise Unreadable(
            "file_too_large",
            f"a sheet spans {largest:,} cells, the longest of {longest:,} bytes; delete what "
            "stands far off or is not meant, or save the sheet as CSV",
        )
    return any(part.has_long_numbers for part in parts)


def _measured(archive: ZipFile, member: ZipInfo) -> Part:
    part = Part()
    before = b""
    passed = begun = 0
    for portion in _content(archive, member):
        text = before + portion
        part.add(text)
        for found in TEXT.finditer(text):
            place = passed - len(before) + found.start()
            part.longest_text = max(part.longest_text, place - begun if begun else 0)
            begun = place
        passed += len(portion)
        before = text[-OVERLAP:]
    part.longest_text = max(part.longest_text, passed - begun if begun else 0)
    return part


def _content(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    """All that unzips, which may be more than the directory says: others stop at no size."""
    left = member.file_size
    member.file_size = LARGEST_WORKBOOK
    with archive.open(member) as unzipped:
        while portion := unzipped.read(PORTION):
            left -= len(portion)
            if left < 0:
                raise BadZipFile(f"{member.filename!r} in it is larger than it says")
            yield portion


def _number(column: bytes) -> int:
    """The place of a column of letters: A is 1, XFD 16,384."""
    number = 0
    for letter in column.upper():
        number = 26 * number + letter - 64
    return max(1, number)
