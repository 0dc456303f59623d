"""Rules that several tables share, each written once (SPEC 3.1–3.3).

A rule is a pandera check: its name is the word that a reject carries, its advice what to do about
it. A page lists the columns that a rule holds for: `whole = rules.whole_number("quantity")`.
"""

from collections.abc import Callable
from typing import Any, Final

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

# Three zeros behind a point may be thousands ("4.000"), so they are nobody's whole number.
WHOLE: Final = r"^[+-]?0*[0-9]{1,18}(\.0{1,2}|\.0{4,})?$"
# A day that exists, told by its digits alone: looking for it is cheaper than parsing it.
# A year below 1000 is one that lost its century: %Y reads 05/06/26 as the year 26.
LEAP_YEAR: Final = r"(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)"
DAY_OF_MONTH: Final = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
ISO_DAY: Final = rf"(?:[1-9][0-9]{{3}}-{DAY_OF_MONTH}|{LEAP_YEAR}-02-29)"
# A minute may have a leap second.
ISO_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.,][0-9]{1,9})?)?"
ISO_OFFSET: Final = r"(?:Z|z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
# Without groups to be taken out: a pattern that is only looked for is found several times as fast.
ISO: Final = rf"^{ISO_DAY}(?:[Tt ]{ISO_TIME} ?{ISO_OFFSET}?)?$"
INVISIBLE: Final = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
"""Control characters, line breaks, and what takes no room: nobody sees them in a code."""

# A sign behind the E is the spreadsheet's: 2E5 and 12E34 are lots.
SPREADSHEET: Final = r"^[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-][0-9]+$|^[+-]?[0-9]+\.0+$"
FAILED: Final = r"^#(?:N/A|[A-Z]+(?:/0)?[!?]|GETTING_DATA)$"
"""What a formula comes to that failed, such as #REF! or #DIV/0!."""

MARKS: Final = {
    "spreadsheet_number": (b".0", b"E+", b"E-", b"e+", b"e-"),
    "spreadsheet_error": (b"#",),
}
"""Rule: bytes of which every text that breaks it has some."""

YES: Final = ("true", "t", "yes", "y", "1")
NO: Final = ("false", "f", "no", "n", "0")


def rule(name: str, *columns: str, holds: Callable[[str], pl.Expr], advice: str) -> Any:
    """A rule of single rows: `holds(column)` is true, or null, where a value is fine."""

    def check(_: type, frame: PolarsData) -> pl.LazyFrame:
        return frame.lazyframe.select(holds(str(frame.key)))

    return pa.check(*columns, name=name, error=f"{name}: {advice}")(check)


def table_rule(name: str, *, holds: pl.Expr, advice: str, among: tuple[str, ...] = ()) -> Any:
    """A rule of rows among each other, looked at once every row is fine by itself.

    It looks only at rows that state the same in all columns of `among`, and at none that states
    nothing in one of them; without `among`, at each row alone.
    """

    def check(_: type, frame: PolarsData) -> pl.LazyFrame:
        return frame.lazyframe.select(holds)

    told = {"among": among}
    return pa.dataframe_check(name=name, error=f"{name}: {advice}", statistics=told)(check)


def whole_number(*columns: str) -> Any:
    return rule(
        "whole_number",
        *columns,
        holds=lambda column: pl.col(column).str.contains(WHOLE),
        advice="write whole units in digits, or declare the source's `numbers`",
    )


def code(*columns: str) -> Any:
    return rule(
        "spreadsheet_number",
        *columns,
        holds=lambda column: ~pl.col(column).str.contains(SPREADSHEET),
        advice="a spreadsheet made a number of the code: export the column as text, or say "
        'codes = "as_is" in the source whose codes are written so',
    )


def computed(*columns: str) -> Any:
    return rule(
        "spreadsheet_error",
        *columns,
        holds=lambda column: ~pl.col(column).str.contains(FAILED),
        advice="a formula of the spreadsheet failed: mend it there, and export the file again",
    )


