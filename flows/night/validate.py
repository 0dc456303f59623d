"""Validate: read each file that was taken, keep its good rows, write down the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import polars as pl

from flows.night.batches import Taken, ToValidate, alone, batches, taken_file, without
from flows.night.validate_batch import validate_batch
from flows.night.versions import repeat_known_events
from flows.settings import Places, Stopped
from flows.state.warehouse import (
    Connection,
    bounded,
    empty,
    load,
    night_settings,
    night_tables,
    only,
    save,
)
from schemas.raw import Unreadable
from schemas.settings import Settings, Source
from transforms.parse import end_of_day, start_of_day
from transforms.rows import PAGES, Circumstances
from transforms.upcs import Lookup, lookups
from transforms.validate import Outcome

REPEATED: Final = {"file": pl.String, "rows": pl.Int64}
COUNTED: Final = ("rows", "kept", "repeated", "rejected", "ignored")

CODES_OF: Final = ("locations", "products", "skus")
"""Reference tables that say which codes there are."""


@dataclass(frozen=True)
class Reference:
    """What the reference tables say of codes; null where there is no such table."""

    locations: pl.DataFrame | None = None
    products: pl.DataFrame | None = None
    lookups: tuple[Lookup, ...] = ()

    @classmethod
    def of(cls, tables: Mapping[str, pl.DataFrame]) -> Self:
        """Of the tables by name; one without rows is none."""
        locations, products, skus = (
            table if table is not None and table.height else None
            for table in map(tables.get, CODES_OF)
        )
        return cls(locations, products, lookups(skus, products))


def validate(places: Places, day: date) -> dict[str, int]:
    """Check every taken file. Returns rows by outcome and the number of refused files."""
    settings = night_settings(places)
    with night_tables(places) as night, bounded(night):
        run = only(night, "SELECT run FROM tonight")
        reference = Reference.of({name: load(night, f"FROM {name}") for name in CODES_OF})
        listed = load(night, "FROM taken ORDER BY day, file").iter_rows(named=True)
        files = [taken_file(line, number, settings) for number, line in enumerate(listed)]
        new = [taken for taken in files if taken.line["status"] != "repeated"]
        refused: set[str] = set()
        for one in batches(new, day, run):
            refused |= _validate_together(night, one, settings, reference)
        _validate_repeats(night, files, refused, day, run, settings, reference)
        repeated = repeat_known_events(night)
        night.register(
            "repeated_events", pl.DataFrame(list(repeated.items()), REPEATED, orient="row")
        )
        night.execute(
            """
            UPDATE files SET kept = kept - known.rows, repeated = repeated + known.rows
            FROM repeated_events AS known
            WHERE files.file = known.file AND files.status = 'taken'
            """
        )
        night.unregister("repeated_events")
        counts = load(
            night,
            """
            SELECT
                CAST(coalesce(sum(COLUMNS($counted)), 0) AS BIGINT),
                count(*) FILTER (status = 'refused') AS refused,
            FROM files
            """,
            counted=list(COUNTED),
        )
    return counts.row(0, named=True)


def validate_file(
    night: Connection, taken: Taken, day: date, settings: Settings, reference: Reference
) -> Outcome:
    """What one file comes to that a run of `day` finds.

    What it left in the night's tables is in a transaction, for the caller to end.
    """
    one = alone(taken, day, 1)
    try:
        (outcome,) = _outcomes(night, one, settings, reference)
    except Unreadable as why:
        return Outcome.unreadable(why, 0)
    return outcome


def circumstances(
    files: Sequence[tuple[date, datetime | None]],
    starts: tuple[int, ...],
    source: Source | None,
    settings: Settings,
    reference: Reference,
) -> Circumstances:
    """What the rules of rows depend on beside the rows. files: day, and instant in the name."""
    zone = ZoneInfo(source.timezone) if source and source.timezone else settings.zone
    counts_at_end = source is not None and source.count_time == "end"
    starting = {"placed_at"} if counts_at_end else {"placed_at", "counted_at"}
    default_at = {
        page.instant: tuple(
            _spoke_at(day, named_at, zone, at_start=page.instant in starting)
            for day, named_at in files
        )
        for page in PAGES.values()
    }
    return Circumstances(
        zone=zone,
        default_at=default_at,
        latest_at=tuple(end_of_day(day + timedelta(days=1), zone) for day, _ in files),
        starts=starts,
        granular_fields=settings.granular_fields,
        takes_numbers_as_codes=source is not None and source.codes == "as_is",
        locations=reference.locations,
        products=reference.products,
        lookups=reference.lookups,
    )


def _spoke_at(day: date, named_at: datetime | None, zone: ZoneInfo, *, at_start: bool) -> datetime:
    """The instant in a file's name, else the start or the end of its day (SPEC 2.4)."""
    if named_at is not None:
        return named_at.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
    return start_of_day(day, zone) if at_start else end_of_day(day, zone)


