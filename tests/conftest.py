import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.roots import Root

settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("thorough", settings.get_profile("suite"), max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "data")
