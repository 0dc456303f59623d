"""Take: find the files of the day, and copy each so that nothing can change it tonight."""

import os
import time
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from flows.errors import FULL
from flows.files.inputs import copy_input, spelled_out, suffixes_of
from flows.settings import Places, Stopped
from flows.state.warehouse import Connection, empty, load, night_settings, night_tables, only, save
from schemas.settings import Settings
from transforms.resubmitted import is_resubmitted
from transforms.take import choose, dated, is_input, last_known, source_of

KINDS: Final = ("inventory", "adjustments", "orders", "cancellations", "shipments")

LINK: Final = (
    "link_out_of_inbox: it is a link that leads out of the inbox, and is not read; put the file "
    "itself there, or say follow_links = true in its source"
)

LEFT: Final = {"file": pl.String, "why": pl.String}

TICK: Final = 2_000_000_000
"""Nanoseconds; no disk's clock is slower."""

# What made a file refused may have been a setting or a reference table: if they have changed since,
# it gets another chance.
KNOWN: Final = """
    SELECT file, kind, dated, sha256, status, size, changed_ns, run
    FROM warehouse.state.files
    WHERE status <> 'refused' OR NOT (SELECT has_new_circumstances FROM tonight)
"""


def take(places: Places, day: date) -> dict[str, int]:
    """Copy and list the files that the run of `day` takes. Returns counts of files by status.

    Raises Stopped where there is no inbox: its disk may not be there tonight.
    """
    if not places.inbox.is_dir():
        raise Stopped(
            f"there is no inbox at {places.inbox}; make the folder, "
            "or see that the disk it is on is there, and run it again"
        )
    settings = night_settings(places)
    with night_tables(places) as night:
        known = load(night, KNOWN)
        inbox = list_inbox(places, settings, day)
        found, left = _copied(places, inbox, day, known)
        save(night, "left_files", left)
        same = found.join(last_known(known), on=["file", "sha256"], how="semi")
        save(night, "looked_into", same.select("file", "sha256", "size", "changed_ns"))
        chosen = choose(found.select("file", "kind", "dated", "sha256"), known)
        taken = chosen.join(found.drop("kind", "dated", "sha256"), on="file").sort("day", "file")
        save(night, "taken", taken)
        refused = _refuse_links(night, inbox, known, day)
    if refused and settings.on_refused == "fail":
        raise Stopped(f"{refused[0]} is refused: {LINK}")
    counts = dict(taken.get_column("status").value_counts(sort=True).iter_rows())
    return {**counts, "refused": len(refused)} if refused else counts


class Input(NamedTuple):
    """A file of the inbox, or a link to one. is_done: false where its source has yet to say that it
    is whole."""

    file: str
    kind: str
    path: Path
    is_done: bool
    is_foreign: bool = False
    """A link that leads out of the inbox, and whose source doesn't say to follow it."""


def _refuse_links(
    night: Connection, inbox: list[Input], known: pl.DataFrame, day: date
) -> list[str]:
    """Save as refused the links that lead out of the inbox, unread; those told before stay so."""
    told = set(known.select("file", "sha256").iter_rows())
    run = only(night, "SELECT run FROM tonight")
    nothing = dict.fromkeys(
        ("rows", "kept", "repeated", "waiting", "rejected", "ignored", "size"), 0
    )
    rows = []
    for one in inbox:
        digest = sha256(os.fsencode(one.path.readlink())).hexdigest() if one.is_foreign else ""
        if one.is_foreign and (one.file, digest) not in told:
            line = {"file": one.file, "kind": one.kind, "day": day, "sha256": digest, "run": run}
            rows.append({**nothing, **line, "status": "refused", "reason": LINK})
    schema = empty(night, "files")
    lines = [{"unknown_columns": [], **row} for row in rows]
    save(night, "files", pl.DataFrame(lines, schema=schema) if lines else pl.DataFrame())
    return [row["file"] for row in rows]


