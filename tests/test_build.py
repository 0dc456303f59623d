"""What is published is told by the warehouse, whatever was published before (SPEC 8.1, 8.3)."""

import re
from pathlib import Path

import duckdb
import pytest

from flows.night.publish import publish_again, publish_last
from flows.night.reconcile import Unreconciled
from flows.published import views
from flows.settings import load_settings, places
from flows.state.audit import audit
from tests.roots import REPOSITORY, Root

LINES = "order_id,line_id,location_code,upc,quantity\n"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Root:
    root = Root(tmp_path_factory.mktemp("lived") / "data")
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,50\n")
    for day in range(1, 5):
        root.put(f"inbox/orders/2026-04-0{day}.csv", f"{LINES}{day},1,L1,U1,{day}\n")
        root.put(f"inbox/shipments/2026-04-0{day}.csv", f"order_id,line_id,quantity\n{day},1,1\n")
        root.night(f"2026-04-0{day}")
    root.put("inbox/orders/late_2026-04-04.csv", f"{LINES}9,1,L1,U1,3\n")
    root.night("2026-04-04")
    return root


@pytest.fixture
def nights(lived: Root, tmp_path: Path) -> Root:
    return lived.copied(tmp_path / "data")


def publish_from_nothing(root: Root) -> None:
    (root.path / "published" / "lotwise.duckdb").unlink()
    settings = load_settings(root.path)
    publish_last(places(root.path, settings), settings)


def test_a_database_that_grew_night_by_night_is_the_one_built_from_nothing(nights: Root) -> None:
    grown, digests = nights.tables(), nights.digests()
    movements = nights.rows("FROM movements")

    publish_from_nothing(nights)

    assert nights.tables() == grown
    assert nights.rows("FROM movements") == movements
    assert nights.digests() == digests


def test_what_is_published_whole_is_not_published_again(nights: Root) -> None:
    settings = load_settings(nights.path)

    assert publish_again(places(nights.path, settings), settings) is None


@pytest.mark.parametrize("history_days", [1, 2, 3])
def test_days_that_are_no_history_leave_for_their_folders_and_stay_there_when_it_grows(
    nights: Root, history_days: int
) -> None:
    days = "SELECT DISTINCT day::VARCHAR AS day FROM movements ORDER BY day"
    before = nights.rows("FROM movements ORDER BY movement_id")
    nights.put("lotwise.toml", f"history_days = {history_days}\n")
    nights.night("2026-04-04")
    expected = [(f"2026-04-0{day}",) for day in range(5 - history_days, 5)]
    assert nights.rows(days) == expected

    nights.put("lotwise.toml", "history_days = 90\n")
    nights.night("2026-04-04")
    assert nights.rows(days) == expected
    folders = f"'{nights.path}/published/day=*/movements.parquet'"
    told = f"FROM read_parquet({folders}, hive_partitioning = false) ORDER BY movement_id"
    assert nights.rows(told) == before
    assert audit(nights.path).wrong.is_empty()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM state.movements WHERE movement_id = 3",
        "DROP TABLE state.movements",
        "ALTER TABLE state.movements DROP COLUMN reason",
        "DROP VIEW inventory",
        "CREATE TABLE mine AS SELECT 1",
    ],
)
def test_what_somebody_did_to_the_published_database_ends_with_the_next_night(
    nights: Root, damage: str
) -> None:
    with duckdb.connect(str(nights.path / "published" / "lotwise.duckdb")) as published:
        published.execute(damage)
    nights.put("inbox/orders/2026-04-05.csv", f"{LINES}5,1,L1,U1,5\n")
    nights.night("2026-04-05")
    grown = nights.tables()

    publish_from_nothing(nights)

    assert nights.tables() == grown


