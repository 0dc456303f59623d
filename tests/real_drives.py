"""Real nights of hard drives, counted whole by serial number, and what they must have come to."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from tests.real_nights import Line, published, write

DRIVES: Final = """\
[[sources]]
name = "drives"
kind = "inventory"
columns.serial_number = "serial_number"
columns.upc = "model"
constants = { location_code = "DC", quantity = "1" }
count_mode = "full"
"""


class Drives:
    """A house of hard drives, every one in service counted by its serial number each night.

    The files are Backblaze's ten nights. None of the serials that vanish in them comes back, so an
    eleventh night brings the drives of the third once more. Orders name a serial (some that will
    vanish, some that only come later, some that another order names too) or any drive of a model.
    """

    def __init__(self, files: Path, root: Path, models: Collection[str] | None = None) -> None:
        self.root, self.inbox = root, root / "inbox"
        sources = sorted(files.glob("*.csv.gz"))
        self.days = [date.fromisoformat(path.name[:10]) for path in sources]
        self.days.append(self.days[-1] + timedelta(days=1))
        self.texts = [_of_models(path, models) for path in (*sources, sources[2])]
        self.there = [
            {serial: model for _, serial, model, _ in _fields(text[1:])} for text in self.texts
        ]
        """The drives of each night: serial number and model."""
        self.asked: dict[Line, tuple[str, str, int]] = {}
        """What lines ask for so far: model, serial number or nothing, units."""
        root.mkdir(parents=True, exist_ok=True)
        (root / "lotwise.toml").write_text(DRIVES, encoding="utf-8")

    def drop(self, number: int) -> date:
        """Write the files of a night, numbered from 0. Returns its day."""
        day = self.days[number]
        path = self.inbox / "inventory" / f"{day}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("\n".join(self.texts[number]).encode(), 1))
        models = Counter(self.there[number].values())
        if number == 0:
            asked = [*self._by_serial(), *_by_model(models)]
        else:
            asked = [(f"M{number}", model, "", 2) for model in models]
        lines = {
            (order, str(at)): (model, serial, units)
            for at, (order, model, serial, units) in enumerate(asked)
        }
        self.asked |= lines
        header = ("order_id", "line_id", "location_code", "upc", "serial_number", "quantity")
        rows = [(*line, "DC", *wish) for line, wish in lines.items()]
        write(self.inbox / "orders" / f"{day}.csv", header, rows)
        return day

    def _by_serial(self) -> list[tuple[str, str, str, int]]:
        first = self.there[0]
        ever = {serial: model for there in self.there for serial, model in there.items()}
        staying = [serial for serial in first if all(serial in there for there in self.there)]
        leaving = [serial for serial in first if not all(serial in one for one in self.there)]
        coming = [serial for serial in ever if serial not in first]
        wanted = [*staying[::15], *leaving[::2], *coming[::10]]
        return [("A", ever[serial], serial, 1) for serial in wanted] + [
            ("B", ever[serial], serial, 1) for serial in wanted[::10]
        ]


def _by_model(models: Counter[str]) -> list[tuple[str, str, str, int]]:
    """More than there is of the few, three eighths of the many."""
    return [
        ("M", model, "", 1 if drives <= 20 else 3)
        for model, drives in models.items()
        for _ in range(drives + 2 if drives <= 20 else drives // 8)
    ]


def _of_models(path: Path, models: Collection[str] | None) -> list[str]:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return lines[:1] + [
        line for line in lines[1:] if models is None or line.split(",", 3)[2] in models
    ]


def _fields(lines: list[str]) -> Iterable[list[str]]:
    # Nothing in these files is quoted; a reader of eighty columns would take ten times as long.
    return (line.split(",", 3) for line in lines)


def drives_differ(drives: Drives, number: int) -> list[str]:
    """A sentence for everything that isn't as it must be after a night, numbered from 0."""
    return _Recount(drives, number).differences()


