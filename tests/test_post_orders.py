"""Order files say lines, repeat them and restate them (SPEC 5.1, 5.2)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from transforms.post_orders import PostedOrders
from transforms.post_orders import post_orders as post

Row = dict[str, Any]

IDENTITY: dict[str, Any] = {
    "order_id": pl.String,
    "line_id": pl.String,
    "location_code": pl.String,
    "upc": pl.String,
    "segment": pl.String,
    "sku": pl.String,
    "lot_code": pl.String,
    "date": pl.Date,
    "condition": pl.String,
    "serial_number": pl.String,
    "quantity": pl.Int64,
    "placed_at": pl.Datetime("us", "UTC"),
    "priority": pl.Int64,
    "customer_id": pl.String,
}
ORDERS: dict[str, Any] = {
    "file": pl.String,
    "row": pl.Int64,
    "day": pl.Date,
    "restated_at": pl.Datetime("us", "UTC"),
    **IDENTITY,
    "pool_no": pl.Int64,
}
BALANCES = ("allocated", "pending", "shipped", "cancelled", "refused")
LINES: dict[str, Any] = {
    "line_no": pl.Int64,
    "pool_no": pl.Int64,
    "run": pl.Int64,
    **{name: kind for name, kind in IDENTITY.items() if name != "quantity"},
    **dict.fromkeys(BALANCES, pl.Int64),
    "stated_quantity": pl.Int64,
    "stated_condition": pl.String,
    "stated_on": pl.Date,
}
PRODUCTS: dict[str, Any] = {"upc": pl.String, "default_condition": pl.String}
ANY: dict[str, Any] = {
    "sku": None,
    "lot_code": None,
    "date": None,
    "condition": None,
    "serial_number": None,
}


def day(number: int) -> date:
    return date(2026, 1, number)


def at(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, number, hour, tzinfo=UTC)


def told(on: int, quantity: int, *, file: str | None = None, row: int = 1, **other: Any) -> Row:
    """A row of line A-1 in a file of January `on`."""
    return {
        "file": file or f"orders/{day(on)}.csv",
        "row": row,
        "day": day(on),
        "restated_at": at(on, 23),
        "order_id": "A",
        "line_id": "1",
        "location_code": "L",
        "upc": "U",
        "segment": "",
        "pool_no": 1,
        **ANY,
        "quantity": quantity,
        "placed_at": at(1),
        "priority": 0,
        "customer_id": None,
        **other,
    }


def known(on: int, quantity: int, **other: Any) -> Row:
    """Line A-1 as it stands after a file of January `on` stated it."""
    identity = {name: value for name, value in told(on, quantity).items() if name in LINES}
    return {
        **identity,
        "line_no": 1,
        "run": 1,
        **dict.fromkeys(BALANCES, 0),
        "pending": quantity,
        "stated_quantity": quantity,
        "stated_condition": None,
        "stated_on": day(on),
        **other,
    }


def post_orders(
    orders: Sequence[Row],
    lines: Sequence[Row] = (),
    products: Sequence[Row] = (),
    default_condition: str | None = None,
) -> PostedOrders:
    return post(
        pl.DataFrame(orders, schema=ORDERS, orient="row"),
        pl.DataFrame(lines, schema=LINES, orient="row"),
        pl.DataFrame(products, schema=PRODUCTS, orient="row"),
        default_condition,
        next_line_no=max((row["line_no"] for row in lines), default=0) + 1,
    )


def images(posted: PostedOrders) -> list[Row]:
    """The images of the lines, without their pool in words."""
    unsaid = ("location_code", "upc", "segment", "run", "is_new", "has_new_customer")
    return posted.lines.drop(unsaid, strict=False).to_dicts()


def image(row: Row) -> Row:
    return {
        name: row[name] for name in row if name not in ("location_code", "upc", "segment", "run")
    }


def line(posted: PostedOrders) -> Row:
    return images(posted)[0]


def ordered(posted: PostedOrders) -> list[tuple[int, str | None, str]]:
    told_by = posted.movements.sort("file", "row")
    return list(told_by.select("quantity", "reason", "file").iter_rows())


def repeats(posted: PostedOrders) -> list[tuple[str, int]]:
    return sorted(posted.repeats.iter_rows())


def says_nothing(posted: PostedOrders) -> bool:
    tables = (posted.lines, posted.movements, posted.decreases, posted.rejects)
    return not any(table.height for table in tables)


# New lines


def test_a_new_line_is_ordered_and_waits_for_stock() -> None:
    posted = post_orders([told(2, 5, placed_at=at(1, 9), priority=3, customer_id="C")])
    assert images(posted) == [
        image(known(2, 5, placed_at=at(1, 9), priority=3, customer_id="C")),
    ]
    assert posted.movements.to_dicts() == [
        {
            "at": at(1, 9),
            "kind": "order",
            "quantity": 5,
            "line_no": 1,
            "reason": None,
            "file": "orders/2026-01-02.csv",
            "row": 1,
        }
    ]
    assert not repeats(posted)
    assert not posted.decreases.height
    assert not posted.rejects.height


def test_lines_of_one_order_are_told_apart_by_line_id() -> None:
    posted = post_orders([told(1, 5, row=1), told(1, 7, row=2, line_id="2")])
    assert posted.lines.select("line_no", "line_id", "pending").rows() == [(1, "1", 5), (2, "2", 7)]


def test_a_night_without_order_files_changes_nothing() -> None:
    posted = post_orders([], [])
    assert says_nothing(posted)
    assert not repeats(posted)


# The default condition


def test_a_line_naming_no_condition_has_the_default_one_written_on_it() -> None:
    posted = post_orders([told(1, 1)], default_condition="New")
    assert line(posted)["condition"] == "New"
    assert line(posted)["stated_condition"] is None


def test_the_products_default_condition_goes_before_the_settings() -> None:
    products: list[Row] = [{"upc": "U", "default_condition": "Used"}]
    assert line(post_orders([told(1, 1)], [], products, "New"))["condition"] == "Used"
    products = [{"upc": "U", "default_condition": None}]
    assert line(post_orders([told(1, 1)], [], products, "New"))["condition"] == "New"


def test_a_line_naming_a_condition_keeps_it() -> None:
    posted = post_orders([told(1, 1, condition="Open box")], default_condition="New")
    assert line(posted)["condition"] == "Open box"
    assert line(posted)["stated_condition"] == "Open box"


def test_a_line_without_default_takes_any_condition() -> None:
    products = [{"upc": "another", "default_condition": "Used"}]
    assert line(post_orders([told(1, 1)], [], products))["condition"] is None


# Repeats


def test_a_line_sent_again_is_a_repeat() -> None:
    posted = post_orders([told(1, 5, file="again", row=7)], [known(1, 5)])
    assert says_nothing(posted)
    assert repeats(posted) == [("again", 7)]


def test_a_line_sent_again_in_the_same_night_is_a_repeat() -> None:
    posted = post_orders([told(1, 5), told(2, 5)])
    assert [quantity for quantity, _, _ in ordered(posted)] == [5]
    assert repeats(posted) == [("orders/2026-01-02.csv", 1)]


def test_a_line_is_compared_as_it_was_said_before_the_default_condition() -> None:
    before = known(1, 5, condition="New", stated_condition=None)
    posted = post_orders([told(2, 5)], [before], default_condition="Used")
    assert not posted.rejects.height
    assert not posted.movements.height
    assert repeats(posted) == [("orders/2026-01-02.csv", 1)]


def test_naming_the_default_condition_later_is_a_conflict() -> None:
    before = known(1, 5, condition="New", stated_condition=None)
    posted = post_orders([told(2, 5, condition="New")], [before], default_condition="New")
    assert posted.rejects.rows() == [("orders/2026-01-02.csv", 1, "conflict", "condition")]


def test_a_changed_placed_at_is_ignored() -> None:
    posted = post_orders([told(2, 5, placed_at=at(2))], [known(1, 5)])
    assert not posted.movements.height
    assert repeats(posted) == [("orders/2026-01-02.csv", 1)]
    posted = post_orders([told(2, 6, placed_at=at(2))], [known(1, 5)])
    assert line(posted)["placed_at"] == at(1)


def test_a_line_that_was_cancelled_or_shipped_is_still_repeated() -> None:
    before = known(1, 5, pending=0, cancelled=2, shipped=3)
    posted = post_orders([told(1, 5)], [before])
    assert says_nothing(posted)
    assert len(repeats(posted)) == 1


# Restated lines


def test_a_line_restated_higher_orders_the_difference() -> None:
    before = known(1, 5, pending=1, allocated=4)
    posted = post_orders([told(2, 8)], [before])
    assert images(posted) == [
        image(before | {"pending": 4, "stated_quantity": 8, "stated_on": day(2)})
    ]
    assert ordered(posted) == [(3, "restated", "orders/2026-01-02.csv")]
    assert not posted.decreases.height


def test_a_line_restated_lower_is_to_be_cancelled_by_the_difference() -> None:
    before = known(1, 5)
    posted = post_orders([told(2, 3, row=4)], [before])
    assert images(posted) == [image(before | {"stated_quantity": 3, "stated_on": day(2)})]
    assert not posted.movements.height
    assert posted.decreases.to_dicts() == [
        {
            "order_id": "A",
            "line_id": "1",
            "file": "orders/2026-01-02.csv",
            "row": 4,
            "ordered_since": 0,
            "at": at(2, 23),
            "quantity": 2,
            "number": 0,
        }
    ]


def test_a_line_edited_to_0_wants_none_of_what_is_open() -> None:
    before = known(1, 5)
    posted = post_orders([told(2, 0)], [before])
    assert images(posted) == [image(before | {"stated_quantity": 0, "stated_on": day(2)})]
    assert posted.decreases.select("quantity", "ordered_since").rows() == [(None, 0)]
    assert not posted.rejects.height


def test_a_line_edited_to_0_and_back_is_ordered_again() -> None:
    posted = post_orders([told(2, 0), told(3, 4), told(4, 6), told(5, 1)], [known(1, 5)])
    assert ordered(posted) == [
        (4, "restated", "orders/2026-01-03.csv"),
        (2, "restated", "orders/2026-01-04.csv"),
    ]
    assert posted.decreases.select("quantity", "ordered_since", "number").rows() == [
        (None, 6, 0),
        (5, 0, 1),
    ]


def test_what_a_later_statement_takes_back_is_not_taken_back_before_it() -> None:
    a, b, c = (f"orders/{name}_{day(2)}.csv" for name in "abc")
    rows = [told(2, 0, file=a), told(2, 5, file=b), told(2, 2, file=c, restated_at=at(2, 8))]
    posted = post_orders(rows, [known(1, 5)])
    assert posted.decreases.select("quantity", "at", "number").rows() == [
        (None, at(2, 23), 0),
        (3, at(2, 23), 1),
    ]


def test_nothing_of_an_unknown_line_is_no_order() -> None:
    posted = post_orders([told(1, 0, upc="V"), told(2, 0), told(3, 5), told(4, 0)])
    assert posted.rejects.rows() == [
        ("orders/2026-01-01.csv", 1, "nothing_ordered", "quantity"),
        ("orders/2026-01-02.csv", 1, "nothing_ordered", "quantity"),
    ]
    assert line(posted)["stated_on"] == day(4)
    assert ordered(posted) == [(5, None, "orders/2026-01-03.csv")]
    assert posted.decreases.select("quantity", "ordered_since").rows() == [(None, 0)]


def test_what_is_ordered_on_a_line_is_written_down_in_the_order_it_was_stated() -> None:
    posted = post_orders([told(3, 7), told(2, 6), told(1, 5)])
    assert posted.movements.select("quantity", "reason", "at").rows() == [
        (5, None, at(1)),
        (1, "restated", at(2, 23)),
        (1, "restated", at(3, 23)),
    ]


def test_a_quantity_is_compared_with_the_one_last_stated() -> None:
    before = known(2, 5, cancelled=2, pending=3, stated_quantity=3)
    assert repeats(post_orders([told(3, 3)], [before])) == [("orders/2026-01-03.csv", 1)]
    posted = post_orders([told(3, 5)], [before])
    assert ordered(posted) == [(2, "restated", "orders/2026-01-03.csv")]
    assert line(posted)["pending"] == 5


def test_priority_and_customer_are_restated_without_ordering_more() -> None:
    before = known(1, 5)
    posted = post_orders([told(2, 5, priority=9, customer_id="C")], [before])
    assert images(posted) == [
        image(before | {"priority": 9, "customer_id": "C", "stated_on": day(2)})
    ]
    assert not posted.movements.height
    assert not repeats(posted)


def test_files_of_one_night_restate_a_new_line_one_after_the_other() -> None:
    posted = post_orders([told(3, 4), told(1, 5), told(2, 3)])
    assert ordered(posted) == [
        (5, None, "orders/2026-01-01.csv"),
        (1, "restated", "orders/2026-01-03.csv"),
    ]
    assert posted.decreases.select("file", "quantity").rows() == [("orders/2026-01-02.csv", 2)]
    assert line(posted) == image(known(3, 6, stated_quantity=4))


def test_files_of_one_night_restate_a_known_line_one_after_the_other() -> None:
    posted = post_orders([told(3, 9), told(2, 4)], [known(1, 5)])
    assert [quantity for quantity, _, _ in ordered(posted)] == [5]
    assert posted.decreases.get_column("quantity").to_list() == [1]
    assert line(posted) == image(known(3, 10, stated_quantity=9))


def test_the_later_file_day_wins_whatever_the_files_are_called() -> None:
    posted = post_orders([told(2, 7, file="a"), told(1, 5, file="b")])
    assert line(posted)["stated_quantity"] == 7
    assert line(posted)["stated_on"] == day(2)


def test_of_one_day_the_later_file_name_wins() -> None:
    posted = post_orders([told(1, 7, file="b"), told(1, 5, file="a")])
    assert line(posted)["stated_quantity"] == 7


def test_of_one_day_the_file_taken_later_wins() -> None:
    posted = post_orders([told(1, 7, file="a")], [known(1, 5)])
    assert line(posted)["stated_quantity"] == 7


def test_a_file_of_an_earlier_day_says_nothing_new() -> None:
    posted = post_orders([told(1, 7, priority=3)], [known(2, 5)])
    assert says_nothing(posted)
    assert not repeats(posted)


def test_a_file_of_an_earlier_day_may_repeat() -> None:
    posted = post_orders([told(1, 5)], [known(2, 5)])
    assert says_nothing(posted)
    assert repeats(posted) == [("orders/2026-01-01.csv", 1)]


def test_a_repeat_of_a_later_day_outlasts_a_late_file() -> None:
    """The files of days 1, 3 and 2 end as those of days 1, 2 and 3 would: the third day's 5."""
    again = post_orders([told(3, 5)], [known(1, 5)])
    stands = images(again) or [image(known(1, 5))]
    late = post_orders([told(2, 7)], stands)
    assert not late.movements.height


