"""People who act over HTTP, in any order and at once, and what must be true of them then."""

from __future__ import annotations

from typing import Any

from tests import invariants
from tests.factories import Person, make_account
from tests.helpers import Answer, Client

V1, V2 = "/api/v1", "/api/v2/notifications"
REQUESTS = f"{V1}/notifications/requests"

#: Verb, path, and what is sent along.
Request = tuple[str, str, dict[str, Any]]


class Community:
    """People and what they have written."""

    def __init__(self, client: Client, people: dict[str, Person]) -> None:
        self.client = client
        self.people = people
        self.statuses: list[tuple[str, str]] = []

    def status(self, number: int) -> str:
        """One of the statuses so far, deleted ones included."""
        return self.statuses[number % len(self.statuses)][1] if self.statuses else "1"

    async def act(self, verb: str, name: str, *rest: Any) -> None:
        """Does it; whatever the answer, it is never a fault of ours."""
        answer = await self.send(name, await self.request(verb, name, *rest))
        assert answer.status < 500, (verb, name, rest, answer)
        if verb in ("post", "ask") and answer.status == 200:
            self.statuses.append((name, answer.json["id"]))

    async def send(self, name: str, request: Request) -> Answer:
        """Sends the request with which that person does it."""
        method, path, sent = request
        return await self.client.request(method, path, self.people[name], **sent)

    async def request(self, verb: str, name: str, *rest: Any) -> Request:
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

    def request_on_own(self, verb: str, name: str, number: int) -> Request:
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

    async def request_on_notifications(self, verb: str, name: str, *rest: Any) -> Request:
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
        await invariants.check_everything(db)
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


async def begin(client: Client, *names: str) -> Community:
    """People of these names in an empty database."""
    async with client.db.transaction() as tx:
        for table in ("accounts", "conversations", "tags"):
            await tx.run(f"DELETE FROM {table}")
    return Community(client, {name: await make_account(client.db, name) for name in names})
