"""What a run says and leaves where disk, inbox or warehouse fail it (SPEC 8.3, 9.2, 10.1)."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from flows.night.take import list_inbox
from tests.killed import Ended, Runs
from tests.roots import Root

DAY = "2026-04-02"
ORDERS = "order_id,line_id,location_code,upc,quantity\n"
STOPPED = "lotwise: stopped; run it again, and it ends as if nothing had happened\n"


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with Runs() as runs:
        yield runs


@pytest.fixture(scope="module")
def first(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root whose first night has run, and whose second one has its files."""
    root = Root(tmp_path_factory.mktemp("first") / "data")
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,10\n")
    root.put("inbox/orders/2026-04-01.csv", f"{ORDERS}1,1,L1,U1,4\n")
    assert runs.lotwise(root.path, "nightly", "--day", "2026-04-01").code == 0
    root.put(f"inbox/orders/{DAY}.csv", f"{ORDERS}2,1,L1,U1,9\n")
    root.put(f"inbox/shipments/{DAY}.csv", "order_id,line_id,quantity\n1,1,3\n")
    return root


@pytest.fixture(scope="module")
def second(runs: Runs, first: Root, tmp_path_factory: pytest.TempPathFactory) -> Root:
    """The same root, the second night run undisturbed."""
    root = first.copied(tmp_path_factory.mktemp("second") / "data")
    assert night(runs, root).code == 0
    return root


@pytest.fixture
def root(first: Root, tmp_path: Path) -> Root:
    return first.copied(tmp_path / "data")


def night(runs: Runs, root: Root) -> Ended:
    return runs.lotwise(root.path, "nightly", "--day", DAY)


def is_same(root: Root, other: Root) -> bool:
    return root.digests() == other.digests() and root.tables() == other.tables()


def assert_failed(ended: Ended, *words: str) -> None:
    assert ended.code == 1, ended
    assert ended.err.startswith("lotwise: "), ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert "defect" not in ended.err
    for word in words:
        assert word in ended.err


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of its own, of 24 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = mount("-t", "tmpfs", "-o", "size=24M", "tmpfs", str(folder))
    if done.returncode:
        pytest.skip("no disk can be mounted; it can with: unshare -rm python -m pytest …")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *words], capture_output=True, text=True, check=False)


def leave_free(disk: Path, kibibytes: int) -> None:
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    there = os.statvfs(disk)
    ballast.write_bytes(bytes(there.f_bavail * there.f_frsize - kibibytes * 1024))


def test_a_full_disk_stops_the_night_at_any_stage_and_changes_nothing(
    runs: Runs, first: Root, second: Root, disk: Path
) -> None:
    root = first.copied(disk / "data")
    for kibibytes in (0, 4, 12, 64, 512, 2560):
        leave_free(disk, kibibytes)
        assert_failed(night(runs, root), "space", "run it again")
        assert is_same(root, first)

    (disk / "ballast").unlink()
    assert night(runs, root).code == 0
    assert is_same(root, second)


def test_a_disk_that_is_full_at_the_commit_loses_nothing(
    runs: Runs, first: Root, second: Root, disk: Path, tmp_path: Path
) -> None:
    root = first.copied(disk / "data")
    # What is published is on another disk, so that it is the warehouse that lacks the space.
    shutil.move(root.path / "published", tmp_path / "published")
    (root.path / "published").symlink_to(tmp_path / "published")
    errors = []
    for kibibytes in (*range(4, 36, 4), 256, 1024, 4096):
        leave_free(disk, kibibytes)
        ended = night(runs, root)
        if ended.code == 0:
            break
        assert_failed(ended, "space")
        assert is_same(root, first)
        errors.append(ended.err)
    assert any("warehouse.duckdb.wal can't be written" in error for error in errors)
    # Committed, but without the space for writing the warehouse itself, it is published later.
    assert any("warehouse.duckdb can't be written" in error for error in errors)
    assert is_same(root, second)
    (disk / "ballast").unlink()

    done = night(runs, root)

    assert "nothing new" in done.out
    assert is_same(root, second)