def list_inbox(places: Places, settings: Settings, day: date) -> list[Input]:
    """Every input up to `day`."""
    listed = []
    for kind in KINDS:
        folder = places.inbox / kind
        for path in _everything_in(folder):
            inside = spelled_out(path.relative_to(folder).as_posix())
            named, _ = dated(path.name)
            if not is_input(inside) or (named is not None and named > day):
                continue
            source = source_of(kind, inside, settings.sources)
            if _leads_out(path, places) and not (source and source.follow_links and path.is_file()):
                listed.append(Input(f"{kind}/{inside}", kind, path, True, True))
                continue
            if not path.is_file():
                continue
            waits = source is not None and source.done and not is_resubmitted(inside)
            is_done = not waits or path.with_name(f"{path.name}.done").exists()
            listed.append(Input(f"{kind}/{inside}", kind, path, is_done))
    return listed


def _leads_out(path: Path, places: Places) -> bool:
    """Whoever may drop files may not have read what the pipeline may (SPEC 2.5)."""
    # Not resolve, which fails where links go round.
    inbox, target = (Path(os.path.realpath(one)) for one in (places.inbox, path))
    return path.is_symlink() and path.exists() and not target.is_relative_to(inbox)


def changed_at(status: os.stat_result, read_at: int) -> int | None:
    """When a file changed last, in nanoseconds; null where it may change again unseen.

    It is the change of the file's entry that is looked at: a copy may carry the times of the file
    that it is a copy of. Within a tick of the disk's clock two contents have one time.
    """
    return status.st_ctime_ns if status.st_ctime_ns < read_at - TICK else None


def _everything_in(folder: Path) -> list[Path]:
    """Every file below a folder. Raises Stopped where one of its folders can't be looked into."""

    def refuse(error: OSError) -> None:
        # Gone meanwhile, or never there: whoever removed it will send its files again.
        if not isinstance(error, FileNotFoundError):
            raise Stopped(
                f"{error.filename} can't be read: {error.strerror}; mend it or take it out"
            ) from error

    found = []
    for inside, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if is_input(f"{name}/")]
        # Links to folders are not gone into; one that leads out is told as a file would be.
        linked = [name for name in folders if Path(inside, name).is_symlink()]
        found += [Path(inside, name) for name in (*names, *linked)]
    return sorted(found)


def _copied(
    places: Places, inbox: list[Input], day: date, known: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The files that are not as they were last known; and file, why of those left to a later run.

    What is gone will be sent again by whoever removed it, and what grows is taken whole.
    """
    last = last_known(known).select("file", "size", "changed_ns")
    seen = {tuple(row) for row in last.iter_rows()}
    found: list[tuple[object, ...]] = []
    left: list[tuple[str, str]] = []
    known_before = set(known.get_column("file"))
    for file, kind, path, is_done, is_foreign in inbox:
        if is_foreign:
            continue
        if not is_done:
            if file not in known_before:
                left.append((file, f"it waits for {Path(file).name}.done"))
            continue
        try:
            status, began = path.stat(), time.time_ns()
            if (file, status.st_size, status.st_ctime_ns) in seen:
                continue
            copy = places.night / "files" / f"{len(found)}{suffixes_of(Path(file))}"
            digest = copy_input(path, copy)
            after = path.stat()
        except FileNotFoundError:
            left.append((file, "it went away before it was read; once it is back a run takes it"))
            continue
        except OSError as error:
            if error.errno in FULL:
                raise
            raise Stopped(
                f"{file} can't be read: {error.strerror}; mend it or take it out"
            ) from error
        if (after.st_size, after.st_ctime_ns) != (status.st_size, status.st_ctime_ns):
            left.append((file, "it was still being written; the next run takes it"))
            continue
        named, named_at = dated(path.name)
        found.append(
            (
                file,
                kind,
                named,
                named_at,
                named or day,
                digest,
                status.st_size,
                changed_at(status, began),
                str(copy),
            )
        )
    return _listed(found), pl.DataFrame(left, schema=LEFT, orient="row")


def _listed(found: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(
        found,
        schema={
            "file": pl.String,
            "kind": pl.String,
            "dated": pl.Date,
            "named_at": pl.Datetime("us"),
            "day": pl.Date,
            "sha256": pl.String,
            "size": pl.Int64,
            "changed_ns": pl.Int64,
            "copy": pl.String,
        },
        orient="row",
    )
