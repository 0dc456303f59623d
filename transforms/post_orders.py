"""Post orders: what order files say, as lines and what is ordered on them (SPEC 5.1, 5.2)."""

from dataclasses import dataclass
from typing import Final

import polars as pl

LINE: Final = ("order_id", "line_id")
FROM: Final = ("file", "row")
IDENTITY: Final = (
    "upc",
    "location_code",
    "segment",
    "sku",
    "lot_code",
    "date",
    "stated_condition",
    "serial_number",
)
"""What a line sent again must not change."""

BALANCES: Final = ("allocated", "pending", "shipped", "cancelled", "refused")


@dataclass(frozen=True)
class PostedOrders:
    """lines: new images of new and changed lines. movements: units ordered. repeats: file, row.
    rejects: file, row, rule, column.

    decreases: units that a restated line no longer wants, to be cancelled in the order of their
    `number`; null is all that is open but what was ordered since.
    """

    lines: pl.DataFrame
    movements: pl.DataFrame
    decreases: pl.DataFrame
    repeats: pl.DataFrame
    rejects: pl.DataFrame


def post_orders(
    orders: pl.DataFrame,
    lines: pl.DataFrame,
    products: pl.DataFrame,
    default_condition: str | None,
) -> PostedOrders:
    """Post tonight's order rows over the lines that are known of them.

    orders: rows as validated, with file, row, the file's day and `restated_at`, the instant at
    which the file spoke. lines: the known ones among them. What a restatement changes happened when
    its file spoke: its placed_at is still the order's.
    """
    told, nothing_ordered = _beside_known(orders, lines)
    clash = pl.coalesce(
        pl.when(pl.col(name).ne_missing(pl.col(f"known_{name}"))).then(pl.lit(name))
        for name in IDENTITY
    )
    told = told.with_columns(clash=clash)
    conflicts = told.filter(pl.col("clash").is_not_null())
    agreed = told.filter(pl.col("clash").is_null())
    # A file of an earlier day than the last statement's has nothing more to say.
    chain = _changes(agreed.filter(pl.col("day") >= pl.col("known_on").fill_null(pl.col("day"))))
    stale = agreed.filter(pl.col("day") < pl.col("known_on")).filter(
        pl.col("quantity") == pl.col("known_quantity"),
        pl.col("priority") == pl.col("known_priority"),
        pl.col("customer_id").eq_missing(pl.col("known_customer_id")),
    )
    at = pl.when("is_new").then("placed_at").otherwise("restated_at")
    # The chain is in the order in which each line was stated, and so are its movements.
    movements = chain.filter(pl.col("change") > 0).select(
        at=at,
        kind=pl.lit("order"),
        quantity="change",
        order_id="order_id",
        line_id="line_id",
        reason=pl.when(~pl.col("is_new")).then(pl.lit("restated")),
        file="file",
        row="row",
    )
    decreases = chain.filter(pl.col("change") < 0).select(
        *LINE,
        "file",
        "row",
        "ordered_since",
        # A statement that takes the place of another didn't happen before it.
        at=pl.col("restated_at").cum_max().over(LINE),
        quantity=pl.when(pl.col("quantity") > 0).then(-pl.col("change")),
        number=pl.int_range(pl.len()),
    )
    repeats = pl.concat([chain.filter("is_repeat").select(*FROM), stale.select(*FROM)])
    return PostedOrders(
        lines=_images(chain, lines, products, default_condition),
        movements=movements,
        decreases=decreases,
        repeats=repeats,
        rejects=pl.concat(
            [
                conflicts.select(
                    *FROM,
                    rule=pl.lit("conflict"),
                    column=pl.col("clash").replace({"stated_condition": "condition"}),
                ),
                nothing_ordered.select(
                    *FROM, rule=pl.lit("nothing_ordered"), column=pl.lit("quantity")
                ),
            ]
        ),
    )