def test_a_read_only_root_stops_the_night_with_one_message(
    runs: Runs, first: Root, second: Root, disk: Path
) -> None:
    root = first.copied(disk / "data")
    assert mount("-o", "remount,ro", str(disk)).returncode == 0

    assert_failed(night(runs, root), "can't be written: Read-only file system")

    assert is_same(root, first)
    assert mount("-o", "remount,rw", str(disk)).returncode == 0
    assert night(runs, root).code == 0
    assert is_same(root, second)


def test_what_is_published_read_only_stops_the_night_and_nothing_is_committed(
    runs: Runs, first: Root, second: Root, root: Root, disk: Path
) -> None:
    published = disk / "published"
    shutil.move(root.path / "published", published)
    (root.path / "published").symlink_to(published)
    assert mount("-o", "remount,ro", str(disk)).returncode == 0

    assert_failed(night(runs, root), "published can't be written: Read-only file system")

    assert is_same(root, first)
    assert mount("-o", "remount,rw", str(disk)).returncode == 0
    assert night(runs, root).code == 0
    assert is_same(root, second)


def test_a_file_that_grows_while_it_is_read_is_left_to_a_later_run(runs: Runs, root: Root) -> None:
    text = "x" * 50_000
    head = f"{ORDERS.strip()},note\n"
    growing = root.put(
        f"inbox/orders/{DAY}_2.csv", head + "".join(f"9,{n},L1,U1,1,{text}\n" for n in range(600))
    )
    is_over = threading.Event()

    def grow() -> None:
        number = 600
        with growing.open("a") as file:
            while not is_over.wait(0.002):
                file.write(f"9,{number},L1,U1,1,more\n")
                file.flush()
                number += 1

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        ended = night(runs, root)
    finally:
        is_over.set()
        writer.join()

    assert ended.code == 0, ended.err
    assert f"orders/{DAY}_2.csv: it was still being written; the next run takes it" in ended.out
    assert root.rows("SELECT DISTINCT order_id FROM order_lines ORDER BY ALL") == [("1",), ("2",)]
    lines = growing.read_text().count("\n") - 1
    assert night(runs, root).code == 0
    assert root.rows("SELECT count(*) FROM order_lines WHERE order_id = '9'") == [(lines,)]


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_file_gone_between_listing_and_reading_is_left_out_until_it_is_back(
    first: Root, root: Root, monkeypatch: pytest.MonkeyPatch, is_folder: bool
) -> None:
    store = root.path / "inbox" / "orders" / "store7"
    root.put("inbox/orders/store7/2026-04-02.csv", f"{ORDERS}7,1,L1,U1,1\n")

    def list_and_lose(*told: object) -> object:
        listed = list_inbox(*told)  # type: ignore[arg-type]
        store.rename(store.with_name(".store7")) if is_folder else shutil.move(
            store / f"{DAY}.csv", root.path
        )
        return listed

    with monkeypatch.context() as patched:
        patched.setattr("flows.night.take.list_inbox", list_and_lose)
        left = root.night(DAY).left
    why = "it went away before it was read; once it is back a run takes it"
    assert left == [(f"orders/store7/{DAY}.csv", why)]
    orders = "SELECT DISTINCT order_id FROM order_lines ORDER BY ALL"
    assert root.rows(orders) == [("1",), ("2",)]
    if is_folder:
        store.with_name(".store7").rename(store)
    else:
        shutil.move(root.path / f"{DAY}.csv", store)

    root.night(DAY)

    assert root.rows(orders) == [("1",), ("2",), ("7",)]


def test_a_night_whose_inbox_is_away_stops_and_changes_nothing(
    runs: Runs, root: Root, first: Root, second: Root
) -> None:
    inbox = root.path / "inbox"
    away = inbox.rename(root.path / "unmounted")

    assert_failed(night(runs, root), f"there is no inbox at {inbox}; make the folder")

    assert is_same(root, first)
    away.rename(inbox)
    assert night(runs, root).code == 0
    assert is_same(root, second)


