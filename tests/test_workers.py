"""Several processes on one port, and several machines on one database, as people start them."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest
import websockets

from stentor.streaming.postgres import postgres_bus
from tests.servers import Nats, free_port
from tests.serving import Served

PATIENCE = 60.0
ROOT = Path(__file__).parents[1]


async def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what holds is said by other processes
            await asyncio.sleep(0.02)


def pids(served: Served) -> set[int]:
    """The workers."""
    return {child.pid for child in psutil.Process(served.pid).children()}


def answering(served: Served, port: int) -> int:
    """The worker at the other end of our connection from that port; 0 while nobody has it."""
    for pid in pids(served):
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except psutil.Error:
            continue
        if any(one.raddr and one.raddr.port == port for one in connections):
            return pid
    return 0


class Ear:
    """An open stream of somebody's, at a certain worker."""

    def __init__(self, served: Served, token: str, stream: str = "user") -> None:
        self._url = f"ws://127.0.0.1:{served.port}/api/v1/streaming?stream={stream}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._served = served
        self._socket: Any = None
        self._reading: asyncio.Task[None] | None = None
        self.events: list[tuple[str, Any]] = []
        self.closed: int | None = None

    async def open(self, at: int | None = None) -> Self:
        """Connects, again and again until it is at that worker."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._socket = await websockets.connect(
                    self._url, additional_headers=self._headers, proxy=None
                )
                mine = self._socket.local_address[1]
                if at is None or answering(self._served, mine) == at:
                    break
                await self._socket.close()
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                said = json.loads(text)
                self.events.append((said["event"], said["payload"]))
        except websockets.ConnectionClosedError:
            pass
        self.closed = self._socket.close_code or 1006

    def told(self, name: str) -> list[str]:
        """The texts of what was said under that name."""
        found = [json.loads(payload) for event, payload in self.events if event == name]
        return [(one.get("status") or one)["content"] for one in found]

    async def close(self) -> None:
        await self._socket.close()
        if self._reading is not None:
            await self._reading


class Mouth:
    """A kept connection to a certain worker."""

    def __init__(self, served: Served, token: str, at: int) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        deadline = time.monotonic() + PATIENCE
        while True:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", served.port, timeout=PATIENCE
            )
            self._connection.request("GET", "/health")
            self._connection.getresponse().read()
            if answering(served, self._connection.sock.getsockname()[1]) == at:
                return
            self._connection.close()
            assert time.monotonic() < deadline

    def close(self) -> None:
        self._connection.close()

    def __del__(self) -> None:
        self.close()

    def post(self, text: str) -> int:
        """Writes a status; its id once that is acknowledged."""
        body = json.dumps({"status": text})
        self._connection.request("POST", "/api/v1/statuses", body, self._headers)
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        assert answer.status == 200, said
        return int(said["id"])


@pytest.fixture(params=["postgres", "nats"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A server with two workers, on each bus in turn."""
    url = request.getfixturevalue("migrated_postgres_url")
    bus = request.getfixturevalue("nats_url") if request.param == "nats" else "postgres"
    server = Served(tmp_path / "served", database_url=url, workers="2", bus=bus)
    server.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """The same on the default bus, not started yet."""
    url = request.getfixturevalue("migrated_postgres_url")
    server = Served(tmp_path / "served", database_url=url, workers="2")
    yield server
    server.stop(signal.SIGKILL)


def people(served: Served) -> tuple[str, str]:
    """The tokens of Alice and of Bob, whom she follows."""
    served.account("alice")
    bob = served.account("bob")
    alice = served.token("alice")
    followed = httpx.post(
        f"{served.base}/api/v1/accounts/{bob['id']}/follow",
        headers={"Authorization": f"Bearer {alice}"},
    )
    assert followed.status_code == 200
    return alice, served.token("bob")


def listed(served: Served, token: str) -> list[Any]:
    """Somebody's notifications, as a client asks for them."""
    said: list[Any] = httpx.get(
        f"{served.base}/api/v1/notifications", headers={"Authorization": f"Bearer {token}"}
    ).json()
    return said


pytestmark = pytest.mark.postgres


async def test_a_stream_at_one_worker_hears_what_is_done_through_the_other(site: Served):
    alice, bob = people(site)
    one, other = sorted(pids(site))
    near = await Ear(site, alice).open(at=one)
    far = await Ear(site, alice).open(at=other)
    mouths = [Mouth(site, bob, one), Mouth(site, bob, other)]
    said = [f"@alice number {number}" for number in range(20)]
    for number, text in enumerate(said):
        mouths[number % 2].post(text)
    for ear in (near, far):
        await until(lambda ear=ear: len(ear.told("update")) >= 20)
        await until(lambda ear=ear: len(ear.told("notification")) >= 20)
        for event in ("update", "notification"):
            told = ear.told(event)
            assert len(told) == 20  # nothing doubled
            assert all(any(f"number {n}<" in one for one in told) for n in range(20))
        told = ear.told("notification")
        assert [f"number {n}<" in one for n, one in enumerate(told)] == [True] * 20  # in order
        assert ear.closed is None
        await ear.close()


