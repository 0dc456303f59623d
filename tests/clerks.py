"""Clerks: the obvious slow loops, unit by unit, that tests compare the transforms with."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

POOL = ("location_code", "upc", "segment")
FIELDS = ("sku", "lot_code", "date", "condition", "serial_number")

Row = dict[str, Any]


def pool_of(row: Row) -> tuple[str, ...]:
    return tuple(row[column] for column in POOL)


def fits(line: Row, record: Row) -> bool:
    """6.1: its own pool, and equal in every field it names."""
    names = [field for field in FIELDS if line[field] is not None]
    return pool_of(line) == pool_of(record) and all(line[name] == record[name] for name in names)


def by_rank(lines: Iterable[Row]) -> list[Row]:
    return sorted(lines, key=lambda line: (line["rank"], line["order_id"], line["line_id"]))


def by_use(records: Iterable[Row]) -> list[Row]:
    return sorted(records, key=lambda record: (record["date"] or date.max, record["inventory_id"]))


def matched(
    givers: Sequence[Any], takers: Sequence[Any], suits: Callable[[Any, Any], bool]
) -> list[bool]:
    """Which givers, one unit each, find a taker of one unit: earlier givers are never given up."""
    giver_at: dict[int, int] = {}

    def seat(giver: int, asked: set[int]) -> bool:
        for place, taker in enumerate(takers):
            if place not in asked and suits(givers[giver], taker):
                asked.add(place)
                if place not in giver_at or seat(giver_at[place], asked):
                    giver_at[place] = giver
                    return True
        return False

    return [seat(giver, set()) for giver in range(len(givers))]


def quantities(lines: Sequence[Row], records: Sequence[Row]) -> list[int]:
    """6.3: what each line gets; `lines` by rank, one pool."""
    wanted = [number for number, line in enumerate(lines) for _ in range(line["quantity"])]
    units = [record for record in records for _ in range(record["free"])]
    is_served = matched(wanted, units, lambda number, record: fits(lines[number], record))
    served = [number for number, found in zip(wanted, is_served, strict=True) if found]
    return [served.count(number) for number in range(len(lines))]


def used(lines: Sequence[Row], records: Sequence[Row], served: Sequence[int]) -> list[int]:
    """6.4: what each record gives, given what each line gets; `records` in use order, one pool."""
    units = [number for number, record in enumerate(records) for _ in range(record["free"])]
    seats = [line for line, quantity in zip(lines, served, strict=True) for _ in range(quantity)]
    is_used = matched(units, seats, lambda number, line: fits(line, records[number]))
    taken = [number for number, found in zip(units, is_used, strict=True) if found]
    return [taken.count(number) for number in range(len(records))]


def names(line: Row, records: Iterable[Row]) -> tuple[Any, ...]:
    """What a line names. A serial number that one free record has names that record."""
    if line["serial_number"] is not None:
        having = [
            record["inventory_id"]
            for record in records
            if record["free"] > 0 and record["serial_number"] == line["serial_number"]
        ]
        if len(having) == 1:
            return ("record", *having, None, None, None, None)
    return tuple(line[field] for field in FIELDS)


def placed(lines: Iterable[Row], records: Iterable[Row]) -> list[Row]:
    """The whole table of one pool, by rank, then use order.

    Of 6.1 to 6.5, and of the choice that these leave: lines that name more, then earlier ones,
    choose first, each kind its earliest units that leave the others served.
    """
    lines, records = by_rank(lines), by_use(records)
    served = quantities(lines, records)
    left = used(lines, records, served)
    kinds: dict[tuple[Any, ...], list[int]] = {}
    for number, line in enumerate(lines):
        if served[number]:
            kinds.setdefault(names(line, records), []).append(number)

    def precedence(kind: tuple[Any, ...]) -> tuple[int, int]:
        named = 6 if kind[0] == "record" else sum(value is not None for value in kind)
        return -named, kinds[kind][0]

    rows = []
    waiting = [number for number, quantity in enumerate(served) for _ in range(quantity)]
    for kind in sorted(kinds, key=precedence):
        seats = [number for number in kinds[kind] for _ in range(served[number])]
        others = [number for number in waiting if number not in seats]
        for number, record in enumerate(records):
            while seats and left[number] and fits(lines[seats[0]], record):
                left[number] -= 1
                units = [one for one, units in enumerate(left) for _ in range(units)]
                rest = seats[1:] + others
                if not all(matched(rest, units, lambda a, b: fits(lines[a], records[b]))):
                    left[number] += 1
                    break
                rows.append((seats.pop(0), number))
        waiting = others
    return [
        {
            "order_id": lines[line]["order_id"],
            "line_id": lines[line]["line_id"],
            "inventory_id": records[record]["inventory_id"],
            "quantity": rows.count((line, record)),
        }
        for line, record in sorted(set(rows))
    ]
