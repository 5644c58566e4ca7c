"""Processes of a measurement: the server, the load generator, and what CPU time they used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
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
            except psutil.NoSuchProcess:  # its time is now in its parent's
                continue
            total += used.user + used.system
            # Descendants that ended; on macOS psutil does not know of them.
            total += used.children_user + used.children_system
    return total


class Child:
    """A Python module as a child process that answers line by line."""

    def __init__(self, module: str, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT, env={**os.environ, **environment},
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


class Server(Child):
    """`benchmarks.serve` over a data folder and a database."""

    def __init__(self, data: Path, url: str, *, more_pids: Sequence[int] = ()) -> None:
        kept = {name: "" for name in os.environ if name.startswith("STENTOR_")}
        for name in kept:
            os.environ.pop(name)
        super().__init__(
            "benchmarks.serve",
            {
                "STENTOR_DATA": str(data),
                "STENTOR_DATABASE_URL": url,
                "STENTOR_PORT": "0",
                "STENTOR_RATE_LIMITS": "off",
                "STENTOR_LOG_LEVEL": "warning",
            },
        )
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

    @property
    def per_cpu_second(self) -> float:
        """Answers for each second of the server's CPU time; 0 if that is not known."""
        return self.answers / self.cpu if self.cpu else 0.0


class Load(Child):
    """`benchmarks.load`."""

    def __init__(self) -> None:
        super().__init__("benchmarks.load", {})

    def run(self, pids: Sequence[int], plan: dict[str, Any]) -> Result:
        """One round of a plan. Raises RuntimeError for an answer that is not 200."""
        assert self.process.stdin is not None
        before = cpu_seconds(pids)
        self.process.stdin.write(json.dumps(plan) + "\n")
        answer = json.loads(self.line())
        # A clock of 100 ticks a second: a short round may seem to cost nothing.
        cpu = max(cpu_seconds(pids) - before, 0.01) if pids else 0.0
        if set(answer["statuses"]) != {"200"}:
            raise RuntimeError(f"answers were {answer['statuses']}: {plan['requests'][0]!r}")
        return Result(
            answer["answers"], cpu, answer["seconds"], answer["bytes"], answer["p50"],
            answer["p99"], tuple(answer["good"]), answer["next"],
        )  # fmt: skip
