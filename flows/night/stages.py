"""The night: its stages in order, whoever runs them (SPEC 4.5, 9)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from flows.files.reference import read_reference
from flows.night.allocate import allocate
from flows.night.freshness import late
from flows.night.post import post
from flows.night.publish import publish, publish_again
from flows.night.reconcile import reconcile
from flows.night.take import take
from flows.night.validate import validate
from flows.settings import Closed, Places, Stopped, load_settings, places
from flows.state.warehouse import (
    load,
    locked,
    night_of,
    night_settings,
    night_tables,
    only,
)
from transforms.parse import business_day

Counts = dict[str, int]
Stage = Callable[..., Counts]
RunStage = Callable[..., Counts]
"""Calls a stage with the arguments behind it, as a task or right here."""

STAGES: Final[tuple[Stage, ...]] = (take, validate, post, allocate, reconcile)


@dataclass
class Night:
    """What a night did: counts and seconds of each stage, refused files, what is late.

    told_before: files with rows that another file told before, that file, and how many.
    left: files left to a later run, and why.
    """

    day: date
    counts: dict[str, Counts] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    repeated: list[tuple[str, str]] = field(default_factory=list)
    told_before: list[tuple[str, str, int]] = field(default_factory=list)
    late: list[tuple[str, str]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    open_units: Counts = field(default_factory=dict)
    is_new: bool = True
    """False where there was nothing new, and nothing was changed."""


def here(stage: Stage, *arguments: object) -> Counts:
    """Run a stage in this process, without Prefect."""
    return stage(*arguments)


def run_night(day: date | None, root: Path, run_stage: RunStage = here) -> Night:
    """Run the night of `day`, or of today. Raises Stopped; nothing has changed then."""
    settings = load_settings(root)
    started = datetime.now(UTC)
    day = day or business_day(started, settings.zone)
    there = places(root, settings)
    with locked(there):
        _refuse_a_lost_warehouse(there)
        publish_again(there, settings)
        with night_of(there, settings, read_reference(there, settings), day):
            _refuse_closed_days(there, day)
            return _run_stages(Night(day), there, started, run_stage)


def _refuse_a_lost_warehouse(there: Places) -> None:
    """A new one would take every file again, as of today."""
    if there.warehouse.exists() or not any(there.published.glob("day=*")):
        return
    raise Stopped(
        f"there is no warehouse {there.warehouse}, but {there.published} has nights; "
        "`lotwise rebuild` makes it anew, and without the published days a new one begins"
    )


def _refuse_closed_days(there: Places, day: date) -> None:
    with night_tables(there) as night:
        last = only(night, "SELECT last_day FROM tonight")
    if last is not None and day < last:
        raise Closed(
            last,
            f"the night of {day} is closed: the last one that ran is {last}. "
            f"Files of earlier days are taken by any later night; run {last} again, or a later day",
        )


def _run_stages(night: Night, there: Places, started: datetime, run_stage: RunStage) -> Night:
    for stage in STAGES:
        began = time.perf_counter()
        night.counts[stage.__name__] = run_stage(stage, there, night.day)
        night.seconds[stage.__name__] = time.perf_counter() - began
        if stage is take and not night.counts["take"] and not _has_work(there):
            night.is_new = False
            _tell_left(night, there)
            return night
    _tell_left(night, there)
    _tell(night, there)
    began = time.perf_counter()
    finished = datetime.now(UTC)
    night.counts["publish"] = run_stage(
        publish, there, night.day, started, finished, dict(night.seconds)
    )
    night.seconds["publish"] = time.perf_counter() - began
    return night


def _has_work(there: Places) -> bool:
    """Even without files: a new day, or other settings or reference tables."""
    with night_tables(there) as night:
        return bool(
            only(
                night, "SELECT has_new_circumstances OR last_day IS DISTINCT FROM day FROM tonight"
            )
        )


def _tell_left(night: Night, there: Places) -> None:
    with night_tables(there) as tables:
        night.left = [*load(tables, "SELECT file, why FROM left_files ORDER BY file").iter_rows()]


def _tell(night: Night, there: Places) -> None:
    query = "SELECT file, reason FROM files WHERE status = $status ORDER BY file"
    with night_tables(there) as tables:
        night.refused = [*load(tables, query, status="refused").iter_rows()]
        night.repeated = [*load(tables, query, status="repeated").iter_rows()]
        told_before = "SELECT file, other, rows FROM told_before ORDER BY file"
        night.told_before = [*load(tables, told_before).iter_rows()]
        night.late = late(tables, night_settings(there), night.day)
        night.open_units = load(tables, "FROM open_units").row(0, named=True)
