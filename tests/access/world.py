"""A server with people in every state, made once for a module, and what it may say."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from falcon import testing

from stentor import app
from stentor.domain import times
from stentor.domain.oauth import KNOWN
from stentor.store.database import Database
from tests.access.table import PEOPLE, State
from tests.factories import (
    ALL_SCOPES,
    NOW,
    Person,
    insert,
    make_account,
    make_favourited,
    make_mentioned,
    make_status,
    make_token,
    start_counting,
)
from tests.fixtures import RecordingBus, make_services, open_hastily
from tests.helpers import Answer, Client, Clock
from tests.push.devices import Device

#: What every answer of the API carries (reliability 5a), by name in small letters.
ALWAYS = {
    "content-security-policy": ("default-src 'none'; frame-ancestors 'none'; form-action 'none'"),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "cross-origin",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}
CROSS_ORIGIN = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": (
        "Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, "
        "Mastodon-Async-Refresh, ETag"
    ),
}
PRIVATE = {"cache-control": "private, no-store", "vary": "Authorization, Origin"}
JSON = {"content-type": "application/json; charset=utf-8"}


def quota(limit: int, remaining: int, window: int, now: int = NOW) -> dict[str, str]:
    """The three headers of a limit, in a window that is aligned to the clock."""
    end = (now // window + 1) * window
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": times.iso(end).replace("Z", "000Z"),
    }


def challenge(error: str, text: str) -> dict[str, str]:
    """The WWW-Authenticate of a token that will not do, none where that is not the trouble."""
    if not error:
        return {}
    value = f'Bearer realm="Stentor", error="{error}", error_description="{text}"'
    return {"www-authenticate": value}


FIVE = 5 * 60_000
#: Of a first request, whoever sends it: 300 are answered in five minutes.
FIRST = quota(300, 299, FIVE)


def refusal(
    told: tuple[int, str, str], first: dict[str, str] = FIRST, *, path: str = "/api/"
) -> dict[str, Any]:
    """The whole answer to a token that will not do: compare with `seen`."""
    status, text, error = told
    cross = dict(list(CROSS_ORIGIN.items())[: 2 if path.startswith("/api/") else 1])
    return {
        "status": status,
        "body": {"error": text},
        "headers": {
            **ALWAYS, **cross, **PRIVATE, **JSON, **first, **challenge(error, text),
        },
    }  # fmt: skip


def seen(answer: Answer) -> dict[str, Any]:
    """The whole answer, but for its length and the numbers that each has of its own."""
    status, _, headers = answer.whole
    assert int(headers.pop("content-length")) == len(answer.content)
    assert not answer.cookies
    headers.pop("etag", None)  # it names an answer to this token
    return {"status": status, "body": answer.json, "headers": headers}


@dataclass
class Things:
    """Somebody with what an endpoint may name."""

    person: Person
    names: dict[str, str]


@dataclass
class World:
    """Everything, on one engine."""

    client: Client
    clock: Clock
    bus: RecordingBus
    application_id: int
    rows: frozenset[str] = frozenset()
    _people: dict[str, Things] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def db(self) -> Database:
        """Its database."""
        return self.client.db

    async def rested(self) -> None:
        """Nobody has sent a request yet, as far as rate limits know; the clock is at its start."""
        self.client.services.limits._counts.clear()
        async with self.db.transaction() as tx:
            await tx.run("DELETE FROM rate_counts")
        self.clock.time = NOW

    async def dump(self) -> frozenset[str]:
        """Every row of every table, as a text that begins with the table's name.

        Without the counts of attempts: those change because of being refused.
        """
        if self.db.engine == "postgres":
            names = await self.db.fetch(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
                " AND table_name <> 'rate_counts'"
            )
            whole = " UNION ALL ".join(f"SELECT '{n[0]} ' || t::text FROM {n[0]} t" for n in names)
            return frozenset(row[0] for row in await self.db.fetch(whole))
        found = []
        names = await self.db.fetch("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in names:
            if name.startswith("sqlite_") or name == "rate_counts":  # the engine's own notes
                continue
            found += [f"{name} {row}" for row in await self.db.fetch(f"SELECT * FROM {name}")]
        return frozenset(found)

    async def changes(self) -> frozenset[str]:
        """Rows that have come or gone since the last look."""
        before, self.rows = self.rows, await self.dump()
        return before ^ self.rows

    async def someone(self, state: str, *, fresh: bool = False) -> Things:
        """A person in that state who has been told of a favourite and asked by a stranger."""
        if fresh or state not in self._people:
            person = await make_account(self.db, f"{state}{next(self._numbers)}")
            things = await self._with_things(person)
            if PEOPLE[state]:
                async with self.db.transaction() as tx:
                    await tx.run(f"UPDATE {PEOPLE[state]} = $1", person.id)
            if fresh:
                return things
            self._people[state] = things
        return self._people[state]

    async def _with_things(self, person: Person) -> Things:
        db, name = self.db, person.username
        friend = await make_account(db, f"friend_{name}", token=None)
        stranger = await make_account(db, f"stranger_{name}", token=None)
        await make_favourited(db, self.bus, friend, person, await make_status(db, person.id))
        await make_mentioned(db, self.bus, stranger, person, visibility="direct")
        await insert(
            db, "markers", account_id=person.id, timeline="notifications", last_read_id=1,
            version=1, updated_at=NOW,
        )  # fmt: skip
        await insert(
            db, "notification_permissions", account_id=person.id, from_account_id=friend.id,
            created_at=NOW,
        )  # fmt: skip
        row = await db.fetch_row(
            "SELECT id, group_key FROM notifications WHERE account_id = $1 AND NOT filtered",
            person.id,
        )
        request = await db.fetch_value(
            "SELECT id FROM notification_requests WHERE account_id = $1", person.id
        )
        assert row
        assert request
        names = {
            "notification": str(row[0]), "group_key": row[1], "request": str(request),
            "sender": str(friend.id),
        }  # fmt: skip
        return Things(person, names)

    async def shown(self, state: State, accepted: tuple[str, ...], things: Things | None) -> str:
        """The Authorization header of a state; things are whose, None an application."""
        exact, parent = accepted[-1], accepted[0]
        scopes = state.scopes.format(
            exact=exact,
            parent=parent,
            others=" ".join(scope for scope in KNOWN if scope not in accepted),
            less=f"{exact[:-1]} {exact[1:]} {parent[:-1]} {parent[1:]}",
            capitals=f"{exact.upper()} {exact.title()} {parent.upper()} {parent.title()}",
        )
        token = await make_token(
            self.db,
            things.person.id if things else None,
            scopes,
            application_id=self.application_id,
            revoked_at=NOW - 1 if state.revoked else None,
            # Up to that moment, not with it.
            expires_at=NOW if state.expired else None,
        )
        if things and accepted == ("push",):
            device = Device(f"https://push.example/{next(self._numbers)}")
            await device.subscribe(self.db, things.person, token=token)
        return f"Bearer {token}"


async def worlds(url: str, folder: Path) -> AsyncIterator[World]:
    """One world, closed at the end."""
    start_counting()
    database = await open_hastily(url or f"sqlite:{folder / 'stentor.db'}")
    await database.migrate()
    clock, bus = Clock(), RecordingBus()
    proxies = ("127.0.0.9", "10.0.0.1")
    services = make_services(database, clock, bus, {"trusted_proxies": proxies}, folder)
    services.limits.on = True
    await insert(
        database, "applications", id=1_000_001, name="app", redirect_uris="a://b",
        scopes=ALL_SCOPES, client_id="client", secret_hash=b"x" * 32, created_at=NOW,
    )  # fmt: skip
    async with testing.ASGIConductor(app.build(services)) as conductor:
        world = World(Client(conductor, services), clock, bus, 1_000_001)
        await world.someone("fine")
        yield world
    await database.close()
