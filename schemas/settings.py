"""Settings: what a team may say in `lotwise.toml` or in `LOTWISE_…` (SPEC 9.5, 2.3)."""

import re
from codecs import lookup
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import pandera.polars as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.adjustments import RawAdjustments
from schemas.cancellations import RawCancellations
from schemas.counts import RawCounts
from schemas.date_formats import GS1, names_a_day, names_a_month
from schemas.orders import RawOrders
from schemas.raw import Layout
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


@cache
def timezones() -> frozenset[str]:
    """Names of time zones. Looked up once: it reads hundreds of files."""
    return frozenset(available_timezones())


def _known_timezone(name: str) -> str:
    if name not in timezones():
        raise ValueError(f"'{name}' is no time zone; name one as in 'Europe/London' or 'UTC'")
    return name


def _with_directives(written: str) -> str:
    if "%" not in written:
        raise ValueError(f"'{written}' names no part of a date; write it as in '%d/%m/%Y'")
    return written


def _names_a_day_or_month(written: str) -> str:
    if written == GS1 or names_a_day(written) or names_a_month(written):
        return written
    raise ValueError(
        f"'{_with_directives(written)}' names no day of a month and year, nor a month of a year; "
        "write it as in '%d/%m/%Y', '%m/%Y' or '%G-W%V-%u'"
    )


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(
            f"'{name}' is no encoding; name one as in 'cp1252' or 'utf-16-le'"
        ) from None
    return lookup(name).name


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is no regular expression: {error}") from error
    return pattern


