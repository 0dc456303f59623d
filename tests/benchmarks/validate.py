"""Reading and validating one file, against what DuckDB alone needs to read it as text.

The baseline is every column as VARCHAR into an Arrow table, by DuckDB's own reader of the format.
What is measured is the stage as the night runs it: the file read and checked, its rows in the
night's tables. Both run in processes of their own, with as many threads.

    python -m tests.benchmarks.validate --rows 1000000 --format csv --kind inventory
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.benchmarks.night import DAY, write_files

SEEDED = {"adjustments": "inventory", "shipments": "orders"}
"""Kind: of which other kind the rows are that are read as it."""

FORMATS = ("csv", "csv.gz", "ndjson", "ndjson.gz", "parquet", "parquet.gz")

MEASURED = """
import json, sys, time
from pathlib import Path
file, kind, threads = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
{body}
# Not ru_maxrss, which starts with what the process that started this one had.
(peak,) = [line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")]
print(json.dumps([seconds, busy, int(peak.split()[1]) / 1024, told]))
"""

BASELINE = """
import duckdb
duckdb.execute(f"SET threads = {threads}")
began, working = time.perf_counter(), time.process_time()
name = file.name.removesuffix(".gz")
if name.endswith(".csv"):
    rows = duckdb.read_csv(str(file), all_varchar=True)
elif name.endswith(".ndjson"):
    first = duckdb.read_json(str(file), format="newline_delimited", sample_size=1000)
    columns = dict.fromkeys(first.columns, "VARCHAR")
    rows = duckdb.read_json(str(file), format="newline_delimited", columns=columns)
else:
    # DuckDB reads no gzipped Parquet: what it reads is unzipped beside it.
    plain = str(file).removesuffix(".gz")
    rows = duckdb.read_parquet(plain).project("CAST(COLUMNS(*) AS VARCHAR)")
table = rows.to_arrow_table()
seconds, busy = time.perf_counter() - began, time.process_time() - working
told = table.num_rows
"""

VALIDATE = """
import polars, duckdb
from datetime import date
from flows.settings import load_settings, places
from flows.night.batches import taken_file
from flows.night.validate import Reference, validate_file
from flows.night.versions import repeat_known_events
from flows.state.warehouse import scratch
with scratch() as night:
    night.execute(f"SET threads = {threads}")
    day = date(2026, 4, 1)
    settings = load_settings(Path(sys.argv[1]))
    began, working = time.perf_counter(), time.process_time()
    line = dict(file=f"{kind}/{file.name}", kind=kind, day=day, copy=str(file), named_at=None)
    night.register("listed", polars.DataFrame({"file": [line["file"]], "day": [day]}))
    night.execute("INSERT INTO taken BY NAME FROM listed")
    outcome = validate_file(night, taken_file(line, 0, settings), day, settings, Reference())
    night.execute("COMMIT")
    repeat_known_events(night)
    seconds, busy = time.perf_counter() - began, time.process_time() - working
told = [outcome.rows, outcome.kept, outcome.repeated, outcome.rejected, outcome.refused]
"""


def write_file(root: Path, rows: int, form: str, kind: str) -> Path:
    """The file in its format, the others that the seed writes gone."""
    write_files(root, rows)
    written = root / "inbox" / SEEDED.get(kind, kind) / f"{DAY}.csv"
    for other in root.glob("inbox/*/*.csv"):
        if other != written:
            other.unlink()
    plain = written.with_suffix(f".{form.removesuffix('.gz')}")
    if plain != written:
        options = "FORMAT parquet" if "parquet" in form else "FORMAT json"
        duckdb.read_csv(str(written), all_varchar=True).create_view("told", replace=True)
        duckdb.execute(f"COPY told TO '{plain}' ({options})")
        written.unlink()
    if form.endswith(".gz"):
        subprocess.run(["gzip", "-1", "-k", str(plain)], check=True)
        if "parquet" not in form:
            plain.unlink()
        return plain.with_name(f"{plain.name}.gz")
    return plain


def measured(
    body: str, root: Path, file: Path, kind: str, threads: int
) -> tuple[float, float, float, object]:
    done = subprocess.run(
        [
            *(sys.executable, "-c", MEASURED.format(body=body)),
            *(str(root), str(file), kind, str(threads)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, busy, peak, told = json.loads(done.stdout.splitlines()[-1])
    return seconds, busy, peak, told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=FORMATS, default="csv")
    parser.add_argument("--kind", choices=("inventory", "orders", *SEEDED), default="inventory")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        file = write_file(root, asked.rows, asked.format, asked.kind)
        size = file.stat().st_size / (1 << 20)
        few = (root, file, asked.kind, asked.threads)
        before = measured(BASELINE, *few)
        seconds, busy, peak, told = measured(VALIDATE, *few)
        after = measured(BASELINE, *few)
    best, busy_best = (min(pair) for pair in zip(before[:2], after[:2], strict=True))
    print(f"{asked.rows:,} rows of {asked.kind} as {asked.format}, {size:,.0f} MiB")
    print(f"rows, kept, repeated, rejected, refused: {told}")
    print(
        f"baseline {before[0]:6.2f} s and {after[0]:6.2f} s, on the processors {busy_best:6.2f} s"
    )
    print(f"validate {seconds:6.2f} s, on the processors {busy:6.2f} s, peak {peak:,.0f} MiB")
    print(f"ratio    {seconds / best:6.2f}, on the processors {busy / busy_best:6.2f}")


if __name__ == "__main__":
    main()
