"""Recall: the report of a recall as a Prefect flow run (SPEC 10.2)."""

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact

from flows.recalls.run_recall import Asked, run_recall


@flow(name="recall", validate_parameters=True)
def recall(
    lots: tuple[str, ...] = (),
    notice: str | None = None,
    upc: str | None = None,
    location: str | None = None,
    serial: str | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    traced_from: date | None = None,
    traced_to: date | None = None,
    what_if: bool = False,
    answers: str | None = None,
    hold: str | None = None,
    out: str | None = None,
    root: str = "data",
) -> str:
    """Write the report of a recall on the data root `root`. Returns the folder that it is in."""
    asked = Asked(
        tuple(lots),
        Path(notice) if notice else None,
        upc=upc,
        location=location,
        serial=serial,
        date_from=date_from,
        date_to=date_to,
        traced_from=traced_from,
        traced_to=traced_to,
        out=Path(out) if out else None,
        hold=Path(hold) if hold else None,
        what_if=what_if,
        answers=Path(answers) if answers else None,
    )
    answered = run_recall(asked, Path(root))
    told = [{"what": what, "figure": figure} for what, figure in answered.told]
    for line in told:
        get_run_logger().info("%(what)s: %(figure)s", line)
    create_table_artifact(
        key="recall-summary", table=told, description=f"Recall of {asked.name or 'stock'}"
    )
    return str(answered.folder)
