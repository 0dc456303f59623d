"""The night on a real Prefect server and worker, all on loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from pathlib import Path
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.night.stages import run_night

REPOSITORY = Path(__file__).parents[1]
PREFECT = str(Path(sys.executable).with_name("prefect"))
ENDED = ("COMPLETED", "FAILED", "CRASHED")


def answered(request: urllib.request.Request) -> Any:
    """What an API answers, which is busy while others write to its database."""
    for _ in range(60):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            sleep(0.5)
    pytest.fail(f"{request.full_url} stays busy")


class Server:
    """A Prefect server of the test's own: its environment, and what its API answers."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_LOGGING_LEVEL": "WARNING",
        }

    def prefect(self, *words: str) -> str:
        done = subprocess.run(
            [PREFECT, "--no-prompt", *words],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, *words: str) -> Iterator[None]:
        process = subprocess.Popen(
            [PREFECT, *words],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)

    def ask(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.api}/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        return answered(request)

    def get(self, path: str) -> Any:
        return answered(urllib.request.Request(f"{self.api}/{path}"))

    def wait_until_healthy(self) -> None:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{self.api}/health", timeout=5):
                    return
            except OSError:
                sleep(0.5)
        pytest.fail("the Prefect server did not start")

    def wait_for_run(self, root: str | None = None) -> dict[str, Any]:
        """An ended run on `root`, or one that the schedule started."""
        for _ in range(600):
            ended = self.ask(
                "flow_runs/filter", flow_runs={"state": {"type": {"any_": list(ENDED)}}}
            )
            for run in ended:
                if run["auto_scheduled"] if root is None else run["parameters"]["root"] == root:
                    return dict(run)
            sleep(0.5)
        pytest.fail("no flow run ended")

    def schedule(self, deployment: str, at: datetime | None = None, **parameters: Any) -> None:
        found = self.get(f"deployments/name/{deployment}")["id"]
        details = {} if at is None else {"scheduled_time": at.isoformat()}
        state = {"type": "SCHEDULED", "state_details": details}
        self.ask(f"deployments/{found}/create_flow_run", parameters=parameters, state=state)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The sample, of this test alone: nights of the schedule run on another root meanwhile."""
    root = tmp_path / "data"
    ignored = shutil.ignore_patterns("warehouse*", "published", "recalls")
    shutil.copytree(REPOSITORY / "data", root, ignore=ignored)
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    scheduled = tmp_path_factory.mktemp("prefect") / "scheduled"
    (scheduled / "inbox" / "inventory").mkdir(parents=True)
    server = Server(scheduled.with_name("home"))
    every_minute = (REPOSITORY / "prefect.yaml").read_text()
    assert 'cron: "0 4 * * *"' in every_minute
    every_minute = every_minute.replace('cron: "0 4 * * *"', 'cron: "* * * * *"')
    every_minute = every_minute.replace("root: data", f"root: {scheduled}")
    deployments = scheduled.with_name("prefect.yaml")
    deployments.write_text(every_minute)
    start = ("server", "start", "--host", "127.0.0.1", "--port", str(server.port))
    with server.running(*start):
        server.wait_until_healthy()
        server.prefect("work-pool", "create", "--type", "process", "lotwise")
        server.prefect("deploy", "--all", "--prefect-file", str(deployments))
        with server.running("worker", "start", "--pool", "lotwise"):
            yield server


def test_a_deployed_night_runs_to_completed_and_shows_its_stages_and_summary(
    server: Server, root: Path
) -> None:
    asked = ("--param", 'day="2026-03-04"', "--param", f"root={root}")
    server.prefect("deployment", "run", "nightly/nightly", *asked)

    run = server.wait_for_run(str(root))

    assert run["state_name"] == "Completed", run["state"]
    assert (root / "published" / "day=2026-03-04" / "allocated.parquet").exists()
    tasks = server.ask("task_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})
    stages = {task["name"].rsplit("-", 1)[0]: task["state_name"] for task in tasks}
    assert stages == dict.fromkeys(
        ("take", "validate", "post", "allocate", "reconcile", "publish"), "Completed"
    )
    artifacts = server.ask("artifacts/filter", flow_runs={"id": {"any_": [run["id"]]}})
    summary = {row["what"]: row["figure"] for row in json.loads(artifacts[0]["data"])}
    assert summary["files"] == "11 new"


def test_the_schedule_starts_a_night_by_itself(server: Server) -> None:
    run = server.wait_for_run()

    assert run["state_name"] == "Completed", run["state"]


def test_a_run_that_starts_late_is_of_the_business_day_that_it_was_scheduled_for(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "inbox" / "inventory").mkdir(parents=True)
    (tmp_path / "lotwise.toml").write_text('timezone = "Europe/London"\n')
    london = ZoneInfo("Europe/London")
    yesterday = datetime.now(london).date() - timedelta(days=1)
    then = datetime.combine(yesterday, time(23, 30), london).astimezone(UTC)

    server.schedule("nightly/nightly", then, root=str(tmp_path))

    run = server.wait_for_run(str(tmp_path))
    assert run["state_name"] == "Completed", run["state"]
    assert [path.name for path in (tmp_path / "published").glob("day=*")] == [f"day={yesterday}"]


def test_a_deployed_recall_writes_its_report(server: Server, root: Path) -> None:
    run_night(date(2026, 3, 4), root)

    server.schedule("recall/recall", root=str(root), lots=["OM-0415"])

    run = server.wait_for_run(str(root))
    assert run["state_name"] == "Completed", run["state"]
    assert (root / "recalls" / "OM-0415" / "recall_contacts.csv").exists()
