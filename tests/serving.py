"""A served Stentor for tests: a real process on a free loopback port, and its command line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
import uvicorn
from click.testing import CliRunner

from stentor.cli import cli
from stentor.commands import server as http_server

PATIENCE = 60.0
_READY = re.compile(r"is ready: (\S+)")


class Served:
    """One server and its folder; ``run`` types commands at it, whether it runs or not.

    ``settings`` are those of `stentor.config`, by name: ``Served(folder, registrations="open")``.
    It has no rate limits unless it is told to.
    """

    #: What `python -m` starts: a control may serve with something switched off.
    module = "stentor"
    #: What every command line begins with: how to get to where it lives.
    prefix: Sequence[str] = ()

    def __init__(self, folder: Path, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self.base = ""
        self.pid = 0
        self._out = folder / "out"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        given = {"data": str(self.data), "port": "0", "rate_limits": "off", **settings}
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("STENTOR_")
        } | {f"STENTOR_{name.upper()}": value for name, value in given.items()}

    def start(self, *arguments: str) -> Self:
        """Starts it and waits until it is ready. Raises RuntimeError with what it said."""
        with self._out.open("wb") as out, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", self.module, "serve", *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=self.environment,
            )  # fmt: skip
        self.pid = self._process.pid
        deadline = time.monotonic() + PATIENCE
        while True:
            match = _READY.search(self.said)
            if match:
                self.base = match[1]
                return self
            if self._process.poll() is not None or time.monotonic() > deadline:
                code = self.stop(signal.SIGKILL)
                raise RuntimeError(f"stentor serve ended with {code}:\n{self.said}{self.log}")
            time.sleep(0.01)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and waits for the end; the exit code, negative if the signal killed it."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.base.rpartition(":")[2])

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._out.read_text()

    @property
    def log(self) -> str:
        """What it has logged, over all its lives."""
        return self._log.read_text()

    def run(
        self, *arguments: str, stdin: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Types ``stentor ARGUMENTS`` with the server's settings. Raises if it fails."""
        done = subprocess.run(
            [*self.prefix, sys.executable, "-m", "stentor", *arguments],
            input=stdin, capture_output=True, text=True, check=False,
            timeout=PATIENCE, env=self.environment,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"stentor {' '.join(arguments)}: {done.returncode}\n{done.stderr}")
        return done

    def account(self, name: str, *options: str, password: str = "correct horse battery") -> Any:
        """Makes an account; the JSON object that the command prints."""
        email = f"{name}@example.org"
        return json.loads(
            self._typed(
                "account", "create", name, "--email", email, *options, stdin=f"{password}\n"
            )
        )

    def token(self, name: str, scopes: str = "read write follow push") -> str:
        """Makes a token of that account."""
        return self._typed("token", "create", name, "--scopes", scopes).strip()

    def _typed(self, *arguments: str, stdin: str = "") -> str:
        """What ``stentor ARGUMENTS`` prints, without a process for it where one can do without.

        That these commands work beside a server is what tests with `run` are for. Whatever this
        process printed meanwhile would be in what is returned.
        """
        if self.prefix:
            return self.run(*arguments, stdin=stdin).stdout
        type_it = partial(CliRunner().invoke, input=stdin, env=self.environment)
        with ThreadPoolExecutor(1) as beside_our_loop:
            done = beside_our_loop.submit(type_it, cli, arguments, catch_exceptions=False).result()
        if done.exit_code:
            raise RuntimeError(f"stentor {' '.join(arguments)}: {done.exit_code}\n{done.output}")
        return done.stdout

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture
def unserved(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A server that has not been started, on each database in turn; it is stopped in the end."""
    settings = {}
    if engine == "postgres":
        settings["database_url"] = request.getfixturevalue("postgres_url")
    server = Served(tmp_path / "served", **settings)
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def served(unserved: Served) -> Served:
    """A running server, on each database in turn."""
    return unserved.start()


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[int]:
    """uvicorn with our protocol round any application; its port."""
    async with running(app) as one:
        yield one.servers[0].sockets[0].getsockname()[1]


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[http_server.Server]:
    """That server itself."""
    config = uvicorn.Config(
        app, port=0, http=http_server.LimitedProtocol, ws="websockets-sansio", lifespan="off",
        log_config=None, loop="asyncio",
    )  # fmt: skip

    started = asyncio.Event()

    async def ready() -> None:
        started.set()

    one = http_server.Server(config, ready)
    task = asyncio.create_task(one._serve([http_server.bind("127.0.0.1", 0)]))
    await asyncio.wait_for(started.wait(), PATIENCE)
    try:
        yield one
    finally:
        one.should_exit = True
        await asyncio.wait_for(task, PATIENCE)
