"""Files: what became of each file that runs found, one row per file and content (SPEC 2.6)."""

import pandera.polars as pa
import polars as pl

from schemas.granular import Names, Published


class Files(pa.DataFrameModel):
    """What became of each file: rows = kept + repeated + waiting + rejected + ignored."""

    file: pl.String = pa.Field(description="The file, as its path inside the inbox.")
    kind: pl.String = pa.Field(description="The inbox folder, and so what its rows are.")
    day: pl.Date = pa.Field(description="Business day of the run that found it.")
    sha256: pl.String = pa.Field(description="Its content.")
    status: pl.String = pa.Field(isin=["taken", "repeated", "refused"], description="What it was.")
    rows: pl.Int64 = pa.Field(description="Rows; 0 if it can't be read.")
    kept: pl.Int64 = pa.Field(description="Rows taken.")
    repeated: pl.Int64 = pa.Field(description="Rows that said what was known.")
    waiting: pl.Int64 = pa.Field(description="Rows that don't fit yet.")
    rejected: pl.Int64 = pa.Field(description="Rows that break a rule.")
    ignored: pl.Int64 = pa.Field(description="Rows that are not meant, as the source says.")
    unknown_columns: Names = pa.Field(description="Columns that nothing reads.")
    reason: pl.String = pa.Field(nullable=True, description="Why it was refused or repeated.")

    class Config:
        name = "files"
        strict = True


class Runs(pa.DataFrameModel):
    """What each run did, one row a run."""

    day: pl.Date = pa.Field(description="The business day.")
    started: Published = pa.Field(description="When it began (UTC).")
    finished: Published = pa.Field(description="When its tables were ready (UTC).")
    files: pl.Int64 = pa.Field(description="Files found.")
    rows_in: pl.Int64 = pa.Field(description="Rows read.")
    kept: pl.Int64 = pa.Field(description="Rows taken.")
    rejected: pl.Int64 = pa.Field(description="Rows rejected.")
    units_ordered: pl.Int64 = pa.Field(description="Units open after it, of tracked products.")
    units_allocated: pl.Int64 = pa.Field(description="Of those, units promised from stock.")
    units_short: pl.Int64 = pa.Field(description="Of those, units that wait for stock.")
    fill_rate: pl.Float64 = pa.Field(
        nullable=True, description="units_allocated / units_ordered; null if nothing is open."
    )
    seconds: pl.String = pa.Field(description="Seconds by stage, as JSON.")
    versions: pl.String = pa.Field(description="Versions of the libraries that matter, as JSON.")

    class Config:
        name = "runs"
        strict = True
