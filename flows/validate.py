"""Validate: read each file that was taken, keep its good rows, write down the others."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from flows.judge import judge
from flows.kept import Stamp
from flows.mended import reading_of
from flows.settings import Places, Stopped
from flows.warehouse import Connection, bounded, load, night_settings, only, save, tonight
from schemas.raw import Unreadable
from schemas.settings import Settings, Source
from transforms.mended import is_mended, mended_source
from transforms.parse import end_of_day, start_of_day
from transforms.rows import PAGES, Circumstances
from transforms.take import source_of
from transforms.validate import Outcome


def validate(places: Places, day: date) -> dict[str, int]:
    """Check every taken file. Returns rows by outcome and the number of refused files."""
    settings = night_settings(places)
    totals = {"rows": 0, "kept": 0, "repeated": 0, "rejected": 0, "refused": 0}
    with tonight(places) as night, bounded(night):
        run = only(night, "SELECT run FROM tonight")
        reference = {name: load(night, f"FROM {name}") for name in ("locations", "products")}
        # A repeat counts the rows of its twin, which may be another of tonight's files.
        files = load(night, "FROM taken ORDER BY status = 'repeated', day, file")
        refused: set[str] = set()
        in_place_of: dict[str, str] = {}
        for taken in files.iter_rows(named=True):
            twin = in_place_of.get(taken["twin"], taken["twin"])
            # What was refused may be another thing under another name.
            if taken["status"] == "repeated" and twin not in refused:
                rows = _save_repeat(night, taken, twin, day)
                totals["rows"] += rows
                totals["repeated"] += rows
                continue
            stamp = Stamp(taken["file"], taken["kind"], taken["day"], day, run)
            outcome, _ = judge_file(
                night, Path(taken["copy"]), stamp, taken["named_at"], settings, reference
            )
            if outcome.refused and settings.on_refused == "fail":
                raise Stopped(f"{taken['file']} is refused: {outcome.refused}")
            # A refused file takes back its rows.
            night.execute("ROLLBACK" if outcome.refused else "COMMIT")
            _save(night, taken, day, outcome)
            if outcome.refused:
                refused.add(taken["file"])
            elif twin is not None:
                in_place_of[taken["twin"]] = taken["file"]
            totals["refused"] += outcome.refused is not None
            for name in ("rows", "kept", "repeated", "rejected"):
                totals[name] += getattr(outcome, name)
    return totals


def judge_file(
    night: Connection,
    path: Path,
    stamp: Stamp,
    named_at: datetime | None,
    settings: Settings,
    reference: dict[str, pl.DataFrame],
) -> tuple[Outcome, Source | None]:
    """What the file at `path` comes to, which its inbox knows by its stamp.

    What it left in the night's tables is in a transaction, for the caller to end.
    """
    kind, _, name = stamp.file.partition("/")
    if kind not in PAGES:
        raise ValueError(f"'{stamp.file}' is in no folder of the inbox")
    source = source_of(kind, name, settings.sources)
    around = circumstances(stamp.day, named_at, source, settings, reference)
    reading = reading_of(path, stamp.file, source)
    stamp = replace(stamp, is_full=source is not None and source.count_mode == "full")
    reads_as = mended_source(source) if is_mended(stamp.file) else source
    try:
        return judge(night, reading, stamp, reads_as, settings, around), source
    except Unreadable as why:
        return Outcome.unreadable(why, 0), source


def circumstances(
    day: date,
    named_at: datetime | None,
    source: Source | None,
    settings: Settings,
    reference: dict[str, pl.DataFrame],
) -> Circumstances:
    """What the rules of a file's rows depend on beside the rows."""
    zone = ZoneInfo(source.timezone) if source and source.timezone else settings.zone
    counts_at_end = source is not None and source.count_time == "end"
    starts = {"placed_at"} if counts_at_end else {"placed_at", "counted_at"}
    start, end = start_of_day(day, zone), end_of_day(day, zone)
    default_at = {page.instant: start if page.instant in starts else end for page in PAGES.values()}
    if named_at is not None:
        said = named_at.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
        default_at = dict.fromkeys(default_at, said)
    return Circumstances(
        zone=zone,
        default_at=default_at,
        latest_at=end_of_day(day + timedelta(days=1), zone),
        granular_fields=settings.granular_fields,
        **{name: table for name, table in reference.items() if table.height},
    )


def _save_repeat(night: Connection, taken: dict[str, Any], twin: str, day: date) -> int:
    twins = load(
        night,
        "SELECT rows FROM warehouse.files WHERE file = $twin AND sha256 = $sha256 "
        "UNION ALL SELECT rows FROM files WHERE file = $twin AND sha256 = $sha256",
        twin=twin,
        sha256=taken["sha256"],
    )
    rows = int(twins.item(0, "rows") or 0)
    reason = f"the same as {twin}"
    _save_file(night, taken, day, status="repeated", rows=rows, repeated=rows, reason=reason)
    return rows


def _save(night: Connection, taken: dict[str, Any], day: date, outcome: Outcome) -> None:
    _save_file(
        night,
        taken,
        day,
        status="refused" if outcome.refused else "taken",
        rows=outcome.rows,
        kept=outcome.kept,
        repeated=outcome.repeated,
        rejected=outcome.rejected,
        unknown_columns=list(outcome.unknown_columns),
        reason=outcome.refused,
    )


def _save_file(
    night: Connection,
    taken: dict[str, Any],
    day: date,
    *,
    status: str,
    rows: int,
    kept: int = 0,
    repeated: int = 0,
    rejected: int = 0,
    unknown_columns: list[str] | None = None,
    reason: str | None = None,
) -> None:
    line = {
        "file": taken["file"],
        "kind": taken["kind"],
        "day": day,
        "sha256": taken["sha256"],
        "status": status,
        "rows": rows,
        "kept": kept,
        "repeated": repeated,
        "waiting": 0,
        "rejected": rejected,
        "unknown_columns": unknown_columns or [],
        "reason": reason,
        "dated": taken["dated"],
        "size": taken["size"],
        "changed_ns": taken["changed_ns"],
    }
    schema = {"unknown_columns": pl.List(pl.String()), "dated": pl.Date(), "reason": pl.String()}
    line["run"] = only(night, "SELECT run FROM tonight")
    save(night, "files", pl.DataFrame([line], schema_overrides=schema))
