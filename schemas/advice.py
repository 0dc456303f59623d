"""Advice: what a person does about a row that breaks a rule, one sentence a rule (SPEC 3.1).

Rules of our own carry their advice (schemas/rules.py). Those of pandera, of the readers and of the
ledger have it here.
"""

from collections.abc import Iterator
from typing import Final

import pandera.polars as pa

from schemas.adjustments import Adjustments
from schemas.cancellations import Cancellations
from schemas.counts import Counts
from schemas.granular import FoundUpc
from schemas.orders import Orders
from schemas.recall_people import Customers, RawAnswers
from schemas.reference import RawHolds, RawLocations, RawProducts, RawSkus
from schemas.settings import RAW
from schemas.shipments import Shipments

CHECKED: Final[tuple[type[pa.DataFrameModel], ...]] = (
    Counts,
    Adjustments,
    Orders,
    Cancellations,
    Shipments,
    FoundUpc,
)

REFERENCE: Final[tuple[type[pa.DataFrameModel], ...]] = (
    RawLocations,
    RawProducts,
    RawSkus,
    RawHolds,
    Customers,
    RawAnswers,
)

OTHERS: Final = {
    "required": "fill it in; it may not be blank",
    "too_long": "shorten it: 50 characters at most, a serial number 30",
    "not_allowed": "an adjustment of 0 changes nothing: correct the quantity, or leave the row out",
    "unknown_word": "the README lists the words that the column may have: write one of them",
    "too_small": "correct it: counts and orders are 0 or more, shipments and cancellations 1 or "
    'more; negative_counts = "zero" in the source takes counts below 0 as 0',
    "too_large": "correct it: 2,147,483,647 units at most, and 1 with a serial number",
    "contradiction": "two rows say different things of the same: keep the one that is true",
    "malformed_row": "a quote stands where none may: put the cell in quotes and double those in it",
    "number_of_columns": "the row has more or fewer cells than the header: quote cells with "
    "separators in them",
    "row_too_long": "a row has at most 16 million characters: a quote is open, or it is no text",
    "nested_too_deeply": "write the row as a JSON object of texts and numbers",
    "not_an_object": "write the row as a JSON object",
    "conflict": "the line is known with another UPC, location or granular field: cancel it and "
    "order anew under another line_id",
    "nothing_ordered": "a quantity of 0 cancels a line, and no such line is known: correct order "
    "and line, or leave the row out",
    "unknown_record": "there is no such record in the line's pool: correct the inventory_id or "
    "leave it out",
    "waited_too_long": "it never fitted: correct order and line, or send the order first",
}
"""Rule: advice, where the rule isn't one of schemas/rules.py."""


def _of_our_own() -> Iterator[tuple[str, str]]:
    for page in (*RAW.values(), *CHECKED, *REFERENCE):
        schema = page.to_schema()
        for check in _checks(schema):
            name, mark, advice = str(check.error or "").partition(": ")
            if mark:
                yield name, advice


def _checks(schema: pa.DataFrameSchema) -> Iterator[pa.Check]:
    yield from schema.checks
    for column in schema.columns.values():
        yield from column.checks


ADVICE: Final = {**OTHERS, **dict(_of_our_own())}
"""Rule: what to do about it."""


def advice(rule: str) -> str:
    """What to do about a row that breaks a rule."""
    return ADVICE.get(rule, "correct the row")
