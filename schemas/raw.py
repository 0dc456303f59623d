"""Raw rows: what stands in a file, one row per row of it, every cell as text (SPEC 2.1)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import polars as pl

MALFORMED: Final = {"row": pl.Int64, "rule": pl.String, "raw": pl.String}

LONGEST_ROW: Final = 16 << 20
"""Characters of a row. No row of stock or orders comes near; one that is longer is a quote that was
never closed, or no text at all, and rows are held in memory by the thousand."""

LONGEST_RAW: Final = 1 << 10
"""Characters that are told of a row that is too long: enough to find it in its file."""

MOST_COLUMNS: Final = 5_000
"""Columns of a file. Every one is a column of every frame, and of what is told of a reject."""

CELLS: Final = 10_000_000
"""Cells of a chunk: a million rows of ten columns, some 300 MB. Fewer rows cost time, since every
chunk is worth some forty questions to polars and pandera; more cost memory."""

MOST_ROWS: Final = 1_000_000
"""Rows of a chunk: those of few columns become as many columns as others once they are typed."""


def height_of_chunk(cells: int, columns: int) -> int:
    """Rows of a chunk of about so many cells."""
    return max(1, min(MOST_ROWS, cells // max(1, columns)))


class Unreadable(Exception):  # noqa: N818  it is the file that is unreadable
    """A file that makes no sense as a whole: the rule it breaks, and what to do."""

    def __init__(self, rule: str, advice: str) -> None:
        super().__init__(f"{rule}: {advice}")
        self.rule = rule
        self.advice = advice


class Misread(Exception):  # noqa: N818  it is the file that was misread
    """What a quick reader gave of a file may be wrong: throw it away, and read it the exact way."""


def refuse_too_many_columns(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise Unreadable(
            "too_many_columns",
            f"it has {columns} columns and may have {MOST_COLUMNS}; check its separator and quotes",
        )


@dataclass(frozen=True)
class Layout:
    """How a source lays its files out, beside what the files say of themselves (SPEC 2.1)."""

    encoding: str | None = None
    sheet: str | None = None
    skip_rows: int = 0
    footer: str | None = None


PLAIN: Final = Layout()
"""Of files that no source is declared for: UTF-8, the header first, the table to the end."""


@dataclass(frozen=True)
class RawRows:
    """A file's rows, or a chunk of them, before anyone asks what they mean.

    rows: `row` (the row's number in the file, 1 is the first after the header) and one text
    column `c0`, `c1`, … for each name of the header. malformed: the rows that don't fit it, their
    text as a JSON string. ignored: rows of the file that are no part of its table (SPEC 2.1).
    """

    header: tuple[str, ...]
    rows: pl.DataFrame
    malformed: pl.DataFrame
    ignored: int = 0

    @classmethod
    def of(
        cls,
        header: tuple[str, ...],
        cells: pl.DataFrame,
        numbers: Sequence[int] | pl.Series | None = None,
        malformed: Sequence[tuple[int, str, str]] = (),
    ) -> Self:
        if numbers is None:
            rows = cells.with_row_index("row", offset=1).cast({"row": pl.Int64})
        else:
            # Rows without columns count too, and only their numbers tell how many there are.
            row = pl.Series("row", numbers, dtype=pl.Int64)
            rows = cells.select(row, pl.all()) if cells.width else row.to_frame()
        told = [(row, rule, json.dumps(text, ensure_ascii=False)) for row, rule, text in malformed]
        return cls(header, rows, pl.DataFrame(told, schema=MALFORMED, orient="row"))

    @classmethod
    def together(cls, chunks: Iterable[Self]) -> Self:
        """The rows of several chunks of one file; there is one at least."""
        parts = list(chunks)
        return cls(
            parts[0].header,
            pl.concat([chunk.rows for chunk in parts]),
            pl.concat([chunk.malformed for chunk in parts]),
            sum(chunk.ignored for chunk in parts),
        )

    @property
    def height(self) -> int:
        return self.rows.height + self.malformed.height

    @property
    def last_row(self) -> int:
        """The highest of the row numbers; they leave out blank rows of a sheet."""
        numbers = (part.get_column("row").max() for part in (self.rows, self.malformed))
        return max((number for number in numbers if isinstance(number, int)), default=0)

    def numbered_on(self, passed: int) -> Self:
        """The rows as those of a file that has so many before them."""
        number = pl.col("row") + passed
        rows, malformed = (part.with_columns(number) for part in (self.rows, self.malformed))
        return replace(self, rows=rows, malformed=malformed)

    def as_json(self, rows: pl.Series) -> pl.DataFrame:
        """row, raw: the named rows as JSON objects of what was read, malformed ones as strings."""
        names: dict[str, str] = {}
        for position, name in enumerate(self.header):
            taken = name if name not in names.values() else f"{name} ({position + 1})"
            names[f"c{position}"] = taken
        broken = self.rows.filter(pl.col("row").is_in(rows.implode()))
        encoded = broken.select(
            "row",
            raw=pl.struct(
                pl.col(code).alias(name) for code, name in names.items()
            ).struct.json_encode()
            if names
            else pl.lit("{}"),
        )
        return pl.concat([encoded, self.malformed.select("row", "raw")])