Format = Annotated[str, AfterValidator(_with_directives)]
DateFormat = Annotated[str, AfterValidator(_names_a_day_or_month)]
Encoding = Annotated[str, AfterValidator(_known_encoding)]
Pattern = Annotated[str, AfterValidator(_compiles)]
Timezone = Annotated[str, AfterValidator(_known_timezone)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Numbers(_Strict):
    """How a source writes numbers: `2.390` is 2390 where thousands = "."."""

    thousands: Literal[".", ",", " ", "'", ""] = ""
    """What stands between groups of three digits."""
    decimal: Literal[".", ","] = "."
    """What stands before decimals."""
    minus: Literal["leading", "trailing", "parentheses"] = "leading"
    """Where a minus stands: `-5`, `5-` or `(5)`."""


class Rows(_Strict):
    """Rows of a file that are of another kind than the file's folder says."""

    kind: Kind
    """What they are."""
    where: dict[str, str] = Field(min_length=1)
    """Their column = a regular expression that the value matches from its first character."""
    negate: tuple[str, ...] = ()
    """Our columns whose numbers change sign."""


class Source(_Strict):
    """A team's own files, and how they are to be read."""

    name: str
    """What messages call it."""
    kind: Kind
    """The inbox folder."""
    files: str = "*"
    """A pattern over the file's name inside the kind's folder."""
    columns: dict[str, str] = {}
    """Our column = theirs. Where given, it is the whole mapping."""
    constants: dict[str, str] = {}
    """Our column = the value of every row."""
    line_id: Literal["column", "row", "row_of_order"] = "column"
    """`row`: the row's number in the file is the line's id; `row_of_order`: its place among the
    rows of its order, which stays when an export comes again with its orders in another order."""
    fill_down: tuple[str, ...] = ()
    """Our columns that a file states on an order's first row only."""
    ignore: tuple[Pattern | dict[str, Pattern], ...] = ()
    """Rows that are not meant: regular expressions that a cell matches from its first character,
    or tables of their column = one."""
    encoding: Encoding | None = None
    """Of CSV and JSON that is not UTF-8 and has no byte order mark, such as cp1252 or utf-16-le."""
    sheet: str | None = None
    """The sheet of a workbook; the first one that is not hidden where not given."""
    skip_rows: Count = 0
    """Lines of a CSV file, or rows of a sheet, above the header."""
    footer: Pattern | None = None
    """A regular expression that the first cell of the row behind the table's last one matches
    from its first character, such as Total."""
    numbers: Numbers = Numbers()
    """How numbers are written."""
    codes: Literal["checked", "as_is"] = "checked"
    """`as_is`: codes that look like numbers of a spreadsheet (1.23E+11, 5001.0) are taken."""
    negative_counts: Literal["reject", "zero"] = "reject"
    """`zero`: a count below 0 is a count of 0 and a discrepancy."""
    dates: DateFormat | None = None
    """A strptime format of `date`, such as %d/%m/%Y, or gs1 for YYMMDD; ISO where not given."""
    instants: Format | None = None
    """A strptime format of the `…_at` columns; ISO where not given."""
    timezone: Timezone | None = None
    """Of instants that carry no offset; the setting `timezone` where not given."""
    values: dict[str, dict[str, str]] = {}
    """Our column = a map from their value to ours."""
    rows: tuple[Rows, ...] = ()
    """Rows that are of another kind."""
    count_mode: Literal["partial", "full"] = "partial"
    """`full`: what the files of a location and day don't name is 0."""
    count_time: Literal["start", "end"] = "start"
    """Whether counts without an instant are of the start or the end of the file's day."""
    done: bool = False
    """Wait for a file's `.done`."""
    follow_links: bool = False
    """Take files that a link in the inbox leads to, outside of it."""
    expect: Literal["daily"] | None = None
    """Name it in the summary of a night that has no file of the day from it."""

    @property
    def layout(self) -> Layout:
        """What a reader of its files must know."""
        return Layout(self.encoding, self.sheet, self.skip_rows, self.footer)

    @model_validator(mode="after")
    def _speaks_of_columns_we_have(self) -> Self:
        kinds = {self.kind, *(part.kind for part in self.rows)}
        known = sorted({name for kind in kinds for name in RAW[kind].to_schema().columns})
        spoken: dict[str, Iterable[str]] = {
            "columns": self.columns,
            "constants": self.constants,
            "values": self.values,
            "fill_down": self.fill_down,
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
    """Where the business day begins, and what instants without an offset are in."""
    inbox: str = "inbox"
    """Folder of what comes in, relative to the root."""
    warehouse: str = "warehouse.duckdb"
    """The pipeline's own state, on a local disk."""
    published: str = "published"
    """Folder of what others read."""
    reference: str = "reference"
    """Folder of locations, products, skus and holds."""
    granular_fields: tuple[GranularField, ...] = (
        "sku",
        "lot_code",
        "date",
        "condition",
        "serial_number",
    )
    """Fields that files may carry; rows with others are rejected."""
    default_condition: str | None = None
    """Written on order lines that name none."""
    max_reject_rows: Count = 100
    """A file with more rejected rows, and a larger share of them, is refused."""
    max_reject_share: Share = 0.1
    """See max_reject_rows."""
    max_cleared_share: Share = 0.5
    """Counts that take more than this off a location's units are refused."""
    on_refused: Literal["continue", "fail"] = "continue"
    """`fail`: a refused file stops the run before anything changes."""
    wait_days: Count = 7
    """How long shipments and cancellations wait for what they fit."""
    max_count_age_days: Count | None = None
    """Name the locations that were last counted longer ago in the summary."""
    keep_inputs: bool = True
    """Keep a copy of each taken file, so that a rebuild can read it though it was corrected."""
    history_days: Annotated[int, Field(ge=1)] = 90
    """Days of facts in the published database."""
    closing: Literal["daily", "month_end", "never"] = "daily"
    """How often a day's folder has inventory, order_lines and allocated whole; on other days it has
    what changed of them."""
    csv_tables: tuple[
        Literal[
            "allocated",
            "fulfilled",
            "aggregate_by_upc",
            "shortages",
            "rejects",
            "inventory",
            "shipment_lines",
        ],
        ...,
    ] = ("allocated", "fulfilled", "aggregate_by_upc", "shortages", "rejects")
    """Tables also written as CSV."""
    sources: tuple[Source, ...] = ()
    """A team's own files; a file belongs to the first source that matches it."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the day begins and ends, and what instants without an offset are in."""
        return ZoneInfo(self.timezone)