def test_a_root_says_how_often_what_stands_is_written_whole(root: Root) -> None:
    root.put("lotwise.toml", 'closing = "month_end"\n')
    counted = "location_code,upc,quantity\nL1,U1,50\nL1,U2,7\n"
    root.put("inbox/inventory/2026-04-29.csv", counted)
    root.put("inbox/orders/2026-04-29.csv", f"{LINES}1,1,L1,U1,3\n2,1,L1,U2,1\n")
    for day in ("2026-04-28", "2026-04-29", "2026-04-30"):
        root.night(day)
    root.put("inbox/orders/2026-05-01.csv", f"{LINES}3,1,L1,U1,4\n")
    root.night("2026-05-01")

    def written(day: str, table: str) -> list[tuple[object, ...]]:
        path = root.path / f"published/day={day}/{table}.parquet"
        return root.rows(f"SELECT * EXCLUDE (day) FROM read_parquet('{path}') ORDER BY ALL")

    assert [row[2] for row in written("2026-04-29", "inventory_changes")] == ["U1", "U2"]
    assert [row[2] for row in written("2026-04-30", "inventory")] == ["U1", "U2"]
    assert not (root.path / "published/day=2026-04-30/inventory_changes.parquet").exists()
    assert [row[2] for row in written("2026-05-01", "inventory_changes")] == ["U1"]
    assert [row[0] for row in written("2026-05-01", "order_lines_changes")] == ["3"]
    assert [row[:4] for row in written("2026-05-01", "allocated_changes")] == [("3", "1", 1, 4)]
    csv = {path.name for path in (root.path / "published/day=2026-05-01").glob("*.csv")}
    assert "allocated.csv" not in csv
    assert "shortages.csv" in csv
    assert root.lotwise("audit").returncode == 0
    assert not root.night("2026-05-01").is_new


def test_the_balances_of_an_earlier_day_are_asked_of_the_database(nights: Root) -> None:
    stood = [
        (str(day), *row)
        for day in (1, 2, 3)
        for row in nights.rows(
            f"""
            SELECT inventory_id, on_hand, allocated
            FROM read_parquet('{nights.path}/published/day=2026-04-0{day}/inventory.parquet')
            """
        )
    ]
    query = re.findall(r"```sql\n(WITH later.*?)```", (REPOSITORY / "README.md").read_text(), re.S)
    assert [
        (str(day), *row)
        for day in (1, 2, 3)
        for row in nights.rows(query[0].replace("2026-03-02", f"2026-04-0{day}"))
    ] == stood


def test_what_a_fulfiller_picks_is_written_where_it_is_asked_for(root: Root) -> None:
    root.put("lotwise.toml", 'csv_tables = ["shipment_lines"]\n')
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,50\n")
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}1,1,L1,U1,3\n2,1,L1,U1,2\n")
    root.night("2026-04-01")

    day = root.path / "published" / "day=2026-04-01"
    picks = "SELECT order_id, quantity, inventory_ids FROM"
    assert root.rows(f"{picks} read_parquet('{day}/shipment_lines.parquet') ORDER BY ALL") == [
        ("1", 3, [1]),
        ("2", 2, [1]),
    ]
    assert root.rows(f"{picks} shipment_lines ORDER BY ALL") == [("1", 3, [1]), ("2", 2, [1])]
    assert len((day / "shipment_lines.csv").read_text().splitlines()) == 3
    assert [path.name for path in day.glob("*.csv")] == ["shipment_lines.csv"]


def test_views_tell_of_their_own_file_however_it_is_attached(nights: Root, tmp_path: Path) -> None:
    root = Root(tmp_path / "own")
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,7\n")
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}1,1,L1,U1,3\n")
    root.night("2026-04-01")
    own, other = (one.path / "published" / "lotwise.duckdb" for one in (root, nights))

    with duckdb.connect(str(own), read_only=True) as opened:
        opened.execute(f"ATTACH '{other}' AS other (READ_ONLY)")
        names = [name for (name,) in opened.execute("SHOW TABLES").fetchall()]
        for name in names:
            rows = opened.execute(f"SELECT count(*) FROM other.{name}").fetchall()
            assert rows == nights.rows(f"SELECT count(*) FROM {name}")
            assert opened.execute(f"SELECT count(*) FROM {name}").fetchall() == root.rows(
                f"SELECT count(*) FROM {name}"
            )


def test_a_row_that_a_file_lost_on_its_way_stops_the_night(
    nights: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = nights.digests()
    nights.put("inbox/orders/2026-04-05.csv", f"{LINES}5,1,L1,U1,5\n")

    def losing(table: str) -> str:
        return views.select(table) + ("WHERE FALSE" if table == "allocated" else "")

    with monkeypatch.context() as patched:
        patched.setattr("flows.night.day_folder.select", losing)
        with pytest.raises(Unreconciled, match="allocated: rows: 0 and"):
            nights.night("2026-04-05")

    assert nights.digests() == before
    assert nights.night("2026-04-05").is_new
