"""Nightly: the night as a Prefect flow run, each stage a task (SPEC 10.2)."""

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.cli.summary import told
from flows.night.stages import Counts, Night, Stage, run_night
from flows.settings import load_settings
from transforms.parse import business_day


@flow(name="nightly", flow_run_name="night of {day}", validate_parameters=True)
def nightly(day: date | None = None, root: str = "data") -> Night:
    """Run the night of `day` on the data root `root`.

    Where there is none, it is the business day of the time that the run was scheduled for: a late
    run is still of its own day (SPEC 10.2).
    """
    logger = get_run_logger()
    if day is None:
        day = business_day(flow_run.scheduled_start_time, load_settings(Path(root)).zone)

    def as_task(stage: Stage, *arguments: object) -> Counts:
        # Stages repeat nothing by themselves: a night is all or nothing, and runs again as a whole.
        as_one = task(name=stage.__name__, cache_policy=NO_CACHE, persist_result=False)
        counts: Counts = as_one(stage)(*arguments)
        logger.info("%s: %s", stage.__name__, counts)
        return counts

    night = run_night(day, Path(root), as_task)
    create_table_artifact(
        key="nightly-summary",
        table=[{"what": what, "figure": figure} for what, figure in told(night, Path(root))],
        description=f"The night of {night.day}",
    )
    return night
