"""Processes of a measurement: the server, the load generator, and what CPU time they used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

ROOT = Path(__file__).parents[1]


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far of these processes and all their descendants."""
    total = 0.0
    for pid in pids:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            try:
                used = process.cpu_times()
                total += _clock(process.pid) or used.user + used.system
            except psutil.NoSuchProcess:  # its time is now in its parent's
                continue
            # Descendants that ended; on macOS psutil does not know of them.
            total += used.children_user + used.children_system
    return total


def _clock(pid: int) -> float:
    """The same for one of them alone, to the nanosecond; 0 where only hundredths are told.

    Linux: the clock of clock_getcpuclockid(3), which is the process's number and 2 for "all of its
    threads".
    """
    if sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:  # not for us to know, or it has just ended
        return 0.0


class Child:
    """A Python module as a child process that answers line by line."""

    def __init__(self, module: str, environment: Mapping[str, str] = os.environ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def line(self) -> str:
        """What it says next. Raises RuntimeError if it has ended."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}")
        return text.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


def settings(data: Path, url: str, port: int) -> dict[str, str]:
    """The environment of a server with those settings, and otherwise none of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STENTOR_")}
    return kept | {
        "STENTOR_DATA": str(data),
        "STENTOR_DATABASE_URL": url,
        "STENTOR_PORT": str(port),
        "STENTOR_RATE_LIMITS": "off",
        "STENTOR_LOG_LEVEL": "warning",
    }


class Server(Child):
    """`benchmarks.serve` over a data folder and a database."""

    def __init__(self, data: Path, url: str, *, more_pids: Sequence[int] = ()) -> None:
        super().__init__("benchmarks.serve", settings(data, url, 0))
        self.port = int(self.line().removeprefix("port "))
        #: Whose CPU time counts: the server's, and that of a database server behind it.
        self.pids = [self.process.pid, *more_pids]


@dataclass(frozen=True, slots=True)
class Result:
    """One round: how many answers, and what they cost the server."""

    answers: int
    cpu: float
    seconds: float
    bytes: int
    p50: float
    p99: float
    good: tuple[int, ...]
    next: int
    #: That of the last answer; empty without one.
    etag: str

    @property
    def per_cpu_second(self) -> float:
        """Answers for each second of the server's CPU time; 0 if that is not known."""
        return self.answers / self.cpu if self.cpu else 0.0


class Load(Child):
    """`benchmarks.load`."""

    def __init__(self) -> None:
        super().__init__("benchmarks.load")

    def begin(self, plan: dict[str, Any]) -> None:
        """Lets a plan run; `end` waits for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(plan) + "\n")
        # Without what follows: a token is nobody's business.
        self._asked = plan["requests"][0].partition("\r\n")[0]

    def end(self, *, expected: int = 200) -> dict[str, Any]:
        """What came of it. Raises RuntimeError for an answer with another status."""
        answer: dict[str, Any] = json.loads(self.line())
        if set(answer["statuses"]) - {str(expected)}:
            raise RuntimeError(f"answers were {answer['statuses']}: {self._asked}")
        return answer

    def run(self, pids: Sequence[int], plan: dict[str, Any], *, expected: int = 200) -> Result:
        """One round of a plan. Raises RuntimeError for an answer with another status."""
        before = cpu_seconds(pids)
        self.begin(plan)
        answer = self.end(expected=expected)
        # Where the clock has 100 ticks a second a short round may seem to cost nothing.
        cpu = max(cpu_seconds(pids) - before, 1e-4) if pids else 0.0
        return Result(
            answer["answers"], cpu, answer["seconds"], answer["bytes"], answer["p50"],
            answer["p99"], tuple(answer["good"]), answer["next"], answer["etag"],
        )  # fmt: skip