def _beside_known(orders: pl.DataFrame, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of lines, each beside what is known of its line; and those that order 0 of no line."""
    known = lines.select(
        *LINE,
        *(pl.col(name).alias(f"known_{name}") for name in IDENTITY),
        known_quantity="stated_quantity",
        known_priority="priority",
        known_customer_id="customer_id",
        known_on="stated_on",
    )
    told = orders.rename({"condition": "stated_condition"}).sort(*LINE, "day", "file", "row")
    told = told.join(known, on=LINE, how="left", maintain_order="left")
    is_known = pl.col("known_on").is_not_null()
    orders_some = (pl.col("quantity") > 0).cum_max().over(LINE)
    is_of_a_line = told.select(is_known | orders_some).to_series()
    nothing_ordered, told = told.filter(~is_of_a_line), told.filter(is_of_a_line)
    first = pl.when(_starts()).then(pl.int_range(pl.len())).forward_fill()
    told = told.with_columns(first.alias("first"))
    # The first row of a new line says what the others must agree with.
    beside = told.with_columns(
        is_known.alias("is_known"),
        *(
            pl.when(is_known)
            .then(f"known_{name}")
            .otherwise(pl.col(name).gather(pl.col("first")))
            .alias(f"known_{name}")
            for name in IDENTITY
        ),
    )
    return beside.drop("first"), nothing_ordered


def _starts() -> pl.Expr:
    """True on the first row of each line, of rows sorted by line."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in LINE)


def _changes(chain: pl.DataFrame) -> pl.DataFrame:
    starts = _starts()
    before = {
        name: pl.when(starts).then(f"known_{name}").otherwise(pl.col(name).shift(1))
        for name in ("quantity", "priority", "customer_id")
    }
    is_new = starts & ~pl.col("is_known")
    change = pl.col("quantity") - before["quantity"].fill_null(0)
    ordered = pl.when(change > 0).then(change).otherwise(0)
    return chain.with_columns(
        is_new=is_new,
        change=change,
        ordered_since=(ordered.sum() - ordered.cum_sum()).over(starts.cum_sum()),
        is_repeat=~is_new
        & (pl.col("quantity") == before["quantity"])
        & (pl.col("priority") == before["priority"])
        & pl.col("customer_id").eq_missing(before["customer_id"]),
    )


def _images(
    chain: pl.DataFrame,
    lines: pl.DataFrame,
    products: pl.DataFrame,
    default_condition: str | None,
) -> pl.DataFrame:
    stated = chain.group_by(number=_starts().cum_sum(), maintain_order=True).agg(
        *(pl.col(name).first() for name in LINE),
        pl.col("is_repeat").all(),
        pl.col("change").filter(pl.col("change") > 0).sum().alias("ordered"),
        *(pl.col(name).first() for name in (*IDENTITY, "placed_at", "is_known", "known_on")),
        *(pl.col(name).last() for name in ("priority", "customer_id")),
        stated_quantity=pl.col("quantity").last(),
        stated_on=pl.col("day").last(),
    )
    # A repeat says when the line was last stated, which rules out files of the days before.
    says_nothing = pl.col("is_repeat") & (pl.col("stated_on") <= pl.col("known_on"))
    stated = stated.filter(~says_nothing.fill_null(value=False))
    fresh = (
        stated.filter(~pl.col("is_known"))
        .join(
            products.select("upc", "default_condition"), on="upc", how="left", maintain_order="left"
        )
        .with_columns(
            condition=pl.coalesce(
                "stated_condition", "default_condition", pl.lit(default_condition, dtype=pl.String)
            ),
            quantity="ordered",
            **{name: pl.lit(0, dtype=pl.Int64) for name in BALANCES},
        )
        .with_columns(pending="ordered")
    )
    restated = lines.join(
        stated.select(*LINE, "ordered", "priority", "customer_id", "stated_quantity", "stated_on"),
        on=LINE,
        suffix="_new",
    ).with_columns(
        quantity=pl.col("quantity") + pl.col("ordered"),
        pending=pl.col("pending") + pl.col("ordered"),
        **{
            name: f"{name}_new"
            for name in ("priority", "customer_id", "stated_quantity", "stated_on")
        },
    )
    return pl.concat([fresh.select(lines.columns), restated.select(lines.columns)]).sort(LINE)
