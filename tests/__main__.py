"""Lint, format, types and tests, in this order; ends with the first that fails.

python -m tests
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
STEPS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("pytest", "-n", "2", "--dist", "worksteal"),
)


def main() -> int:
    environment = {**os.environ, "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    for module, *words in STEPS:
        print(f"{module} {' '.join(words)}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", module, *words], cwd=HERE, env=environment, check=False
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
