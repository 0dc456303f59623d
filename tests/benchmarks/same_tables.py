"""Whether two data roots have the same published tables, row by row, ids included.

    python -m tests.benchmarks.nights --uci ../shared/realdata/uci-online-retail --keep one
    python -m tests.benchmarks.same_tables one/uci other/uci

Of `runs` times and versions are left out, of `movements` the number, which only tells the order in
which a run wrote them down.
"""

import argparse
from pathlib import Path
from typing import Final

import duckdb

UNSAID: Final = {
    "runs": ("started", "finished", "seconds", "versions"),
    "movements": ("movement_id",),
}


def tables(root: Path) -> dict[str, list[str]]:
    """Rows of every published table as text, in order, under its columns and their types."""
    with duckdb.connect(str(root / "published" / "lotwise.duckdb"), read_only=True) as published:
        found = {}
        for (name,) in published.execute("SHOW TABLES").fetchall():
            described = published.execute(f'DESCRIBE "{name}"').fetchall()
            said = [(one, kind) for one, kind, *_ in described if one not in UNSAID.get(name, ())]
            columns = ", ".join(f'"{one}"' for one, _ in said)
            rows = published.execute(f'SELECT {columns} FROM "{name}"').fetchall()
            found[name] = [str(said), *sorted(map(str, rows))]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", type=Path, nargs=2)
    one, other = (tables(root) for root in parser.parse_args().roots)
    for name in sorted({*one, *other}):
        has, had = one.get(name, []), other.get(name, [])
        print(f"{name:<24}{len(has) - 1:>12,} rows {'the same' if has == had else 'DIFFERENT'}")
        for left, right, sign in ((has, had, "<"), (had, has, ">")):
            rest = set(right)
            for row in [row for row in left if row not in rest][:3]:
                print(f"  {sign} {row[:300]}")
    if one != other:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
