"""Parse: text to types, by the formats that a source declares (SPEC 2.3, 2.4)."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from schemas.date_formats import GS1, names_a_day
from schemas.rules import YES
from schemas.settings import Numbers, Source

UTC_INSTANT: Final = pl.Datetime("us", "UTC")

WORTH_ASKING_ONCE: Final = 50
"""Rows a distinct text from which it is quicker to find the distinct ones and parse each once."""


def normalise(
    rows: pl.DataFrame, source: Source, whole: list[str], instants: list[str], year: pl.Expr
) -> pl.DataFrame:
    """Rewrite what the source writes its own way as digits and ISO dates. year: of each row's file.

    Text that isn't in the declared format becomes a sentence that says so, which then breaks the
    rule of its column: read by another format it could be a wrong number or day.
    """
    changes = []
    for column in rows.columns:
        text = pl.col(column)
        if column in whole and "numbers" in source.model_fields_set:
            changes.append(_digits(text, source.numbers).alias(column))
        elif column == "date" and source.dates == GS1:
            changes.append(_or_complaint(_gs1_day(text, year), text, "YYMMDD").alias(column))
        elif column == "date" and source.dates:
            day = _day(text, source.dates).dt.to_string("%Y-%m-%d")
            changes.append(_or_complaint(day, text, source.dates).alias(column))
        elif column in instants and source.instants:
            clock = text.str.to_datetime(source.instants, time_unit="us", strict=False)
            if "%s" in source.instants.replace("%%", ""):
                # Seconds since 1970 are the same everywhere.
                clock = clock.dt.replace_time_zone("UTC")
            # With the offset, where the format has one.
            written = clock.dt.to_string("iso:strict")
            changes.append(_or_complaint(written, text, source.instants).alias(column))
    return rows.with_columns(changes)


def bare_numbers(rows: pl.DataFrame, whole: list[str]) -> pl.DataFrame:
    """Numbers with a minus for U+2212, and without the apostrophe by which sheets mark text."""
    odd = rows.select(pl.col(whole).str.contains("^'|\u2212").any())
    has_odd = [name for name, found in odd.row(0, named=True).items() if found]
    return rows.with_columns(
        pl.col(has_odd).str.strip_prefix("'").str.replace("\u2212", "-", literal=True)
    )


def _day(text: pl.Expr, written: str) -> pl.Expr:
    """Days by a format; one that names no day means the last of its month (SPEC 2.4)."""
    if names_a_day(written):
        return text.str.to_date(written, strict=False)
    first = (text + " 01").str.to_date(f"{written} %d", strict=False)
    return first.dt.month_end()


def _gs1_day(text: pl.Expr, year: pl.Expr) -> pl.Expr:
    """ISO text of YYMMDD in the century nearest to `year`; day 00 is the last of the month."""
    found = text.str.extract("^([0-9]{6})$", 1)
    century = year - year % 100
    short = found.str.slice(0, 2).cast(pl.Int32)
    ahead = short - year % 100
    full = century + short + pl.when(ahead > 50).then(-100).when(ahead < -49).then(100).otherwise(0)
    month = pl.format("{}-{}", full, found.str.slice(2, 2))
    last = (month + "-01").str.to_date("%Y-%m-%d", strict=False).dt.month_end()
    return (
        pl.when(found.str.ends_with("00"))
        .then(last.dt.to_string("%Y-%m-%d"))
        .otherwise(pl.format("{}-{}", month, found.str.slice(4, 2)))
    )


def _digits(text: pl.Expr, numbers: Numbers) -> pl.Expr:
    mark = {"": "", ".": r"\.", ",": ",", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}[
        numbers.thousands
    ]
    point = {".": r"\.", ",": ","}[numbers.decimal]
    grouped = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|" if mark else ""
    whole = rf"(?:{grouped}[0-9]+)"
    fraction = rf"(?:{point}0*)?"
    before, behind, example = {
        "leading": ("-", "", "-{}"),
        "trailing": ("", "-", "{}-"),
        "parentheses": (r"\(", r"\)", "({})"),
    }[numbers.minus]
    digits = text.str.extract(rf"^\+?({whole}){fraction}$", 1)
    below = text.str.extract(rf"^{before} ?({whole}){fraction} ?{behind}$", 1)
    written = pl.coalesce(digits, "-" + below)
    if mark:
        written = written.str.replace_all(mark, "")
    number = f"1{numbers.thousands}000{numbers.decimal}0"
    told = f"{number}, below 0 {example.format(number)}" if numbers.minus != "leading" else number
    return _or_complaint(written, text, f"numbers like {told}")


def _or_complaint(parsed: pl.Expr, text: pl.Expr, declared: str) -> pl.Expr:
    return pl.coalesce(parsed, text + pl.lit(f" (declared as {declared})"))


def integers(texts: pl.Series) -> pl.Series:
    """Whole units; null where the text is none."""
    units = texts.cast(pl.Int64, strict=False)
    if units.null_count() == texts.null_count():
        return units
    digits = texts.str.replace(r"\.0+$", "").str.replace(r"^\+", "")
    return digits.cast(pl.Int64, strict=False)


def day(column: str) -> pl.Expr:
    """The calendar day as written, in its own offset; null where there is no such day."""
    text = pl.col(column).str.slice(0, 10)
    # To look a day up costs more than to parse it.
    return text.str.to_date("%Y-%m-%d", strict=False, cache=False)


def boolean(column: str, default: bool) -> pl.Expr:
    text = pl.col(column).str.to_lowercase()
    return pl.when(text.is_null()).then(default).otherwise(text.is_in(YES)).alias(column)


def instants(texts: pl.Series, zone: ZoneInfo) -> pl.Series:
    """UTC instants of ISO texts; clock times without an offset are in `zone`.

    An hour that the clock skips is taken as the hour after, one that it repeats as the first.
    """
    if texts.null_count() == texts.len():
        return texts.cast(UTC_INSTANT)
    distinct = texts.to_frame("text").select(pl.col("text").approx_n_unique()).item()
    if distinct * WORTH_ASKING_ONCE < texts.len():
        stated = texts.unique()
        return texts.replace_strict(stated, _instants(stated, zone), return_dtype=UTC_INSTANT)
    return _instants(texts, zone)


def _instants(texts: pl.Series, zone: ZoneInfo) -> pl.Series:
    # The commonest way to write them, for which polars has a parser of its own.
    seconds = texts.str.head(19).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False
    )
    is_utc = (texts.str.len_bytes() == 20) & texts.str.ends_with("Z")
    if is_utc.all() and seconds.null_count() == texts.null_count():
        return seconds.dt.replace_time_zone("UTC")
    return _instants_of_any_form(texts, zone)


def _instants_of_any_form(texts: pl.Series, zone: ZoneInfo) -> pl.Series:
    text, behind = pl.col("text"), pl.col("behind")
    parts = texts.alias("text").to_frame()
    parts = parts.select(
        text,
        clock=_clock(),
        # What stands behind the seconds, or behind the minutes where there are none.
        behind=pl.when(text.str.slice(16, 1) == ":")
        .then(text.str.slice(19))
        .otherwise(text.str.slice(16)),
    )
    if not parts.select(behind.is_in(["", "Z"]).all()).item():
        micros = behind.str.extract(r"^[.,]([0-9]{1,6})", 1).str.pad_end(6, "0").cast(pl.Int64)
        parts = parts.with_columns(
            clock=pl.col("clock") + pl.duration(microseconds=micros.fill_null(0)),
            behind=behind.str.extract(r"([Zz]|[+-].*)$", 1),
        )
    hours = behind.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = behind.str.tail(2).cast(pl.Int64, strict=False).fill_null(0)
    # An offset of hours alone ends with them.
    minutes = pl.when(behind.str.len_bytes() > 3).then(minutes).otherwise(0)
    sign = pl.when(behind.str.starts_with("-")).then(-1).otherwise(1)
    stated = (pl.col("clock") - pl.duration(minutes=sign * (hours * 60 + minutes))).dt
    has_offset = behind.is_not_null() & (behind != "")
    if parts.select((has_offset | text.is_null()).all()).item():
        return parts.select(stated.replace_time_zone("UTC")).to_series()
    return parts.select(
        pl.when(has_offset)
        .then(stated.replace_time_zone("UTC"))
        .otherwise(local(pl.col("clock"), zone))
    ).to_series()


def _clock() -> pl.Expr:
    """Day and time to the second as written, without the offset."""

    def number(start: int) -> pl.Expr:
        return pl.col("text").str.slice(start, 2).cast(pl.Int64, strict=False).fill_null(0)

    has_seconds = pl.col("text").str.slice(16, 1) == ":"
    seconds = (
        number(11) * 3600 + number(14) * 60 + pl.when(has_seconds).then(number(17)).otherwise(0)
    )
    return day("text").cast(pl.Datetime("us")) + pl.duration(seconds=seconds)


def local(clock: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """The UTC instant at which clocks in `zone` show it."""

    def at(clock: pl.Expr) -> pl.Expr:
        return clock.dt.replace_time_zone(
            zone.key, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")

    return pl.coalesce(at(clock), at(clock + pl.duration(hours=1)))


def business_day(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant where the business is."""
    return at.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The day's last instant, to the microsecond that our instants resolve."""
    return start_of_day(day + timedelta(days=1), zone) - timedelta(microseconds=1)
