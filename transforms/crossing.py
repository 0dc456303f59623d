"""Crossing pools: an exact flow for the few pools whose lines name fields that don't nest.

A cell is a class of records with equal values in all fields that lines of the pool name, a
signature a class of lines that name the same fields and values. Units flow between the cells and
the signatures they fit. What one line can get depends on all others, so a line that finds its cells
taken moves others to cells that fit them as well. Three steps, the first two the same greedy from
either side:

- Lines by rank get as much as can be found for them (6.3). The sets of units that can be served
  are the independent sets of a matroid, so what an earlier line can't get no later one can change.
- With these quantities as room, records in use order give as much as can be taken (6.4).
- Signatures choose among these units, those that name more fields first, then by the turn of their
  first served line: each the earliest units that leave all others served. Lines of a signature in
  rank order get its units in use order (6.5). Such a choice makes the pairs unique, and it is the
  one that nested pools make.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from schemas.granular import GRANULAR_FIELDS
from transforms.nested import PIECES, RECORD, named_fields

Row = dict[str, Any]
Piece = tuple[int, int, int]


class Flow:
    """Units on their way from classes of givers to classes of takers.

    `reach` lists the takers of each giver, `room` the units each taker can still get, `given` the
    units that each taker has, by giver.
    """

    def __init__(self, reach: Sequence[Sequence[int]], room: Sequence[int]) -> None:
        self.reach = reach
        self.room = list(room)
        self.given: list[defaultdict[int, int]] = [defaultdict(int) for _ in room]
        self.open = [list(takers) for takers in reach]

    def fill(self, offers: Iterable[tuple[int, int]]) -> list[int]:
        """The units given of each offer (giver, units), earlier ones first."""
        given, exhausted = [], set()
        for giver, units in offers:
            found = 0 if giver in exhausted else self.push(giver, units)
            if found < units:
                # What finds no room now never will: rooms only shrink.
                exhausted.add(giver)
            given.append(found)
        return given

    def push(self, giver: int, units: int) -> int:
        """Give up to `units`, moving what others gave where needed; returns the units given."""
        pushed = 0
        while pushed < units:
            way = self.way_to_room(giver)
            if not way:
                break
            last = way[-1][1]
            moved = self.move(way, None, min(units - pushed, self.room[last]))
            self.room[last] -= moved
            pushed += moved
        return pushed

    def way_to_room(self, giver: int) -> list[tuple[int, int]]:
        """A taker of its own that still has room, or else a way by moving others."""
        its_open = self.open[giver]
        while its_open and not self.room[its_open[-1]]:
            its_open.pop()
        if its_open:
            return [(giver, its_open[-1])]
        return self.way([giver], None, lambda taker: self.room[taker] > 0)

    def claim(self, taker: int, giver: int, units: int) -> int:
        """Bring what the taker has of a giver up to `units` if an exchange can; returns it."""
        given = self.given
        while given[taker][giver] < units:
            others = [one for one, has in given[taker].items() if has and one != giver]
            way = self.way(others, taker, lambda other: given[other].get(giver, 0) > 0)
            if not way:
                break
            self.move([*way, (giver, taker)], taker, units - given[taker][giver])
        return min(units, given[taker][giver])

    def way(
        self, starts: Iterable[int], origin: int | None, is_end: Callable[[int], bool]
    ) -> list[tuple[int, int]]:
        """The shortest steps (giver, its new taker); each giver leaves the taker before it.

        The first leaves `origin`, which no step leads to. Empty if no way ends.
        """
        queue = deque(starts)
        left: dict[int, int | None] = dict.fromkeys(queue, origin)
        came: dict[int, int] = {}
        while queue:
            giver = queue.popleft()
            for taker in self.reach[giver]:
                if taker in came or taker == origin:
                    continue
                came[taker] = giver
                if is_end(taker):
                    steps = [(giver, taker)]
                    while (before := left[steps[-1][0]]) is not None and before != origin:
                        steps.append((came[before], before))
                    return steps[::-1]
                for other, units in self.given[taker].items():
                    if units and other not in left:
                        left[other] = taker
                        queue.append(other)
        return []

    def move(self, way: Sequence[tuple[int, int]], origin: int | None, units: int) -> int:
        """Move up to `units` along a way, as many as each giver on it has there."""
        leaves = list(zip([origin, *(taker for _, taker in way)], way, strict=False))
        held = [self.given[left][giver] for left, (giver, _) in leaves if left is not None]
        moved = min(units, *held) if held else units
        for left, (giver, taker) in leaves:
            if left is not None:
                self.given[left][giver] -= moved
            self.given[taker][giver] += moved
        return moved


def place_crossing(asked: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Pieces of lines and records, as turn, use and quantity; a line's pieces are in use order.

    `asked`: turn, pool, mask, quantity and a code per named field. `records`: use, pool, units and
    codes.
    """
    fields = ["record", *(field for field in GRANULAR_FIELDS if field in asked.columns)]
    asked = asked.select("pool", "turn", "mask", "quantity", *fields).sort("pool", "turn")
    records = records.with_columns(record="use").select("pool", "use", "units", *fields)
    records_of = {
        pool: list(rows)
        for pool, rows in groupby(
            records.sort("pool", "use").iter_rows(named=True), itemgetter("pool")
        )
    }
    pieces = [
        piece
        for pool, rows in groupby(asked.iter_rows(named=True), itemgetter("pool"))
        for piece in place_pool(list(rows), records_of.get(pool, []))
    ]
    return pl.DataFrame(pieces, schema=PIECES, orient="row")


