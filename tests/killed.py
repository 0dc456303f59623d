"""Runs that die: the command line in a process of its own, killed at an instant or at a step.

Importing takes as long as a small night, so one process imports everything and forks a child for
each run; it has used neither polars nor DuckDB itself, so the child starts afresh. A *step* is a
change that the run makes on disk under its root, or a transaction's end. Steps are heard by an
audit hook, so they are found wherever the code makes them.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, NoReturn, Self

import duckdb

REPOSITORY: Final = Path(__file__).parents[1]
CHANGES: Final = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink"}
WRITING: Final = os.O_WRONLY | os.O_RDWR
LONGEST: Final = 100
"""Seconds after which a run counts as hanging, and is ended by SIGALRM."""


class Ended(NamedTuple):
    """How a run ended. `code` is minus the signal where one ended it, as in subprocess."""

    code: int
    out: str
    err: str
    steps: list[str]
    seconds: float

    @property
    def is_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Runs:
    """Runs `lotwise`, each time in a new process, and kills it where that is asked for."""

    def __init__(self) -> None:
        self._forks = subprocess.Popen(
            [sys.executable, "-m", "tests.killed"],
            cwd=REPOSITORY,
            env={**os.environ, "POLARS_MAX_THREADS": "1"},  # small nights are slower with more
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.kills = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forks.communicate()

    def lotwise(
        self,
        root: Path,
        *words: str,
        at_step: int | None = None,
        after: float | None = None,
        since: str | None = None,
        signal_number: int = signal.SIGKILL,
    ) -> Ended:
        """Run it to its end, or until its death at step number `at_step` (the first is 0), before
        that step is done, or `after` seconds since its start or since the step `since`.
        """
        order = {
            "root": str(root),
            "words": [*words, "--root", str(root)],
            "at_step": at_step,
            "after": after,
            "since": since,
            "signal": signal_number,
        }
        assert self._forks.stdin
        assert self._forks.stdout
        self._forks.stdin.write(f"{json.dumps(order)}\n")
        self._forks.stdin.flush()
        ended = Ended(**json.loads(self._forks.stdout.readline()))
        assert ended.code != -signal.SIGALRM, "the run hangs"
        self.kills += ended.is_killed
        return ended


def _serve() -> None:
    # What a night would import on its way is imported once, here.
    import hypothesis  # noqa: F401, PLC0415
    import pyarrow  # noqa: F401, PLC0415

    import flows.cli.commands  # noqa: F401, PLC0415

    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _run(order: dict[str, Any]) -> dict[str, Any]:
    heard, told = os.pipe()
    steps = []
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        child = os.fork()
        if not child:
            os.close(heard)
            _lotwise(order, told, out.fileno(), err.fileno())
        os.close(told)
        with os.fdopen(heard) as lines:
            if order["after"] is not None:
                if order["since"]:
                    for line in lines:
                        steps.append(line.strip())
                        if steps[-1] == order["since"]:
                            break
                time.sleep(order["after"])
                os.kill(child, order["signal"])
            steps += [line.strip() for line in lines]
        _, status = os.waitpid(child, 0)
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        return Ended(
            os.waitstatus_to_exitcode(status), out.read(), err.read(), steps, seconds
        )._asdict()


def _lotwise(order: dict[str, Any], told: int, out: int, err: int) -> NoReturn:
    from flows.cli.commands import main  # noqa: PLC0415

    signal.alarm(LONGEST)
    sys.dont_write_bytecode = True
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    number = -1

    def step(name: str) -> None:
        nonlocal number
        number += 1
        os.write(told, f"{name}\n".encode())
        if number == order["at_step"]:
            os.kill(os.getpid(), order["signal"])

    _hear(order["root"], step)
    sys.argv = ["lotwise", *order["words"]]
    code = 70
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _hear(root: str, step: Callable[[str], None]) -> None:
    last = ""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal last
        is_change = event in CHANGES or (
            event == "open"
            and isinstance(arguments[0], str)
            and arguments[0].startswith(root)
            and arguments[2] & WRITING
        )
        # A folder is thrown away file by file: its first file stands for the others.
        if is_change and not (event == last == "os.remove"):
            last = event
            step(event)

    execute = duckdb.DuckDBPyConnection.execute
    used: dict[int, str] = {}

    def execute_and_tell(
        connection: duckdb.DuckDBPyConnection, query: Any, *rest: Any, **named: Any
    ) -> duckdb.DuckDBPyConnection:
        nonlocal last
        word, *others = query.split() if isinstance(query, str) else [""]
        if word == "USE":
            used[id(connection)] = others[0].partition(".")[0]
        if word != "COMMIT":
            return execute(connection, query, *rest, **named)
        last = f"COMMIT of {used.get(id(connection), 'a new warehouse')}"
        step(last)
        done = execute(connection, query, *rest, **named)
        step(f"{last} done")
        return done

    duckdb.DuckDBPyConnection.execute = execute_and_tell  # type: ignore[assignment, method-assign]
    sys.addaudithook(hear)


if __name__ == "__main__":
    _serve()
