"""A night in a process of its own, so that its memory is its own too."""

import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from flows.night.stages import Night, run_night
from tests.benchmarks.night import timed


def timed_night(root: Path, day: date) -> tuple[dict[str, float], Night]:
    """Run a night. Seconds by stage; `around` is what no stage counts: opening, laying out, and
    publishing what was left behind."""
    began = time.perf_counter()
    night = run_night(day, root)
    spent = time.perf_counter() - began
    return night.seconds | {"around": spent - sum(night.seconds.values())}, night


def night_apart(root: Path, day: date) -> tuple[dict[str, float], dict[str, int], float]:
    """Run a night in its own process: seconds by stage, rows by outcome, peak MiB."""
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        words = ["-m", "tests.benchmarks.apart", str(root), str(day), told.name]
        _, peak = timed([sys.executable, *words])
        night = json.loads(Path(told.name).read_text(encoding="utf-8"))
    return night["seconds"], night["rows"], peak


def main() -> None:
    root, day, told = sys.argv[1:]
    seconds, night = timed_night(Path(root), date.fromisoformat(day))
    rows = night.counts["validate"]
    Path(told).write_text(json.dumps({"seconds": seconds, "rows": rows}), encoding="utf-8")


if __name__ == "__main__":
    main()