def _outcomes(
    night: Connection, one: ToValidate, settings: Settings, reference: Reference
) -> list[Outcome]:
    source = one.files[0].source
    told = [(taken.stamp.day, taken.named_at) for taken in one.files]
    around = circumstances(told, one.batch.starts, source, settings, reference)
    return validate_batch(night, one.reading, one.batch, source, settings, around)


def _validate_together(
    night: Connection,
    one: ToValidate | tuple[Taken, Unreadable],
    settings: Settings,
    reference: Reference,
) -> set[str]:
    """Validate files together and save what became of them. Returns those that are refused."""
    if isinstance(one, tuple):
        taken, why = one
        outcomes = {taken.stamp.file: (taken, Outcome.unreadable(why, 0))}
    else:
        try:
            found = _outcomes(night, one, settings, reference)
        except Unreadable as why:
            found = [Outcome.unreadable(why, 0)]
        outcomes = {
            taken.stamp.file: (taken, outcome)
            for taken, outcome in zip(one.files, found, strict=True)
        }
    refused = {file for file, (_, outcome) in outcomes.items() if outcome.refused}
    if refused and settings.on_refused == "fail":
        file = min(refused)
        raise Stopped(f"{file} is refused: {outcomes[file][1].refused}")
    if not isinstance(one, tuple):
        # Refused files take back their rows, and with them what the others had left.
        night.execute("ROLLBACK" if refused else "COMMIT")
        if refused and len(refused) < len(one.files):
            _outcomes(night, without(one, refused), settings, reference)
            night.execute("COMMIT")
    _save(night, [_told(taken.line, one) for taken, one in outcomes.values()])
    return refused


def _validate_repeats(
    night: Connection,
    files: list[Taken],
    refused: set[str],
    day: date,
    run: int,
    settings: Settings,
    reference: Reference,
) -> None:
    """A repeat counts the rows of its twin, which may be another of tonight's files."""
    in_place_of: dict[str, str] = {}
    repeats = []
    for taken in files:
        if taken.line["status"] != "repeated":
            continue
        twin = in_place_of.get(taken.line["twin"], taken.line["twin"])
        # What was refused may be another thing under another name.
        if twin not in refused:
            repeats.append({**taken.line, "twin": twin})
            continue
        now_refused = _validate_together(night, alone(taken, day, run), settings, reference)
        refused |= now_refused
        if not now_refused:
            in_place_of[taken.line["twin"]] = taken.stamp.file
    _save(night, _repeats(night, repeats))


def _repeats(night: Connection, repeats: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not repeats:
        return []
    night.register(
        "twins", pl.DataFrame([(line["twin"], line["sha256"]) for line in repeats], orient="row")
    )
    rows = load(
        night,
        """
        SELECT file, sha256, max(rows) AS rows
        FROM (FROM warehouse.state.files UNION ALL BY NAME FROM files)
        SEMI JOIN (SELECT column_0 AS file, column_1 AS sha256 FROM twins) USING (file, sha256)
        GROUP BY file, sha256
        """,
    )
    night.unregister("twins")
    known = {(file, sha256): rows for file, sha256, rows in rows.iter_rows()}
    told = []
    for line in repeats:
        same = known.get((line["twin"], line["sha256"]), 0) or 0
        reason = f"the same as {line['twin']}"
        told.append(
            {**line, "status": "repeated", "rows": same, "repeated": same, "reason": reason}
        )
    return told


def _told(line: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    return {
        **line,
        "status": "refused" if outcome.refused else "taken",
        **{name: getattr(outcome, name) for name in COUNTED},
        "unknown_columns": list(outcome.unknown_columns),
        "reason": outcome.refused,
    }


def _save(night: Connection, lines: list[dict[str, Any]]) -> None:
    """Write down what became of files."""
    day, run = load(night, "SELECT day, run FROM tonight").row(0)
    nothing = {**dict.fromkeys((*COUNTED, "waiting"), 0), "unknown_columns": []}
    schema = empty(night, "files")
    told = [{**nothing, **line, "day": day, "run": run} for line in lines]
    rows = [{name: line.get(name) for name in schema} for line in told]
    save(night, "files", pl.DataFrame(rows, schema=schema))
