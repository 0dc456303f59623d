"""What holds when the process dies, two runs meet, or somebody reads meanwhile (SPEC 8.3, 9)."""

import fcntl
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows import build as building
from flows import publish as publishing
from flows.reconcile import Unreconciled
from flows.settings import Stopped
from tests.roots import LOTWISE, REPOSITORY, Root

DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Root]:
    def copy(name: str) -> Root:
        ignored = shutil.ignore_patterns("warehouse*", "published")
        shutil.copytree(REPOSITORY / "data", tmp_path / name, ignore=ignored)
        return Root(tmp_path / name)

    return copy


def test_a_night_killed_at_any_instant_and_run_again_ends_as_if_undisturbed(
    sample: Callable[[str], Root],
) -> None:
    undisturbed, killed = sample("undisturbed"), sample("killed")
    seconds = 0.0
    for day in DAYS:
        began = time.perf_counter()
        assert undisturbed.lotwise("nightly", "--day", day).returncode == 0
        seconds = max(seconds, time.perf_counter() - began)
    chance = random.Random(20260302)
    for day in DAYS:
        for _ in range(4):
            words = [LOTWISE, "nightly", "--day", day, "--root", str(killed.path)]
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.3, 1.0) * seconds)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert killed.lotwise("nightly", "--day", day).returncode == 0

    assert killed.digests() == undisturbed.digests()
    assert killed.tables() == undisturbed.tables()


def test_a_run_killed_between_commit_and_publishing_is_published_by_the_next(
    sample: Callable[[str], Root], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, killed = sample("undisturbed"), sample("killed")
    undisturbed.night(DAYS[0])
    undisturbed.night(DAYS[1])
    killed.night(DAYS[0])

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_swap", die)
        with pytest.raises(KeyboardInterrupt):
            killed.night(DAYS[1])
    assert not (killed.path / "published" / f"day={DAYS[1]}").exists()

    night = killed.night(DAYS[1])

    assert not night.is_new
    assert killed.digests() == undisturbed.digests()


def test_tables_that_contradict_each_other_are_not_published_and_nothing_changes(
    sample: Callable[[str], Root], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = sample("data")
    root.night(DAYS[0])
    before = root.digests()
    select = building._select
    wrong = "SELECT 'units' AS figure, 1 AS one, 2 AS other"
    with monkeypatch.context() as patched:
        patched.setattr(
            building, "_select", lambda name: wrong if name == "reconciliation" else select(name)
        )
        with pytest.raises(Unreconciled, match="units: 1 and 2"):
            root.night(DAYS[1])

    assert root.digests() == before
    assert root.night(DAYS[1]).is_new


def test_a_second_run_is_turned_away_while_the_first_one_holds_the_lock(
    sample: Callable[[str], Root],
) -> None:
    root = sample("data")
    root.night(DAYS[0])
    with (root.path / "warehouse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = root.lotwise("nightly", "--day", DAYS[1])

    assert done.returncode == 1
    assert done.stderr == (
        "lotwise: another run holds warehouse.lock; wait until it has finished\n"
    )


LOOK = """
import os, sys, time, duckdb
seen = set()
while not os.path.exists(sys.argv[2]):
    with duckdb.connect(sys.argv[1], read_only=True) as reader:
        seen |= set(reader.execute(
            "SELECT (SELECT sum(allocated) FROM inventory),"
            " (SELECT coalesce(sum(quantity), 0) FROM allocated),"
            " (SELECT coalesce(sum(allocated), 0) FROM order_lines)"
        ).fetchall())
    time.sleep(0.05)
for figures in seen:
    print(*figures)
"""


def test_readers_are_never_blocked_and_never_see_half_a_run(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,1000\n")
    root.night("2026-04-01")
    database, over = root.path / "published" / "lotwise.duckdb", root.path / "over"
    looking = subprocess.Popen(
        [sys.executable, "-c", LOOK, str(database), str(over)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with duckdb.connect(str(database), read_only=True) as held:
        for day in range(2, 12):
            root.put(
                f"inbox/orders/2026-04-{day:02}.csv",
                f"order_id,line_id,location_code,upc,quantity\n{day},1,L1,U1,{day}\n",
            )
            done = root.lotwise("nightly", "--day", f"2026-04-{day:02}")
            assert done.returncode == 0, done.stderr
        assert held.execute("SELECT sum(allocated)::INT FROM inventory").fetchall() == [(0,)]
    over.touch()
    told, complaints = looking.communicate(timeout=60)

    seen = [line.split() for line in told.splitlines()]
    assert complaints == ""
    assert len(seen) > 3
    assert [figures for figures in seen if len(set(figures)) > 1] == []


def test_a_warehouse_that_is_no_database_stops_the_run_with_one_message(root: Root) -> None:
    root.put("warehouse.duckdb", "this is no database, but it is long enough to look like a file\n")

    with pytest.raises(Stopped, match="can't be opened"):
        root.night("2026-04-01")
