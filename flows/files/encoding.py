"""Encoding: which characters the bytes of a text file are, never guessed (SPEC 2.1)."""

import gzip
import zlib
from codecs import (
    BOM_UTF8,
    BOM_UTF16_BE,
    BOM_UTF16_LE,
    BOM_UTF32_BE,
    BOM_UTF32_LE,
    getincrementaldecoder,
)
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flows.files.open_file import (
    PORTION,
    copy_unzipped,
    lines_of,
    open_bytes,
    open_text,
    separator_named,
)
from schemas.raw import Unreadable

UTF8: Final = "utf-8-sig"
"""UTF-8 with or without its byte order mark."""

MARKS: Final = {
    # The mark of UTF-32 begins as that of UTF-16 does.
    BOM_UTF32_LE: "utf-32",
    BOM_UTF32_BE: "utf-32",
    BOM_UTF8: UTF8,
    BOM_UTF16_LE: "utf-16",
    BOM_UTF16_BE: "utf-16",
}

BY_MARK: Final = frozenset({"utf-16", "utf-32"})
"""Encodings that only a mark tells the order of."""


def encoding_of(path: Path, declared: str | None) -> str:
    """What a text file's mark says, else what its source declares, else UTF-8.

    Raises Unreadable where the order of its bytes could only be guessed.
    """
    with as_text(path, UTF8, declared), open_bytes(path) as file:
        beginning = file.read(4)
    marked = next((name for mark, name in MARKS.items() if beginning.startswith(mark)), None)
    if marked:
        return marked
    if declared in BY_MARK:
        raise Unreadable(
            "not_in_encoding",
            f"it has no byte order mark; declare {declared}-le or {declared}-be instead",
        )
    if declared:
        return UTF8 if declared == "utf-8" else declared
    zeros = [byte == 0 for byte in beginning[:2]]
    if len(zeros) == 2 and zeros[0] != zeros[1]:
        name = "utf-16-be" if zeros[0] else "utf-16-le"
        raise Unreadable(
            "not_utf8",
            "it looks like UTF-16 without its byte order mark; save it as UTF-8, or say "
            f'encoding = "{name}" in its source',
        )
    return UTF8


def write_in_utf8(path: Path, encoding: str, skip_rows: int, target: Path) -> int:
    """Write a text without the lines above its header as UTF-8. Returns how many those are.

    A first line that names the separator stays. Raises what reading the text raises.
    """
    skipped = 0
    with (
        open_text(path, encoding) as text,
        target.open("w", encoding="utf-8", newline="") as plain,
    ):
        lines = (line for line, _ in lines_of(text))
        while skipped < skip_rows and (line := next(lines, None)) is not None:
            if plain.tell() == skipped == 0 and separator_named(line):
                plain.write(line)
            else:
                skipped += 1
        if not copy_unzipped(text, plain) and skip_rows:
            raise Unreadable(
                "no_header",
                f"it has {skipped} lines, and its source skips {skip_rows} above the header",
            )
    return skipped


@contextmanager
def as_text(path: Path, encoding: str, declared: str | None) -> Iterator[None]:
    """Raises Unreadable for what was not gzipped as it should be, or is not in its encoding."""
    try:
        try:
            yield
        except UnicodeDecodeError as error:
            raise _not_in_encoding(path, encoding, declared) from error
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])
            raise Unreadable(
                "not_utf8", f"{half} is half of a character; write UTF-8, and send the file again"
            ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable("not_gzip", f"{error}; send the file again") from error


def _not_in_encoding(path: Path, encoding: str, declared: str | None) -> Unreadable:
    line = f"line {_first_line_not_in(path, encoding)} is not"
    if encoding == UTF8:
        return Unreadable(
            "not_utf8",
            f"{line} UTF-8; save the file as UTF-8, or name what it is in its source, "
            'as in encoding = "cp1252"',
        )
    if encoding == declared:
        return Unreadable(
            "not_in_encoding", f"{line} {encoding}; correct the `encoding` of its source"
        )
    return Unreadable(
        "not_in_encoding",
        f"{line} {encoding.upper()}, as its byte order mark says; send the file again",
    )


def _first_line_not_in(path: Path, encoding: str) -> int:
    ends = {"\n": 0, "\r": 0}
    decoder = getincrementaldecoder(encoding)()
    with open_bytes(path) as file:
        try:
            while portion := file.read(PORTION):
                text = decoder.decode(portion)
                ends = {end: passed + text.count(end) for end, passed in ends.items()}
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode(error.encoding, "ignore")
            ends = {end: passed + text.count(end) for end, passed in ends.items()}
    return 1 + max(ends.values())
