"""Cleared locations: counts that would empty a location, most often by accident (SPEC 4.3).

What a count finds missing is judged, and nothing else: what was adjusted or shipped since is taken
off the units it states, what was adjusted or shipped before it off the units it is compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl

from schemas.granular import GRANULAR_KEY
from transforms.parse import UTC_INSTANT

ON: pl.Expr = pl.col("on_hand")


Schema = Mapping[str, pl.DataType | type[pl.DataType]]

KEY: Final[Schema] = {name: pl.Date if name == "date" else pl.String for name in GRANULAR_KEY}
MOVES: Final[Schema] = {**KEY, "at": UTC_INSTANT, "quantity": pl.Int64, "is_new": pl.Boolean}
SHIPPED: Final[Schema] = {"location_code": pl.String, "at": UTC_INSTANT, "quantity": pl.Int64}
NAMED: Final[Schema] = {**KEY, "day": pl.Date}


@dataclass(frozen=True)
class Surroundings:
    """What else is known of the locations counted tonight.

    records: all of them. moves: adjustments and shipments by granular key, `at` and units on hand;
    `is_new` are tonight's adjustments. shipped: location_code, at, quantity of tonight's shipments.
    named (granular key, day) and doubts (location_code, day, upc): records that a full count of the
    day named before, and that a rejected row of it may have meant; null is any.
    """

    records: pl.DataFrame
    doubts: pl.DataFrame
    moves: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=MOVES))
    shipped: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=SHIPPED))
    named: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=NAMED))


def counts_that_clear(
    counts: pl.DataFrame, around: Surroundings, least_units: int, max_share: float
) -> pl.DataFrame:
    """file, reason: files of a location and day that take more than `max_share` off its units.

    Only locations that hold `least_units` are judged, day by day, each by what the day before left.
    """
    held = _with_adjustments(around.records, around.moves)
    shipped = around.shipped
    refused = [pl.DataFrame(schema={"file": pl.String, "reason": pl.String})]
    told = counts.sort("day", "counted_at", "file", "row")
    for counted in told.partition_by("day", maintain_order=True):
        after = _after(held, counted, around)
        last = counted.group_by("location_code").agg(until=pl.col("counted_at").max())
        gone = shipped.join(last, on="location_code").filter(pl.col("at") <= pl.col("until"))
        cleared = (
            after.group_by("location_code")
            .agg(ON.sum(), pl.col("after").sum())
            .join(
                gone.group_by("location_code").agg(pl.col("quantity").sum()),
                on="location_code",
                how="left",
            )
            .filter(least_units <= ON)
            .with_columns(ON - pl.col("quantity").fill_null(0))
            .filter(ON - pl.col("after") > max_share * ON)
        )
        files = counted.select("location_code", "file").unique().join(cleared, on="location_code")
        refused.append(files.sort("file", "location_code").select("file", _reason()))
        held = pl.concat(
            [
                held.join(cleared, on="location_code", how="semi"),
                after.join(cleared, on="location_code", how="anti").select(
                    *GRANULAR_KEY, on_hand="after", counted_at="after_at"
                ),
            ]
        )
        seen = last.join(cleared, on="location_code", how="anti")
        shipped = (
            shipped.join(seen, on="location_code", how="left")
            .filter(pl.col("until").is_null() | (pl.col("at") > pl.col("until")))
            .drop("until")
        )
    return pl.concat(refused).unique(subset="file", keep="first", maintain_order=True)


def _with_adjustments(records: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The records as tonight's adjustments leave them, those that they make included."""
    held = records.select(*GRANULAR_KEY, "on_hand", "counted_at")
    added = (
        moves.filter("is_new")
        .join(held, on=GRANULAR_KEY, how="left", nulls_equal=True)
        .filter(pl.col("counted_at").is_null() | (pl.col("at") > pl.col("counted_at")))
        .group_by(GRANULAR_KEY)
        .agg(pl.col("quantity").sum())
    )
    return held.join(added, on=GRANULAR_KEY, how="full", coalesce=True, nulls_equal=True).select(
        *GRANULAR_KEY,
        ON.fill_null(0) + pl.col("quantity").fill_null(0),
        "counted_at",
    )


def _after(held: pl.DataFrame, counted: pl.DataFrame, around: Surroundings) -> pl.DataFrame:
    """The records with `after` and `after_at`: their units as the counts of a day would have it."""
    said = counted.group_by(GRANULAR_KEY, maintain_order=True).agg(
        pl.col("quantity", "counted_at").last().name.prefix("said_")
    )
    whole = (
        counted.filter("is_full")
        .group_by("location_code", "day")
        .agg(pl.col("counted_at").max().alias("whole_at"))
    )
    spared = around.doubts.join(whole, on="day").filter(
        pl.col("location_code").is_null()
        | (pl.col("location_code") == pl.col("location_code_right"))
    )
    upcs = spared.select("upc", location_code="location_code_right").unique()
    named = around.named.join(whole, on=["location_code", "day"], how="semi").select(GRANULAR_KEY)
    told = (
        held.join(said, on=GRANULAR_KEY, how="full", coalesce=True, nulls_equal=True)
        .join(whole.drop("day"), on="location_code", how="left")
        .join(upcs.with_columns(is_doubtful=True), on=["location_code", "upc"], how="left")
        .join(
            upcs.filter(pl.col("upc").is_null()).select("location_code", may_be_any=True),
            on="location_code",
            how="left",
        )
        .join(
            named.unique().with_columns(is_named=True),
            on=GRANULAR_KEY,
            how="left",
            nulls_equal=True,
        )
    )
    is_spared = pl.any_horizontal(
        pl.col("is_doubtful", "may_be_any", "is_named").fill_null(value=False)
    )
    unnamed = pl.when(pl.col("whole_at").is_not_null() & ~is_spared).then(0)
    said_at = pl.coalesce("said_counted_at", pl.when(~is_spared).then("whole_at"))
    told = told.with_columns(
        ON.fill_null(0), stated=pl.coalesce("said_quantity", unnamed), stated_at=said_at
    )
    later = (
        around.moves.join(told, on=GRANULAR_KEY, nulls_equal=True)
        .filter(pl.col("at") > pl.col("stated_at"))
        .group_by(GRANULAR_KEY)
        .agg(later=pl.col("quantity").sum())
    )
    is_newer = (pl.col("stated_at") >= pl.col("counted_at")).fill_null(value=True)
    return told.join(later, on=GRANULAR_KEY, how="left", nulls_equal=True).with_columns(
        after=pl.when(is_newer & pl.col("stated").is_not_null())
        .then(pl.col("stated") + pl.col("later").fill_null(0))
        .otherwise("on_hand"),
        after_at=pl.max_horizontal("counted_at", "stated_at"),
    )


def _reason() -> pl.Expr:
    return pl.format(
        "clears_location: {} would go from {} to {} units; if that is so, raise max_cleared_share",
        "location_code",
        "on_hand",
        "after",
    ).alias("reason")
