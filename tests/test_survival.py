"""What holds when the process is killed, at random instants and at every step (SPEC 8.3, 9.1)."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from flows.night import day_folder as building
from flows.night.reconcile import Unreconciled
from flows.published import views
from tests.killed import Ended, Runs
from tests.roots import LOTWISE, REPOSITORY, Root

HEADS = {
    "inventory": "location_code,upc,lot_code,date,quantity,condition",
    "orders": "order_id,line_id,location_code,upc,quantity,condition",
    "adjustments": "location_code,upc,lot_code,date,quantity,condition,reason",
    "shipments": "order_id,line_id,quantity,shipment_id",
}

# The third night is the second one again, with more files: it replaces its folder.
NIGHTS = (
    (
        "2026-04-01",
        {
            "inventory/2026-04-01.csv": "L1,U1,A,2026-05-01,10,New\nL1,U1,B,2026-06-01,5,Used\n"
            "L2,U2,,,-3,\n",
            "orders/2026-04-01.csv": "1,1,L1,U1,4,\n2,1,L1,U1,3,New\n",
        },
    ),
    (
        "2026-04-02",
        {
            "orders/2026-04-02.csv": "3,1,L1,U1,20,\n",
            "shipments/2026-04-02.csv": "1,1,3,S1\n9,1,1,S2\n",
        },
    ),
    ("2026-04-02", {"adjustments/2026-04-02.csv": "L1,U1,A,2026-05-01,-2,New,broken\n"}),
)


Tables = dict[str, list[tuple[object, ...]]]
Folders = dict[str, dict[str, str]]


class Seen(NamedTuple):
    """What others read: the tables of the database, and the files of each day's folder."""

    tables: Tables
    folders: Folders


class Night(NamedTuple):
    """A night nobody disturbed: its root, files in place; what was published; how it ran."""

    day: str
    root: Root
    before: Seen
    after: Seen
    ran: Ended

    def is_published(self, root: Root) -> bool:
        """False where others still read the tables of before; neither one nor the other fails."""
        now = look(root)
        assert now.tables in (self.before.tables, self.after.tables)
        for folder, files in now.folders.items():
            assert files in (self.before.folders.get(folder), self.after.folders[folder])
        return now.tables == self.after.tables


def look(root: Root) -> Seen:
    folders: Folders = {}
    for file, digest in root.digests().items():
        folder, _, name = file.partition("/")
        folders.setdefault(folder, {})[name] = digest
    is_there = (root.path / "published" / "lotwise.duckdb").exists()
    return Seen(root.tables() if is_there else {}, folders)


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with Runs() as runs:
        yield runs


