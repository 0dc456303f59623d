"""Breaches: which rules of a pandera schema the rows of a table break (SPEC 3.1)."""

import re
from functools import cache
from typing import Final

import pandera.polars as pa
import polars as pl

PANDERA_RULES: Final = {
    "not_nullable": "required",
    "str_length": "too_long",
    "isin": "unknown_word",
    "not_equal_to": "not_allowed",
    "greater_than_or_equal_to": "too_small",
    "less_than_or_equal_to": "too_large",
    "multiple_fields_uniqueness": "contradiction",
}
"""pandera's own checks, in the words of the rejects."""

BREACHES: Final = {"index": pl.Int64, "rule": pl.String, "column": pl.String}


def breaches(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> pl.DataFrame:
    """index, rule, column: each rule of the schema that each row of the frame breaks.

    Raises SchemaErrors where the frame isn't the table that the schema is about.
    """
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        if cases.get_column("index").null_count():
            raise
        rules = {check: rule_name(check) for check in cases.get_column("check").unique()}
        of_the_table = pl.col("schema_context") == "DataFrameSchema"
        return cases.select(
            pl.col("index").cast(pl.Int64),
            rule=pl.col("check").replace_strict(rules, return_dtype=pl.String),
            column=pl.when(~of_the_table).then("column"),
        ).unique(maintain_order=True)
    return pl.DataFrame(schema=BREACHES)


def rule_name(check: str) -> str:
    """The word of a pandera check as printed: ours are `name: advice`, pandera's `name(args)`."""
    name = re.split(r"[:(]", check, maxsplit=1)[0]
    return PANDERA_RULES.get(name, name)


@cache
def schema_without(model: type[pa.DataFrameModel], rules: frozenset[str]) -> pa.DataFrameSchema:
    """The schema of a model but for some of its rules."""
    schema = model.to_schema()
    asked = {
        name: {"checks": [check for check in column.checks if check.name not in rules]}
        for name, column in schema.columns.items()
    }
    return schema.update_columns(asked)
