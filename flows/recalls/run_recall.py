"""Run recall: from what is named to the folder of a report, whoever asks (SPEC 7, 10.1)."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from flows.files.reference import read_answers
from flows.recalls.holds import add_holds
from flows.recalls.named import named_by_lots, named_by_notice
from flows.recalls.report import Recall, recall
from flows.recalls.summary import recall_told, what_if_told
from flows.recalls.what_if import what_if
from flows.recalls.write import folder_name, write_report
from flows.settings import Stopped, load_settings, places
from schemas.recall import ANSWERED, WHAT_IF
from transforms.recall_answers import status, unknown_answers, with_answers


@dataclass(frozen=True)
class Asked:
    """What a recall names: lots and what all of them share, or a notice; and where things go.

    traced_from, traced_to: business days of the sheet for a tracing request. out: a folder,
    `recalls/<name>` in the root if left out. hold: a table of holds to add to. what_if: whether to
    tell what these holds would do. answers: the sheet of contacts, filled in.
    """

    lots: tuple[str, ...] = ()
    notice: Path | None = None
    upc: str | None = None
    location: str | None = None
    serial: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    traced_from: date | None = None
    traced_to: date | None = None
    out: Path | None = None
    hold: Path | None = None
    what_if: bool = False
    answers: Path | None = None

    @property
    def name(self) -> str:
        return self.notice.name.partition(".")[0] if self.notice else "-".join(self.lots[:3])


@dataclass(frozen=True)
class Answered:
    """The report, where it was written, and what there is to tell of it, in pairs."""

    report: Recall
    folder: Path
    told: list[tuple[str, str]]


def run_recall(asked: Asked, root: Path) -> Answered:
    """Write the report of a recall. Raises Stopped; nothing is written then."""
    beside = (asked.upc, asked.location, asked.serial, asked.date_from, asked.date_to)
    passed_over: tuple[str, ...] = ()
    if asked.notice is None:
        named = named_by_lots(
            asked.lots,
            asked.date_from,
            asked.date_to,
            upc=asked.upc,
            location_code=asked.location,
            serial_number=asked.serial,
        )
    elif asked.lots or any(told is not None for told in beside):
        raise Stopped("a notice names what is recalled by itself; leave out lots and options")
    else:
        named, passed_over = named_by_notice(asked.notice)
    settings = load_settings(root)
    there = places(root, settings)
    report = recall(named, there, settings, asked.traced_from, asked.traced_to)
    folder = asked.out or root / "recalls" / folder_name(asked.name)
    if asked.answers is not None:
        report = _answered(report, read_answers(asked.answers))
    told = [*recall_told(report)]
    if asked.what_if:
        tables = {
            name: WHAT_IF[name].validate(table) for name, table in what_if(named, there).items()
        }
        report = replace(report, tables=report.tables | tables)
        told.append(("WHAT IF", what_if_told(tables["what_if_lines"])))
    if passed_over:
        names = ", ".join(passed_over)
        told.append(("PASSED OVER", f"columns of the notice that name nothing: {names}"))
    write_report(report, asked.name or "of stock", told, folder)
    told.append(("written", str(folder)))
    if asked.hold is not None:
        added = add_holds(named, asked.hold, asked.name or "recall", report.fresh.day)
        told.append(("holds", f"{added:,} added to {asked.hold}"))
    return Answered(report, folder, told)


def _answered(report: Recall, answers: pl.DataFrame) -> Recall:
    called = with_answers(report.tables["recall_contacts"], answers)
    tables = {
        "recall_status": status(called),
        "recall_unknown_answers": unknown_answers(called, answers),
    }
    checked = {name: ANSWERED[name].validate(table) for name, table in tables.items()}
    return replace(report, tables=report.tables | {"recall_contacts": called} | checked)