@pytest.fixture(scope="module")
def nights(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    folder = tmp_path_factory.mktemp("undisturbed")
    root = Root(folder / "root")
    nights = []
    after = look(root)
    for number, (day, files) in enumerate(NIGHTS):
        for file, rows in files.items():
            root.put(f"inbox/{file}", f"{HEADS[file.partition('/')[0]]}\n{rows}")
        here, before = root.copied(folder / f"{number}"), after
        ran = runs.lotwise(root.path, "nightly", "--day", day)
        assert ran.code == 0, ran.err
        after = look(root)
        nights.append(Night(day, here, before, after, ran))
    return nights


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("number", range(len(NIGHTS)))
def test_a_night_killed_at_random_instants_and_run_again_ends_as_if_undisturbed(
    runs: Runs, nights: list[Night], tmp_path: Path, number: int, seed: int
) -> None:
    night = nights[number]
    root = night.root.copied(tmp_path / "killed")
    chance = random.Random(f"{number} {seed}")
    kills = 0
    while kills < 5:
        ended = runs.lotwise(
            root.path, "nightly", "--day", night.day, after=chance.uniform(0, night.ran.seconds)
        )
        kills += ended.is_killed
        night.is_published(root)
        if not ended.is_killed:
            assert ended.code == 0, ended.err
            assert look(root) == night.after
            shutil.rmtree(root.path)
            night.root.copied(root.path)

    assert runs.lotwise(root.path, "nightly", "--day", night.day).code == 0
    assert look(root) == night.after


@pytest.mark.parametrize("number", [0, 2])
def test_a_night_killed_at_each_step_before_its_commit_changes_nothing(
    runs: Runs, nights: list[Night], tmp_path: Path, number: int
) -> None:
    night = nights[number]
    root = night.root.copied(tmp_path / "killed")
    commit = last_commit(night.ran.steps)
    assert commit > 8
    for step in range(commit + 1):
        # Each dies amid what the one before has left.
        assert runs.lotwise(root.path, "nightly", "--day", night.day, at_step=step).is_killed
        assert not night.is_published(root)

    assert runs.lotwise(root.path, "nightly", "--day", night.day).code == 0
    assert look(root) == night.after


@pytest.mark.parametrize("part", range(3))
def test_a_night_killed_at_each_step_from_its_commit_on_is_published_by_the_next_run(
    runs: Runs, nights: list[Night], tmp_path: Path, part: int
) -> None:
    night = nights[2]
    steps = range(last_commit(night.ran.steps) + 1, len(night.ran.steps))
    assert len(steps) > 8
    for step in steps[part::3]:
        root = night.root.copied(tmp_path / str(step))
        assert runs.lotwise(root.path, "nightly", "--day", night.day, at_step=step).is_killed
        night.is_published(root)

        assert runs.lotwise(root.path, "nightly", "--day", night.day).code == 0
        assert look(root) == night.after


@pytest.mark.parametrize("milliseconds", range(0, 24, 4))
def test_a_night_killed_around_its_commit_is_committed_or_not(
    runs: Runs, nights: list[Night], tmp_path: Path, milliseconds: int
) -> None:
    night = nights[1]
    root = night.root.copied(tmp_path / "killed")
    words = ("nightly", "--day", night.day)
    ended = runs.lotwise(root.path, *words, since="COMMIT of warehouse", after=milliseconds / 1000)
    assert "COMMIT of warehouse" in ended.steps
    night.is_published(root)

    assert runs.lotwise(root.path, *words).code == 0
    assert look(root) == night.after


def test_publishing_again_killed_at_each_of_its_steps_is_done_by_the_run_that_lives(
    runs: Runs, nights: list[Night], tmp_path: Path
) -> None:
    night = nights[2]
    root = night.root.copied(tmp_path / "killed")
    words = ("nightly", "--day", night.day)
    committed = last_commit(night.ran.steps) + 1
    assert runs.lotwise(root.path, *words, at_step=committed).is_killed
    assert not night.is_published(root)
    kills = 0
    while runs.lotwise(root.path, *words, at_step=kills).is_killed:
        kills += 1
        night.is_published(root)

    assert kills > 8
    assert look(root) == night.after


def last_commit(steps: list[str]) -> int:
    return len(steps) - 1 - steps[::-1].index("COMMIT of warehouse")


def test_a_backfill_killed_on_its_way_and_run_again_goes_on_where_it_was(
    runs: Runs, nights: list[Night], tmp_path: Path
) -> None:
    undisturbed = nights[0].root.copied(tmp_path / "undisturbed")
    killed = nights[0].root.copied(tmp_path / "killed")
    words = ("backfill", "2026-04-01", "2026-04-03")
    ran = runs.lotwise(undisturbed.path, *words)
    assert ran.code == 0, ran.err
    third = last_commit(ran.steps)
    assert runs.lotwise(killed.path, *words, at_step=third).is_killed

    done = runs.lotwise(killed.path, *words)

    assert done.code == 0, done.err
    assert "2026-04-01  has run" in done.out
    assert killed.digests() == undisturbed.digests()
    assert killed.tables() == undisturbed.tables()


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Root]:
    def copy(name: str) -> Root:
        ignored = shutil.ignore_patterns("warehouse*", "published")
        shutil.copytree(REPOSITORY / "data", tmp_path / name, ignore=ignored)
        return Root(tmp_path / name)

    return copy


def test_the_installed_command_killed_and_run_again_ends_as_if_undisturbed(
    sample: Callable[[str], Root],
) -> None:
    undisturbed, killed = sample("undisturbed"), sample("killed")
    chance = random.Random(20260302)
    began = time.perf_counter()
    assert undisturbed.lotwise("nightly", "--day", "2026-03-02").returncode == 0
    seconds = time.perf_counter() - began
    words = [LOTWISE, "nightly", "--day", "2026-03-02", "--root", str(killed.path)]
    for _ in range(4):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.4, 1.0) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert killed.lotwise("nightly", "--day", "2026-03-02").returncode == 0
    assert killed.digests() == undisturbed.digests()
    assert killed.tables() == undisturbed.tables()


def test_tables_that_contradict_each_other_are_not_published_and_nothing_changes(
    sample: Callable[[str], Root], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = sample("data")
    root.night("2026-03-02")
    before = root.digests()
    select = views.select
    wrong = "SELECT 'units' AS figure, 1 AS one, 2 AS other"
    with monkeypatch.context() as patched:
        patched.setattr(
            building, "select", lambda name: wrong if name == "reconciliation" else select(name)
        )
        with pytest.raises(Unreconciled, match="units: 1 and 2"):
            root.night("2026-03-03")

    assert root.digests() == before
    assert root.night("2026-03-03").is_new


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


def test_readers_are_never_blocked_and_never_see_half_a_run(runs: Runs, root: Root) -> None:
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
        for day in range(2, 8):
            root.put(
                f"inbox/orders/2026-04-{day:02}.csv",
                f"order_id,line_id,location_code,upc,quantity\n{day},1,L1,U1,{day}\n",
            )
            done = runs.lotwise(root.path, "nightly", "--day", f"2026-04-{day:02}")
            assert done.code == 0, done.err
        assert held.execute("SELECT sum(allocated)::INT FROM inventory").fetchall() == [(0,)]
    over.touch()
    told, complaints = looking.communicate(timeout=60)

    seen = [line.split() for line in told.splitlines()]
    assert complaints == ""
    assert len(seen) > 3
    assert [figures for figures in seen if len(set(figures)) > 1] == []