def visible(*columns: str) -> Any:
    return rule(
        "invisible_character",
        *columns,
        holds=lambda column: ~pl.col(column).str.contains(INVISIBLE),
        advice="a character that nobody sees stands inside the code: write it without",
    )


def real_date(*columns: str) -> Any:
    return rule(
        "real_date",
        *columns,
        holds=lambda column: pl.col(column).str.contains(ISO),
        advice="write a day that exists as YYYY-MM-DD, or declare the source's `dates`",
    )


def instant(*columns: str) -> Any:
    return rule(
        "instant",
        *columns,
        holds=lambda column: pl.col(column).str.contains(ISO),
        advice="write an instant as YYYY-MM-DDThh:mm:ss+hh:mm, or declare the source's `instants`",
    )


def yes_or_no(*columns: str) -> Any:
    return rule(
        "yes_or_no",
        *columns,
        holds=lambda column: pl.col(column).str.to_lowercase().is_in([*YES, *NO]),
        advice="write true or false",
    )


def one_unit_a_serial(low: int) -> Any:
    """A row with a serial number has a quantity from `low` to 1 (SPEC 3.2)."""
    return rule(
        "serial_quantity",
        "quantity",
        holds=lambda column: pl.col("serial_number").is_null() | pl.col(column).is_between(low, 1),
        advice="a serial number is one unit: write a row for each unit, with its own serial number",
    )


def not_later_than_the_day_after(column: str) -> Any:
    return rule(
        "too_late",
        column,
        holds=lambda name: pl.col(name) <= pl.col("latest_at"),
        advice="the instant is past the end of the day after the file's day; check clock and name",
    )


def enabled_field(*columns: str) -> Any:
    return rule(
        "field_not_enabled",
        *columns,
        holds=lambda column: (
            pl.col(column).is_null() | pl.col("granular_fields").list.contains(column)
        ),
        advice="name the field in the setting `granular_fields`, or leave it out of the file",
    )


def leads_to_a_upc(column: str, table: str) -> Any:
    return rule(
        f"unknown_{column}",
        column,
        holds=lambda name: pl.col(name) != "unknown",
        advice=f"{table} doesn't have it: add it there, or write the UPC",
    )


def leads_to_one_upc(column: str, table: str) -> Any:
    return rule(
        f"ambiguous_{column}",
        column,
        holds=lambda name: pl.col(name) != "ambiguous",
        advice=f"{table} has it for several UPCs: write the UPC",
    )


def leads_to_this_upc(column: str, table: str) -> Any:
    return rule(
        f"{column}_of_another_upc",
        column,
        holds=lambda name: pl.col(name) != "of_another_upc",
        advice=f"{table} has it for another UPC than the row's: correct the one that is wrong",
    )


def with_leading_zeros(**states: str) -> Any:
    """states: column = the one that says what the reference tables say of it."""
    return rule(
        "lacks_leading_zeros",
        *states,
        holds=lambda column: pl.col(states[column]) != "without_zeros",
        advice="the reference table has it with leading zeros: export the column as text",
    )


def known_location(column: str = "location_code") -> Any:
    return rule(
        "unknown_location",
        column,
        holds=lambda _: pl.col("location_state") != "unknown",
        advice="add the location to reference/locations, or correct the code",
    )


def location_with_inventory(column: str = "location_code") -> Any:
    return rule(
        "location_without_inventory",
        column,
        holds=lambda _: pl.col("location_state") != "no_inventory",
        advice="set supports_inventory in reference/locations, or send it elsewhere",
    )


def known_product(column: str = "upc") -> Any:
    return rule(
        "unknown_product",
        column,
        holds=lambda _: pl.col("product_state") != "unknown",
        advice="add the UPC to reference/products, or correct it",
    )


def tracked_product(column: str = "upc") -> Any:
    return rule(
        "product_not_tracked",
        column,
        holds=lambda _: pl.col("product_state") != "untracked",
        advice="set track_stock in reference/products, or leave its counts out",
    )
