"""Small roots out of real reports, each with its right outcome (SPEC 2 to 5, 10.3)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.roots import SHARED, Root

FILE = SHARED / "cases" / "situations.json"
SITUATIONS: list[dict[str, Any]] = json.loads(FILE.read_bytes()) if FILE.is_file() else []


def put(root: Root, name: str, content: dict[str, str]) -> None:
    folder = root.path if name.startswith("reference/") else root.path / "inbox"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if "text" in content:
        path.write_bytes(content["text"].encode())
    else:
        path.write_bytes(base64.b64decode(content["base64"]))


@pytest.mark.skipif(not SITUATIONS, reason="the situations aren't here")
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one["name"])
def test_a_situation_that_people_reported_comes_out_right(
    tmp_path: Path, situation: dict[str, Any]
) -> None:
    root = Root(tmp_path)
    root.put("lotwise.toml", situation["settings"])
    for name, content in situation["files"].items():
        put(root, name, content)
    for day in situation["days"]:
        root.night(day)
    assert root.rows(situation["query"]) == [tuple(row) for row in situation["expected"]]
