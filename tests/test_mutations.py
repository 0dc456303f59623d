"""Whatever befalls a file, no kept value is another one than the file says (SPEC 3.1).

`MUTATIONS=500 pytest tests/test_mutations.py` looks at so many of each kind and format.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from flows.night.batches import taken_file
from flows.night.valid_rows import TABLES, show
from flows.night.validate import Reference, validate_file
from flows.state.audit import audit
from flows.state.warehouse import Connection, load, scratch
from schemas.settings import Kind, Settings
from tests.clerk_of_files import NotTold, fold, same, told, trimmed
from tests.mutants import FORMATS, KINDS, good_rows, mutant, written
from tests.roots import Root
from transforms.rows import PAGES
from transforms.validate import Outcome

MUTATIONS: Final = int(os.environ.get("MUTATIONS", "10"))
DAY: Final = date(2026, 4, 1)
NO_LIMITS: Final = Settings()
NO_REFERENCE: Final = Reference()
OF_ANOTHER_SHAPE: Final = ("malformed_row", "number_of_columns", "not_an_object", "row_too_long")


@pytest.fixture(scope="module")
def night() -> Iterator[Connection]:
    with scratch() as tables:
        yield tables


def judged(
    night: Connection, path: Path, kind: Kind, limits: Settings = NO_LIMITS, day: date = DAY
) -> tuple[Outcome, pl.DataFrame, list[dict[str, object]]]:
    """What becomes of a file, its kept rows and its rejects. The night is as it was then."""
    try:
        line = {"file": f"{kind}/{path.name}", "kind": kind, "day": day, "copy": str(path)}
        taken = taken_file({**line, "named_at": None}, 0, limits)
        outcome = validate_file(night, taken, day, limits, NO_REFERENCE)
        show(night)
        kept = load(night, f'FROM "{TABLES[kind]}" ORDER BY row')
        rejects = load(night, 'SELECT row, rule, "column", raw FROM rejects').to_dicts()
        return outcome, kept, rejects
    finally:
        night.execute("ROLLBACK")


def default_instant(kind: Kind) -> datetime:
    at_start = kind in ("inventory", "orders")
    clock = (0, 0, 0, 0) if at_start else (23, 59, 59, 999_999)
    return datetime(DAY.year, DAY.month, DAY.day, *clock, tzinfo=UTC)


def unlike(kind: Kind, row: dict[str, object], texts: dict[str, str | None]) -> list[str]:
    """The columns of a kept row that aren't what the file says."""
    page = PAGES[kind]
    defaults = {
        page.instant: default_instant(kind),
        "segment": "",
        "priority": 0,
        "decrement_on_hand": False,
    }
    names = {"quantity": ("quantity", "onhand")}
    found = []
    for column in page.content:
        spelled = names.get(column, (fold(column),))
        text = next((texts[name] for name in spelled if name in texts), None)
        is_default = trimmed(text) is None and row[column] == defaults.get(column)
        if not is_default and not same(row[column], text):
            found.append(f"{column} is {row[column]!r}, the file says {text!r}")
    return found


def check(night: Connection, path: Path, kind: Kind) -> str:
    """Look at a file's rows one by one. Returns what became of it."""
    outcome, kept, rejects = judged(night, path, kind)
    if outcome.refused:
        rule, _, advice = outcome.refused.partition(": ")
        assert rule.isidentifier(), outcome.refused
        assert advice
        return "refused"
    assert outcome.rows == outcome.kept + outcome.repeated + outcome.rejected
    assert kept.height == outcome.kept
    rejected = {row["row"] for row in rejects}
    assert len(rejected) == outcome.rejected
    assert not rejected & set(kept.get_column("row"))
    assert all(row["rule"] and 1 <= int(str(row["row"])) <= outcome.rows for row in rejects)
    assert all(json.loads(str(row["raw"])) is not None for row in rejects)
    if not outcome.kept:
        return "rejected" if outcome.rejected else "no rows"
    try:
        rows = told(path)
    except NotTold:
        pytest.fail("kept rows of a file that nobody else can read")
    has_odd_shapes = any(row["rule"] in OF_ANOTHER_SHAPE for row in rejects)
    if not has_odd_shapes:
        assert len(rows) == outcome.rows
    for row in kept.iter_rows(named=True):
        number = row["row"] - 1
        texts = rows[number] if number < len(rows) else None
        wrong = unlike(kind, row, texts) if texts is not None else ["the file has no such row"]
        # Where a malformed row ends is anybody's guess, and so is the number of the next one.
        if wrong and has_odd_shapes:
            wrong = min((unlike(kind, row, other) for other in rows if other), key=len)
        assert not wrong, f"row {row['row']}: {'; '.join(wrong)}"
    return "some rejected" if outcome.rejected else "kept"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_good_file_is_kept_whole(
    tmp_path: Path, night: Connection, kind: Kind, form: str
) -> None:
    path = tmp_path / f"good.{form}"
    path.write_bytes(written(good_rows(kind), form))
    assert check(night, path, kind) == "kept"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_damaged_file_no_kept_value_is_another_than_it_says(
    tmp_path: Path, night: Connection, kind: Kind, form: str
) -> None:
    became: Counter[str] = Counter()
    for number in range(MUTATIONS):
        path = tmp_path / f"{number}.{form}"
        path.write_bytes(mutant(kind, form, number))
        try:
            became[check(night, path, kind)] += 1
        except BaseException as why:
            why.add_note(f"mutant({kind!r}, {form!r}, {number}): {path.read_bytes()[:2000]!r}")
            raise
    print(f"{kind} {form}: {dict(became)}")
    assert became.total() == MUTATIONS


def test_a_night_of_damaged_files_accounts_for_every_row(root: Root) -> None:
    for kind, form, number in product(KINDS, FORMATS, (501,)):
        folder = root.path / "inbox" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{form.replace('.', '_')}_{number}.{form}").write_bytes(
            mutant(kind, form, number + FORMATS.index(form))
        )

    root.night(str(DAY))

    files = root.query("FROM files")
    assert files.height == len(KINDS) * len(FORMATS)
    assert files.filter(pl.col("status") == "refused").height < files.height / 2
    outcomes = pl.sum_horizontal("kept", "repeated", "waiting", "rejected")
    assert files.filter(pl.col("rows") != outcomes).height == 0
    assert audit(root.path).wrong.height == 0
