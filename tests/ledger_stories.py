"""Stories for the ledger: a few nights of files whose rows collide as often as they can."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.clerks import Row
from tests.ledger_files import File, Reference

FIRST: Final = date(2026, 4, 1)
LOCATIONS: Final = ("L1", "L2")
"""L2 may ship what it doesn't have."""

few = st.sampled_from
DATES: Final = {"": "", "A": "2026-04-02", "B": "2026-04-20"}
LOTS = few(["", "A", "A", "A", "B"])
CONDITIONS = few(["", "", "New", "Used"])
UPCS = few(["U", "U", "U", "U", "S", "S", "N", "R"])
"""S has serial numbers, N isn't tracked, R refuses what it has not."""
MARKS: Final = "abcdefgh"
"""A night costs much the same whatever stands in its files, so many casts play at once."""

Pool = tuple[str, str]


@dataclass(frozen=True)
class Story:
    nights: tuple[tuple[date, Reference, tuple[File, ...]], ...]


@dataclass(frozen=True)
class Cast:
    """Who plays: the pools that most rows are about, and the order lines, all of marked UPCs."""

    mark: str
    pools: tuple[Pool, ...]
    lines: tuple[Row, ...]


def told(**cells: Any) -> Row:
    return {name: str(value) for name, value in cells.items() if value not in ("", None)}


@st.composite
def stock(draw: st.DrawFn, mark: str, pools: tuple[Pool, ...]) -> Row:
    location_code, upc = draw(few([*pools, *pools, *pools, (draw(few(LOCATIONS)), draw(UPCS))]))
    lot = draw(LOTS) if upc != "S" else ""
    return told(
        location_code=location_code,
        upc=upc + mark,
        lot_code=lot,
        # An expiry is corrected now and then.
        date=draw(few([DATES[lot]] * 9 + ["2026-12-31" if lot else ""])),
        condition=draw(CONDITIONS) if upc != "S" else draw(few(["", "", "Used"])),
        serial_number=draw(few(["1", "1", "2"])) if upc == "S" else "",
    )


def instants(day: date, first: str) -> st.SearchStrategy[str]:
    """Mostly in the order of a day: counted, then moved; and all too often not."""
    days = [day - timedelta(days=1), day, day, day, day, day + timedelta(days=1)]
    hours = [first, first, "08", "20"]
    return few(["", "", *(f"{one}T{hour}:00" for one in days for hour in hours)])


@st.composite
def counts(draw: st.DrawFn, day: date, cast: Cast) -> Row:
    where = draw(stock(cast.mark, cast.pools))
    units = draw(few([0, 1, 1] if where.get("serial_number") else [0, 1, 2, 3, 4, 4]))
    extra = {name: draw(few(["", "", "", "", "1", "2"])) for name in ("safety_stock", "floor")}
    return where | told(quantity=units, counted_at=draw(instants(day, "08")), **extra)


@st.composite
def adjustments(draw: st.DrawFn, day: date, cast: Cast) -> Row:
    where = draw(stock(cast.mark, cast.pools))
    units = draw(few([1, 1, -1] if where.get("serial_number") else [-2, -1, 1, 2, 3]))
    return where | told(
        quantity=draw(few([units] * 9 + [0])),
        adjusted_at=draw(instants(day, "12")),
        event_id=draw(few(["", "", "", "", "e"])),
    )


@st.composite
def orders(draw: st.DrawFn, day: date, cast: Cast) -> Row:
    line = draw(few(cast.lines))
    line = draw(few([line] * 9 + [line | {"condition": "Used"}]))
    most = 1 if line.get("serial_number") else 4
    units = draw(few([0, *range(1, most + 1), *range(1, most + 1)]))
    return line | told(
        quantity=units,
        priority=draw(few(["", "", "", "1"])),
        customer_id=draw(few(["", "", "", "C"])),
        placed_at=draw(instants(day, "08")),
    )


def named(line: Row) -> Row:
    return {name: line[name] for name in ("order_id", "line_id")}


@st.composite
def cancellations(draw: st.DrawFn, day: date, cast: Cast) -> Row:
    return named(draw(few(cast.lines))) | told(
        quantity=draw(few(["", 1, 1, 2])),
        inventory_id=draw(few(["", "", "", "", "", 1, 2, 3, 4, 5, 6, 99])),
        decrement_on_hand=draw(few(["", "true"])),
        cancelled_at=draw(instants(day, "20")),
    )


@st.composite
def shipments(draw: st.DrawFn, day: date, cast: Cast) -> Row:
    line = draw(few(cast.lines))
    lot = draw(LOTS)
    record = draw(few([1, 1, 2, 2, 3, 4, 5, 6, 7, 99]))
    filters: list[Row] = [{}, {}, {}, {}, {}, {"lot_code": lot}, {"date": DATES[lot]}]
    filters += [{"condition": "New"}, {"inventory_id": record}]
    filters += [{"inventory_id": record, "lot_code": lot}]
    if line["upc"][0] == "S":
        filters += [{"serial_number": draw(few("12"))}] * 3
    filter_ = draw(few(filters))
    is_unit = "serial_number" in filter_ or line["upc"][0] == "S"
    return named(line) | told(
        quantity=1 if is_unit else draw(few([1, 1, 1, 2, 3])),
        shipment_id=draw(few(["", "", "", "s1"])),
        shipped_at=draw(instants(day, "20")),
        **filter_,
    )


