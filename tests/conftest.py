import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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
