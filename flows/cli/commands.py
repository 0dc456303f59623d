"""The command line: `nightly`, `backfill`, `check`, `rejects`, `recall`, `audit`, `rebuild`."""

import os
import signal
import sys
import tomllib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, NoReturn

import cyclopts
import duckdb
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.cli.check import FIRST_ROWS, check_file
from flows.cli.rejected_rows import write_rejects
from flows.cli.summary import mending_lines, told
from flows.errors import error_message
from flows.night.rebuild import rebuild
from flows.night.reconcile import Unreconciled
from flows.night.stages import STAGES, Counts, Night, RunStage, Stage, here, run_night
from flows.recalls.run_recall import Asked, run_recall
from flows.settings import Closed, Stopped
from flows.state.audit import audit
from schemas.settings import Kind

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
DONE_WITH_REFUSED_FILES: Final = 3

FIRST_FIGURES: Final = 20
STOPPED: Final = "stopped; run it again, and it ends as if nothing had happened"

Root = Annotated[Path, cyclopts.Parameter(name="--root", help="The data root.")]

CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
"""Characters of a file's name or values that would move the cursor, or more, of who looks."""

out = Console(soft_wrap=True, highlight=False, emoji=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
app = cyclopts.App(
    name="lotwise",
    help="The nightly granular-inventory pipeline.",
    console=out,
    error_console=err,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


@app.command
def nightly(
    *,
    day: Annotated[
        date | None, cyclopts.Parameter(help="The business day; today if left out.")
    ] = None,
    root: Root = Path("data"),
) -> int:
    """Take the day's files, allocate, and publish the tables."""
    with _stage_runner() as run_stage:
        night = _run(day, root, run_stage)
    _tell(night, root)
    return DONE_WITH_REFUSED_FILES if night.refused else DONE


@app.command
def backfill(first: date, last: date, *, root: Root = Path("data")) -> int:
    """Run the nights from FIRST to LAST in order; those that have run already are passed over."""
    if last < first:
        raise Stopped(f"the last night {last} is before the first {first}")
    refused = False
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        try:
            night = _run(day, root, here)
        except Closed as closed:
            if closed.last > last:
                raise
            # This backfill was stopped on its way: it goes on where it was.
            out.print(f"{day}  has run", markup=False)
            continue
        refused |= bool(night.refused)
        seconds = sum(night.seconds.values())
        figures = "; ".join(f"{what} {figure}" for what, figure in told(night, root))
        out.print(f"{night.day}  {seconds:.2f} s  {figures.translate(CONTROLS)}", markup=False)
    return DONE_WITH_REFUSED_FILES if refused else DONE


@app.command
def check(
    file: Path,
    *,
    kind: Kind,
    rows: Annotated[
        int,
        cyclopts.Parameter(
            help="Broken rows shown of each rule.", validator=cyclopts.validators.Number(gte=0)
        ),
    ] = FIRST_ROWS,
    root: Root = Path("data"),
) -> int:
    """Read and validate FILE as the night would, and change nothing."""
    report = check_file(file, kind, root, rows)
    for line in report.lines:
        out.print(line.translate(CONTROLS), markup=False)
    return DONE_WITH_REFUSED_FILES if report.is_refused else DONE


@app.command(name="rejects")
def rejected_rows(
    *,
    day: Annotated[
        date | None, cyclopts.Parameter(help="The night; the last one if left out.")
    ] = None,
    file: Annotated[
        str | None, cyclopts.Parameter(help="One file, as the table `rejects` names it.")
    ] = None,
    folder: Annotated[
        Path | None,
        cyclopts.Parameter(name="--out", help="A folder; `rejects` in the root if left out."),
    ] = None,
    root: Root = Path("data"),
) -> int:
    """Write the rejected rows of a night as files to mend and send back."""
    folder = folder or root / "rejects"
    for line in mending_lines(write_rejects(root, day, file, folder), folder, root):
        out.print(line, markup=False)
    return DONE


@app.command(name="recall")
def recall_lots(
    *lots: str,
    notice: Annotated[
        Path | None,
        cyclopts.Parameter(help="A file with the columns of reference/holds, a row for each lot."),
    ] = None,
    upc: Annotated[str | None, cyclopts.Parameter(help="Only this UPC.")] = None,
    location: Annotated[str | None, cyclopts.Parameter(help="Only this location.")] = None,
    date_from: Annotated[date | None, cyclopts.Parameter(help="Dated this day or later.")] = None,
    date_to: Annotated[date | None, cyclopts.Parameter(help="Dated this day or before.")] = None,
    serial: Annotated[str | None, cyclopts.Parameter(help="Only this serial number.")] = None,
    traced_from: Annotated[
        date | None, cyclopts.Parameter(name="--from", help="First day of the sheet FSMA.")
    ] = None,
    traced_to: Annotated[
        date | None, cyclopts.Parameter(name="--to", help="Last day of the sheet FSMA.")
    ] = None,
    what_if: Annotated[
        bool, cyclopts.Parameter(negative="", help="Tell what holding it would do to orders.")
    ] = False,
    answers: Annotated[
        Path | None, cyclopts.Parameter(help="recall_contacts.csv, filled in after the calls.")
    ] = None,
    hold: Annotated[
        Path | None, cyclopts.Parameter(help="Add the holds that it needs to this file.")
    ] = None,
    folder: Annotated[
        Path | None,
        cyclopts.Parameter(name="--out", help="A folder; recalls/<name> in the root if left out."),
    ] = None,
    root: Root = Path("data"),
) -> int:
    """Tell where the units of LOT are, who has them, and how sure that is; change nothing."""
    asked = Asked(
        lots,
        notice,
        upc=upc,
        location=location,
        serial=serial,
        date_from=date_from,
        date_to=date_to,
        traced_from=traced_from,
        traced_to=traced_to,
        out=folder,
        hold=hold,
        what_if=what_if,
        answers=answers,
    )
    for what, figure in run_recall(asked, root).told:
        style = "bold red" if what.isupper() else ""
        out.print(f"  {what:<12} {figure.translate(CONTROLS)}", style=style, markup=False)
    return DONE


@app.command(name="audit")
def audit_warehouse(*, root: Root = Path("data")) -> int:
    """Compute every balance anew from the movements, and change nothing."""
    audited = audit(root)
    for figure, stands, should_be in audited.wrong.head(FIRST_FIGURES).iter_rows():
        out.print(f"{figure} is {stands:,}, should be {should_be:,}", markup=False)
    seen = f"{audited.movements:,} movements, {audited.records:,} records, {audited.lines:,} lines"
    if audited.wrong.height:
        raise Stopped(
            f"{audited.wrong.height:,} figures are wrong ({seen}). `lotwise rebuild` makes the "
            "warehouse anew; please report what was wrong"
        )
    out.print(f"{seen}: every balance is the sum of its movements", markup=False)
    return DONE


@app.command(name="rebuild")
def rebuild_warehouse(*, root: Root = Path("data")) -> int:
    """Make the warehouse anew from the manifests of all nights, and publish the last one again."""
    rebuilt = rebuild(root, lambda run: out.print(f"{run.day}  run {run.number}", markup=False))
    out.print(
        f"{rebuilt.runs:,} runs of {rebuilt.first_day} to {rebuilt.last_day}: "
        f"{rebuilt.records:,} records, {rebuilt.lines:,} lines",
        markup=False,
    )
    if rebuilt.replaced:
        out.print(f"the warehouse that was there is kept as {rebuilt.replaced.name}", markup=False)
    return DONE


def main() -> None:
    """Run the command line and exit with its code."""
    if not _has_prefect_api():  # Prefect has its own way of stopping a flow run
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
    # Names and values may have characters that the terminal doesn't.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    if _has_prefect_api():
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    # All is written. To take the libraries down costs half a second, in which one of them tells of
    # objects that nobody misses.
    os._exit(code)


def run(words: list[str]) -> int:
    """Run one command. Returns its exit code; what went wrong is told on stderr, in a line."""
    try:
        code = app(words, exit_on_error=False)
    except cyclopts.CycloptsError:
        return WRONG_USAGE
    except (Exception, KeyboardInterrupt) as why:  # noqa: BLE001  a person reads what it says
        err.print(f"lotwise: {_complaint(why).translate(CONTROLS)}", markup=False)
        return FAILED
    return code if isinstance(code, int) else DONE


def _stop(_: int, __: FrameType | None) -> NoReturn:
    # Not by an exception: raised within a call-back of polars or DuckDB it turns into a panic, or
    # into another error. A run may die at any instant, so it does.
    if out.is_terminal:
        out.show_cursor()
    os.write(2, f"lotwise: {STOPPED}\n".encode())
    os._exit(FAILED)


def _complaint(why: BaseException) -> str:
    if isinstance(why, KeyboardInterrupt):
        return STOPPED
    if isinstance(why, Stopped | Unreconciled):
        return str(why)
    if isinstance(why, OSError | duckdb.Error):
        return error_message(why)
    # A traceback tells a person nothing.
    where = traceback.extract_tb(why.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    return f"a defect of Lotwise: {type(why).__name__}: {why} ({place}). Nothing has been changed"


def _run(day: date | None, root: Path, run_stage: RunStage) -> Night:
    if not _has_prefect_api():
        return run_night(day, root, run_stage)
    # Importing Prefect takes longer than a small night, so only who uses it waits for it.
    from flows.nightly import nightly as flow  # noqa: PLC0415

    return flow(day=day, root=str(root))


def _has_prefect_api() -> bool:
    if os.environ.get("PREFECT_API_URL"):
        return True
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return False
    active = profiles.get("profiles", {}).get(profiles.get("active", ""), {})
    return bool(active.get("PREFECT_API_URL"))


@contextmanager
def _stage_runner() -> Iterator[RunStage]:
    if not out.is_terminal or _has_prefect_api():
        yield here
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as progress:
        bar = progress.add_task("begin", total=len(STAGES) + 1)

        def shown(stage: Stage, *arguments: object) -> Counts:
            progress.update(bar, description=stage.__name__)
            counts = stage(*arguments)
            progress.advance(bar)
            return counts

        yield shown


def _tell(night: Night, root: Path) -> None:
    seconds = ", ".join(f"{name} {spent:.2f}" for name, spent in night.seconds.items())
    out.print(f"The night of {night.day}", style="bold")
    for what, figure in told(night, root):
        style = "bold red" if what.isupper() else ""
        out.print(f"  {what:<12} {figure.translate(CONTROLS)}", style=style, markup=False)
    out.print(f"  {'seconds':<12} {seconds}", markup=False)
