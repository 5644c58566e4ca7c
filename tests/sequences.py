"""People who act in any order: each step names by numbers who does what to which status."""

from __future__ import annotations

from typing import Any, Self

from hypothesis import HealthCheck, settings

from stentor.actions import reblogs, statuses
from stentor.api.services import Services
from stentor.domain.statuses import Draft
from stentor.errors import PublicError
from tests.factories import NOW, Person, make_account

PEOPLE = 3
#: For what Hypothesis makes of steps: each sequence begins in `World.begin`.
ANY_SEQUENCE = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_EMPTIED = (
    "statuses", "notifications", "notification_groups", "notification_requests", "conversations",
    "jobs", "notification_policies", "tags",
)  # fmt: skip


class World:
    """Three people and the statuses they have written. A subclass has a method for each action."""

    def __init__(self, services: Services, people: list[Person]) -> None:
        self.services = services
        self.people = people
        self.statuses: list[int] = []
        self.now = NOW

    @classmethod
    async def begin(cls, services: Services) -> Self:
        """Empty tables, and people who are told of everything."""
        async with services.db.transaction() as tx:
            for table in _EMPTIED:
                await tx.run(f"DELETE FROM {table}")
            await tx.run("UPDATE accounts SET statuses_count = 0, last_status_at = NULL")
        rows = await services.db.fetch("SELECT id, username FROM accounts ORDER BY id")
        people = [Person(row[0], row[1]) for row in rows]
        people += [await make_account(services.db) for _ in range(PEOPLE - len(people))]
        return cls(services, people)

    def status(self, number: int) -> int:
        """The status that a number names; one that never was while nobody has written."""
        return self.statuses[number % len(self.statuses)] if self.statuses else 1

    async def do(self, step: tuple[str, int, int, Any]) -> None:
        """What is done, by whom, to which status, and how. Whatever is refused, is refused."""
        action, who, which, how = step
        self.now += 1
        try:
            await getattr(self, action)(self.people[who].id, self.status(which), how)
        except PublicError as problem:
            if problem.status >= 500:
                raise

    async def write(self, who: int, draft: Draft) -> None:
        """A new status."""
        tools = self.services
        made = await statuses.post(
            tools.db, tools.bus, ids=tools.ids, links=tools.links, account_id=who, draft=draft,
            now=self.now,
        )  # fmt: skip
        self.statuses.append(made)

    async def repeat(self, who: int, target: int, visibility: str | None) -> None:
        """A reblog."""
        tools = self.services
        made = await reblogs.reblog(
            tools.db, tools.bus, ids=tools.ids, account_id=who, status_id=target,
            visibility=visibility, now=self.now,
        )  # fmt: skip
        self.statuses.append(made)

    async def delete(self, who: int, target: int, _: object) -> None:
        """A status goes."""
        await statuses.delete(
            self.services.db, self.services.bus, account_id=who, status_id=target, now=self.now
        )
