"""Parse: text to types, by the formats that a source declares (SPEC 2.3, 2.4)."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from schemas.rules import ISO, YES, parsed_clock, parsed_day
from schemas.settings import Numbers, Source


def normalise(
    rows: pl.DataFrame, source: Source, whole: list[str], instants: list[str]
) -> pl.DataFrame:
    """Rewrite what the source writes its own way as digits and ISO dates.

    Text that isn't in the declared format becomes a sentence that says so, which then breaks the
    rule of its column: read by another format it could be a wrong number or day.
    """
    changes = []
    for column in rows.columns:
        text = pl.col(column)
        if column in whole and source.numbers != Numbers():
            changes.append(_digits(text, source.numbers).alias(column))
        elif column == "date" and source.dates:
            day = text.str.to_date(source.dates, strict=False).dt.to_string("%Y-%m-%d")
            changes.append(_or_complaint(day, text, source.dates).alias(column))
        elif column in instants and source.instants:
            clock = text.str.to_datetime(source.instants, time_unit="us", strict=False)
            # With the offset, where the format has one.
            written = clock.dt.to_string("iso:strict")
            changes.append(_or_complaint(written, text, source.instants).alias(column))
    return rows.with_columns(changes)


def _digits(text: pl.Expr, numbers: Numbers) -> pl.Expr:
    mark = {"": "", ".": r"\.", ",": ",", " ": " ", "'": "'"}[numbers.thousands]
    point = {".": r"\.", ",": ","}[numbers.decimal]
    grouped = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|" if mark else ""
    pattern = rf"^([+-]?(?:{grouped}[0-9]+))(?:{point}0*)?$"
    whole = text.str.extract(pattern, 1).str.replace_all(numbers.thousands, "", literal=True)
    return _or_complaint(whole, text, f"numbers like 1{numbers.thousands}000{numbers.decimal}0")


def _or_complaint(parsed: pl.Expr, text: pl.Expr, declared: str) -> pl.Expr:
    return pl.coalesce(parsed, text + pl.lit(f" (declared as {declared})"))


def integer(column: str) -> pl.Expr:
    """Whole units; null where the text is none."""
    digits = pl.col(column).str.replace(r"\.0+$", "").str.replace(r"^\+", "")
    return digits.cast(pl.Int64, strict=False).alias(column)


def day(column: str) -> pl.Expr:
    return parsed_day(column).alias(column)


def boolean(column: str, default: bool) -> pl.Expr:
    text = pl.col(column).str.to_lowercase()
    return pl.when(text.is_null()).then(default).otherwise(text.is_in(YES)).alias(column)


def instant(column: str, zone: ZoneInfo) -> pl.Expr:
    """A UTC instant; clock times without an offset are in `zone`.

    An hour that the clock skips is taken as the hour after, one that it repeats as the first.
    """
    clock = parsed_clock(column)
    offset = pl.col(column).str.extract(ISO, 6).str.to_uppercase()
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    hours = offset.str.extract(r"^[+-]([0-9]{2})", 1).cast(pl.Int64).fill_null(0)
    minutes = offset.str.extract(r"^[+-][0-9]{2}:?([0-9]{2})", 1).cast(pl.Int64).fill_null(0)
    stated = (clock - pl.duration(minutes=sign * (hours * 60 + minutes))).dt.replace_time_zone(
        "UTC"
    )
    return pl.when(offset.is_not_null()).then(stated).otherwise(local(clock, zone)).alias(column)


def local(clock: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """The UTC instant at which clocks in `zone` show it."""

    def at(clock: pl.Expr) -> pl.Expr:
        return clock.dt.replace_time_zone(
            zone.key, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")

    return pl.coalesce(at(clock), at(clock + pl.duration(hours=1)))


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The day's last instant, to the microsecond that our instants resolve."""
    return start_of_day(day + timedelta(days=1), zone) - timedelta(microseconds=1)
