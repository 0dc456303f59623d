"""What the README says is so: its questions have the answers it shows, its settings exist."""

import re
import shutil
from pathlib import Path

import pytest

from schemas.published import PUBLISHED
from schemas.settings import Settings
from tests.roots import REPOSITORY, Root

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sql\n([^`]*)```\n\n((?:\|[^\n]*\n)+)", README)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Root:
    folder = tmp_path_factory.mktemp("readme") / "data"
    ignored = shutil.ignore_patterns("warehouse*", "published")
    shutil.copytree(REPOSITORY / "data", folder, ignore=ignored)
    root = Root(folder)
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        root.night(day)
    return root


def test_there_are_five_questions_and_two_that_trace_a_number() -> None:
    assert len(QUESTIONS) == 7


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_a_question_has_the_answer_shown(sample: Root, question: str, answer: str) -> None:
    header, _, *rows = [
        tuple(cell.strip() for cell in line.strip("|\n").split("|")) for line in answer.splitlines()
    ]

    found = sample.query(question.replace("'data/published", f"'{sample.path}/published"))

    assert tuple(found.columns) == header
    assert [tuple("" if cell is None else str(cell) for cell in row) for row in found.rows()] == [
        *rows
    ]


def test_every_setting_and_every_published_table_is_named() -> None:
    for name in (*Settings.model_fields, *PUBLISHED):
        assert f"`{name}`" in README, name


def test_every_file_it_names_is_there() -> None:
    for name in re.findall(r"(?:data|tests|schemas|transforms|flows)/[\w./-]+", README):
        path = name.rstrip("./")
        if not any(made in path for made in ("published", "warehouse", "rejects")):
            assert (REPOSITORY / Path(path)).exists(), name


def test_the_recall_it_shows_is_what_the_command_says(sample: Root) -> None:
    asked, shown = re.findall(r"\.venv/bin/lotwise (recall [^`]*)\n```\n\n```\n([^`]*)```", README)[
        0
    ]

    done = sample.lotwise(*asked.split())

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(shown)
    place = "SELECT place, sum(quantity)::BIGINT FROM recall"
    there = sample.rows(f"{place} WHERE lot_code = 'OM-0413' GROUP BY ALL ORDER BY ALL")
    assert there == [("here", 200), ("left", 1030)]
