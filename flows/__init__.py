"""The night as it runs: each stage loads, transforms and saves."""

import os

# Read once, when polars is loaded. A night of a million rows touches some 40 GB of fresh memory;
# in pages of 4 KiB a fifth of its time goes to handing them out.
os.environ.setdefault("_RJEM_MALLOC_CONF", "thp:always")
