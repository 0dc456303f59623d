"""Zipped: the files that a ZIP holds, on disk under names of our own (SPEC 2.1)."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from flows.files.inputs import suffixes_of
from flows.files.open_file import LARGEST_UNZIPPED, copy_unzipped, too_large
from schemas.raw import Unreadable
from transforms.take import is_input

UNSUSPICIOUS: Final = 1 << 30
"""Bytes. Less is unzipped and looked at, however well it zipped."""

LARGEST_RATIO: Final = 200
"""Bytes that a byte unzips to. Rows of stock and orders make ten, a bomb a thousand and more."""

ENCRYPTED: Final = 0x1

DAMAGED: Final = (BadZipFile, EOFError, zlib.error, struct.error, ValueError, NotImplementedError)
"""What is told of a ZIP that was damaged is any of these."""


def unzip(path: Path, folder: Path) -> list[tuple[str, Path]]:
    """Name and content of each file that a ZIP holds, by name; hidden ones are passed over.

    Raises Unreadable for one that is damaged, protected, or larger than anybody means.
    """
    members = []
    passed = 0
    with sound_zip("not_zip"), ZipFile(path) as archive:
        for number, member in enumerate(_looked_at(archive, path)):
            target = folder / f"{number}{suffixes_of(Path(member.filename))}"
            with archive.open(member) as zipped, target.open("wb") as unzipped:
                passed = copy_unzipped(zipped, unzipped, passed)
            members.append((member.filename, target))
    return members


@contextmanager
def sound_zip(rule: str) -> Iterator[None]:
    """Raises Unreadable by the rule for a ZIP that was damaged."""
    try:
        yield
    except DAMAGED as error:
        raise Unreadable(rule, f"{error}; send the file again") from error
    except OSError as error:
        # Its directory leads to a place before the file's beginning.
        if error.errno != EINVAL:
            raise
        raise Unreadable(rule, "its directory is damaged; send the file again") from error


def refuse_bomb(members: list[ZipInfo], path: Path, most: int) -> None:
    """Raises Unreadable where the directory of a ZIP says that it is too large."""
    size = sum(member.file_size for member in members)
    if size > most:
        raise too_large(most)
    if size > UNSUSPICIOUS and size > LARGEST_RATIO * path.stat().st_size:
        raise Unreadable(
            "file_too_large",
            f"it unzips to {size >> 20:,} MiB, more than {LARGEST_RATIO} times its size, as a zip "
            "bomb does; send the file itself",
        )


def _looked_at(archive: ZipFile, path: Path) -> list[ZipInfo]:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and is_input(_inside(member.filename))
    ]
    if not members:
        raise Unreadable("empty_zip", "there is no file in it to read; send it again")
    for member in members:
        if member.flag_bits & ENCRYPTED:
            raise Unreadable(
                "password", f"{member.filename!r} in it has a password; send it without one"
            )
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Unreadable(
                "not_zip", f"{member.filename!r} in it is not zipped by deflate; zip it anew"
            )
    refuse_bomb(members, path, LARGEST_UNZIPPED)
    return sorted(members, key=lambda member: member.filename)


def _inside(name: str) -> str:
    """A name without the ways up and down that some write; nothing is unzipped by its name."""
    return "/".join(part for part in name.split("/") if part not in ("", ".", ".."))
