"""Recall: what became of recalled units, and how sure it is that a customer has them (SPEC 7.2).

Every figure is a sum of movements. A shipment that was not scanned may have taken a recalled unit
in place of the one it was booked on: as many as stood beside it at that moment.
"""

from typing import Final

import polars as pl

from schemas.movements import effect
from schemas.recall import CAME, CERTAINTIES, CLASSES, RecallContacts
from transforms.recall_answers import HEARD

UNIT: Final = ("upc", "serial_number")


class Unbalanced(Exception):  # noqa: N818  it is the recall that is unbalanced
    """What came and what went of a record is not what is on hand: a defect of Lotwise."""


def classed(
    movements: pl.DataFrame, first_stated: pl.DataFrame, moved: pl.DataFrame
) -> pl.DataFrame:
    """The movements with `event`, their class in the balance (SPEC 7.2.1), and its `units`.

    movements: those of units on hand, with transfer_id, upc and serial_number. first_stated:
    inventory_id, first_stated_at. moved: upc, serial_number, at of serials that left a place
    because they were found in another.
    """
    first_adjusted = (
        movements.filter(kind="adjust")
        .group_by("inventory_id")
        .agg(first_adjusted_at=pl.col("at").min())
    )
    told = (
        movements.join(first_stated, on="inventory_id", how="left")
        .join(first_adjusted, on="inventory_id", how="left")
        .join(moved.unique().with_columns(is_found=True), on=[*UNIT, "at"], how="left")
    )
    brings = pl.col("quantity") > 0
    reason = pl.col("reason").fill_null("").str.strip_chars().str.to_lowercase()
    is_count, is_adjust = (pl.col("kind") == kind for kind in ("count", "adjust"))
    is_transfer = is_adjust & (
        pl.col("transfer_id").is_not_null() | reason.str.starts_with("transfer")
    )
    is_found = brings & pl.col("is_found").fill_null(value=False)
    opens = (pl.col("at") == pl.col("first_stated_at")) & (
        pl.col("first_adjusted_at").is_null()
        | (pl.col("first_adjusted_at") >= pl.col("first_stated_at"))
    )
    event = (
        pl.when(pl.col("kind") == "ship")
        .then(pl.lit("shipped"))
        .when(is_count & (pl.col("reason") == "moved"))
        .then(pl.lit("transferred_out"))
        .when(is_found | (is_transfer & brings))
        .then(pl.lit("transferred_in"))
        .when(is_transfer)
        .then(pl.lit("transferred_out"))
        .when(is_adjust & brings & reason.str.starts_with("return"))
        .then(pl.lit("returned"))
        .when(is_adjust & brings)
        .then(pl.lit("received"))
        .when(is_adjust)
        .then(pl.lit("adjusted_out"))
        .when(opens)
        .then(pl.lit("opened"))
        .otherwise(pl.lit("unaccounted"))
    )
    came = pl.col("event").is_in(CAME)
    return (
        told.with_columns(event=event)
        .with_columns(units=pl.when(came).then(1).otherwise(-1) * effect("on_hand"))
        .drop("first_stated_at", "first_adjusted_at", "is_found")
        .sort("at", "movement_id")
    )


