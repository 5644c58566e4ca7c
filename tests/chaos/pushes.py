"""A push service that remembers what it has taken, and what a campaign makes of that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import requests

from tests.push_service import SHARED, b64

#: What a dead worker has claimed is due: otherwise it would be after half a minute.
END_LEASES = "UPDATE push_deliveries SET run_at = 0 WHERE attempts > 0"


class PushService:
    """A process of its own; it writes each message down before it answers."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.push_service", str(self.log)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        with self._process:
            self._process.wait(30)

    def subscribe(self, base: str, token: str, *alerts: str) -> None:
        """Gives whoever has that token a device here, which answers slowly."""
        answer = requests.post(
            f"{base}/api/v1/push/subscription",
            headers={"Authorization": f"Bearer {token}"},
            json={
                "subscription": {
                    "endpoint": f"http://127.0.0.1:{self._port}/slow/device",
                    "keys": {"p256dh": b64(SHARED.p256dh), "auth": b64(SHARED.auth)},
                    "standard": True,
                },
                "data": {"alerts": dict.fromkeys(alerts, True)},
            },
            timeout=10,
        )
        assert answer.status_code == 200, answer.text

    def size(self) -> int:
        """Grows with each message."""
        return self.log.stat().st_size if self.log.exists() else 0

    def messages(self) -> list[Any]:
        """What was taken, in order: objects of JSON."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]


@dataclass
class Pushed:
    """What a campaign has found out about pushes; a base of what it finds."""

    pushed: int = 0
    not_pushed: list[int] = field(default_factory=list)
    twice: int = 0
    twice_without_kill: list[int] = field(default_factory=list)
    other_topic: list[int] = field(default_factory=list)
    faulty_pushes: list[str] = field(default_factory=list)

    @property
    def push_faults(self) -> list[Any]:
        """Everything that must not be."""
        return [
            *self.not_pushed, *self.twice_without_kill, *self.other_topic, *self.faulty_pushes
        ]  # fmt: skip

    @property
    def pushes(self) -> str:
        """The part of the line that is printed."""
        return (
            f"{self.pushed} pushed, {len(self.not_pushed)} not pushed,"
            f" {self.twice} twice after a kill, {len(self.twice_without_kill)} twice without,"
            f" {len(self.other_topic)} under another topic"
        )

    def compare_pushes(
        self, service: PushService, kept: Collection[int], kills: Sequence[float]
    ) -> None:
        """Holds what was pushed against the list, and against the times at which kills excuse."""
        sent = defaultdict(list)
        for one in service.messages():
            sent[one.get("id")].append(one)
            self.faulty_pushes += one["problems"]
        self.pushed = len(sent)
        self.not_pushed = sorted(set(kept) - set(sent))
        for number, times in sent.items():
            for first, second in pairwise(times):
                self.twice += 1
                if not any(first["at"] - 0.1 <= kill <= second["at"] for kill in kills):
                    self.twice_without_kill.append(number)
                if first["topic"] != second["topic"]:
                    self.other_topic.append(number)
