"""An audit finds every figure that is not what its movements and statements make it (SPEC 4.6)."""

import shutil
from pathlib import Path

import duckdb
import pytest

from flows.settings import Stopped
from flows.state.audit import audit
from tests.roots import Root

WRONGS = {
    "UPDATE record_state SET on_hand = on_hand + 1 WHERE inventory_id = 1": [
        ("record 1: on_hand", 4, 3),
        ("record 1: on_hand by its latest count and what moved later", 4, 3),
    ],
    "UPDATE line_state SET pending = pending + 2 WHERE line_no = 2": [
        ("line 2 1: pending", 4, 2),
    ],
    "UPDATE allocations SET quantity = 1": [
        ("line 2 1 on record 1: allocated", 1, 3),
    ],
    "DELETE FROM allocations": [
        ("line 2 1 on record 1: allocated", 0, 3),
    ],
    "DELETE FROM record_state": [
        ("record 1: allocated", 0, 3),
        ("record 1: on_hand", 0, 3),
    ],
    "DELETE FROM movements WHERE kind = 'ship'": [
        ("line 1 1 on record 1: allocated", 0, 2),
        ("line 1 1 on record 1: fulfilled", 2, 0),
        ("line 1 1: allocated", 0, 2),
        ("line 1 1: shipped", 2, 0),
        ("record 1: allocated", 3, 5),
        ("record 1: on_hand", 3, 5),
        ("record 1: on_hand by its latest count and what moved later", 3, 5),
    ],
    "UPDATE fulfilled SET inventory_id = NULL": [
        ("line 1 1 on no record: fulfilled", 2, 0),
        ("line 1 1 on record 1: fulfilled", 0, 2),
    ],
    "UPDATE statements SET quantity = 6": [
        ("record 1: on_hand by its latest count and what moved later", 3, 4),
    ],
    "UPDATE files SET kept = 0 WHERE kind = 'orders'": [
        ("file orders/2026-04-01.csv of 2026-04-01: rows", 2, 0),
    ],
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Root:
    root = Root(tmp_path_factory.mktemp("lived") / "data")
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\n")
    root.put(
        "inbox/orders/2026-04-01.csv",
        "order_id,line_id,location_code,upc,quantity\n1,1,L1,U1,2\n2,1,L1,U1,5\n",
    )
    root.put("inbox/shipments/2026-04-01.csv", "order_id,line_id,quantity\n1,1,2\n")
    root.night("2026-04-01")
    return root


@pytest.fixture
def audited(lived: Root, tmp_path: Path) -> Root:
    return lived.copied(tmp_path / "data")


def test_a_warehouse_whose_sums_agree_is_right(audited: Root) -> None:
    found = audit(audited.path)

    assert found.wrong.is_empty()
    assert (found.records, found.lines) == (1, 2)
    assert found.movements == audited.rows("SELECT count(*) FROM movements")[0][0]


@pytest.mark.parametrize("wrong", WRONGS)
def test_whatever_is_changed_is_found(audited: Root, wrong: str) -> None:
    with duckdb.connect(str(audited.path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("USE state")
        warehouse.execute(wrong)

    assert audit(audited.path).wrong.rows() == WRONGS[wrong]


def test_the_command_says_what_is_wrong_and_fails(audited: Root) -> None:
    right = audited.lotwise("audit")
    with duckdb.connect(str(audited.path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("UPDATE state.record_state SET allocated = 1000")
    wrong = audited.lotwise("audit")

    assert right.returncode == 0
    assert "every balance is the sum of its movements" in right.stdout
    assert wrong.returncode == 1
    assert wrong.stdout == "record 1: allocated is 1,000, should be 3\n"
    assert "1 figures are wrong" in wrong.stderr


def test_an_audit_of_a_lost_warehouse_says_so_and_makes_none(audited: Root) -> None:
    (audited.path / "warehouse.duckdb").unlink()

    with pytest.raises(Stopped, match="there is no warehouse"):
        audit(audited.path)

    assert not (audited.path / "warehouse.duckdb").exists()


def kinds_in_file(root: Root, day: str) -> list[str]:
    with duckdb.connect(str(root.path / "warehouse.duckdb"), read_only=True) as warehouse:
        query = "SELECT DISTINCT kind::VARCHAR FROM state.movements WHERE day = $day ORDER BY ALL"
        return [kind for (kind,) in warehouse.execute(query, {"day": day}).fetchall()]


@pytest.fixture
def short_history(root: Root) -> Root:
    """A night of every kind of fact, and a later one for which it is no history."""
    root.put("lotwise.toml", "history_days = 1\n")
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\nL1,,5\n")
    root.put("inbox/adjustments/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,2\n")
    root.put(
        "inbox/orders/2026-04-01.csv",
        "order_id,line_id,location_code,upc,quantity\n1,1,L1,U1,2\n2,1,L1,U1,9\n",
    )
    root.put("inbox/shipments/2026-04-01.csv", "order_id,line_id,quantity\n1,1,2\n")
    root.night("2026-04-01")
    root.put("inbox/cancellations/2026-04-02.csv", "order_id,line_id,quantity\n2,1,1\n")
    return root


def test_days_that_left_the_warehouse_are_audited_by_their_folders(short_history: Root) -> None:
    short_history.night("2026-04-02")

    assert kinds_in_file(short_history, "2026-04-01") == ["adjust", "count", "ship"]
    assert short_history.rows("SELECT count(*) FROM rejects") == [(0,)]
    found = audit(short_history.path)
    folders = f"{short_history.path}/published/day=*/movements.parquet"
    told = f"SELECT count(*) FROM read_parquet('{folders}', hive_partitioning = false)"
    assert found.wrong.is_empty()
    assert [(found.movements,)] == short_history.rows(told)

    with duckdb.connect(str(short_history.path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("UPDATE state.line_state SET pending = pending + 1 WHERE line_no = 2")
    assert audit(short_history.path).wrong.rows() == [("line 2 1: pending", 4, 3)]


def test_a_count_that_comes_late_knows_what_moved_on_days_that_left(short_history: Root) -> None:
    short_history.night("2026-04-02")
    short_history.put(
        "inbox/inventory/2026-04-03.csv",
        "location_code,upc,quantity,counted_at\nL1,U1,50,2026-04-01T12:00:00Z\n",
    )
    short_history.night("2026-04-03")

    assert short_history.rows("SELECT on_hand FROM inventory") == [(50 + 2 - 2,)]
    assert audit(short_history.path).wrong.is_empty()


def test_a_day_whose_folder_is_gone_does_not_leave_and_one_that_left_is_asked_for(
    short_history: Root,
) -> None:
    short_history.put("lotwise.toml", "history_days = 2\n")
    short_history.night("2026-04-02")
    folder = short_history.path / "published" / "day=2026-04-01"
    shutil.rmtree(folder)
    short_history.night("2026-04-03")

    assert "allocate" in kinds_in_file(short_history, "2026-04-01")
    assert audit(short_history.path).wrong.is_empty()

    short_history.night("2026-04-04")
    shutil.rmtree(folder.with_name("day=2026-04-02"))
    with pytest.raises(Stopped, match=r"day=2026-04-02.* have left the warehouse .*put .* back"):
        audit(short_history.path)
