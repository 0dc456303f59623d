"""The house: who may import whom, and what is installed."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.roots import LOTWISE, REPOSITORY, Root

ABOVE = {"schemas": {"transforms", "flows"}, "transforms": {"flows"}, "flows": set[str]()}
IMPURE = {"duckdb", "os", "pathlib", "prefect", "time", "subprocess", "random"}


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("layer", ABOVE)
def test_imports_point_from_flows_to_transforms_to_schemas(layer: str) -> None:
    for path in (REPOSITORY / layer).rglob("*.py"):
        assert not _imported(path) & (ABOVE[layer] | {"tests"}), path


ROOMS = ("files", "published", "state", "night", "recalls", "cli")
"""Rooms of flows: each may ask those before it."""


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_flows_ask_each_other_in_one_direction(room: str) -> None:
    after = {f"flows.{later}" for later in ROOMS[ROOMS.index(room) + 1 :]} | {"flows.nightly"}
    for path in (REPOSITORY / "flows" / room).rglob("*.py"):
        asked = re.findall(r"(?:from|import) (flows\.\w+)", path.read_text(encoding="utf-8"))
        if path.name != "commands.py":
            assert not set(asked) & after, path


@pytest.mark.parametrize("layer", ["schemas", "transforms"])
def test_what_is_pure_knows_no_disk_clock_database_or_prefect(layer: str) -> None:
    for path in (REPOSITORY / layer).rglob("*.py"):
        assert not _imported(path) & IMPURE, path
        assert "datetime.now" not in path.read_text(encoding="utf-8"), path


def test_only_the_three_packages_are_built_and_their_sql_with_them(tmp_path: Path) -> None:
    # A copy, because setuptools builds in the tree and would find what an earlier build left.
    source = tmp_path / "source"
    for package in (*ABOVE, "tests"):
        shutil.copytree(REPOSITORY / package, source / package)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / file, source)
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--wheel-dir", str(tmp_path), str(source)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr

    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    sql = {name for name in names if name.endswith(".sql")}
    in_tree = {
        str(path.relative_to(REPOSITORY))
        for package in ABOVE
        for path in (REPOSITORY / package).rglob("*.sql")
    }
    assert packages == set(ABOVE)
    assert sql == in_tree
    assert len(sql) > 10


def test_the_installed_command_runs_a_night_away_from_the_repository(root: Root) -> None:
    root.put("inbox/inventory/2026-04-01.csv", "location_code,upc,quantity\nL1,U1,5\n")

    done = root.lotwise("nightly", "--day", "2026-04-01")

    assert Path(LOTWISE).exists()
    assert done.returncode == 0, done.stderr
    assert root.rows("SELECT on_hand FROM inventory") == [(5,)]


def test_a_small_night_does_not_wait_for_prefect(root: Root) -> None:
    night = """
import sys
from flows.cli.commands import run
run(sys.argv[1:])
print('prefect' in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", night, "nightly", "--root", str(root.path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines()[-1] == "False", done.stderr