def test_what_is_named_like_a_file_and_is_none_is_left_alone(
    runs: Runs, root: Root, second: Root
) -> None:
    orders = root.path / "inbox" / "orders"
    (orders / f"{DAY}_folder.csv").mkdir()
    (orders / f"{DAY}_dangling.csv").symlink_to("nowhere.csv")
    (orders / f"{DAY}_loop.csv").symlink_to(f"{DAY}_loop.csv")
    (orders / "round").symlink_to(".")
    os.mkfifo(orders / f"{DAY}_pipe.csv")
    (orders / f"{DAY}_link.csv").symlink_to(f"{DAY}_pipe.csv")

    ended = night(runs, root)

    assert ended.code == 0, ended.err
    assert is_same(root, second)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
@pytest.mark.parametrize("name", ["", f"/{DAY}.csv"])
def test_a_file_or_folder_that_may_not_be_read_stops_the_night_and_is_named(
    runs: Runs, root: Root, second: Root, name: str
) -> None:
    path = Path(f"{root.path}/inbox/orders{name}")
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        assert_failed(night(runs, root), f"orders{name} can't be read: Permission denied")
    finally:
        path.chmod(mode)

    assert night(runs, root).code == 0
    assert is_same(root, second)


def test_a_folder_of_the_inbox_that_is_a_file_stops_the_night_and_is_named(
    runs: Runs, root: Root
) -> None:
    root.put("inbox/cancellations", "order_id,line_id\n1,1\n")

    assert_failed(night(runs, root), "inbox/cancellations can't be read: Not a directory")


@pytest.mark.parametrize("words", [("nightly", "--day", DAY), ("backfill", DAY, DAY)])
def test_of_two_runs_at_once_each_waits_its_turn_or_is_turned_away(
    runs: Runs, first: Root, second: Root, tmp_path: Path, words: tuple[str, ...]
) -> None:
    with Runs() as others, ThreadPoolExecutor(2) as at_once:
        for attempt in range(3):
            root = first.copied(tmp_path / str(attempt))
            one = at_once.submit(runs.lotwise, root.path, "nightly", "--day", DAY)
            other = at_once.submit(others.lotwise, root.path, *words)
            ended = [one.result(), other.result()]

            assert 0 in {run.code for run in ended}
            for run in ended:
                if run.code != 0:
                    assert_failed(run, "another run holds warehouse.lock")
            assert is_same(root, second)