ROWS = {
    "inventory": counts,
    "adjustments": adjustments,
    "orders": orders,
    "cancellations": cancellations,
    "shipments": shipments,
}
Rows = tuple[tuple[tuple[str, str], ...], ...]


@st.composite
def rows(draw: st.DrawFn, kind: str, day: date, casts: list[Cast], most: int = 4) -> Rows:
    is_once = kind == "orders" and draw(few([True] * 9 + [False]))
    written: list[Row] = []
    for cast in casts:
        written += draw(
            st.lists(
                ROWS[kind](day, cast),
                min_size=1 if len(casts) == 1 else 0,
                max_size=most,
                unique_by=(lambda row: row["order_id"]) if is_once else None,
            )
        )
    return tuple(tuple(sorted(row.items())) for row in written)


@st.composite
def files(draw: st.DrawFn, kind: str, day: date, casts: list[Cast], earlier: list[File]) -> File:
    """A file of a day, or another version of an earlier file, or an earlier one again."""
    way = draw(few(["new", "new", "version", "version", "again"]))
    same = [file for file in earlier if file.kind == kind]
    if same and way == "again":
        old = draw(few(same))
        return File(old.name.replace("/", "/again_"), old.rows)
    if same and way == "version":
        old = draw(few(same))
        kept = [row for row in old.rows if draw(few([True, True, False]))]
        return File(old.name, (*kept, *draw(rows(kind, old.day, casts, 2))))
    day = draw(few([day, day, day, day - timedelta(days=1)]))
    name = draw(few(["full", "part", "part", "z"] if kind == "inventory" else ["a", "b"]))
    return File(f"{kind}/{name}_{day}.csv", draw(rows(kind, day, casts)))


@st.composite
def references(draw: st.DrawFn) -> Reference:
    products: dict[str, Row] = {}
    for mark in MARKS:
        plain: Row = {}
        if draw(st.booleans()):
            plain |= {"date_kind": "expiration", "min_days_left": draw(few([0, 1]))}
        if draw(st.booleans()):
            plain |= {"default_condition": "New"}
        products |= {f"U{mark}": plain, f"S{mark}": {}}
        short = draw(few(["refuse", "refuse", "backorder"]))
        products |= {f"N{mark}": {"track_stock": False}, f"R{mark}": {"out_of_stock": short}}
    hold: Row = {
        "lot_code": "B",
        "from": FIRST + timedelta(days=1),
        "until": FIRST + timedelta(days=1),
    }
    holds: list[Row] = draw(
        few(
            [
                *([], [], [hold], [{"lot_code": "A"}], [{"location_code": "L1", "upc": "U"}]),
                [{"condition": "Used"}, {"upc": "S", "serial_number": "1"}],
                [{"upc": "U", "date_from": DATES["A"], "date_to": DATES["A"]}],
            ]
        )
    )
    return Reference(frozenset({"L2"}), products, holds, wait_days=draw(few([0, 1, 7])))


@st.composite
def casts(draw: st.DrawFn, mark: str) -> Cast:
    pools = tuple((draw(few(LOCATIONS)), draw(UPCS)) for _ in range(draw(st.integers(1, 2))))
    lines = []
    for order_id in ("1", "2", "10"):
        where = draw(stock(mark, pools))
        asked = {name: where[name] for name in ("location_code", "upc")}
        for name in ("lot_code", "condition", "serial_number"):
            if name in where and draw(few([True, False, False, False])):
                asked[name] = where[name]
        # Ids of digits rank by value, others by bytes.
        name = order_id if mark == "a" else mark + order_id
        lines.append({"order_id": name, "line_id": "1"} | asked)
    return Cast(mark, pools, tuple(lines))


@st.composite
def stories(draw: st.DrawFn, nights: int = 4) -> Story:
    cast = [draw(casts(mark)) for mark in MARKS[: draw(st.integers(1, len(MARKS)))]]
    day, reference = FIRST, draw(references())
    story = []
    earlier: list[File] = []
    kinds = ["inventory", "orders", *draw(st.lists(few(list(ROWS)), max_size=2))]
    for _ in range(draw(st.integers(2, nights))):
        found: dict[str, File] = {}
        for kind in kinds:
            file = draw(files(kind, day, cast, earlier))
            found.setdefault(file.name, file)
        known = {(file.name, file.csv) for file in earlier}
        fresh = [file for file in found.values() if (file.name, file.csv) not in known]
        earlier += fresh
        story.append((day, reference, tuple(fresh)))
        day += timedelta(days=draw(few([0, 1, 1, 1, 2])))
        if draw(few([False, False, True])):
            reference = draw(references())
        kinds = draw(st.lists(few([*ROWS, "shipments", "shipments"]), min_size=2, max_size=5))
    return Story(tuple(story))
