"""Formats: a file as its reader takes it: out of its ZIP, in UTF-8, the header first (SPEC 2.1)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from flows.files.encoding import UTF8, as_text, encoding_of, write_in_utf8
from flows.files.zipped import unzip
from schemas.raw import Layout, Unreadable

Format = Literal["CSV", "JSON", "NDJSON", "Parquet", "XLSX", "ZIP"]

FORMATS: Final[dict[str, Format]] = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".json": "JSON",
    ".ndjson": "NDJSON",
    ".jsonl": "NDJSON",
    ".parquet": "Parquet",
    ".xlsx": "XLSX",
    ".zip": "ZIP",
}
"""Suffix: what is read in a file of such a name."""

TEXT: Final = ("CSV", "JSON", "NDJSON")
ZIPPED: Final = ("XLSX", "ZIP")
"""Zipped by themselves, and by nobody with gzip."""

WORKBOOKS: Final = (".xls", ".xlsm", ".xlsb", ".xltx", ".ods", ".numbers")
"""Suffixes of workbooks that nothing here reads."""


@dataclass(frozen=True)
class Plain:
    """A file that a reader takes. skipped: rows above its header that are left out of it."""

    path: Path
    format: Format
    skipped: int = 0
    name: str | None = None
    """In the ZIP that it was in."""


@contextmanager
def plain_files(path: Path, layout: Layout) -> Iterator[list[Plain]]:
    """The file, or those that it holds, until they have been read. Raises Unreadable."""
    with ExitStack() as stack:
        if format_of(path.name) != "ZIP":
            yield [_plain(path, layout, stack)]
            return
        members = unzip(path, Path(stack.enter_context(TemporaryDirectory())))
        formats = {_format_in_zip(name) for name, _ in members}
        if len(formats) > 1:
            raise Unreadable(
                "mixed_formats",
                f"it holds {' and '.join(sorted(formats))} files; zip those of one kind together",
            )
        files = []
        for name, member in members:
            with in_zip(name):
                files.append(_plain(member, layout, stack, name))
        yield files


@contextmanager
def in_zip(name: str | None) -> Iterator[None]:
    """Tell of which file of a ZIP it is that something is said."""
    try:
        yield
    except Unreadable as why:
        if name is None:
            raise
        raise Unreadable(why.rule, f"{name!r} in it: {why.advice}") from why


def format_of(name: str) -> Format:
    """What is read in a file of that name. Raises Unreadable."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    is_gzipped = suffixes[-1:] == [".gz"]
    suffix = "".join(suffixes[-2:-1] if is_gzipped else suffixes[-1:]) or "".join(suffixes)
    if suffix in WORKBOOKS:
        raise Unreadable("unknown_suffix", f"'{suffix}' is not read; save the workbook as .xlsx")
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise Unreadable("unknown_suffix", f"no reader for '{suffix}'; Lotwise reads {known}")
    if is_gzipped and FORMATS[suffix] in ZIPPED:
        raise Unreadable("unknown_suffix", f"'{suffix}' is zipped by itself; send it without .gz")
    return FORMATS[suffix]


def _format_in_zip(name: str) -> Format:
    with in_zip(name):
        found = format_of(name)
        if found == "ZIP":
            raise Unreadable("zip_in_zip", "a ZIP is not looked into here; zip the files once")
        return found


def _plain(path: Path, layout: Layout, stack: ExitStack, name: str | None = None) -> Plain:
    found = format_of(path.name)
    skip_rows = layout.skip_rows if found == "CSV" else 0
    encoding = encoding_of(path, layout.encoding) if found in TEXT else UTF8
    if encoding == UTF8 and not skip_rows:
        return Plain(path, found, 0, name)
    # Suffixes choose the reader, and this is no longer zipped.
    target = Path(stack.enter_context(TemporaryDirectory()), "plain")
    with as_text(path, encoding, layout.encoding):
        skipped = write_in_utf8(path, encoding, skip_rows, target)
    return Plain(target, found, skipped, name)
