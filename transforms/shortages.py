"""Shortages: why each unit that waits does (SPEC 6.7).

What the units of a pool are to a line depends on the fields that the line names alone. So lines are
taken by the set of fields they name, and the records of their pools summed once for each set.
"""

from typing import Final

import polars as pl

from schemas.shortages import REASONS

MISMATCHES: Final = {
    "serial_number": "other_serial",
    "lot_code": "other_lot",
    "date": "other_date",
    "sku": "other_sku",
    "condition": "other_condition",
}
"""Field: the reason it gives, in the order in which a record's first mismatch is looked for."""

OWN: Final = ("taken", "safety_stock", "held", "expired")


def shortages(lines: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """line_no, reason, quantity: the pending units of each line, explained.

    lines: with pool_no, what they name, allocated and pending. records: of their pools, whole, with
    on_hand, allocated and why they are blocked. By line in the order given, then by reason in the
    order they are drawn. The same units may explain several lines.
    """
    short = lines.filter(pl.col("pending") > 0)
    named = [field for field in MISMATCHES if short[field].null_count() < short.height]
    asked = short.select(
        *_codes(named, short), "pending", mine="allocated", short=pl.int_range(pl.len())
    )
    units = _units(records, _codes(named, short)).join(asked, on="pool", how="semi")
    sums = _Sums(units)
    names = [pl.col(field).is_not_null().alias(f"names_{field}") for field in named]
    parts = (
        asked.with_columns(names).partition_by(
            [f"names_{field}" for field in named], as_dict=True, include_key=False
        )
        if named
        else {(): asked}
    )
    explained = [
        _explained(
            part, [field for field, is_named in zip(named, key, strict=True) if is_named], sums
        )
        for key, part in parts.items()
    ]
    return _drawn(pl.concat(explained, how="diagonal"), short)


def _codes(named: list[str], short: pl.DataFrame) -> list[pl.Expr]:
    """The fields that short lines name as small integers, and the pool; null is no such value."""
    codes = [pl.col("pool_no").alias("pool")]
    for field in named:
        if field == "date":
            codes.append(pl.col(field).to_physical().alias(field))
        else:
            kind = pl.Enum(short[field].drop_nulls().unique().sort())
            codes.append(pl.col(field).cast(kind, strict=False).to_physical().alias(field))
    return codes


def _units(records: pl.DataFrame, codes: list[pl.Expr]) -> pl.DataFrame:
    """Units of each record by what keeps an eligible line from them."""
    there = pl.max_horizontal(pl.col("on_hand"), 0)
    promised = pl.min_horizontal(pl.col("allocated"), there)
    rest = there - promised
    is_open = ~pl.col("is_held") & ~pl.col("is_expired")
    return records.select(
        *codes,
        there=there,
        taken=promised,
        safety_stock=pl.when(is_open).then(rest).otherwise(0),
        held=pl.when("is_held").then(rest).otherwise(0),
        expired=pl.when(pl.col("is_expired") & ~pl.col("is_held")).then(rest).otherwise(0),
    ).drop_nulls("pool")


class _Sums:
    """Units summed by pool and some fields, each such sum made once."""

    def __init__(self, units: pl.DataFrame) -> None:
        self.units = units
        self.made: dict[tuple[str, ...], pl.DataFrame] = {}

    def by(self, fields: tuple[str, ...]) -> pl.DataFrame:
        if fields not in self.made:
            self.made[fields] = (
                self.units.drop_nulls(fields)
                .group_by("pool", *fields)
                .agg(pl.col("there", *OWN).sum())
            )
        return self.made[fields]


def _explained(short: pl.DataFrame, fields: list[str], sums: _Sums) -> pl.DataFrame:
    """The lines with the units of each reason that their pools have, whether needed or not."""
    for depth in range(len(fields) + 1):
        key = tuple(fields[:depth])
        told = sums.by(key).select(
            "pool",
            *key,
            pl.col("there").alias(f"there_{depth}"),
            *(OWN if depth == len(fields) else ()),
        )
        short = short.join(told, on=["pool", *key], how="left")
    short = short.with_columns(pl.col("^there_.*$", *OWN).fill_null(0))
    return short.select(
        "short",
        "pending",
        *OWN[1:],
        (pl.col("taken") - pl.col("mine")).alias("taken"),
        *(
            (pl.col(f"there_{depth}") - pl.col(f"there_{depth + 1}")).alias(MISMATCHES[field])
            for depth, field in enumerate(fields)
        ),
    )


def _drawn(explained: pl.DataFrame, short: pl.DataFrame) -> pl.DataFrame:
    """Draw each line's pending units from the reasons in their order; the rest is no_stock."""
    parts = []
    left = explained.select("short", "pending", *(set(REASONS) & set(explained.columns)))
    for place, reason in enumerate(REASONS):
        if reason == "no_stock":
            units = pl.col("pending")
        elif reason in left.columns:
            units = pl.min_horizontal("pending", pl.col(reason).fill_null(0))
        else:
            continue
        drawn = left.select("short", quantity=units).filter(pl.col("quantity") > 0)
        parts.append(drawn.with_columns(place=pl.lit(place, pl.UInt8)))
        left = left.with_columns(pending=pl.col("pending") - units).filter(pl.col("pending") > 0)
    told = pl.concat(parts).sort("short", "place")
    return pl.DataFrame(
        [
            short["line_no"].gather(told["short"]),
            pl.Series("reason", list(REASONS)).gather(told["place"]),
            told["quantity"],
        ]
    )
