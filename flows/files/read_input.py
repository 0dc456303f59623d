"""Read input: a file of the inbox as its source describes it, chunk by chunk (SPEC 2.3)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from flows.files.read import Chunks, read_through
from schemas.settings import Source
from transforms.described import described
from transforms.resubmitted import is_resubmitted, layout_of, without_notes

T = TypeVar("T")


class Reading(Protocol):
    """Files that can be gone through, chunk by chunk, as often as need be."""

    def __call__(self, through: Callable[[Chunks], T]) -> T: ...


def reading_of(path: Path, file: str, source: Source | None) -> Reading:
    """How the content at `path` is read, which its inbox knows as `file`."""
    whole = partial(read_through, path, layout=layout_of(file, source))

    def reading(through: Callable[[Chunks], T]) -> T:
        if is_resubmitted(file):
            # What its source says of rows was done to them before they were rejected.
            return whole(lambda chunks: through(without_notes(chunk, source) for chunk in chunks))
        return whole(lambda chunks: through(described(chunks, source)))

    return reading