def balances(records: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The records with the units of each class. Raises Unbalanced.

    records: inventory_id, on_hand and more. events: their movements as `classed` has them.
    """
    of_class = [
        pl.col("units").filter(pl.col("event") == name).sum().alias(name) for name in CLASSES
    ]
    sums = events.group_by("inventory_id").agg(of_class)
    told = records.join(sums, on="inventory_id", how="left", maintain_order="left")
    told = told.with_columns(pl.col(CLASSES).fill_null(0))
    came = pl.sum_horizontal(CAME)
    went = pl.sum_horizontal(name for name in CLASSES if name not in CAME)
    wrong = told.filter(came != went + pl.col("on_hand"))
    if wrong.height:
        raise Unbalanced(f"the balance of a record doesn't add up: {wrong.row(0, named=True)}")
    return told


def there(moments: pl.DataFrame, events: pl.DataFrame) -> pl.Series:
    """Units of a record that stood there at an instant, for each row of moments: inventory_id, at.

    events: movements of these records as `classed` has them. Shipments of that very instant are not
    deducted, and a later count that found more than was booked tells that they were there before.
    """
    effects = events.select("inventory_id", "at", "kind", "event", units=effect("on_hand"))
    sums = (
        effects.group_by("inventory_id", "at")
        .agg(
            pl.col("units").sum(),
            shipped=-pl.col("units").filter(pl.col("kind") == "ship").sum(),
            correction=pl.col("units").filter(pl.col("event") == "unaccounted").sum(),
        )
        .sort("inventory_id", "at")
        .with_columns(stands=pl.col("units").cum_sum().over("inventory_id"))
    )
    turn = pl.int_range(pl.len())
    asked = moments.select("inventory_id", "at").with_columns(turn=turn).sort("at")
    by_time = sums.sort("at")
    stood = asked.join_asof(
        by_time.select("inventory_id", "at", "stands", shipped_at="at", left="shipped"),
        on="at",
        by="inventory_id",
        check_sortedness=False,
    )
    later = asked.join_asof(
        by_time.filter(pl.col("correction") != 0).select("inventory_id", "at", "correction"),
        on="at",
        by="inventory_id",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    left = pl.when(pl.col("shipped_at") == pl.col("at")).then("left").otherwise(0)
    booked = pl.col("stands").fill_null(0) + left.fill_null(0)
    found = pl.col("correction").fill_null(0).clip(0)
    together = stood.join(later.select("turn", "correction"), on="turn").sort("turn")
    return together.select((booked + found).clip(0).alias("there")).to_series()


def possible_units(beside: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """shipped_row, possible: units of each row that may have been recalled ones.

    beside: a row per shipped row (shipped_row, at, quantity) and recalled record (inventory_id)
    that stood in its place and that its line would take.
    """
    return (
        beside.with_columns(there(beside, events))
        .group_by("shipped_row")
        .agg(possible=pl.min_horizontal(pl.col("quantity").first(), pl.col("there").sum()))
        .filter(pl.col("possible") > 0)
    )


def returned(customers: pl.DataFrame, events: pl.DataFrame) -> pl.Series:
    """Units of each row that came back: those of its line, of its first shipments first.

    customers: order_id, line_id, quantity, by time of shipment, of rows that surely have units.
    """
    line = ["order_id", "line_id"]
    back = (
        events.filter(event="returned")
        .drop_nulls(line)
        .group_by(line)
        .agg(back=pl.col("units").sum())
    )
    beside = customers.join(back, on=line, how="left", maintain_order="left")
    before = (pl.col("quantity").cum_sum() - pl.col("quantity")).over(line)
    units = (pl.col("back").fill_null(0) - before).clip(0, pl.col("quantity"))
    return beside.select(units.alias("returned")).to_series()


def contacts(customers: pl.DataFrame, stops: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Whom to call: a row per customer, or per order without one, the surest and largest first.

    customers: as RecallCustomers. stops: as RecallStop. people: as Customers, how to reach them.
    """
    whom = [
        pl.col("customer_id"),
        pl.when(pl.col("customer_id").is_null()).then("order_id").alias("order_id"),
    ]
    certainty = pl.Enum(CERTAINTIES)
    left = customers.select(
        *whom,
        pl.col("certainty").cast(certainty),
        "quantity",
        "returned",
        "shipped_at",
        of_order="order_id",
    )
    promised = stops.select(*whom, to_stop="quantity", of_order="order_id")
    units = [
        pl.col("quantity").filter(pl.col("certainty") == name).sum().alias(name)
        for name in CERTAINTIES
    ]
    return (
        pl.concat([left, promised], how="diagonal")
        .group_by("customer_id", "order_id")
        .agg(
            pl.col("certainty").min(),
            *units,
            pl.col("returned", "to_stop").sum(),
            orders=pl.col("of_order").n_unique().cast(pl.Int64),
            first_shipped_at=pl.col("shipped_at").min(),
            last_shipped_at=pl.col("shipped_at").max(),
        )
        # Who has nothing yet needs no call: their units are stopped here.
        .filter(pl.col("certainty").is_not_null())
        .sort(
            "certainty",
            pl.sum_horizontal(CERTAINTIES),
            "customer_id",
            "order_id",
            descending=[False, True, False, False],
            nulls_last=True,
        )
        .with_columns(pl.col("certainty").cast(pl.String))
        .join(people, on="customer_id", how="left", maintain_order="left")
        .with_columns(
            **dict.fromkeys(HEARD, pl.lit(None, dtype=pl.String)),
        )
        .with_columns(pl.col("held", "destroyed").cast(pl.Int64))
        .select(*RecallContacts.to_schema().columns)
        .pipe(RecallContacts.validate)
    )
