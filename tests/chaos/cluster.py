"""Three servers, two workers, three NATS nodes, a primary with its replica: any of them may go.

`python -m tests.chaos.cluster --rounds 10` runs a campaign and prints what came of it; so does
`make chaos`. In each round a server, a worker, a NATS node, the replica and the primary are killed,
in any order, while people act on all three servers (as in `tests.chaos.crashes`). The replica takes
over from the primary, and a new replica is made. Whoever is not answered asks another server; those
who listen come back to another one: to an event stream with the last id that they have, to a
WebSocket after which they read what is newer.

In the end the lists must hold exactly what was acknowledged; Dora, who is mentioned in everything
and does nothing, must have been told of all of it by her device, and on an event stream and a
WebSocket of each server.
The control: with a replica that is behind, what was acknowledged last is lost.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stentor.store.database import open_database
from tests.chaos import campaign, findings
from tests.chaos.campaign import PATIENCE, Campaign
from tests.chaos.kills import Process
from tests.chaos.people import Person
from tests.chaos.pushes import END_LEASES, Pushed, PushService
from tests.chaos.streams import EventStream, Listener, Socket
from tests.factories import Person as Account
from tests.factories import make_account
from tests.servers import Nats, Postgres, free_port, wait_for
from tests.serving import Served

SERVERS, WORKERS, NODES = 3, 2, 3
#: Seconds after which every server writes again, once there is a primary. Only the command judges
#: that: `make test` may run where there is too much else to do.
RECOVERY = 5.0
#: What a worker says when it is.
AT_WORK = "sends pushes"


@dataclass
class Found(Pushed, campaign.Found):
    """What a campaign has found."""

    @property
    def faults(self) -> list[Any]:
        return [*super().faults, *self.push_faults]

    @property
    def line(self) -> str:
        return f"{super().line}; {self.pushes}"


class Machine(Served):
    """One of several servers of a site, on a port of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._own = free_port()
        super().__init__(folder, port=str(self._own), domain="localhost:3000", **settings)

    def start(self, *arguments: str) -> Self:
        super().start(*arguments)
        self.base = f"http://127.0.0.1:{self._own}"
        return self