def place_pool(lines: Sequence[Row], records: Sequence[Row]) -> Iterator[Piece]:
    """The pieces of one pool; lines by turn, records by use."""
    pool = Classes(lines, records)
    room = [0] * len(pool.fitted)
    for cell, record in zip(pool.cell_of, records, strict=True):
        room[cell] += record["units"]
    wanted = [line["quantity"] for line in lines]
    served = Flow(pool.fits, room).fill(zip(pool.signature_of, wanted, strict=True))

    lines_of: list[list[tuple[int, int]]] = [[] for _ in pool.fits]
    for signature, line, units in zip(pool.signature_of, lines, served, strict=True):
        if units:
            lines_of[signature].append((line["turn"], units))
    flow = Flow(pool.fitted, [sum(units for _, units in its) for its in lines_of])
    units_of = [record["units"] for record in records]
    used = flow.fill(zip(pool.cell_of, units_of, strict=True))

    records_of: list[deque[tuple[int, int]]] = [deque() for _ in pool.fitted]
    for cell, record, units in zip(pool.cell_of, records, used, strict=True):
        if units:
            records_of[cell].append((record["use"], units))
    served_signatures = (one for one in range(len(pool.fits)) if lines_of[one])
    for one in sorted(served_signatures, key=lambda one: (pool.precedence[one], lines_of[one][0])):
        chosen = choose(flow, one, pool.fits[one], records_of)
        yield from paired(lines_of[one], chosen)


class Classes:
    """The cells and signatures of a pool, and which fit which."""

    def __init__(self, lines: Sequence[Row], records: Sequence[Row]) -> None:
        named = {mask: named_fields(mask) for mask in {line["mask"] for line in lines}}
        value_of = {
            mask: values_of(["record"] if mask & RECORD else fields)
            for mask, fields in named.items()
        }
        told_by = values_of(
            sorted({field for mask, fields in named.items() if mask < RECORD for field in fields})
        )
        # A record that lines are bound to is a cell of its own, others are told by their values.
        bound = {line["record"] for line in lines}
        cells: dict[tuple[Any, ...], int] = {}
        fitting: defaultdict[tuple[int, Any], list[int]] = defaultdict(list)
        self.cell_of: list[int] = []
        for record in records:
            use = record["use"]
            key = (use if use in bound else None, told_by(record))
            if key not in cells:
                for mask, value in value_of.items():
                    fitting[mask, value(record)].append(len(cells))
                cells[key] = len(cells)
            self.cell_of.append(cells[key])
        signatures: dict[tuple[int, Any], int] = {}
        self.signature_of = [
            signatures.setdefault((line["mask"], value_of[line["mask"]](line)), len(signatures))
            for line in lines
        ]
        self.fits = [fitting[signature] for signature in signatures]
        self.fitted: list[list[int]] = [[] for _ in cells]
        for signature, its_cells in enumerate(self.fits):
            for cell in its_cells:
                self.fitted[cell].append(signature)
        self.precedence = [-mask.bit_count() for mask, _ in signatures]


def values_of(columns: Sequence[str]) -> Callable[[Row], Any]:
    """What tells rows apart by some columns."""
    return itemgetter(*columns) if columns else lambda _: None


def choose(
    flow: Flow, signature: int, fits: Iterable[int], records_of: Sequence[deque[tuple[int, int]]]
) -> list[tuple[int, int]]:
    """The earliest units (use, units) a signature can have, taken off the flow and the records."""
    chosen: list[tuple[int, int]] = []
    wanted = sum(flow.given[signature].values())
    nearest = [(records_of[cell][0], cell) for cell in fits if records_of[cell]]
    heapify(nearest)
    while wanted:
        (use, units), cell = heappop(nearest)
        taken = flow.claim(signature, cell, min(units, wanted))
        if not taken:
            # The others need all that this cell has left, now and later.
            continue
        flow.given[signature][cell] -= taken
        wanted -= taken
        chosen.append((use, taken))
        records_of[cell].popleft()
        if taken < units:
            records_of[cell].appendleft((use, units - taken))
        if records_of[cell]:
            heappush(nearest, (records_of[cell][0], cell))
    return chosen


def paired(lines: Iterable[tuple[int, int]], records: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    """Lines (turn, units) and records (use, units) end to end; both have the same total."""
    chosen = iter(records)
    use, left = 0, 0
    for turn, quantity in lines:
        wanted = quantity
        while wanted:
            if not left:
                use, left = next(chosen)
            taken = min(wanted, left)
            yield turn, use, taken
            wanted, left = wanted - taken, left - taken
