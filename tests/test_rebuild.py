"""A warehouse made anew from manifests and inputs is the one that was lost (SPEC 9.4)."""

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.night.rebuild import rebuild
from flows.settings import Stopped
from schemas.raw import Unreadable
from tests.roots import Root

COUNTS = "location_code,upc,lot_code,quantity\nL1,U1,A,8\nL1,U1,B,4\nL1,U2,,9\n"
LINES = "order_id,line_id,location_code,upc,quantity\n"
CHANGES = "location_code,upc,lot_code,quantity\nL1,U1,A,-1\n"


def warehouse_of(root: Root) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the warehouse, but for where and when files were found."""
    with duckdb.connect(str(root.path / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        warehouse.execute("USE state")
        names = [name for (name,) in warehouse.execute("SHOW TABLES").fetchall()]
        tables: dict[str, pl.DataFrame] = {
            name: warehouse.sql(f'FROM "{name}"').pl() for name in names
        }
    unsaid = ("size", "changed_ns")
    return {
        name: sorted(
            table.drop(column for column in unsaid if column in table.columns).rows(), key=str
        )
        for name, table in tables.items()
    }


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nights in which much happens: a day run twice, files that grow, are corrected or refused."""
    root = Root(tmp_path_factory.mktemp("nights") / "data")
    root.put("reference/products.csv", "upc,out_of_stock\nU1,\nU2,refuse\n")
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.put("inbox/orders/2026-04-01.csv", f"{LINES}1,1,L1,U1,5\n2,1,L1,U2,10\n")
    root.put("inbox/orders/broken_2026-04-01.csv", "order,upc\n3,U1\n")
    root.night("2026-04-01")
    root.put("inbox/orders/late_2026-04-01.csv", f"{LINES}4,1,L1,U1,2\n5,1,L9,,2\n")
    root.put("inbox/orders/again_2026-04-01.csv", f"{LINES}1,1,L1,U1,5\n2,1,L1,U2,10\n")
    root.night("2026-04-01")
    root.put("reference/holds.csv", "lot_code,reason\nB,recall\n")
    root.put("lotwise.toml", "wait_days = 3\nhistory_days = 1\n")
    root.put("inbox/orders/broken_2026-04-01.csv", f"{LINES}3,1,L1,U1,1\n")
    root.put("inbox/adjustments/changes.csv", CHANGES)
    root.put("inbox/shipments/2026-04-02.csv", "order_id,line_id,quantity\n1,1,2\n77,1,1\n")
    root.night("2026-04-02")
    root.put("inbox/adjustments/changes.csv", f"{CHANGES}L1,U1,A,-1\n")
    root.put("inbox/inventory/2026-04-01.csv", COUNTS.replace("U2,,9", "U2,,7"))
    root.put("inbox/cancellations/2026-04-03.csv", "order_id,line_id,quantity\n1,1,1\n")
    root.night("2026-04-03")
    return root.path


@pytest.fixture
def three_nights(nights: Path, root: Root) -> Root:
    shutil.copytree(nights, root.path, dirs_exist_ok=True)
    return root


def test_a_rebuilt_warehouse_has_the_same_ids_and_tables(three_nights: Root) -> None:
    warehouse, digests = warehouse_of(three_nights), three_nights.digests()
    tables = three_nights.tables()
    (three_nights.path / "warehouse.duckdb").write_bytes(b"no database any more")

    rebuilt = rebuild(three_nights.path)

    assert warehouse_of(three_nights) == warehouse
    assert three_nights.digests() == digests
    assert three_nights.tables() == tables
    assert (rebuilt.runs, rebuilt.records, rebuilt.lines) == (4, 3, 4)


def test_the_night_after_a_rebuild_goes_on_as_if_nothing_had_happened(
    three_nights: Root, tmp_path: Path
) -> None:
    twin = Root(tmp_path / "twin")
    shutil.copytree(three_nights.path, twin.path, dirs_exist_ok=True)
    rebuild(three_nights.path)
    for root in (three_nights, twin):
        root.put("inbox/orders/2026-04-04.csv", f"{LINES}6,1,L1,U1,9\n")
        root.night("2026-04-04")

    assert three_nights.digests() == twin.digests()
    assert three_nights.tables() == twin.tables()
    assert not three_nights.night("2026-04-04").is_new


def test_the_command_rebuilds_a_broken_warehouse_and_keeps_it_beside(three_nights: Root) -> None:
    broken = three_nights.path / "warehouse.duckdb"
    broken.write_bytes(b"no database any more" * 1000)
    stopped = three_nights.lotwise("nightly", "--day", "2026-04-04")
    assert stopped.returncode == 1
    assert "`lotwise rebuild` makes it anew" in stopped.stderr

    done = three_nights.lotwise("rebuild")

    assert done.returncode == 0, done.stderr
    assert "4 runs of 2026-04-01 to 2026-04-03: 3 records, 4 lines" in done.stdout
    assert three_nights.lotwise("audit").returncode == 0
    kept = three_nights.path / "warehouse.replaced.duckdb"
    assert kept.read_bytes().startswith(b"no database")


def test_a_lost_warehouse_is_not_begun_anew_beside_published_nights(three_nights: Root) -> None:
    (three_nights.path / "warehouse.duckdb").unlink()

    with pytest.raises(Stopped, match=r"there is no warehouse .*`lotwise rebuild` makes it anew"):
        three_nights.night("2026-04-04")


def test_without_kept_inputs_a_file_corrected_since_is_asked_for(root: Root) -> None:
    root.put("lotwise.toml", "keep_inputs = false\n")
    first = root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    content = first.read_text()
    root.night("2026-04-01")
    root.put("inbox/inventory/2026-04-01.csv", COUNTS.replace("9", "7"))
    root.night("2026-04-02")
    before = warehouse_of(root)

    with pytest.raises(Stopped, match=r"inventory/2026-04-01.csv as the run of 2026-04-01 took it"):
        rebuild(root.path)
    assert warehouse_of(root) == before

    root.put("inbox/inventory/.as-it-was.csv", content)
    rebuild(root.path)
    assert warehouse_of(root) == before


def test_a_missing_manifest_is_named(three_nights: Root) -> None:
    shutil.rmtree(three_nights.path / "published" / "day=2026-04-02")

    with pytest.raises(Stopped, match="run 3 has no manifest"):
        rebuild(three_nights.path)


def test_a_file_that_this_version_would_refuse_stops_the_rebuild_and_nothing_changes(
    three_nights: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse_of(three_nights)

    def refuse(night: duckdb.DuckDBPyConnection, *_: object) -> None:
        night.execute("BEGIN")
        raise Unreadable("not_utf8", "nothing is, to this version")

    monkeypatch.setattr("flows.night.validate.validate_batch", refuse)
    with pytest.raises(Stopped, match=r"took inventory/2026-04-01.csv, this Lotwise refuses it"):
        rebuild(three_nights.path)

    assert warehouse_of(three_nights) == before


def test_a_night_keeps_what_it_took_but_no_refused_or_repeated_content(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", COUNTS)
    root.put("inbox/inventory/twin_2026-04-01.csv", COUNTS)
    root.put("inbox/orders/2026-04-01.csv", "order,upc\n3,U1\n")

    root.night("2026-04-01")

    kept = [path.read_text() for path in (root.path / "warehouse.inputs").iterdir()]
    assert kept == [COUNTS]