class _Recount:
    def __init__(self, drives: Drives, number: int) -> None:
        self.drives = drives
        self.there = drives.there[number]
        self.before = drives.there[number - 1] if number else {}
        self.known = {serial for there in drives.there[: number + 1] for serial in there}
        day = drives.days[number]
        self.records = published(drives.root, "inventory", day)
        self.lines = published(drives.root, "order_lines", day)
        self.promised = _promised(published(drives.root, "allocated", day))
        last = drives.days[number - 1]
        self.promised_before = (
            _promised(published(drives.root, "allocated", last)) if number else {}
        )
        serials = {record["inventory_id"]: record["serial_number"] for record in self.records}
        self.released = {
            (serials[move["inventory_id"]], (move["order_id"], move["line_id"]))
            for move in published(drives.root, "movements", day)
            if move["kind"] == "release"
        }

    def differences(self) -> list[str]:
        return [*self._records(), *self._promises(), *self._lines(), *self._moves()]

    def _records(self) -> list[str]:
        found = Counter(record["serial_number"] for record in self.records)
        wrong = [f"records of serial {one}: {found[one]}" for one in found if found[one] > 1]
        wrong += [f"serial known or not: {one}" for one in found.keys() ^ self.known]
        for record in self.records:
            serial = record["serial_number"]
            if record["on_hand"] != (serial in self.there):
                wrong.append(f"on hand of {serial}: {record['on_hand']}")
            if record["allocated"] != len(self.promised.get(serial, [])):
                wrong.append(f"allocated of {serial}: {record['allocated']}")
        return wrong

    def _promises(self) -> list[str]:
        wrong = []
        for serial, lines in self.promised.items():
            if len(lines) > 1:
                wrong.append(f"serial {serial} is on the lines {lines}")
            if serial not in self.there:
                wrong.append(f"serial {serial} is promised to {lines} and isn't there")
            for line in lines:
                model, asked, _ = self.drives.asked[line]
                if model != self.there.get(serial) or asked not in ("", serial):
                    wrong.append(f"line {line} asks for {model} {asked} and has {serial}")
        return wrong

    def _lines(self) -> list[str]:
        """All that can be promised of a model is; where it suffices nobody waits without need."""
        units = Counter(line for lines in self.promised.values() for line in lines)
        wrong = [
            f"line there or not: {line}"
            for line in {(row["order_id"], row["line_id"]) for row in self.lines}
            ^ self.drives.asked.keys()
        ]
        asked_of: Counter[str] = Counter()
        named_of: dict[str, set[str]] = defaultdict(set)
        for model, serial, quantity in self.drives.asked.values():
            if not serial:
                asked_of[model] += quantity
            elif serial in self.there:
                named_of[model].add(serial)
        stock, promised = Counter(self.there.values()), Counter[str]()
        for row in self.lines:
            line = (row["order_id"], row["line_id"])
            model, serial, quantity = self.drives.asked[line]
            promised[model] += units[line]
            told = (row["quantity"], row["allocated"], row["pending"])
            if told != (quantity, units[line], quantity - units[line]):
                wrong.append(f"line {line} asks for {quantity} and says {told}")
            if asked_of[model] + len(named_of[model]) <= stock[model]:
                # Of two lines that name one serial the first by order id has it.
                is_first = line[0] != "B" and serial in self.there
                if units[line] != (is_first if serial else quantity):
                    wrong.append(f"line {line} of {quantity} {model} {serial} has {units[line]}")
        for model in asked_of | Counter(self.there.values()):
            most = min(asked_of[model] + len(named_of[model]), stock[model])
            if promised[model] != most:
                wrong.append(f"units promised of {model}: {promised[model]}, could be {most}")
        return wrong

    def _moves(self) -> list[str]:
        """What stood on a vanished serial is released; where no drive came or went, nothing is."""
        vanished = {
            (serial, line)
            for serial, lines in self.promised_before.items()
            for line in lines
            if serial not in self.there
        }
        changed = {
            self.there.get(serial) or self.before[serial]
            for serial in self.there.keys() ^ self.before.keys()
        }
        return [
            *(f"not released: {one}" for one in sorted(vanished - self.released)),
            *(
                f"moved without need: {serial} from {line}"
                for serial, line in sorted(self.released)
                if self.drives.asked[line][0] not in changed
            ),
        ]


def _promised(allocated: list[dict[str, Any]]) -> dict[str, list[Line]]:
    """The lines on each serial number, a unit each."""
    found: dict[str, list[Line]] = defaultdict(list)
    for row in allocated:
        found[row["serial_number"]] += [(row["order_id"], row["line_id"])] * row["quantity"]
    return found
