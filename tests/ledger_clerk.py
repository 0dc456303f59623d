"""The clerk of the ledger: many nights, the obvious slow way, over dicts (SPEC 4, 5).

It keeps every fact it was ever told and works out what follows from all of them anew each time;
the only things that depend on the night are the ones that SPEC lets depend on it: what was shipped
and cancelled, and who was promised what.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime

from tests.clerks import FIELDS, Row
from tests.ledger_desk import cancel, ship
from tests.ledger_files import KEY, File, Key, Reference, end_of, fresh, judge, key_of
from tests.ledger_placing import capacity, is_blocked, place, rank, use
from tests.ledger_stock import Stock

NEVER = datetime.min.replace(tzinfo=UTC)
Line = tuple[str, str]
BALANCES = ("pending", "shipped", "cancelled", "refused")
EFFECTS: dict[str, dict[str, int]] = {
    "count": {"on_hand": 1},
    "adjust": {"on_hand": 1},
    "order": {"pending": 1},
    "allocate": {"allocated": 1, "pending": -1},
    "release": {"allocated": -1, "pending": 1},
    "ship": {"on_hand": -1, "allocated": -1, "shipped": 1},
    "cancel": {"pending": -1, "cancelled": 1},
    "refuse": {"pending": -1, "refused": 1},
    "pass": {"pending": -1, "shipped": 1},
}
"""4.1, as it stands there."""


class Ledger(Stock):
    """All that was told, and what followed."""

    def __init__(self) -> None:
        super().__init__()
        self.reference = Reference()
        self.run = 0
        self.day = date.min
        self.events: dict[str, Counter[tuple[object, ...]]] = {}
        self.event_ids: set[tuple[str, str]] = set()
        self.files: list[Row] = []
        self.rejects: list[tuple[str, int, str]] = []
        self.lines: dict[Line, Row] = {}
        self.promises: Counter[tuple[Line, Key]] = Counter()
        self.waiting: list[Row] = []
        self.excess: list[tuple[object, ...]] = []
        self.movements: Counter[tuple[str, Line | None, Key | None]] = Counter()

    # The night

    def night(self, day: date, reference: Reference, files: Iterable[File]) -> None:
        self.run += 1
        self.day = day
        self.reference = reference
        events = self.waiting
        self.waiting = []
        for file in sorted(files, key=lambda one: (one.day, one.name)):
            events += self.taken(file)
        self.know(key_of(row) for row in [*self.counts, *self.adjusts])
        for row in sorted(events, key=self.turn):
            (ship if row["kind"] == "shipments" else cancel)(self, row)
        place(self)
        self.refuse()
        self.correct()

    def taken(self, file: File) -> list[Row]:
        """Takes a file; returns its shipments and cancellations, which have their turn later."""
        told: Row = {"file": file.name, "content": file.csv, "rows": len(file.rows)}
        of_kind = (file.kind, file.day, file.csv)
        if any((one["kind"], one["day"], one["content"]) == of_kind for one in self.files):
            self.files.append(told | self.outcome(file, status="repeated", repeated=len(file.rows)))
            return []
        judged = judge(file, self.reference.untracked)
        rejected = len({row for row, _ in judged.rejects})
        outcome = told | self.outcome(file, repeated=judged.repeated, rejected=rejected)
        self.files.append(outcome)
        self.rejects += [(file.name, row, rule) for row, rule in judged.rejects]
        kept = judged.kept
        if file.kind not in ("inventory", "orders"):
            kept = fresh(
                kept, self.events.setdefault(file.name, Counter()), self.event_ids, file.kind
            )
            outcome["repeated"] += len(judged.kept) - len(kept)
        outcome["kept"] = len(kept)
        for row in kept:
            row |= {"run": self.run, "kind": file.kind, "outcome": outcome}
        if file.kind == "inventory":
            self.counts = [row for row in self.counts if row["file"] != file.name]
            self.unclear = [one for one in self.unclear if one[0] != file.name]
            self.counts += [row | {"is_full": file.is_full} for row in kept]
            broken = {row for row, _ in judged.rejects}
            for number in broken if file.is_full else ():
                text = dict(file.rows[number - 1])
                told_of = (text["location_code"], text["upc"])
                self.unclear.append((file.name, file.day, *told_of))
        elif file.kind == "adjustments":
            self.adjusts += kept
            for row in kept:
                self.move("adjust", row["quantity"], key=key_of(row))
        elif file.kind == "orders":
            return [event for row in kept for event in self.order(row)]
        else:
            return kept
        return []

    def outcome(self, file: File, **counts: object) -> Row:
        zeros = {"repeated": 0, "kept": 0, "waiting": 0, "rejected": 0}
        return {"status": "taken", "kind": file.kind, "day": file.day} | zeros | counts

    def turn(self, row: Row) -> tuple[object, ...]:
        """4.5: by instant, shipments first, then rows that name a record, then rank, content.

        Which order contents have SPEC leaves open.
        """
        line = self.lines.get((row["order_id"], row["line_id"]))
        content = ("order_id", "line_id", "quantity", "shipment_id", *FIELDS)
        return (
            row["at"],
            row["kind"] != "shipments",
            row["inventory_id"] is None,
            line is None,
            rank(line) if line else (),
            row["inventory_id"] or 0,
            row.get("number", -1),
            row.get("decrement_on_hand", False),
            tuple(str(row.get(name) or "") for name in content),
            row.get("since", self.day),
            row["file"],
            row["row"],
        )

    def move(
        self, kind: str, units: int, *, line: Line | None = None, key: Key | None = None
    ) -> None:
        self.movements[kind, line, key] += units
        if line:
            state = self.lines[line]
            for balance in BALANCES:
                state[balance] += EFFECTS[kind].get(balance, 0) * units
            if kind == "order":
                state["quantity"] += units
            if key:
                self.promises[line, key] += EFFECTS[kind].get("allocated", 0) * units

    def reject(self, row: Row, rule: str) -> None:
        # It may be mended and sent again under its id.
        self.event_ids.discard((row.get("kind", ""), row.get("event_id") or ""))
        self.rejects.append((row["file"], row["row"], rule))
        row["outcome"]["kept"] -= 1
        row["outcome"]["rejected"] += 1

    # Orders

    def order(self, row: Row) -> list[Row]:
        """5.2; returns the cancellation that a decrease is."""
        name = (row["order_id"], row["line_id"])
        told = tuple(row[one] for one in KEY)
        stated = {one: row[one] for one in ("quantity", "priority", "customer_id")}
        since = (row["day"], self.run, row["file"])
        line = self.lines.get(name)
        if line is None and not row["quantity"]:
            self.reject(row, "nothing_ordered")
            return []
        if line is None:
            condition = row["condition"] or self.reference.product(row["upc"], "default_condition")
            zeros = ("quantity", "pending", "shipped", "cancelled", "refused")
            self.lines[name] = {
                **{one: row[one] for one in ("order_id", "line_id", *KEY)},
                **dict.fromkeys(zeros, 0),
                "condition": condition,
                "placed_at": row["at"],
                "told": told,
                "stated": stated,
                "since": since,
                "edits": [],
                **{one: row[one] for one in ("priority", "customer_id")},
            }
            self.move("order", row["quantity"], line=name)
            return []
        if told != line["told"]:
            self.reject(row, "conflict")
            return []
        if stated == line["stated"]:
            row["outcome"]["kept"] -= 1
            row["outcome"]["repeated"] += 1
            line["since"] = max(line["since"], since)
            return []
        if since < line["since"]:
            return []
        more = stated["quantity"] - line["stated"]["quantity"]
        line |= {one: row[one] for one in ("priority", "customer_id")}
        line |= {"stated": stated, "since": since}
        if more > 0:
            self.move("order", more, line=name)
            for edit in line["edits"]:
                edit["ordered_since"] += more
        if more >= 0:
            return []
        # 5.2: a quantity of 0 cancels all that was open then.
        fewer = {"quantity": -more if stated["quantity"] else None, "ordered_since": 0}
        edit = row | fewer | {"inventory_id": None, "decrement_on_hand": False}
        edit |= {"kind": "cancellations", "at": end_of(row["day"]), "number": len(line["edits"])}
        line["edits"].append(edit)
        return [edit]

    # Records

    def allocated(self, key: Key) -> int:
        return sum(units for (_, where), units in self.promises.items() if where == key)

    def record(self, key: Key) -> Row:
        """A record as others read it, its capacity included (6.0)."""
        row: Row = dict(zip(KEY, key, strict=True))
        row |= {"key": key, "inventory_id": self.records[key], "on_hand": self.on_hand(key)}
        row |= {name: self.stated(key, name) for name in ("floor", "safety_stock", "ltd")}
        row["safety_stock"] = row["safety_stock"] or 0
        row["allocated"] = self.allocated(key)
        held, expired = is_blocked(row, self.reference, self.day)
        row |= {"is_held": held, "is_expired": expired, "is_blocked": held or expired}
        row["capacity"] = 0 if self.stands_elsewhere(key) else capacity(row)
        row["free"] = max(0, row["capacity"] - row["allocated"])
        latest = self.latest(key)
        row["counted_at"] = latest[0] if latest else None
        return row

    def stands_elsewhere(self, key: Key) -> bool:
        """4.4: of a serial on several records one unit can be promised: the one that is already,
        else that of the record counted last."""
        having = [
            (self.allocated(one), latest[0] if latest else NEVER, -number)
            for one, number in self.records.items()
            if (one[1], one[-1]) == (key[1], key[-1]) and self.on_hand(one) > 0
            for latest in [self.latest(one)]
        ]
        is_one = key[-1] is not None and self.on_hand(key) > 0
        return is_one and max(having)[2] != -self.records[key]

    def pool(self, line: Row) -> list[Row]:
        """The records of a line's pool, in use order."""
        of_it = [key for key in self.records if key[:3] == tuple(line[name] for name in KEY[:3])]
        return sorted((self.record(key) for key in of_it), key=use)

    # Closing

    def refuse(self) -> None:
        for name, line in self.lines.items():
            refuses = self.reference.product(line["upc"], "out_of_stock") == "refuse"
            if refuses and line["pending"]:
                self.move("refuse", line["pending"], line=name)

    def correct(self) -> None:
        """4.1: whatever adjustments and shipments don't explain is a count."""
        for key in self.records:
            known = sum(
                {"count": 1, "adjust": 1, "ship": -1}.get(kind, 0) * units
                for (kind, _, where), units in self.movements.items()
                if where == key
            )
            self.movements["count", None, key] += self.on_hand(key) - known

    def unbalanced(self) -> list[object]:
        """Lines and records that are not the sums of their movements by the table of 4.1."""
        sums: Counter[tuple[object, str]] = Counter()
        for (kind, of_line, of_record), units in self.movements.items():
            for balance, factor in EFFECTS[kind].items():
                sums[of_line, balance] += factor * units
                sums[of_record, balance] += factor * units
        wrong: list[object] = []
        for key in self.records:
            is_right = sums[key, "on_hand"] == self.on_hand(key)
            if not is_right or sums[key, "allocated"] != self.allocated(key):
                wrong.append(key)
        for name, line in self.lines.items():
            had = sum(units for (one, _), units in self.promises.items() if one == name)
            balances: dict[str, int] = {"allocated": had, **{one: line[one] for one in BALANCES}}
            is_right = all(sums[name, one] == units for one, units in balances.items())
            if not is_right or line["quantity"] != sum(balances.values()):
                wrong.append(name)
        return wrong
