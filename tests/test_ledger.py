"""Many nights of files that collide, against the clerk of the ledger (SPEC 4, 5, 6.0)."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings

from tests.ledger_arrivals import in_any_order
from tests.ledger_clerk import Ledger
from tests.ledger_files import File, Key, Reference
from tests.ledger_stories import FIRST, Story, stories
from tests.ledger_tables import committed, expected, published, written
from tests.roots import Root

# A night takes about half a second; the thorough profile has them in the thousands.
TIMES = 100 if settings.get_current_profile_name() == "thorough" else 1


def lived(story: Story, *, publishes: bool) -> None:
    """Live through a story, and compare all tables with the clerk's after every night."""
    with TemporaryDirectory() as folder:
        root = Root(Path(folder))
        ledger = Ledger()
        for day, reference, files in story.nights:
            written(root, reference)
            for file in files:
                root.put(f"inbox/{file.name}", file.csv)
            if publishes:
                root.night(str(day))
                tables = published(root)
            else:
                tables = committed(root, day)
            ledger.night(day, reference, files)
            assert ledger.unbalanced() == []
            of_clerk = expected(ledger)
            for name, table in tables.items():
                assert table == of_clerk[name], f"{name} of {day}"


@settings(max_examples=9 * TIMES)
@given(stories())
def test_every_night_commits_the_tables_that_the_clerk_has(story: Story) -> None:
    lived(story, publishes=False)


@settings(max_examples=2 * TIMES)
@given(stories(nights=3))
def test_every_night_publishes_the_tables_that_the_clerk_has(story: Story) -> None:
    lived(story, publishes=True)


def on_hand_after(nights: list[list[File]]) -> dict[Key, object]:
    reference = Reference(frozenset({"L2"}))
    with TemporaryDirectory() as folder:
        root = Root(Path(folder))
        written(root, reference)
        for number, files in enumerate(nights):
            for file in files:
                root.put(f"inbox/{file.name}", file.csv)
            tables = committed(root, FIRST + timedelta(days=number))
    return {tuple(key): on_hand for _, *key, on_hand in (row[:10] for row in tables["inventory"])}


@settings(max_examples=3 * TIMES)
@given(in_any_order())
def test_on_hand_does_not_depend_on_when_files_arrive(
    deliveries: tuple[list[list[File]], list[list[File]]],
) -> None:
    one, other = deliveries
    assert on_hand_after(one) == on_hand_after(other)