async def test_a_killed_worker_is_replaced_and_nobody_else_notices(site: Served):
    alice, bob = people(site)
    doomed, other = sorted(pids(site))
    ear = await Ear(site, alice).open(at=other)
    lost = await Ear(site, alice).open(at=doomed)
    said = [Mouth(site, bob, doomed).post(f"@alice number {number}") for number in range(5)]
    os.kill(doomed, signal.SIGKILL)
    await until(lambda: lost.closed is not None)
    await until(lambda: len(pids(site) - {doomed}) == 2)
    fresh = (pids(site) - {doomed, other}).pop()
    mouth = Mouth(site, bob, fresh)
    said += [mouth.post(f"@alice number {number}") for number in range(5, 10)]
    await until(lambda: len(ear.told("update")) >= 10)
    await asyncio.sleep(7)  # by now the dead one is missed, and what it said was looked for
    assert ear.closed is None
    assert len(ear.told("update")) == 10
    assert len(ear.told("notification")) == 10
    kept = listed(site, alice)
    assert sorted(int(one["status"]["id"]) for one in kept if one["status"]) == sorted(said)
    await ear.close()


async def test_what_a_worker_committed_and_never_told_is_told_all_the_same(two: Served):
    """It is stopped so that its news lies in its queue, and then killed."""
    two.start()
    alice, bob = people(two)
    doomed, other = sorted(pids(two))
    ear = await Ear(two, alice).open(at=other)
    # A row that nobody announces is what a worker leaves that dies between commit and publishing.
    await asyncio.sleep(1)
    import asyncpg

    connection = await asyncpg.connect(two.environment["STENTOR_DATABASE_URL"])
    Mouth(two, bob, other).post("the pattern")
    row = await connection.fetchrow("SELECT * FROM statuses ORDER BY id DESC LIMIT 1")
    values = {**row, "id": row["id"] + (1 << 16), "content": "<p>never told</p>"}
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await connection.execute(
        f"INSERT INTO statuses ({', '.join(values)}) VALUES ({marks})", *values.values()
    )
    await connection.close()
    await until(lambda: len(ear.told("update")) == 1)
    os.kill(doomed, signal.SIGKILL)
    await until(lambda: len(ear.told("update")) == 2)
    assert ear.told("update")[1] == "<p>never told</p>"
    assert ear.closed is None
    await ear.close()


async def test_it_drains_when_told_to_stop(two: Served):
    two.start()
    alice, _ = people(two)
    ears = [await Ear(two, alice).open(at=pid) for pid in pids(two)]
    stopped = asyncio.create_task(asyncio.to_thread(two.stop))
    for ear in ears:
        await until(lambda ear=ear: ear.closed is not None)
    assert await stopped == 0
    assert [ear.closed for ear in ears] == [1012, 1012]
    assert "Traceback" not in two.log


async def test_workers_are_replaced_one_by_one_without_refusing_anybody(two: Served):
    two.start()
    before = pids(two)
    refused: list[Exception] = []
    going = True

    async def knock() -> None:
        async with httpx.AsyncClient() as client:
            while going:
                try:
                    answer = await client.get(
                        f"{two.base}/health", headers={"Connection": "close"}, timeout=PATIENCE
                    )
                    assert answer.status_code == 200
                except Exception as problem:  # noqa: BLE001 - all of them are failures
                    refused.append(problem)
                await asyncio.sleep(0.005)

    knocking = asyncio.create_task(knock())
    os.kill(two.pid, signal.SIGHUP)
    await until(lambda: len(pids(two)) == 2 and not pids(two) & before)
    await asyncio.sleep(0.5)
    going = False
    await knocking
    assert refused == []


async def test_workers_end_when_their_parent_is_killed(two: Served):
    two.start()
    workers = pids(two)
    two.stop(signal.SIGKILL)
    await until(lambda: not any(map(psutil.pid_exists, workers)))
    two.start()  # nobody holds the lock or the address


def test_a_second_server_on_the_folder_is_refused(two: Served):
    two.start()
    refused = two.run("serve", check=False)
    assert refused.returncode == 75
    assert refused.stderr.count("\n") == 1
    os.kill(two.pid, 0)
    assert len(pids(two)) == 2


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"workers": "2"}, "workers: more than one needs a PostgreSQL database; see database_url"),
        ({"workers": "0"}, "workers: 0 is not between 1 and 64"),
        ({"workers": "65"}, "workers: 65 is not between 1 and 64"),
        ({"bus": "redis://x"}, "bus: one of local, postgres, nats://host:port, tls://host:port"),
        ({"bus": "nats://"}, "bus: one of local, postgres, nats://host:port, tls://host:port"),
        ({"bus": "postgres"}, "bus: postgres needs a PostgreSQL database; see database_url"),
        (
            {"bus": "local", "workers": "2", "database_url": "postgresql://h/d"},
            "workers: more than one cannot use the bus 'local'",
        ),
    ],
)
def test_settings_that_make_no_sense_end_it_with_78_and_one_line(
    tmp_path: Path, settings: dict[str, str], line: str
):
    done = Served(tmp_path, **settings).run("serve", check=False)
    assert (done.returncode, done.stderr) == (78, f"stentor: {line}\n")


