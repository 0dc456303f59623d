"""Data roots for tests: a folder that fills with files, and a look at what was published."""

import hashlib
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from textwrap import dedent

import duckdb
import polars as pl

from flows.night.stages import Night, run_night

LOTWISE = str(Path(sys.executable).with_name("lotwise"))
REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"


class Root:
    """A data root: files put in, nights run, tables looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "inbox").mkdir(parents=True, exist_ok=True)

    def copied(self, path: Path) -> "Root":
        """The same elsewhere, with the files' times: by them a run knows files that it has read."""
        shutil.copytree(self.path, path)
        return Root(path)

    def put(self, file: str, text: str) -> Path:
        """Write a file below the root; text is dedented, so that tables stand in the test."""
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def night(self, day: str) -> Night:
        return run_night(date.fromisoformat(day), self.path)

    def lotwise(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LOTWISE, *words, "--root", str(self.path)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.path,
        )

    def query(self, query: str) -> pl.DataFrame:
        """Ask the published database."""
        with duckdb.connect(str(self.path / "published" / "lotwise.duckdb"), read_only=True) as db:
            frame: pl.DataFrame = db.sql(query).pl()
            return frame

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.query(query).rows()

    def tables(self, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[object, ...]]]:
        """Every published table but `runs`, without columns that tell of files."""
        with duckdb.connect(str(self.path / "published" / "lotwise.duckdb"), read_only=True) as db:
            names = db.execute("SHOW TABLES").fetchall()
            tables = {name: db.sql(f'FROM "{name}"').pl() for (name,) in names if name != "runs"}
        return {
            name: sorted(
                table.drop(column for column in without if column in table.columns).rows(), key=str
            )
            for name, table in tables.items()
        }

    def digests(self) -> dict[str, str]:
        """sha256 of every Parquet and CSV file published, but of `runs`, which tells times."""
        published = self.path / "published"
        return {
            str(path.relative_to(published)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(published.glob("day=*/**/*"))
            if path.suffix in (".parquet", ".csv") and path.stem != "runs"
        }
