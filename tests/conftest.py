import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.recalled import COUNTS, LINES
from tests.roots import Root

# The suite tries the same examples every time, so that what it finds is of the change at hand.
# To look for what nobody has found yet: HYPOTHESIS_PROFILE=thorough pytest tests/test_ledger.py
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile(
    "thorough",
    settings.get_profile("suite"),
    derandomize=False,
    max_examples=20_000,
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "data")


@pytest.fixture
def two_lots(root: Root) -> Root:
    """A has 10 of L1 and 12 of L2, which is dated later; B has 5 of L1."""
    root.put(
        "inbox/inventory/2026-04-01.csv",
        f"{COUNTS}A,U,L1,2026-06-01,10,\nA,U,L2,2026-07-01,12,\nB,U,L1,2026-06-01,5,\n",
    )
    root.put(
        "inbox/orders/2026-04-01.csv",
        f"{LINES}1,1,A,U,6,c1\n2,1,A,U,4,c2\n3,1,B,U,2,c3\n4,1,A,U,8,c4\n",
    )
    root.night("2026-04-01")
    return root
