"""A recall has the figures that its clerk counts; what-if tells what a night with the hold does."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.recalls.holds import add_holds
from flows.recalls.what_if import what_if
from flows.settings import load_settings, places
from tests.ledger_stories import Story, stories
from tests.ledger_tables import written
from tests.recall_clerk import assert_as_the_clerk_says, named_rows
from tests.roots import Root

TIMES = 100 if settings.get_current_profile_name() == "thorough" else 1
NAMED: list[dict[str, str]] = [
    {"lot": "A"},
    {"lot": "B"},
    {"upc": "S"},
    {"upc": "U", "location_code": "L1"},
]


def lived(folder: Path, story: Story) -> Root:
    root = Root(folder)
    for day, reference, files in story.nights:
        written(root, reference)
        for file in files:
            root.put(f"inbox/{file.name}", file.csv)
        root.night(str(day))
    return root


@settings(max_examples=4 * TIMES)
@given(stories(nights=3), st.sampled_from(NAMED))
def test_a_recall_has_the_figures_that_the_clerk_counts(
    story: Story, named: dict[str, str]
) -> None:
    with TemporaryDirectory() as folder:
        root = lived(Path(folder), story)
        for one in (named, {"lot": "A"}):
            assert_as_the_clerk_says(root, one)


@settings(max_examples=4 * TIMES)
@given(stories(nights=2), st.sampled_from(NAMED))
def test_what_a_hold_would_do_is_what_the_night_does_with_it(
    story: Story, named: dict[str, str]
) -> None:
    with TemporaryDirectory() as folder:
        root = lived(Path(folder), story)
        found, rows = load_settings(root.path), named_rows(named)
        last, *_ = story.nights[-1]
        balances = "SELECT order_id, line_id, allocated, pending FROM order_lines"
        promised = "SELECT order_id, line_id, inventory_id, quantity FROM allocated"
        before = {row[:2]: row[2:] for row in root.rows(balances)}
        held = {row[:3]: row[3] for row in root.rows(promised)}

        told = what_if(rows, places(root.path, found))

        add_holds(rows, root.path / "reference" / "holds.csv", "recall", last)
        root.night(str(last))
        after = {row[:2]: row[2:] for row in root.rows(balances)}
        lines = {row[:2]: row[3:] for row in told["what_if_lines"].rows()}
        assert before | lines == after
        units = Counter(held)
        for order_id, line_id, gone, come, quantity in told["what_if_moves"].rows():
            units[order_id, line_id, gone] -= quantity
            units[order_id, line_id, come] += quantity
        then = {row[:3]: row[3] for row in root.rows(promised)}
        assert {key: left for key, left in units.items() if left and key[2]} == then
