"""Rebuild: the warehouse made anew, run by run, from manifests and inputs (SPEC 9.4)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from flows.files.inputs import copy_input, digest_of, kept_input, spelled_out, suffixes_of
from flows.night.publish import publish_last
from flows.night.stages import STAGES
from flows.night.take import KINDS, changed_at, take
from flows.settings import Places, Stopped, load_settings, places
from flows.state.commit import committed
from flows.state.manifest import Run, read_manifests
from flows.state.warehouse import (
    Connection,
    empty,
    load,
    locked,
    night_of,
    night_tables,
    only,
    open_warehouse,
    save,
)
from transforms.ledger import frame
from transforms.take import dated

FOUND: Final = {
    "file": pl.String,
    "sha256": pl.String,
    "path": pl.String,
    "size": pl.Int64,
    "changed_ns": pl.Int64,
}


@dataclass(frozen=True)
class Rebuilt:
    """What was made anew, and where the warehouse that stood there is now."""

    runs: int
    first_day: date
    last_day: date
    records: int
    lines: int
    replaced: Path | None


def rebuild(root: Path, tell: Callable[[Run], None] = lambda _: None) -> Rebuilt:
    """Make the warehouse of a data root anew and publish its last run again.

    Raises Stopped where a manifest or a file's content is missing; nothing has changed then.
    """
    settings = load_settings(root)
    there = places(root, settings)
    with locked(there):
        runs = read_manifests(there)
        found = _find(there, runs)
        fresh = replace(there, warehouse=there.warehouse.with_name("rebuilt.duckdb"))
        for left in _database(fresh.warehouse):
            left.unlink(missing_ok=True)
        open_warehouse(fresh).close()
        for run in runs:
            tell(run)
            _replay(fresh, run, found)
        with open_warehouse(fresh) as warehouse:
            records = only(warehouse, "SELECT count(*) FROM records")
            lines = only(warehouse, "SELECT count(*) FROM lines")
        replaced = _swap(there, fresh)
        publish_last(there, settings)
    return Rebuilt(len(runs), runs[0].day, runs[-1].day, records, lines, replaced)


def _find(places: Places, runs: list[Run]) -> pl.DataFrame:
    """file, sha256, path, size, changed_ns: contents that there are, the last two in the inbox.

    Raises Stopped where one that a run took is nowhere.
    """
    inbox = _listed(places)
    taken = pl.concat([run.files for run in runs]).filter(status="taken")
    for file, sha256, day in taken.select("file", "sha256", "day").iter_rows():
        is_kept = kept_input(places, sha256, file).exists()
        if not is_kept and sha256 not in inbox.get_column("sha256"):
            raise Stopped(
                f"{file} as the run of {day} took it (sha256 {sha256}) is neither in the inbox nor "
                f"in {places.inputs.name}; put it back, under any name in the same folder"
            )
    return inbox


def _listed(places: Places) -> pl.DataFrame:
    found = []
    for kind in KINDS:
        for path in sorted((places.inbox / kind).rglob("*")):
            # No frame holds a path that is no UTF-8; its content is among the kept inputs.
            if path.is_file() and spelled_out(str(path)) == str(path):
                status, began = path.stat(), time.time_ns()
                file = path.relative_to(places.inbox).as_posix()
                changed = changed_at(status, began)
                found.append((file, digest_of(path), str(path), status.st_size, changed))
    return pl.DataFrame(found, schema=FOUND, orient="row")


def _replay(fresh: Places, run: Run, found: pl.DataFrame) -> None:
    with night_of(fresh, run.settings, run.reference, run.day):
        with night_tables(fresh) as night:
            _take_again(night, fresh, run, found)
        for stage in STAGES:
            if stage is not take:
                stage(fresh, run.day)
        with night_tables(fresh) as night:
            _compare(night, run)
            digest = only(night, "SELECT circumstances FROM tonight")
            save(night, "runs", run.told.with_columns(circumstances=pl.lit(digest)))
        with committed(fresh):
            pass


def _take_again(night: Connection, fresh: Places, run: Run, found: pl.DataFrame) -> None:
    """List the files that the run took; of the others nothing was taken, and nothing is."""
    where = found.select("file", "sha256", "size", "changed_ns").unique(["file", "sha256"])
    told = run.files.join(where, on=["file", "sha256"], how="left")
    save(night, "files", told.filter(pl.col("status") != "taken"))
    known = load(night, "SELECT DISTINCT file FROM warehouse.state.files WHERE status = 'taken'")
    rows = []
    for number, row in enumerate(told.filter(status="taken").iter_rows(named=True)):
        file, sha256 = row["file"], row["sha256"]
        copy = fresh.night / "files" / f"{number}{suffixes_of(Path(file))}"
        content = kept_input(fresh, sha256, file)
        if not content.exists():
            content = Path(found.filter(sha256=sha256).item(0, "path"))
        if copy_input(content, copy) != sha256:
            raise Stopped(f"{content} is not what it was called, or is changing; run it again")
        named, named_at = dated(Path(file).name)
        is_known = file in known.get_column("file")
        rows.append(
            {name: row[name] for name in ("file", "kind", "dated", "sha256", "size", "changed_ns")}
            | {"named_at": named_at, "day": named or run.day, "copy": str(copy)}
            | {"status": "version" if is_known else "new"}
        )
    save(night, "taken", frame(rows, empty(night, "taken")))


def _compare(night: Connection, run: Run) -> None:
    """Raises Stopped where this Lotwise makes something else of a file than the run did."""
    columns = ("file", "sha256", "status", "rows", "rejected")
    now = load(night, f"SELECT {', '.join(columns)} FROM files")  # noqa: S608  our own names
    other = now.filter(pl.col("status") != "taken").join(
        run.files.select(columns), on=["file", "sha256", "status"], how="anti"
    )
    for file, *_ in other.iter_rows():
        raise Stopped(
            f"the run of {run.day} took {file}, this Lotwise refuses it; rebuild with the version "
            f"that took it: {run.told.item(0, 'versions')}"
        )


def _swap(there: Places, fresh: Places) -> Path | None:
    """Put the fresh warehouse in its place; what stood there is kept beside."""
    replaced = None
    for old, new in zip(_database(there.warehouse), _database(there.replaced), strict=True):
        new.unlink(missing_ok=True)
        if old.exists():
            replaced = there.replaced
            old.replace(new)
    fresh.warehouse.replace(there.warehouse)
    return replaced


def _database(path: Path) -> tuple[Path, Path]:
    """A DuckDB database's file and its write-ahead log, which must not meet another database."""
    return path, path.with_name(f"{path.name}.wal")
