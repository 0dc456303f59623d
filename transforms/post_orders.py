"""Post orders: what order files say, as lines and what is ordered on them (SPEC 5.1, 5.2).

Most rows are alone: nobody knows their line, and no other row speaks of it. The others of a line
make a chain of statements, each beside what is known before it.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.order import gathered, in_order
from transforms.rank import id_order

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


@dataclass(frozen=True)
class PostedOrders:
    """lines: images of new lines, in the order of their ids, and of changed ones; is_new tells them
    apart, has_new_customer those whose customer is another. movements: units ordered. repeats:
    file, row. rejects: file, row, rule, column.

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
    next_line_no: int,
) -> PostedOrders:
    """Post tonight's order rows over the lines that are known of them.

    orders: rows as validated, with pool_no, file, row, the file's day and `restated_at`, the
    instant at which the file spoke. lines: the known ones among them. What a restatement changes
    happened when its file spoke: its placed_at is still the order's.
    """
    told = orders.rename({"condition": "stated_condition"})
    alone, others = _split(told, _is_alone(told, lines))
    chain, rejects, stale = _chained(others, lines)
    stated = _stated(chain)
    defaults = _defaults(products, default_condition)
    new = pl.concat(
        [
            _fresh(alone.with_columns(ordered="quantity", stated_on="day"), defaults),
            _fresh(stated.filter(~pl.col("is_known")), defaults),
        ]
    )
    order = id_order(new)
    numbers = pl.int_range(next_line_no, next_line_no + new.height, dtype=pl.Int64, eager=True)
    new = new.with_columns(line_no=numbers.clone().scatter(order, numbers))
    images = pl.concat([gathered(new, order), _restated(lines, stated)], how="diagonal")
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
    ordered = [
        alone.select(
            "quantity",
            "file",
            "row",
            line_no=new.get_column("line_no").head(alone.height),
            at="placed_at",
            reason=pl.lit(None, dtype=pl.String),
        ),
        # The chain is in the order in which each line was stated, and so are its movements.
        chain.filter(pl.col("change") > 0)
        .join(images.select(*LINE, "line_no"), on=LINE, how="left", maintain_order="left")
        .select(
            pl.col("change").alias("quantity"),
            "file",
            "row",
            "line_no",
            at=pl.when("is_new").then("placed_at").otherwise("restated_at"),
            reason=pl.when(~pl.col("is_new")).then(pl.lit("restated")),
        ),
    ]
    movements = pl.concat(ordered)
    movements = in_order(movements, "line_no")
    return PostedOrders(
        lines=images,
        movements=movements.with_columns(kind=pl.lit("order")),
        decreases=decreases,
        repeats=pl.concat([chain.filter("is_repeat").select(*FROM), stale.select(*FROM)]),
        rejects=rejects,
    )


def _is_alone(told: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """Whether a row is the only one of a line that nobody knows; of few it isn't told."""
    line = told.select(pl.struct(LINE).hash()).to_series()
    known = lines.select(pl.struct(LINE).hash()).to_series()
    orders_some = told.get_column("quantity") > 0
    return line.is_unique() & ~line.is_in(known.implode()) & orders_some


def _split(frame: pl.DataFrame, condition: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    if condition.all():
        return frame, frame.clear()
    return frame.filter(condition), frame.filter(~condition)


def _chained(
    told: pl.DataFrame, lines: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows that say something of their line, rejects, and rows that an earlier day said."""
    told, nothing_ordered = _beside_known(told, lines)
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
    rejects = [
        conflicts.select(
            *FROM,
            rule=pl.lit("conflict"),
            column=pl.col("clash").replace({"stated_condition": "condition"}),
        ),
        nothing_ordered.select(*FROM, rule=pl.lit("nothing_ordered"), column=pl.lit("quantity")),
    ]
    return chain, pl.concat(rejects), stale


def _beside_known(told: pl.DataFrame, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of lines, each beside what is known of its line; and those that order 0 of no line."""
    known = lines.select(
        *LINE,
        *(pl.col(name).alias(f"known_{name}") for name in IDENTITY),
        known_quantity="stated_quantity",
        known_priority="priority",
        known_customer_id="customer_id",
        known_on="stated_on",
    )
    told = told.sort(*LINE, "day", "file", "row")
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


def _stated(chain: pl.DataFrame) -> pl.DataFrame:
    """What the rows of each line come to, a row a line."""
    stated = chain.group_by(number=_starts().cum_sum(), maintain_order=True).agg(
        *(pl.col(name).first() for name in LINE),
        pl.col("is_repeat").all(),
        pl.col("change").filter(pl.col("change") > 0).sum().alias("ordered"),
        *(
            pl.col(name).first()
            for name in (*IDENTITY, "pool_no", "placed_at", "is_known", "known_on")
        ),
        *(pl.col(name).last() for name in ("priority", "customer_id", "quantity")),
        stated_on=pl.col("day").last(),
    )
    # A repeat says when the line was last stated, which rules out files of the days before.
    says_nothing = pl.col("is_repeat") & (pl.col("stated_on") <= pl.col("known_on"))
    return stated.filter(~says_nothing.fill_null(value=False))


def _defaults(products: pl.DataFrame, default_condition: str | None) -> pl.DataFrame:
    """upc, default_condition: null is any other UPC."""
    of_products = products.select("upc", "default_condition").drop_nulls()
    rest = pl.DataFrame({"upc": [None], "default_condition": [default_condition]})
    return pl.concat([of_products, rest.cast(pl.String)])


def _fresh(stated: pl.DataFrame, defaults: pl.DataFrame) -> pl.DataFrame:
    *_, otherwise = defaults.get_column("default_condition")
    nothing = pl.lit(0, dtype=pl.Int64)
    condition = pl.col("stated_condition")
    if defaults.height > 1:
        of_product = pl.col("upc").replace_strict(
            defaults.get_column("upc"), defaults.get_column("default_condition"), default=otherwise
        )
        condition = pl.coalesce(condition, of_product)
    elif otherwise is not None:
        condition = condition.fill_null(otherwise)
    return stated.select(
        *LINE,
        *("placed_at", "priority", "customer_id", "pool_no"),
        *("sku", "lot_code", "date", "stated_condition", "serial_number", "stated_on"),
        condition=condition,
        stated_quantity="quantity",
        pending="ordered",
        run=pl.lit(None, dtype=pl.Int64),
        is_new=pl.lit(value=True),
        has_new_customer=pl.lit(value=False),
        **dict.fromkeys(("allocated", "shipped", "cancelled", "refused"), nothing),
    )


def _restated(lines: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    names = ("priority", "customer_id", "stated_quantity", "stated_on")
    told = stated.rename({"quantity": "stated_quantity"})
    return (
        lines.join(told.select(*LINE, "ordered", *names), on=LINE, suffix="_new")
        .with_columns(
            pending=pl.col("pending") + pl.col("ordered"),
            is_new=pl.lit(value=False),
            has_new_customer=~pl.col("customer_id").eq_missing(pl.col("customer_id_new")),
            **{name: f"{name}_new" for name in names},
        )
        .select(*lines.columns, "is_new", "has_new_customer")
    )
