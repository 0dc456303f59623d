"""Opened: a file's bytes or text, unzipped where its name says so (SPEC 2.1)."""

import gzip
from io import TextIOWrapper
from pathlib import Path
from typing import IO


def open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def open_text(path: Path) -> TextIOWrapper:
    return TextIOWrapper(open_bytes(path), encoding="utf-8-sig", newline="")
