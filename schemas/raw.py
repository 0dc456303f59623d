"""Raw rows: what stands in a file, one row per row of it, every cell as text (SPEC 2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import polars as pl

MALFORMED: Final = {"row": pl.Int64, "rule": pl.String, "raw": pl.String}


class Unreadable(Exception):  # noqa: N818  it is the file that is unreadable
    """A file that makes no sense as a whole: the rule it breaks, and what to do."""

    def __init__(self, rule: str, advice: str) -> None:
        super().__init__(f"{rule}: {advice}")
        self.rule = rule


@dataclass(frozen=True)
class RawRows:
    """A file's rows before anyone asks what they mean.

    rows: `row` (the row's number in the file, 1 is the first after the header) and one text
    column `c0`, `c1`, … for each name of the header. malformed: the rows that don't fit it.
    """

    header: tuple[str, ...]
    rows: pl.DataFrame
    malformed: pl.DataFrame

    @classmethod
    def of(
        cls,
        header: tuple[str, ...],
        cells: pl.DataFrame,
        numbers: Sequence[int] | None = None,
        malformed: Sequence[tuple[int, str, str]] = (),
    ) -> Self:
        if numbers is None:
            rows = cells.with_row_index("row", offset=1).cast({"row": pl.Int64})
        else:
            # Rows without columns count too, and only their numbers tell how many there are.
            row = pl.Series("row", numbers, dtype=pl.Int64)
            rows = cells.with_columns(row) if cells.width else row.to_frame()
        return cls(header, rows, pl.DataFrame(list(malformed), schema=MALFORMED, orient="row"))

    @property
    def height(self) -> int:
        return self.rows.height + self.malformed.height

    def as_json(self, rows: pl.Series) -> pl.DataFrame:
        """row, raw: the named rows as JSON objects of what was read."""
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