def test_a_run_is_turned_away_while_another_holds_the_lock(runs: Runs, root: Root) -> None:
    with (root.path / "warehouse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = night(runs, root)

    assert ended.code == 1
    assert ended.err == "lotwise: another run holds warehouse.lock; wait until it has finished\n"


def test_a_warehouse_that_somebody_has_open_stops_the_night_and_says_who(
    runs: Runs, first: Root, second: Root, root: Root
) -> None:
    hold = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(root.path / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    holder.stdout.readline()

    assert_failed(night(runs, root), f"PID {holder.pid}", "close it there and run it again")

    holder.communicate(b"\n")
    assert is_same(root, first)
    assert night(runs, root).code == 0
    assert is_same(root, second)


def test_a_warehouse_of_another_version_stops_the_night_and_says_what_to_do(
    runs: Runs, first: Root, root: Root
) -> None:
    with duckdb.connect(str(root.path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("UPDATE state.version SET version = 99")

    assert_failed(
        night(runs, root), "version 99", "use the Lotwise that made it", "lotwise rebuild"
    )

    assert is_same(root, first)


def overwrite(path: Path, at: int, with_: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(with_)


def cut(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def put_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_text("this is no database, though it has some length\n"),
    "empty": lambda path: path.write_bytes(b""),
    "a folder": put_folder,
    "without its head": lambda path: overwrite(path, 0, bytes(4096)),
    "head overwritten": lambda path: overwrite(path, 4096, b"\xff" * 8192),
    "cut within its head": lambda path: cut(path, 0.001),
    "cut in two": lambda path: cut(path, 0.5),
    "cut at its end": lambda path: os.truncate(path, path.stat().st_size - 1),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_warehouse_stops_the_night_and_rebuild_is_named(
    runs: Runs, first: Root, root: Root, damage: str
) -> None:
    DAMAGES[damage](root.path / "warehouse.duckdb")

    assert_failed(night(runs, root), "lotwise rebuild")

    assert is_same(root, first)


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bits_of_a_warehouse_are_found_or_touch_nothing(
    runs: Runs, first: Root, second: Root, root: Root, seed: int
) -> None:
    path = root.path / "warehouse.duckdb"
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for at in chance.sample(range(12_288, len(content)), 1 + 20 * (seed % 2)):
        content[at] ^= 1 << chance.randrange(8)
    path.write_bytes(content)

    ended = night(runs, root)

    if ended.code == 0:
        assert is_same(root, second)
    else:
        assert_failed(ended, "lotwise rebuild")
        assert is_same(root, first)


def test_a_damaged_log_of_the_last_commit_stops_the_night_and_rebuild_is_named(
    runs: Runs, root: Root, second: Root
) -> None:
    assert runs.lotwise(
        root.path, "nightly", "--day", DAY, since="COMMIT of warehouse done", after=0
    ).is_killed
    log = root.path / "warehouse.duckdb.wal"
    overwrite(log, log.stat().st_size // 2, b"\xff\x00\xff")

    ended = night(runs, root)

    # Seldom the kill comes when all of the log stands in the file already: then it says nothing.
    if ended.code == 0:
        assert is_same(root, second)
    else:
        assert_failed(ended, "lotwise rebuild")


def test_what_a_killed_run_left_is_thrown_away(runs: Runs, root: Root, second: Root) -> None:
    root.put("warehouse.night/files/0.csv", "left")
    root.put("warehouse.lock", "left")
    root.put("published/.next/day/inventory.parquet", "left")
    root.put("published/.next/lotwise.duckdb", "left")
    root.put("published/.replaced/inventory.parquet", "left")

    assert night(runs, root).code == 0

    assert is_same(root, second)
    assert not (root.path / "warehouse.night").exists()


PUBLISHED_DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "without its head": lambda path: overwrite(path, 0, bytes(4096)),
    "cut short": lambda path: cut(path, 0.3),
    "cut in two": lambda path: cut(path, 0.5),
    "cut at its end": lambda path: cut(path, 0.9),
    "without its last day": lambda path: shutil.rmtree(path.with_name(f"day={DAY}")),
    "without a table of it": lambda path: (path.parent / f"day={DAY}/waiting.parquet").unlink(),
    "gone with its folder": lambda path: shutil.rmtree(path.parent),
}


@pytest.mark.parametrize("damage", PUBLISHED_DAMAGES)
def test_a_published_database_that_is_damaged_or_gone_is_published_again(
    runs: Runs, second: Root, tmp_path: Path, damage: str
) -> None:
    root = second.copied(tmp_path / "data")
    PUBLISHED_DAMAGES[damage](root.path / "published" / "lotwise.duckdb")

    ended = night(runs, root)

    assert ended.code == 0, ended.err
    assert root.tables() == second.tables()
    last = f"day={DAY}/"
    assert {file: digest for file, digest in root.digests().items() if file.startswith(last)} == {
        file: digest for file, digest in second.digests().items() if file.startswith(last)
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.05, 0.25, 0.45])
def test_a_night_asked_to_stop_says_so_in_a_line_and_changes_nothing(
    runs: Runs, first: Root, second: Root, root: Root, number: signal.Signals, seconds: float
) -> None:
    ended = runs.lotwise(
        root.path,
        *("nightly", "--day", DAY),
        since="open",
        after=seconds,
        signal_number=number,
    )

    assert ended.code == 1
    assert ended.err == STOPPED
    assert is_same(root, first) or "COMMIT of warehouse" in ended.steps
    assert night(runs, root).code == 0
    assert is_same(root, second)
