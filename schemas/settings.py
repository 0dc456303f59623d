"""Settings: what a team may say in `lotwise.toml` or in `LOTWISE_…` (SPEC 9.5, 2.3)."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import pandera.polars as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.adjustments import RawAdjustments
from schemas.cancellations import RawCancellations
from schemas.counts import RawCounts
from schemas.orders import RawOrders
from schemas.shipments import RawShipments

Kind = Literal["inventory", "adjustments", "orders", "cancellations", "shipments"]
"""An inbox folder, and what the rows of its files are."""

RAW: Final[dict[Kind, type[pa.DataFrameModel]]] = {
    "inventory": RawCounts,
    "adjustments": RawAdjustments,
    "orders": RawOrders,
    "cancellations": RawCancellations,
    "shipments": RawShipments,
}
"""Kind: its rows as text, and so our columns that a source may speak of."""

GranularField = Literal["sku", "lot_code", "date", "condition", "serial_number"]


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"'{name}' is no time zone; name one as in 'Europe/London' or 'UTC'")
    return name


def _with_directives(written: str) -> str:
    if "%" not in written:
        raise ValueError(f"'{written}' names no part of a date; write it as in '%d/%m/%Y'")
    return written


Format = Annotated[str, AfterValidator(_with_directives)]
Timezone = Annotated[str, AfterValidator(_known_timezone)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Numbers(_Strict):
    """How a source writes numbers: `2.390` is 2390 where thousands = "."."""

    thousands: Literal[".", ",", " ", "'", ""] = ""
    decimal: Literal[".", ","] = "."


class Rows(_Strict):
    """Rows of a file that are of another kind than the file's folder says."""

    kind: Kind
    where: dict[str, str] = Field(min_length=1)
    """Their column = a regular expression that the value matches from its first character."""
    negate: tuple[str, ...] = ()
    """Our columns whose numbers change sign."""


class Source(_Strict):
    """A team's own files, and how they are to be read."""

    name: str
    kind: Kind
    files: str = "*"
    """A pattern over the file's name inside the kind's folder."""
    columns: dict[str, str] = {}
    """Our column = theirs. Where given, it is the whole mapping."""
    constants: dict[str, str] = {}
    """Our column = the value of every row."""
    line_id: Literal["column", "row"] = "column"
    numbers: Numbers = Numbers()
    dates: Format | None = None
    """A strptime format of `date`, such as %d/%m/%Y; ISO where not given."""
    instants: Format | None = None
    """A strptime format of the `…_at` columns; ISO where not given."""
    timezone: Timezone | None = None
    """Of instants that carry no offset; the setting `timezone` where not given."""
    values: dict[str, dict[str, str]] = {}
    """Our column = a map from their value to ours."""
    rows: tuple[Rows, ...] = ()
    count_mode: Literal["partial", "full"] = "partial"
    count_time: Literal["start", "end"] = "start"
    done: bool = False
    expect: Literal["daily"] | None = None
    """Name it in the summary of a night that has no file of the day from it."""

    @model_validator(mode="after")
    def _speaks_of_columns_we_have(self) -> Self:
        kinds = {self.kind, *(part.kind for part in self.rows)}
        known = sorted({name for kind in kinds for name in RAW[kind].to_schema().columns})
        spoken: dict[str, Iterable[str]] = {
            "columns": self.columns,
            "constants": self.constants,
            "values": self.values,
            **{f"rows.{number}.negate": part.negate for number, part in enumerate(self.rows)},
        }
        for place, names in spoken.items():
            for name in names:
                if name not in known:
                    told = {"setting": f"{place}.{name}", "name": name, "known": known}
                    raise PydanticCustomError("unknown_column", "there is no column {name}", told)
        return self


class Settings(_Strict):
    """Every setting of a run, each with its default."""

    timezone: Timezone = "UTC"
    inbox: str = "inbox"
    warehouse: str = "warehouse.duckdb"
    published: str = "published"
    reference: str = "reference"
    granular_fields: tuple[GranularField, ...] = (
        "sku",
        "lot_code",
        "date",
        "condition",
        "serial_number",
    )
    default_condition: str | None = None
    max_reject_rows: Count = 100
    max_reject_share: Share = 0.1
    max_cleared_share: Share = 0.5
    on_refused: Literal["continue", "fail"] = "continue"
    wait_days: Count = 7
    max_count_age_days: Count | None = None
    """Name the locations that were last counted longer ago in the summary."""
    keep_inputs: bool = True
    """Keep a copy of each taken file, so that a rebuild can read it though it was corrected."""
    history_days: Annotated[int, Field(ge=1)] = 90
    csv_tables: tuple[
        Literal["allocated", "fulfilled", "aggregate_by_upc", "shortages", "rejects", "inventory"],
        ...,
    ] = ("allocated", "fulfilled", "aggregate_by_upc", "shortages", "rejects")
    sources: tuple[Source, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """Where the day begins and ends, and what instants without an offset are in."""
        return ZoneInfo(self.timezone)
