"""What is published is told by the warehouse, whatever was published before (SPEC 8.1, 8.3)."""

from pathlib import Path

import duckdb
import pytest

from flows.night.publish import publish_again, publish_last
from flows.settings import load_settings, places
from tests.roots import Root

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
def test_only_the_days_of_history_stay_and_come_back_when_it_grows(
    nights: Root, history_days: int
) -> None:
    days = "SELECT DISTINCT day::VARCHAR AS day FROM movements ORDER BY day"
    nights.put("lotwise.toml", f"history_days = {history_days}\n")
    nights.night("2026-04-04")
    expected = [(f"2026-04-0{day}",) for day in range(5 - history_days, 5)]
    assert nights.rows(days) == expected

    nights.put("lotwise.toml", "history_days = 90\n")
    nights.night("2026-04-04")
    assert nights.rows(days) == [(f"2026-04-0{day}",) for day in range(1, 5)]


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