class Cluster(Campaign):
    """Everything twice or three times. ``kinds`` is what goes in each round."""

    what = "nodes killed"
    crowd = 4
    named = "@alice @dora"

    def __init__(self, home: Path, *, seed: int, behind: bool = False) -> None:
        self.primary, self.replica = Postgres(settings={"synchronous_commit": "on"}), Postgres()
        # Not both have a port yet.
        self.primary.port, self.replica.port = free_port(), free_port()
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in (self.primary, self.replica))
        super().__init__(home, seed=seed, url=f"postgresql://stentor@{hosts}/postgres")
        self.found: Found = Found(seed, what=self.what)
        ports = [free_port() for _ in range(2 * NODES)]
        routes = ports[NODES:]
        self.nodes = [Nats(port=ports[n], routes=routes[n:] + routes[:n]) for n in range(NODES)]
        bus = ",".join(f"nats://127.0.0.1:{one}" for one in ports[:NODES])
        self.servers = [
            Machine(
                home / f"server{n}", database_url=self.url, bus=bus,
                worker="off", push_allow_private="on", log_level="warning",
            )
            for n in range(SERVERS)
        ]  # fmt: skip
        self.served = self.servers[0]
        self.workers = [
            Process(["stentor", "worker"], self.servers[n].environment, home / f"worker{n}.log")
            for n in range(WORKERS)
        ]
        self.service = PushService(home / "pushes.jsonl")
        self.pushing: list[float] = []
        self._behind = behind
        self._turn = itertools.count()
        self._kinds: list[Callable[[], None]] = []

    def base(self) -> Callable[[], str]:
        turns = itertools.count(next(self._turn))
        return lambda: self.servers[next(turns) % SERVERS].base

    def run(self, times: int) -> Found:
        with contextlib.ExitStack() as running:
            for one in self.nodes:
                running.callback(one.close)
                one.start()
            for server in (self.primary, self.replica):
                running.callback(server.close)
            self.primary.start()
            running.enter_context(self.service)
            for one in [*self.servers, *self.workers]:
                running.callback(one.stop, signal.SIGKILL)
            super().run(times)
        return self.found

    async def prepare(self) -> list[Account]:
        made = await super().prepare()
        db = await open_database(self.url)
        self.dora = await make_account(db, "dora")
        await db.close()
        for one in self.servers:
            one.data.mkdir(parents=True)
            shutil.copy(self.data / "keys.json", one.data)
        return made

    def start(self) -> None:
        self._pair_up()
        for one in [*self.servers, *self.workers]:
            one.start()
        self.service.subscribe(self.served.base, self.dora.token, "mention")
        self.listeners = [
            self.listen(self.dora.token, kind)
            for kind in (EventStream, Socket)
            for _ in self.servers
        ]

    # --- what goes wrong

    def strike(self) -> None:
        if not self._kinds:
            self._kinds = [self._server, self._worker, self._node, self._standby, self._failover]
            self.random.shuffle(self._kinds)
        time.sleep(self.random.uniform(0.2, 0.8))
        kind = self._failover if self._behind else self._kinds.pop()
        kind()

    def _rest(self) -> None:
        time.sleep(self.random.uniform(0.2, 1.0))

    def _server(self) -> None:
        server = self.random.choice(self.servers)
        with self.acknowledged_again():  # by the others
            server.stop(signal.SIGKILL)
            self.kills.append(time.time())
        self._rest()
        server.start()

    def _worker(self) -> None:
        worker = self.random.choice(self.workers)
        worker.stop(signal.SIGKILL)
        self.pushing.append(time.time())
        wait_for(self._run(END_LEASES))
        self._rest()
        before = worker.said.count(AT_WORK)
        worker.start()
        self.wait(lambda: worker.said.count(AT_WORK) > before, "a worker does not come back")

    def _node(self) -> None:
        node = self.random.choice(self.nodes)
        with self.acknowledged_again():
            node.stop(signal.SIGKILL)
        self._rest()
        node.start()

    def _standby(self) -> None:
        self.replica.stop(signal.SIGKILL)
        self._rest()
        with self.acknowledged_again():
            self.replica.start()

    def _failover(self) -> None:
        if self._behind:
            self.replica.stop()
            with self.acknowledged_again():
                time.sleep(1.0)
        self.primary.stop(signal.SIGKILL)
        self._refused()
        self._rest()
        if self._behind:
            self.replica.start()
        with self.acknowledged_again():
            self.replica.promote()
            self.replica.set_live("synchronous_standby_names", "''")
        self._recovered(time.monotonic())
        self.primary, self.replica = self.replica, self.primary
        self._pair_up()

    def _refused(self) -> None:
        """Without a primary everybody is told to come again."""
        for server in self.servers:
            with self._dora_at(server) as dora:
                status, said = dora.once("GET", "/api/v1/notifications")
            if status != 503:
                self.found.problems.append(f"without a primary: {status} {said!r}"[:300])

    def _recovered(self, since: float) -> None:
        """Every server writes again by itself."""
        for number, server in enumerate(self.servers):
            body = {"home": {"last_read_id": str(number + 1)}}
            with self._dora_at(server) as dora:
                while dora.once("POST", "/api/v1/markers", body)[0] != 200:
                    if time.monotonic() > since + PATIENCE:
                        self.found.problems.append(f"server {number} does not recover")
                        break
                    time.sleep(0.02)
            self.found.ready.append(time.monotonic() - since)

    @contextlib.contextmanager
    def _dora_at(self, server: Served) -> Iterator[Person]:
        dora = Person(self.dora.token, lambda: server.base)
        yield dora
        dora.hang_up()

    def _pair_up(self) -> None:
        """Makes a replica, which has everything from then on before it is acknowledged."""
        self.replica.follow(self.primary)
        if self._behind:
            return
        self.primary.set_live("synchronous_standby_names", "'*'")
        self.wait(
            lambda: wait_for(
                self._run("SELECT 1 FROM pg_stat_replication WHERE sync_priority > 0")
            ),
            "there is no replica",
        )

    async def _run(self, sql: str) -> Any:
        return await self.primary._execute(sql)

    # --- what came of it

    def _end(self) -> None:
        super()._end()
        self.pushing.append(time.time())
        wait_for(self._run(END_LEASES))
        waiting = "SELECT 1 FROM push_deliveries LIMIT 1"
        self.wait(lambda: not wait_for(self._run(waiting)), "pushes are still waiting")
        with self._dora_at(self.servers[1]) as dora:
            listed = dora.pages("/api/v1/notifications?limit=80")
        kept = {int(one["id"]): one["status"]["id"] for one in listed}
        written = [one for admirer in self.admirers for one in admirer.written]
        if sorted(kept.values()) != sorted(written):
            self.found.problems.append(f"Dora has {len(kept)} of {len(written)}")
        self.found.compare_pushes(self.service, kept, self.pushing)
        for one in self.listeners:
            self.hear_out(one, {*kept})
            self.found.compare(one, {*kept}, self.kills)
        for one in [*self.servers[1:], *self.workers]:
            if (code := one.stop(signal.SIGTERM)) != 0:
                self.found.problems.append(f"{one} ended with {code}")

    def hear_out(self, listener: Listener, kept: set[int]) -> None:
        # Whoever was told of what is lost has a place beyond what follows, and waits in vain.
        super().hear_out(listener, set() if self._behind else kept)


def run(rounds: int, *, seed: int, behind: bool = False) -> Found:
    """So many rounds of a campaign, in a folder of its own; the control is one failover."""
    with tempfile.TemporaryDirectory(prefix="stentor-chaos-") as home:
        cluster = Cluster(Path(home), seed=seed, behind=behind)
        return cluster.run(1 if behind else 5 * rounds)


def main() -> None:
    """The command line."""
    options = findings.options(__doc__)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--control", action="store_true", help="with a replica that is behind")
    given = options.parse_args()
    found = run(given.rounds, seed=given.seed, behind=given.control)
    if not given.control:
        late = [one for one in found.ready if one > RECOVERY]
        found.problems += [f"a server writes again after {one:.1f} s" for one in late]
    findings.tell(found, control=given.control)


if __name__ == "__main__":
    main()