def test_a_line_restated_and_set_back_in_one_night_keeps_the_day_of_the_last_word() -> None:
    posted = post_orders([told(2, 7), told(3, 5)], [known(1, 5)])
    assert ordered(posted) == [(2, "restated", "orders/2026-01-02.csv")]
    assert posted.decreases.get_column("quantity").to_list() == [2]
    assert line(posted) == image(known(3, 7, stated_quantity=5))


# Conflicts


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("upc", "V"),
        ("location_code", "M"),
        ("segment", "wholesale"),
        ("sku", "S"),
        ("lot_code", "7"),
        ("date", date(2026, 5, 1)),
        ("condition", "New"),
        ("serial_number", "N1"),
    ],
)
def test_another_pool_or_granular_field_is_a_conflict_that_names_the_column(
    column: str, value: Any
) -> None:
    posted = post_orders([told(2, 5, row=3, **{column: value})], [known(1, 5)])
    assert posted.rejects.rows() == [("orders/2026-01-02.csv", 3, "conflict", column)]
    assert not posted.lines.height
    assert not posted.movements.height
    assert not repeats(posted)


def test_a_field_no_longer_named_is_a_conflict() -> None:
    before = known(1, 5, lot_code="7")
    assert post_orders([told(2, 5)], [before]).rejects.rows() == [
        ("orders/2026-01-02.csv", 1, "conflict", "lot_code")
    ]


