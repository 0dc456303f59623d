"""Recall answers: what was heard of those who were called (SPEC 7.9)."""

from typing import Final

import polars as pl

from schemas.recall import CERTAINTIES, RecallStatus

HEARD: Final = ("notified_at", "notified_by", "answered_at", "held", "destroyed", "note")


def with_answers(contacts: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The contacts with what was heard of each; of several answers the last one told."""
    blank = contacts.drop(HEARD)
    found = answers.with_columns(_whom()).unique("whom", keep="last").select("whom", *HEARD)
    told = blank.with_columns(_whom()).join(found, on="whom", how="left", maintain_order="left")
    return told.select(contacts.columns)


def unknown_answers(contacts: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Answers of nobody among the contacts."""
    known = contacts.select(_whom())
    return answers.with_columns(_whom()).join(known, on="whom", how="anti").drop("whom")


def status(contacts: pl.DataFrame) -> pl.DataFrame:
    """As RecallStatus: how far the calls have come."""
    is_told, has_answered = (pl.col(name).is_not_null() for name in ("notified_at", "answered_at"))
    figures = [
        pl.len().cast(pl.Int64).alias("contacts"),
        (is_told | has_answered).sum().cast(pl.Int64).alias("told"),
        has_answered.sum().cast(pl.Int64).alias("answered"),
        pl.sum_horizontal(CERTAINTIES).sum().alias("units"),
        *(pl.col(name).sum() for name in ("returned", "held", "destroyed")),
    ]
    of_each = contacts.group_by("certainty").agg(figures)
    of_all = contacts.select(pl.lit("all").alias("certainty"), *figures)
    order = {name: place for place, name in enumerate((*CERTAINTIES, "all"))}
    return (
        pl.concat([of_each, of_all])
        .with_columns(
            not_told=pl.col("contacts") - pl.col("told"),
            not_answered=pl.col("told") - pl.col("answered"),
            percent_told=(100 * pl.col("told")) // pl.max_horizontal("contacts", 1),
            outstanding=pl.col("units") - pl.sum_horizontal("returned", "held", "destroyed"),
        )
        .sort(pl.col("certainty").replace_strict(order, return_dtype=pl.Int64))
        .select(*RecallStatus.to_schema().columns)
    )


def _whom() -> pl.Expr:
    """Who is meant: the customer, or the order of one who isn't known."""
    return (
        pl.when(pl.col("customer_id").is_not_null())
        .then("customer " + pl.col("customer_id"))
        .otherwise("order " + pl.col("order_id"))
        .alias("whom")
    )
