"""The clerk who promises units to lines, pool by pool, and tells why others wait (SPEC 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from schemas.reference import NAMED_CODES
from tests import clerks
from tests.clerks import POOL, Row
from tests.ledger_files import Key, Reference
from tests.test_shortages import clerk as shortage_clerk
from transforms.rank import rank_key, use_key

if TYPE_CHECKING:
    from tests.ledger_clerk import Ledger, Line


def rank(line: Row) -> tuple[Any, ...]:
    return rank_key(line)


def use(record: Row) -> tuple[Any, ...]:
    return use_key(record)


def is_blocked(record: Row, reference: Reference, day: date) -> tuple[bool, bool]:
    """Whether it is held, and whether it is expired (6.8, 7.2)."""
    upc, dated = record["upc"], record["date"]
    held = any(
        all(hold.get(name) in (None, record[name]) for name in NAMED_CODES)
        and (dated is None or hold.get("date_from", dated) <= dated <= hold.get("date_to", dated))
        and hold.get("from", day) <= day <= hold.get("until", day)
        for hold in reference.holds
    )
    last = day + timedelta(days=reference.product(upc, "min_days_left"))
    expires = reference.product(upc, "date_kind") == "expiration"
    return held, bool(expires and dated and dated < last)


def capacity(record: Row) -> int:
    on_hand: int = record["on_hand"]
    if record["is_blocked"]:
        return 0
    units: int = max(0, on_hand - record["safety_stock"], min(on_hand, record["allocated"]))
    return units if record["serial_number"] is None else min(units, 1)


def place(ledger: Ledger) -> None:
    """6.0 for every pool."""
    pools = {tuple(line[name] for name in POOL): line for line in ledger.lines.values()}
    for pool, line in pools.items():
        if ledger.reference.product(line["upc"], "track_stock"):
            place_pool(
                ledger, [one for one in ledger.lines.values() if clerks.pool_of(one) == pool]
            )


def place_pool(ledger: Ledger, lines: list[Row]) -> None:
    lines = sorted(lines, key=rank)
    records = ledger.pool(lines[0])
    names = [(line["order_id"], line["line_id"]) for line in lines]
    had = {
        (name, record["key"]): ledger.promises[name, record["key"]]
        for name in names
        for record in records
    }

    def asking(units: Sequence[int]) -> list[Row]:
        return [
            line | {"rank": number, "quantity": quantity}
            for number, (line, quantity) in enumerate(zip(lines, units, strict=True))
        ]

    def giving(of: str) -> list[Row]:
        return [record | {"free": record[of]} for record in records]

    for record in records:
        record["left"] = record["capacity"] - record["allocated"]
    kept = [sum(had[name, record["key"]] for record in records) for name in names]
    waiting = [line["pending"] for line in lines]
    entries = asking(kept) + asking(waiting)
    anew = clerks.quantities(entries, giving("capacity"))
    fits = all(record["left"] >= 0 for record in records)
    stands = fits and clerks.quantities(asking(waiting), giving("left")) == anew[len(lines) :]
    after: Counter[tuple[Line, Key]] = Counter()
    if stands:
        after += Counter(had)
        given = clerks.placed(asking(waiting), giving("left"))
    else:
        totals = [a + b for a, b in zip(anew, anew[len(lines) :], strict=False)]
        given = clerks.placed(asking(totals), giving("capacity"))
    key_of = {record["inventory_id"]: record["key"] for record in records}
    for row in given:
        after[(row["order_id"], row["line_id"]), key_of[row["inventory_id"]]] += row["quantity"]
    for (name, key), units in had.items():
        more = after[name, key] - units
        if more:
            ledger.move("allocate" if more > 0 else "release", abs(more), line=name, key=key)


def reasons(ledger: Ledger) -> list[Any]:
    lines = []
    for name, line in ledger.lines.items():
        if line["pending"] and ledger.reference.product(line["upc"], "track_stock"):
            units = sum(units for (one, _), units in ledger.promises.items() if one == name)
            lines.append(line | {"allocated": units})
    return shortage_clerk(lines, [ledger.record(key) for key in ledger.records])