def test_the_first_row_of_a_new_line_says_what_the_others_must_agree_with() -> None:
    posted = post_orders([told(2, 9, upc="V"), told(1, 5), told(3, 6)])
    assert posted.rejects.rows() == [("orders/2026-01-02.csv", 1, "conflict", "upc")]
    assert line(posted) == image(known(3, 6))


def test_a_conflict_of_an_earlier_day_is_still_a_conflict() -> None:
    posted = post_orders([told(1, 5, upc="V")], [known(2, 5)])
    assert posted.rejects.rows() == [("orders/2026-01-01.csv", 1, "conflict", "upc")]


# Every night


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [
        told(1, 5, file="a"),
        told(2, 7, file="b"),
        told(3, 5, file="c"),
        told(4, 7, file="d"),
        told(1, 2, file="a", row=2, line_id="2"),
        told(2, 2, file="b", row=2, line_id="2"),
        told(2, 2, file="b", row=3, line_id="2", upc="V"),
    ]
    one, other = post_orders(rows), post_orders(rows[::-1])
    assert one.lines.equals(other.lines)
    assert one.movements.equals(other.movements)
    assert one.decreases.equals(other.decreases)
    assert repeats(one) == repeats(other)
    assert one.rejects.equals(other.rejects)


def test_what_is_ordered_is_on_the_line_and_in_the_movements() -> None:
    rows = [told(1, 5), told(2, 9), told(3, 1), told(3, 4, row=2, line_id="2")]
    posted = post_orders(rows, [known(1, 5)])
    before = 5
    moved = posted.movements.get_column("quantity").sum()
    assert posted.lines.get_column("pending").sum() == before + moved
