"""Real nights: what each costs by stage, what they come to, and whether the last ones cost more.

    python -m tests.benchmarks.nights --uci ../shared/realdata/uci-online-retail
    python -m tests.benchmarks.nights --backblaze ../shared/realdata/backblaze

Both are recounted from their files, and a difference ends the benchmark. Nights of the wholesaler
bring more rows or fewer, so two of them are compared by one more night of the same new rows,
run several times over, each on a fresh copy of what stood then.
"""

import argparse
import resource
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from flows.night.stages import STAGES
from schemas.recall import CERTAINTIES
from tests.benchmarks.apart import night_apart, timed_night
from tests.real_drives import Drives, drives_differ
from tests.real_nights import LOT_DATES, Wholesaler, told, write
from tests.recall_clerk import assert_as_the_clerk_says
from tests.recount import Recount
from tests.roots import Root

COLUMNS: Final = (*(stage.__name__ for stage in STAGES), "publish", "around")
EARLY: Final = 5


def write_extra(root: Path, source: Path, day: date, rows: int) -> None:
    """New rows for any night: four fifths orders of what the first files ask for, the rest counts
    of what the orders ask for."""
    asked = [row for path in sorted(source.glob("*.csv"))[:2] for row in told(path)]
    asked = [row for row in asked if int(row["Quantity"]) > 0][: rows * 4 // 5]
    header = ("order_id", "line_id", "location_code", "upc", "quantity")
    lines = [
        (f"X{number}", 1, row["Country"], row["StockCode"], row["Quantity"])
        for number, row in enumerate(asked)
    ]
    write(root / "inbox" / "orders" / f"extra_{day}.csv", header, lines)
    pools = list(dict.fromkeys((row["Country"], row["StockCode"]) for row in asked))
    header = ("location_code", "upc", "lot_code", "date", "quantity")
    counts = [(*pool, lot, LOT_DATES[lot], 20) for pool in pools for lot in LOT_DATES]
    write(root / "inbox" / "inventory" / f"extra_{day}.csv", header, counts[: rows // 5])


class Extra:
    """A night of the same new rows on what stands in a root, run on a fresh copy each time."""

    def __init__(self, root: Path, source: Path, rows: int) -> None:
        last = max(path.name.removeprefix("day=") for path in root.glob("published/day=*"))
        self.day = date.fromisoformat(last) + timedelta(days=1)
        self.root, self.copy = root, root.with_name("copy")
        self.runs: list[dict[str, float]] = []
        self.processor: list[float] = []
        write_extra(root, source, self.day, rows)

    def run(self) -> None:
        shutil.copytree(self.root, self.copy)
        began = time.process_time()
        self.runs.append(timed_night(self.copy, self.day)[0])
        self.processor.append(time.process_time() - began)
        shutil.rmtree(self.copy)

    def run_apart(self) -> None:
        shutil.copytree(self.root, self.copy)
        _, rows, self.peak = night_apart(self.copy, self.day)
        self.rows = rows["kept"]
        shutil.rmtree(self.copy)

    @property
    def whole(self) -> float:
        return median(sum(run.values()) for run in self.runs)

    def told(self) -> str:
        runs = ", ".join(f"{sum(run.values()):.2f}" for run in self.runs)
        stages = "".join(f"{median(run[name] for run in self.runs):10.2f}" for name in COLUMNS)
        whole = f"{self.day} {self.rows:7,}{self.whole:8.2f}{stages}"
        cpu = f"processor {median(self.processor):.2f} s, peak {self.peak:,.0f} MiB"
        return f"{whole}  {cpu} ({runs})"


class Told:
    """The nights so far, a line each, and what they add up to."""

    def __init__(self) -> None:
        names = "".join(f"{name:>10}" for name in COLUMNS)
        print(f"{'night':10} {'rows':>7}{'seconds':>8}{names}")
        self.whole: list[float] = []
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)

    def run(self, root: Path, day: date) -> None:
        seconds, self.night = timed_night(root, day)
        self.whole.append(sum(seconds.values()))
        rows = self.night.counts["validate"]["rows"]
        stages = "".join(f"{seconds[name]:10.2f}" for name in COLUMNS)
        print(f"{day} {rows:7,}{self.whole[-1]:8.2f}{stages}", flush=True)
        for stage in ("validate", "post", "allocate"):
            self.counts[stage].update(self.night.counts[stage])

    def sums(self) -> None:
        whole, night = self.whole, self.night
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"least {min(whole):.2f}, median {median(whole):.2f}, most {max(whole):.2f} s")
        print(f"rows {dict(self.counts['validate'])}")
        print(f"movements posted {dict(self.counts['post'])}")
        print(f"units placed {dict(self.counts['allocate'])}")
        print(f"open at the end {night.open_units}, peak of all nights {peak:,.0f} MiB")


def agree(differences: list[str]) -> None:
    if differences:
        raise SystemExit("\n".join([f"{len(differences)} differences:", *differences[:20]]))


def uci(source: Path, root: Path, nights: int, rows: int, times: int) -> None:
    wholesaler = Wholesaler(source, root)
    all_nights = Told()
    for number in range(nights):
        all_nights.run(root, wholesaler.drop(number))
        if number + 1 == EARLY:
            shutil.copytree(root, root.with_name("early"))
    all_nights.sums()
    recount = Recount(root)
    agree(recount.differences())
    units = ("ordered", "shipped", "cancelled", "too_late")
    print("recounted units", {name: getattr(recount, name).total() for name in units})
    print(f"rejected rows {dict(Counter(rule for _, _, rule in recount.rejects))}", end=", ")
    print(f"{len(recount.waiting)} waiting, {len(recount.counted):,} records, no difference")
    lots = ("A", "C", max(lot for _, _, lot in wholesaler.on_hand if lot.startswith("W")))
    for lot in lots:
        report = assert_as_the_clerk_says(Root(root), {"lot": lot})
        people = report.tables["recall_contacts"]
        told = ", ".join(f"{name} {people[name].sum():,}" for name in CERTAINTIES)
        print(f"recall of {lot}: units {told}, as the clerk counts")
    extras = [Extra(one, source, rows) for one in (root.with_name("early"), root)]
    for extra in extras:
        extra.run_apart()
    # By turns, so that whatever else the machine does slows both.
    for _ in range(times):
        for extra in extras:
            extra.run()
    print(f"The same {rows:,} new rows after night {EARLY} and after night {nights}:")
    for extra in extras:
        print(extra.told())
    early, late = extras
    processor = median(late.processor) / median(early.processor)
    print(f"flatness {late.whole / early.whole:.2f}, of processor time {processor:.2f}")


def backblaze(source: Path, root: Path) -> None:
    drives = Drives(source, root)
    all_nights = Told()
    for number in range(len(drives.days)):
        all_nights.run(root, drives.drop(number))
        agree(drives_differ(drives, number))
    all_nights.sums()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uci", type=Path)
    parser.add_argument("--backblaze", type=Path)
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--rows", type=int, default=1_500)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder to leave the data roots in")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = asked.keep or passing
        if asked.uci:
            uci(asked.uci, Path(folder) / "uci", asked.nights, asked.rows, asked.times)
        if asked.backblaze:
            backblaze(asked.backblaze, Path(folder) / "backblaze")


if __name__ == "__main__":
    main()