def test_what_keeps_the_first_worker_from_starting_is_said_once(two: Served):
    two.data.mkdir()
    (two.data / "keys.json").write_text("{}")
    (two.data / "keys.json").chmod(0o600)
    done = two.run("serve", check=False)
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "is not a key file" in done.stderr


KEEPS_DYING = """
import os, time
from stentor.commands.workers import Supervisor

born = []

def work(told, lifeline):
    with open("births", "a") as file:
        file.write(f"{time.monotonic()}\\n")
    os.write(told, b"ready")
    os.close(told)
    time.sleep(0.05)
    os._exit(3)

print(Supervisor(1, work).run())
"""


def test_a_worker_that_keeps_dying_is_started_again_ever_more_rarely(tmp_path: Path):
    parent = subprocess.Popen(
        [sys.executable, "-c", KEEPS_DYING], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE
    while not (log := tmp_path / "births").exists() or len(log.read_text().splitlines()) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.send_signal(signal.SIGTERM)
    out, _ = parent.communicate(timeout=PATIENCE)
    assert parent.returncode == 0
    assert out.split()[-1] == b"0"
    births = [float(line) for line in log.read_text().split()]
    pauses = [after - before for before, after in pairwise(births)]
    assert all(pause > 0.1 * 2**number for number, pause in enumerate(pauses)), pauses


# --- several machines


def beside(first: Served, folder: Path) -> Served:
    """Another machine with the same database, and a data folder of its own."""
    url = first.environment["STENTOR_DATABASE_URL"]
    return Served(folder, database_url=url, domain=f"localhost:{first.port}", scheme="http")


async def test_two_machines_with_the_same_keys_serve_one_site(two: Served, tmp_path: Path):
    two.start()
    alice, bob = people(two)
    second = beside(two, tmp_path / "second")
    second.data.mkdir()
    shutil.copy2(two.data / "keys.json", second.data)
    said: list[str] = []
    try:
        second.start("--port", (port := str(free_port())))
        second.base = f"http://127.0.0.1:{port}"
        ear = await Ear(second, alice).open()
        Mouth(two, bob, min(pids(two))).post("@alice hello over there")
        await until(lambda: bool(ear.told("update") and ear.told("notification")))
        said = ear.told("update")
        await ear.close()
    finally:
        second.stop()
    assert "hello over there" in said[0]


def test_a_machine_with_other_keys_is_refused(two: Served, tmp_path: Path):
    two.start()
    second = beside(two, tmp_path / "second")
    refused = second.run("serve", check=False)
    assert refused.returncode == 78
    assert "copy it from another machine" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (second.data / "keys.json").exists()  # none was made in the meantime
    elsewhere = Served(tmp_path / "elsewhere")
    elsewhere.run("keys", "create")
    second.data.mkdir(exist_ok=True)
    shutil.copy2(elsewhere.data / "keys.json", second.data)
    for command in ("serve", "check"):
        refused = second.run(command, check=False)
        assert refused.returncode == 78
        said = refused.stderr + refused.stdout
        assert "is not the key file of this database" in said


async def test_a_command_is_heard_by_the_servers_at_once(two: Served):
    two.start()
    people(two)
    heard: list[str] = []
    bus = postgres_bus(two.environment["STENTOR_DATABASE_URL"])
    bus.listen(lambda news: heard.append(news.kind))
    await bus.start()
    done = await asyncio.to_thread(two.run, "account", "disable", "alice")
    assert (done.stdout, done.stderr) == ("", "")
    await until(lambda: "account_disabled" in heard)
    await asyncio.to_thread(two.run, "account", "delete", "bob", "--yes")
    await until(lambda: "account_suspended" in heard)
    await bus.close()


# --- when the bus is out


async def test_without_the_bus_notifications_go_on_and_the_rest_comes_with_it(
    migrated_postgres_url: str, tmp_path: Path
):
    """F08. While it is out, what only news can tell is not told: that is the control."""
    with Nats(port=free_port()) as nats:
        served = Served(
            tmp_path / "served", database_url=migrated_postgres_url, workers="2", bus=nats.url
        )
        served.start()
        try:
            alice, bob = people(served)
            one, other = sorted(pids(served))
            ear = await Ear(served, alice).open(at=other)
            mouth = Mouth(served, bob, one)
            mouth.post("@alice number 0")
            await until(lambda: ear.told("update") and ear.told("notification"))
            for turn in range(1, 4):
                nats.stop(signal.SIGKILL)
                mouth.post(f"@alice number {turn}")  # nobody waits for the bus
                await until(lambda turn=turn: len(ear.told("notification")) == turn + 1)
                await asyncio.sleep(1)
                assert len(ear.told("update")) == turn
                await asyncio.to_thread(nats.start)
                await until(lambda turn=turn: len(ear.told("update")) == turn + 1)
            assert ear.closed is None
            await asyncio.sleep(3)
            assert len(ear.told("update")) == len(ear.told("notification")) == 4
            await ear.close()
        finally:
            served.stop()
