"""People act at the same time, in any order; whatever they do, the lists say what the rows say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stentor.actions import jobs
from stentor.store.database import Database
from tests import invariants
from tests.factories import Person, make_account
from tests.fixtures import RecordingBus
from tests.helpers import Client

PEOPLE = ("ann", "bob", "cat")
who = st.sampled_from(PEOPLE)
some = st.integers(0, 30)

ACTS = st.one_of(
    st.tuples(st.just("post"), who, who, st.sampled_from(["public", "private", "direct"]), some),
    st.tuples(st.sampled_from(["favourite", "unfavourite", "reblog", "unreblog"]), who, some),
    st.tuples(st.sampled_from(["mute", "unmute"]), who, some),
    st.tuples(st.sampled_from(["delete", "edit", "ask", "vote"]), who, some),
    st.tuples(
        st.sampled_from(["follow", "listen", "unfollow", "block", "unblock", "hide", "unhide"]),
        who, who,
    ),
    st.tuples(st.sampled_from(["dismiss", "dismiss_group"]), who, some),
    st.tuples(st.just("clear"), who),
    st.tuples(st.sampled_from(["accept", "dismiss_request", "dismiss_requests"]), who, some),
    st.tuples(
        st.just("policy"), who,
        st.sampled_from(["for_not_following", "for_private_mentions"]),
        st.sampled_from(["accept", "filter", "drop"]),
    ),
    st.tuples(st.just("marker"), who, some),
)  # fmt: skip
#: Each inner list happens at once.
HISTORIES = st.lists(st.lists(ACTS, min_size=1, max_size=6), min_size=4, max_size=14)

V1, V2 = "/api/v1", "/api/v2/notifications"
REQUESTS = f"{V1}/notifications/requests"


class Community:
    """Three people and what they have written."""

    def __init__(self, client: Client, people: dict[str, Person]) -> None:
        self.client = client
        self.people = people
        self.statuses: list[tuple[str, str]] = []

    def status(self, number: int) -> str:
        """One of the statuses so far, deleted ones included."""
        return self.statuses[number % len(self.statuses)][1] if self.statuses else "1"

    async def act(self, verb: str, name: str, *rest: Any) -> None:
        """Does it; whatever the answer, it is never a fault of ours."""
        method, path, sent = await self.request(verb, name, *rest)
        answer = await self.client.request(method, path, self.people[name], **sent)
        assert answer.status < 500, (verb, name, rest, answer)
        if verb in ("post", "ask") and answer.status == 200:
            self.statuses.append((name, answer.json["id"]))

    async def request(self, verb: str, name: str, *rest: Any) -> tuple[str, str, dict[str, Any]]:
        """The request that does it."""
        if verb == "post":
            named, visibility, number = rest
            body = {"status": f"@{named} hello {number}", "visibility": visibility}
            if number % 3 == 0:
                body["in_reply_to_id"] = self.status(number)
            return "POST", f"{V1}/statuses", {"json": body}
        if verb in ("favourite", "unfavourite", "reblog", "unreblog", "mute", "unmute"):
            return "POST", f"{V1}/statuses/{self.status(rest[0])}/{verb}", {}
        if verb in ("delete", "edit", "ask", "vote"):
            return self.request_on_own(verb, name, rest[0])
        if verb == "listen":
            path = f"{V1}/accounts/{self.people[rest[0]].id}/follow"
            return "POST", path, {"json": {"notify": True}}
        if verb in ("follow", "unfollow", "block", "unblock", "hide", "unhide"):
            verb = {"hide": "mute", "unhide": "unmute"}.get(verb, verb)
            return "POST", f"{V1}/accounts/{self.people[rest[0]].id}/{verb}", {}
        if verb == "policy":
            return "PATCH", f"{V2}/policy", {"json": {rest[0]: rest[1]}}
        if verb == "marker":
            body = {"notifications": {"last_read_id": rest[0]}}
            return "POST", f"{V1}/markers", {"json": body}
        return await self.request_on_notifications(verb, name, *rest)

    def request_on_own(self, verb: str, name: str, number: int) -> tuple[str, str, dict[str, Any]]:
        """The request that writes, changes or deletes one's own status, or votes in any."""
        poll = {"options": ["a", "b", "c"], "expires_in": 300, "multiple": number % 2 == 1}
        body: dict[str, Any] = {"status": f"which {number}?"}
        if number % 4:
            body["poll"] = poll
        if verb == "ask":
            return "POST", f"{V1}/statuses", {"json": body | {"poll": poll}}
        if verb == "vote":
            asked = [status for author, status in self.statuses if author != name] or ["1"]
            path = f"{V1}/polls/{asked[-1 - number % len(asked)]}/votes"
            return "POST", path, {"json": {"choices": [number % 3]}}
        own = [status for author, status in self.statuses if author == name] or ["1"]
        path = f"{V1}/statuses/{own[number % len(own)]}"
        return ("DELETE", path, {}) if verb == "delete" else ("PUT", path, {"json": body})

    async def request_on_notifications(
        self, verb: str, name: str, *rest: Any
    ) -> tuple[str, str, dict[str, Any]]:
        """The request that does something to one's notifications."""
        person = self.people[name]
        if verb == "clear":
            return "POST", f"{V1}/notifications/clear", {}
        if verb == "dismiss":
            found = (await self.client.get(f"{V1}/notifications", person)).json
            number = found[rest[0] % len(found)]["id"] if found else "0"
            return "POST", f"{V1}/notifications/{number}/dismiss", {}
        if verb == "dismiss_group":
            found = (await self.client.get(V2, person)).json["notification_groups"]
            key = found[rest[0] % len(found)]["group_key"] if found else "none"
            return "POST", f"{V2}/{key}/dismiss", {}
        found = (await self.client.get(REQUESTS, person)).json
        ids = [one["id"] for one in found]
        if verb == "dismiss_requests":
            return "POST", f"{REQUESTS}/dismiss", {"json": {"id": ids}}
        number = ids[rest[0] % len(ids)] if ids else "0"
        verb = {"dismiss_request": "dismiss"}.get(verb, verb)
        return "POST", f"{REQUESTS}/{number}/{verb}", {}

    async def check(self) -> None:
        """Rows, lists, groups, counts and requests agree."""
        db = self.client.db
        await invariants.check(db)
        await invariants.check_polls(db)
        await invariants.check_wishes(db)
        await invariants.check_activities(db)
        for person in self.people.values():
            rows = await db.fetch(
                "SELECT id, group_key FROM notifications"
                " WHERE account_id = $1 AND NOT filtered ORDER BY id DESC",
                person.id,
            )
            flat = (await self.client.get(f"{V1}/notifications", person, params="limit=80")).json
            assert [int(one["id"]) for one in flat] == [row[0] for row in rows][:80]
            assert all(one["account"] for one in flat)
            grouped = (await self.client.get(V2, person, params="limit=80")).json
            keys = list(dict.fromkeys(row[1] or f"ungrouped-{row[0]}" for row in rows))
            groups = grouped["notification_groups"]
            assert [one["group_key"] for one in groups] == keys[:80]
            assert sum(one["notifications_count"] for one in groups) == len(rows)
            await self.check_counts(person, [row[0] for row in rows])
            await self.check_unread_groups(person, rows)

    async def check_counts(self, person: Person, ids: list[int]) -> None:
        """The unread count is what is above the marker; requests count what waits."""
        marker = await self.client.get(f"{V1}/markers", person, params="timeline=notifications")
        read = int(marker.json.get("notifications", {}).get("last_read_id", "0"))
        count = (await self.client.get(f"{V1}/notifications/unread_count", person)).json["count"]
        assert count == len([one for one in ids if one > read])
        requests = (await self.client.get(REQUESTS, person)).json
        summary = (await self.client.get(f"{V2}/policy", person)).json["summary"]
        assert summary["pending_requests_count"] == len(requests)
        waiting = sum(int(one["notifications_count"]) for one in requests)
        assert summary["pending_notifications_count"] == waiting

    async def check_unread_groups(self, person: Person, rows: list[Any]) -> None:
        """Groups with a member above the marker are unread."""
        marker = await self.client.get(f"{V1}/markers", person, params="timeline=notifications")
        read = int(marker.json.get("notifications", {}).get("last_read_id", "0"))
        unread = {row[1] or f"ungrouped-{row[0]}" for row in rows if row[0] > read}
        count = (await self.client.get(f"{V2}/unread_count", person)).json["count"]
        assert count == len(unread)


async def begin(client: Client) -> Community:
    """Three people in an empty database."""
    async with client.db.transaction() as tx:
        for table in ("accounts", "conversations", "tags"):
            await tx.run(f"DELETE FROM {table}")
    return Community(client, {name: await make_account(client.db, name) for name in PEOPLE})


@pytest.mark.timeout(300)
@given(history=HISTORIES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)
async def test_whatever_people_do_the_lists_stay_true(
    client: Client, bus: RecordingBus, history: list[list[tuple[Any, ...]]]
) -> None:
    community = await begin(client)
    for at_once in history:
        await asyncio.gather(*(community.act(*act) for act in at_once))
        # Polls of five minutes end after each round.
        await jobs.work_off(client.db, bus, now=client.services.now() + 300_000)
        await community.check()


async def test_a_control_that_the_check_can_see(client: Client, db: Database) -> None:
    """A group row that is off by one is found."""
    community = await begin(client)
    await community.act("post", "ann", "ann", "public", 1)
    await community.act("favourite", "bob", 0)
    await community.check()
    async with db.transaction() as tx:
        await tx.run("UPDATE notification_groups SET notifications_count = 2")
    with pytest.raises(AssertionError):
        await community.check()
