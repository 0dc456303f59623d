"""The night as it runs: each stage loads, transforms and saves."""
