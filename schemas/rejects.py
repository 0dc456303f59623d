"""Rejects: rows not taken, one row per rule that a row breaks (SPEC 3.1)."""

import pandera.polars as pa
import polars as pl


class Rejects(pa.DataFrameModel):
    """Rows that were not taken, and why; `lotwise rejects` writes them as files to mend."""

    file: pl.String = pa.Field(description="The file, as its path inside the inbox.")
    row: pl.Int64 = pa.Field(description="Row of the file; 1 is the first after the header.")
    kind: pl.String = pa.Field(description="What the row was read as.")
    rule: pl.String = pa.Field(description="The rule it breaks.")
    column: pl.String = pa.Field(nullable=True, description="Our column that breaks it.")
    value: pl.String = pa.Field(nullable=True, description="What stood in that column.")
    raw: pl.String = pa.Field(
        nullable=True,
        description="The row as read, as JSON: an object, or a string where it doesn't fit them.",
    )

    class Config:
        name = "rejects"
        strict = True
