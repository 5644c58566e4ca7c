"""Every field of every entity, in each of its shapes, in answers of the whole application.

`tests.helpers.Client` checks each answer of every test; here the answers are driven through all
the variety that the tables speak of, and what was never seen is a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from stentor.actions import annual_reports
from stentor.actions import jobs as job_actions
from stentor.api import push_deliveries
from stentor.api.routes import ROUTES
from stentor.domain.notifications import TRAITS, Attached, Event, NotificationType
from stentor.entities import notification_policies
from stentor.store.database import Database
from tests.answers import NO_JSON, TABLES, check_answer
from tests.factories import (
    ALL_SCOPES,
    NOW,
    Person,
    insert,
    make_account,
    make_favourite,
    make_follow,
    make_mentioned,
    make_status,
    make_token,
    snowflake,
    tell,
)
from tests.fixtures import RecordingBus
from tests.helpers import Client
from tests.push.devices import Device
from tests.shapes import Constant, Field, Many, Seen, Tables, Union, WrongShape, parse_type

T = NotificationType
DAY = 86_400_000
STAFF = f"{ALL_SCOPES} admin:read admin:write"
PASSWORD = "correct horse battery staple"
REMOTE = {
    "domain": "far.example", "url": "https://far.example/@far", "uri": "https://far.example/u/far",
}  # fmt: skip


async def row(db: Database, table: str, **values: Any) -> int:
    """One row; its id."""
    await insert(db, table, **values)
    return int(await db.fetch_value(f"SELECT max(id) FROM {table}"))


async def ok(answer: Awaitable[Any]) -> Any:
    """The body of an answer that must be a success."""
    got = await answer
    assert got.status == 200, got
    return got.json


# ---------------------------------------------------------------- accounts

#: One account for each thing that an Account can show.
ACCOUNTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "full": {
        "display_name": "Full", "note": "a #note", "fields": '[["Site", "https://me.example"]]',
        "locked": True, "discoverable": True, "indexable": True, "hide_collections": True,
        "last_status_at": NOW, "avatar_description": "a face", "header_description": "a hill",
        "show_media": False, "show_media_replies": False, "show_featured": False,
    },
    "hidden": {"discoverable": False, "hide_collections": False},
    "bot": {"actor_type": "Service"},
    "group": {"actor_type": "Group"},
    "far": REMOTE | {"note": "<p>html</p>", "fields": '[["Site", "<a>x</a>"]]'},
    "suspended": {"suspended_at": NOW, "display_name": "Bad", "note": "bad", "avatar": "x.png"},
    "limited": {"silenced_at": NOW},
    "memorial": {"memorial": True},
    "moderator": {"role_id": 1},
}  # fmt: skip


async def make_everybody(client: Client) -> dict[str, Person]:
    """Those accounts, and two who moved; one of them is suspended besides."""
    made = {
        name: await make_account(client.db, name, **columns) for name, columns in ACCOUNTS.items()
    }
    moved_to = made["full"].id
    made["moved"] = await make_account(client.db, "moved", moved_to_id=moved_to)
    made["gone"] = await make_account(client.db, "gone", moved_to_id=moved_to, suspended_at=NOW)
    return made


async def look_at_accounts(client: Client, bus: RecordingBus) -> None:
    made = await make_everybody(client)
    ids = [("id[]", one.id) for one in made.values()]
    viewer = made["plain"]
    for one in made.values():
        await ok(client.get(f"/api/v1/accounts/{one.id}", viewer))
    await ok(client.get("/api/v1/accounts", params=ids))
    await ok(client.get("/api/v1/accounts/search", viewer, params="q=moved"))
    await ok(client.get("/api/v2/search", viewer, params="q=moved"))
    for name in ("far", "moved"):
        await insert(
            client.db, "mutes", account_id=viewer.id, target_account_id=made[name].id,
            created_at=NOW, expires_at=NOW + DAY if name == "far" else None,
        )  # fmt: skip
    assert len(await ok(client.get("/api/v1/mutes", viewer))) == 2
    followed = made["group"].id
    await make_follow(client.db, viewer.id, made["bot"].id)
    await make_follow(client.db, made["bot"].id, followed)
    ids = [("id[]", followed), ("id[]", viewer.id)]
    await ok(client.get("/api/v1/accounts/familiar_followers", viewer, params=ids))


#: People, by what they have chosen.
USERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a": ({}, {}),
    "b": (
        {"role_id": 2, "discoverable": True, "hide_collections": True, "locked": True,
         "fields": '[["Site", "https://me.example"]]', "indexable": True, "display_name": "B",
         "attribution_domains": '["me.example"]', "actor_type": "Service",
         "avatar": "a.png", "header": "h.png", "note": "me"},
        {"default_privacy": "unlisted", "default_sensitive": True, "default_language": "de",
         "default_quote_policy": "followers",
         "settings": '{"reading:expand:media": "show_all", "reading:expand:spoilers": true,'
         ' "reading:autoplay:gifs": true}'},
    ),
    "c": (
        {"discoverable": False, "hide_collections": False, "show_media": False,
         "show_media_replies": False, "show_featured": False},
        {"default_privacy": "private", "default_quote_policy": "nobody",
         "settings": '{"reading:expand:media": "hide_all"}'},
    ),
}  # fmt: skip


async def look_at_oneself(client: Client, bus: RecordingBus) -> None:
    for columns, user in USERS.values():
        me = await make_account(client.db, user=user, **columns)
        await ok(client.get("/api/v1/accounts/verify_credentials", me))
        await ok(client.get("/api/v1/profile", me))
        await ok(client.get("/api/v1/preferences", me))


async def look_at_relationships(client: Client, bus: RecordingBus) -> None:
    db = client.db
    me = await make_account(db)

    async def other(**columns: Any) -> int:
        return (await make_account(db, token=None, **columns)).id

    followed, asked, fan, asker, blocker = [await other() for _ in range(5)]
    await other()
    await make_follow(db, me.id, followed, notify=True, languages='["de"]')
    await make_follow(db, fan, me.id)
    for table, by, target in [
        ("follow_requests", me.id, asked), ("follow_requests", asker, me.id),
        ("blocks", me.id, fan), ("blocks", blocker, me.id), ("endorsements", me.id, followed),
        ("mutes", me.id, asker),
    ]:  # fmt: skip
        await insert(db, table, account_id=by, target_account_id=target, created_at=NOW)
    await insert(
        db, "mutes", account_id=me.id, target_account_id=blocker, created_at=NOW,
        hide_notifications=False, expires_at=NOW + DAY,
    )  # fmt: skip
    far = await other(**REMOTE)
    await insert(
        db, "account_domain_blocks", account_id=me.id, domain=REMOTE["domain"], created_at=NOW
    )
    ids = [("id[]", one) for one in (followed, asked, fan, asker, blocker, far)]
    assert len(await ok(client.get("/api/v1/accounts/relationships", me, params=ids))) == 6
    await ok(client.post(f"/api/v1/accounts/{asked}/note", me, json={"comment": "who?"}))


# ---------------------------------------------------------------- statuses


async def look_at_statuses(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann, bob = await make_account(db), await make_account(db, "bobby")
    far = await make_account(db, "faraway", **REMOTE)
    await make_follow(db, bob.id, ann.id)

    async def post(text: str, by: Person = ann, **sent: Any) -> Any:
        return await ok(client.post("/api/v1/statuses", by, json={"status": text, **sent}))

    app = await ok(client.post("/api/v1/apps", json={"client_name": "App", "redirect_uris": "x:y"}))
    site = {"website": "https://app.example", "client_name": "B", "redirect_uris": "x:y"}
    await ok(client.post("/api/v1/apps", json=site))
    tokens = [
        await make_token(db, ann.id, application_id=number)
        for number in (app["id"], str(int(app["id"]) + 1))
        for number in [int(number)]
    ]
    with_app = [
        await ok(client.post("/api/v1/statuses", one, json={"status": "by an app"}))
        for one in tokens
    ]
    first = await post("plain")
    ids = [first["id"], *(one["id"] for one in with_app)]
    for visibility in ("unlisted", "private", "direct"):
        made = await post(f"@bobby {visibility}", visibility=visibility)
        ids.append(made["id"])
    ids.append((await post("@bobby #tea", in_reply_to_id=first["id"], spoiler_text="s"))["id"])
    for policy in ("followers", "nobody"):
        made = await post(policy, quote_approval_policy=policy)
        ids.append(made["id"])
    ids.append(
        str(await make_status(db, far.id, uri="https://far.example/1", url="https://far.example/1",
                              in_reply_to_id=int(first["id"]), in_reply_to_account_id=ann.id))
    )  # fmt: skip
    await ok(client.put(f"/api/v1/statuses/{first['id']}", ann, json={"status": "edited"}))
    for verb in ("favourite", "bookmark", "reblog", "mute"):
        ids.append((await ok(client.post(f"/api/v1/statuses/{ids[0]}/{verb}", bob)))["id"])
    await ok(client.post(f"/api/v1/statuses/{first['id']}/pin", ann))
    for viewer in (None, ann, bob):
        for one in ids:
            answer = await client.get(f"/api/v1/statuses/{one}", viewer)
            assert answer.status == 200 or viewer is None
    path = f"/api/v1/statuses/{first['id']}"
    answer = await post("an answer", in_reply_to_id=first["id"])
    for one in (path, f"/api/v1/statuses/{answer['id']}"):
        await ok(client.get(f"{one}/context", ann))
    await ok(client.get(f"{path}/source", ann))
    await ok(client.delete(path, ann))
    left = await ok(client.get(f"/api/v1/statuses/{answer['id']}", bob))
    assert left["in_reply_to_id"] is None


async def look_at_versions(client: Client, bus: RecordingBus) -> None:
    ann = await make_account(client.db)
    quoted = await make_status(client.db, ann.id)
    asked = {"options": ["a", "b"], "expires_in": 3600}
    for sent in (
        {"status": "one"}, {"status": "two", "quoted_status_id": str(quoted)},
        {"status": "three", "poll": asked, "spoiler_text": "s"},
    ):  # fmt: skip
        made = await ok(client.post("/api/v1/statuses", ann, json=sent))
        path = f"/api/v1/statuses/{made['id']}"
        await ok(client.put(path, ann, json=sent | {"status": "changed", "sensitive": True}))
        assert len(await ok(client.get(f"{path}/history", ann))) == 2


async def look_at_polls(client: Client, bus: RecordingBus) -> None:
    ann, bob = await make_account(client.db), await make_account(client.db)
    polls = []
    for n, more in enumerate(({}, {"multiple": True}, {"hide_totals": True})):
        poll = {"options": ["a", "b"], "expires_in": 600 * (n + 1), **more}
        sent = {"status": "what?", "poll": poll}
        polls.append(await ok(client.post("/api/v1/statuses", ann, json=sent)))
    endless = await make_status(client.db, ann.id, has_poll=True)
    await insert(
        client.db, "polls", status_id=endless, options='[["a", 0], ["b", 0]]', multiple=False,
        hide_totals=False,
    )  # fmt: skip
    for one in polls[1:]:
        path = f"/api/v1/polls/{one['poll']['id']}"
        await ok(client.post(f"{path}/votes", bob, json={"choices": ["1"]}))
    for later in (0, 1800):
        client.services.now.advance(seconds=later)  # type: ignore[attr-defined]  # it is a Clock
        for viewer in (None, ann, bob):
            for number in (*(one["poll"]["id"] for one in polls), endless):
                await ok(client.get(f"/api/v1/polls/{number}", viewer))
                await ok(client.get(f"/api/v1/statuses/{number}", viewer))


async def make_quote(
    db: Database, by: int, quoted: int | None, author: int | None, state: str
) -> int:
    """A status that quotes another, straight into the tables."""
    status = await make_status(db, by, has_quote=True)
    await insert(
        db, "quotes", status_id=status, account_id=by, quoted_status_id=quoted,
        quoted_account_id=author, state=state, created_at=NOW,
    )  # fmt: skip
    return status


async def look_at_quotes(client: Client, bus: RecordingBus) -> None:
    """Every state, of a quote and of a quote in what is quoted."""
    db = client.db
    viewer, bob = await make_account(db), await make_account(db)
    authors = [await make_account(db) for _ in range(4)]
    plain, blocked, muted, secret = authors
    away = await make_account(db, **REMOTE)
    for table, target in (("blocks", blocked), ("mutes", muted)):
        await insert(db, table, account_id=viewer.id, target_account_id=target.id, created_at=NOW)
    await insert(
        db, "account_domain_blocks", account_id=viewer.id, domain=REMOTE["domain"], created_at=NOW
    )
    quotes = [await make_quote(db, bob.id, None, plain.id, "accepted")]
    for author in (plain, blocked, muted, away, secret):
        about = "https://far.example/2" if author is away else ""
        visibility = "private" if author is secret else "public"
        quoted = await make_status(db, author.id, uri=about, url=about, visibility=visibility)
        states = (
            ("accepted", "pending", "rejected", "revoked") if author is plain else ("accepted",)
        )
        quotes += [await make_quote(db, bob.id, quoted, author.id, state) for state in states]
    outer = [await make_quote(db, bob.id, one, bob.id, "accepted") for one in quotes]
    for person in (viewer, None):
        for one in quotes + outer:
            await ok(client.get(f"/api/v1/statuses/{one}", person))


async def look_at_filters(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann, bob = await make_account(db), await make_account(db)
    status = await make_status(db, bob.id, "a word")
    contexts = ["home", "notifications", "public", "thread", "account"]
    for n, action in enumerate(("warn", "hide", "blur")):
        sent = {"title": action, "context": contexts[: n + 3], "filter_action": action}
        words = [{"keyword": "word", "whole_word": n == 0}] if n != 1 else []
        made = await ok(
            client.post(
                "/api/v2/filters", ann,
                json=sent | {"keywords_attributes": words, "expires_in": 60 if n else None},
            )
        )  # fmt: skip
        if n:
            path = f"/api/v2/filters/{made['id']}"
            await ok(client.post(f"{path}/statuses", ann, json={"status_id": str(status)}))
            await ok(client.get(f"{path}/statuses", ann))
        await ok(client.get(f"/api/v1/statuses/{status}", ann))
    old = {"phrase": "word", "context": ["home"], "irreversible": True}
    await ok(client.post("/api/v1/filters", ann, json=old))
    await ok(client.get("/api/v2/filters", ann))
    await ok(client.get("/api/v1/filters", ann))


async def look_at_lists_and_tags(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann = await make_account(db)
    for policy in ("followed", "list", "none"):
        sent = {"title": policy, "replies_policy": policy, "exclusive": policy == "none"}
        await ok(client.post("/api/v1/lists", ann, json=sent))
    await ok(client.post("/api/v1/statuses", ann, json={"status": "#tea is good"}))
    for name in ("tea", "coffee"):
        await ok(client.get(f"/api/v1/tags/{name}"))
        await ok(client.get(f"/api/v1/tags/{name}", ann))
    await ok(client.post("/api/v1/tags/tea/follow", ann))
    await ok(client.post("/api/v1/tags/tea/feature", ann))
    for name in ("tea", "cake"):
        await ok(client.post("/api/v1/featured_tags", ann, json={"name": name}))
    await ok(client.get("/api/v1/profile", ann))
    for query in ("q=tea", "q=nothing", f"q={ann.username}"):
        await ok(client.get("/api/v2/search", ann, params=query))
    address = f"https://stentor.example/@{ann.username}/{await make_status(db, ann.id)}"
    await ok(client.get("/api/v2/search", ann, params={"q": address}))


async def look_at_conversations(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann, bob = await make_account(db), await make_account(db, "robert")
    await make_follow(db, bob.id, ann.id)
    sent = {"status": "@robert hi", "visibility": "direct"}
    made = await ok(client.post("/api/v1/statuses", ann, json=sent))
    [one] = await ok(client.get("/api/v1/conversations", bob))
    for verb in ("read", "unread"):
        await ok(client.post(f"/api/v1/conversations/{one['id']}/{verb}", bob))
    async with db.transaction() as tx:
        await tx.run("DELETE FROM mentions WHERE status_id = $1", int(made["id"]))
    await ok(client.get("/api/v1/conversations", bob))
    await ok(client.post(f"/api/v1/conversations/{one['id']}/read", bob))


# ---------------------------------------------------------------- notifications


async def cause(client: Client, bus: RecordingBus, ann: Person, bob: Person) -> None:
    """One notification of each type for ann, most of them from bob, from rows."""
    db = client.db
    carl = await make_account(db)
    status = await make_status(db, ann.id)
    for type, traits in TRAITS.items():
        sender: int | None = None if traits.from_oneself else bob.id
        if traits.attached in (Attached.STATUS, Attached.NOTHING):
            about = await make_status(db, bob.id) if traits.attached is Attached.STATUS else None
            await tell(db, bus, Event(type, about or snowflake(), bob.id, (ann.id,), NOW, about))
            continue
        if type is T.ADMIN_REPORT:
            activity = await row(
                db, "reports", account_id=bob.id, target_account_id=carl.id, created_at=NOW,
                updated_at=NOW, category="spam",
            )  # fmt: skip
        elif type is T.MODERATION_WARNING:
            activity = await row(
                db, "account_warnings", target_account_id=ann.id, action="none", created_at=NOW,
                text="Stop", status_ids=f"[{status}]",
            )  # fmt: skip
        else:
            continue
        await tell(db, bus, Event(type, activity, sender, (ann.id,), NOW))
    for year in (2024, 2025):
        await annual_reports.add(db, bus, ann.id, year, now=NOW)


async def cause_severances(client: Client, bus: RecordingBus, ann: Person) -> None:
    for kind in ("domain_block", "user_domain_block", "account_suspension"):
        event = await row(
            client.db, "severance_events", type=kind, target_name="x.example", created_at=NOW
        )
        await insert(
            client.db, "account_severance_events", account_id=ann.id, severance_event_id=event,
            followers_count=1, following_count=0, created_at=NOW,
        )  # fmt: skip
        await tell(client.db, bus, Event(T.SEVERED_RELATIONSHIPS, event, None, (ann.id,), NOW))


async def cause_collections(client: Client, bus: RecordingBus, ann: Person, bob: Person) -> None:
    """Two collections with members in every state, and two notifications of each kind."""
    db = client.db
    for n, more in enumerate(
        ({}, {"description": "d", "language": "en", "sensitive": True, "discoverable": False,
              "tag": "tea"})
    ):  # fmt: skip
        collection = snowflake()
        await insert(
            db, "collections", id=collection, account_id=bob.id, name="Good", created_at=NOW,
            updated_at=NOW, **more,
        )  # fmt: skip
        for state in ("pending", "rejected", "revoked") if n else ():
            other = await make_account(db, token=None)
            await insert(
                db, "collection_items", collection_id=collection, account_id=other.id,
                state=state, created_at=NOW,
            )  # fmt: skip
        item = await row(
            db, "collection_items", collection_id=collection, account_id=ann.id, created_at=NOW
        )
        await tell(db, bus, Event(T.ADDED_TO_COLLECTION, item, bob.id, (ann.id,), NOW))
        await tell(db, bus, Event(T.COLLECTION_UPDATE, collection, bob.id, (ann.id,), NOW))
        if not n:
            async with db.transaction() as tx:
                await tx.run("DELETE FROM collection_items WHERE id = $1", item)


async def look_at_collections(client: Client, bus: RecordingBus) -> None:
    db = client.db
    owner = await make_account(db)
    members = [await make_account(db, discoverable=True) for _ in range(3)]
    await ok(client.get(f"/api/v1/accounts/{owner.id}/collections"))
    await ok(client.get(f"/api/v1/accounts/{owner.id}/in_collections"))
    bare = await ok(client.post("/api/v1/collections", owner, json={"name": "Bare"}))
    await ok(client.get(f"/api/v1/collections/{bare['collection']['id']}"))
    sent = {
        "name": "All of it", "description": "d", "language": "en", "tag_name": "#tea",
        "sensitive": True, "discoverable": True, "account_ids": [str(members[0].id)],
    }  # fmt: skip
    made = (await ok(client.post("/api/v1/collections", owner, json=sent)))["collection"]
    path = f"/api/v1/collections/{made['id']}"
    items = [
        (await ok(client.post(f"{path}/items", owner, form={"account_id": str(one.id)})))[
            "collection_item"
        ]["id"]
        for one in members
    ]
    waiting = await make_account(db, token=None)
    await insert(
        db, "collection_items", collection_id=int(made["id"]), account_id=waiting.id,
        state="pending", created_at=NOW,
    )  # fmt: skip
    await ok(client.patch(path, owner, json={"name": "Other"}))
    await ok(client.get(path, owner))
    await ok(client.get(f"/api/v1/accounts/{owner.id}/collections", owner))
    await ok(client.get(f"/api/v1/accounts/{members[1].id}/in_collections"))
    await ok(client.delete(f"{path}/items/{items[0]}", owner))
    await ok(client.post(f"{path}/items/{items[1]}/revoke", members[1]))
    await ok(client.delete(path, owner))


QUERIES = (
    "limit=80", "limit=80&supported_types[]=", "limit=80&include_filtered=true",
    "limit=80&expand_accounts=partial_avatars", "limit=80&grouped_types[]=",
)  # fmt: skip


async def read_all(client: Client, ann: Person) -> tuple[set[str], set[str]]:
    """Every list and every single one, by every way; the types that were seen."""
    flat: set[str] = set()
    groups: set[str] = set()
    for query in QUERIES:
        for one in await ok(client.get("/api/v1/notifications", ann, params=query)):
            flat.add(one["type"])
            await ok(client.get(f"/api/v1/notifications/{one['id']}", ann, params=query))
        body = await ok(client.get("/api/v2/notifications", ann, params=query))
        for one in body["notification_groups"]:
            groups.add(one["type"])
            path = f"/api/v2/notifications/{one['group_key']}"
            await ok(client.get(path, ann, params=query))
            await ok(client.get(f"{path}/accounts", ann))
    return flat, groups


async def look_at_notifications(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann = await make_account(db, role_id=3)
    bob = await make_account(db)
    await ok(client.get("/api/v2/notifications", ann))
    await ok(client.get("/api/v2/notifications", ann, params="expand_accounts=partial_avatars"))
    await cause(client, bus, ann, bob)
    await cause_severances(client, bus, ann)
    await cause_collections(client, bus, ann, bob)
    far = await make_account(
        db, "partial", avatar_description="a face", actor_type="Service", locked=True, token=None
    )
    liked = await make_status(db, ann.id)
    for one in (far, await make_account(db, token=None), bob):
        number = await make_favourite(db, one.id, liked)
        await tell(db, bus, Event(T.FAVOURITE, number, one.id, (ann.id,), NOW, liked))
    await make_mentioned(db, bus, await make_account(db), ann, visibility="direct")
    everything = {one.value for one in T}
    assert await read_all(client, ann) == (everything, everything)


async def look_at_what_is_left(client: Client, bus: RecordingBus) -> None:
    """Notifications whose object is gone, or is no longer theirs to read."""
    db = client.db
    ann = await make_account(db, role_id=3)
    bob = await make_account(db)
    await cause(client, bus, ann, bob)
    await cause_severances(client, bus, ann)
    await cause_collections(client, bus, ann, bob)
    async with db.transaction() as tx:
        await tx.run("UPDATE statuses SET visibility = 'private' WHERE account_id = $1", bob.id)
        for table in (
            "reports", "account_warnings", "severance_events", "annual_reports", "collections",
        ):  # fmt: skip
            await tx.run(f"DELETE FROM {table}")
    await read_all(client, ann)


async def look_at_warnings(client: Client, bus: RecordingBus) -> None:
    ann = await make_account(client.db)
    for n, action in enumerate(("none", "disable", "sensitive", "silence", "suspend")):
        warning = await row(
            client.db, "account_warnings", target_account_id=ann.id, action=action,
            created_at=NOW, text="Stop" if n else "", status_ids="[5]" if n else None,
        )  # fmt: skip
        await tell(client.db, bus, Event(T.MODERATION_WARNING, warning, None, (ann.id,), NOW))
    await read_all(client, ann)


async def look_at_policies(client: Client, bus: RecordingBus) -> None:
    ann = await make_account(client.db)
    path = "/api/v2/notifications/policy"
    for value in ("accept", "filter", "drop"):
        names = (await ok(client.get(path, ann))).keys() - {"summary"}
        await ok(client.put(path, ann, json=dict.fromkeys(names, value)))
        await ok(client.get("/api/v1/notifications/policy", ann))


async def look_at_requests(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann = await make_account(db)
    path = "/api/v1/notifications/requests"
    for n in range(3):
        bob = await make_account(db)
        status = await make_mentioned(db, bus, bob, ann, visibility="direct", at=NOW + n)
        if n == 2:
            async with db.transaction() as tx:
                await tx.run("DELETE FROM mentions WHERE status_id = $1", status)
    async with db.transaction() as tx:
        await tx.run(
            "DELETE FROM notifications WHERE account_id = $1 AND from_account_id = $2",
            ann.id, bob.id,
        )  # fmt: skip
    listed = await ok(client.get(path, ann))
    for one in listed:
        await ok(client.get(f"{path}/{one['id']}", ann))
    await ok(client.get(f"{path}/merged", ann))
    await ok(client.post(f"{path}/{listed[-1]['id']}/accept", ann))
    assert not (await ok(client.get(f"{path}/merged", ann)))["merged"]
    await job_actions.work_off(db, bus, now=client.services.now())
    assert (await ok(client.get(f"{path}/merged", ann)))["merged"]
    await ok(client.get("/api/v2/notifications/unread_count", ann))
    dropped = {"for_private_mentions": "drop"}
    await ok(client.put("/api/v2/notifications/policy", ann, json=dropped))
    await make_mentioned(db, bus, await make_account(db), ann, visibility="direct")
    await tell(db, bus, Event(T.FOLLOW, 1, bob.id, (ann.id,), NOW))
    shown = await ok(client.get("/api/stentor/v1/decisions", ann))
    for one in shown:
        if one["notification_id"]:
            await client.get(f"/api/stentor/v1/notifications/{one['notification_id']}/why", ann)
    path = "/api/stentor/v1/notification_permissions"
    (permitted,) = await ok(client.get(path, ann))
    await ok(client.delete(f"{path}/{permitted['account']['id']}", ann))


async def look_at_markers(client: Client, bus: RecordingBus) -> None:
    ann = await make_account(client.db)
    for name in ("home", "notifications"):
        await ok(client.post("/api/v1/markers", ann, json={name: {"last_read_id": "5"}}))


async def look_at_settings_of_mail(client: Client, bus: RecordingBus) -> None:
    ann = await make_account(client.db)
    path = "/api/stentor/v1/email_settings"
    for there in (False, True):
        client.db.mails = there
        await ok(client.get(path, ann))
        sent = {"always_send_emails": there, "notification_emails": {"follow": there}}
        await ok(client.patch(path, ann, json=sent))


async def look_at_push(client: Client, bus: RecordingBus) -> None:
    ann = await make_account(client.db)
    sent = Device("https://93.184.216.34/x").parameters
    path = "/api/v1/push/subscription"
    for policy in ("all", "followed", "follower", "none"):
        data = {"alerts": {"mention": True, "follow": False}, "policy": policy}
        given = sent | {"standard": policy == "all"}
        await ok(client.post(path, ann, json={"subscription": given, "data": data}))
    await ok(client.put(path, ann, json={}))
    await ok(client.get(path, ann))
    await try_the_device(client, ann)
    await ok(client.delete(path, ann))


async def attempt(client: Client, ann: Person, notification_id: int, **columns: Any) -> None:
    """A line of the ledger of pushes."""
    await insert(
        client.db, "push_attempts", account_id=ann.id, notification_id=notification_id,
        attempt=1, started_at=NOW, latency=5,
        subscription_id=await client.db.fetch_value("SELECT max(id) FROM push_subscriptions"),
        **columns,
    )  # fmt: skip


async def try_the_device(client: Client, ann: Person) -> None:
    """Pushes that were tried, and a test with each kind of end, one that nobody waits for."""
    outcomes = TABLES.fields["PushDelivery"]["outcome"].type
    assert isinstance(outcomes, Union)
    for n, one in enumerate(outcomes.types):
        assert isinstance(one, Constant)
        known = {"status": 201} if n else {"problem": "timeout", "next_at": NOW + 1}
        await attempt(client, ann, n, outcome=one.value, **known)
    await ok(client.get("/api/stentor/v1/push/deliveries", ann))
    ends = TABLES.fields["PushTest"]["outcome"].type
    assert isinstance(ends, Union)

    async def later(**columns: Any) -> None:
        while not await client.db.fetch_value("SELECT COUNT(*) FROM push_deliveries"):  # noqa: ASYNC110 - the request adds it
            await asyncio.sleep(0.01)
        await attempt(client, ann, 0, **columns)

    for n, one in enumerate(ends.types):
        assert isinstance(one, Constant)
        async with client.db.transaction() as tx:  # nobody here sends what was to be sent before
            await tx.run("DELETE FROM push_deliveries")
        tested = client.post("/api/stentor/v1/push/test", ann)
        if one.value == "waiting":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(push_deliveries, "PATIENCE", 0.2)
                await ok(tested)
        else:
            known = {"status": 201} if n else {"problem": "timeout"}
            await asyncio.gather(ok(tested), later(outcome=one.value, **known))


# ---------------------------------------------------------------- moderation and the server


async def look_at_reports(client: Client, bus: RecordingBus) -> None:
    db = client.db
    ann, bob = await make_account(db), await make_account(db)
    mod = await make_account(db, role_id=3, token=STAFF)
    status = await make_status(db, bob.id)
    numbers = []
    for n, category in enumerate(("spam", "legal", "violation", "other")):
        sent = {"account_id": str(bob.id), "category": category}
        if n == 2:
            sent |= {"rule_ids": ["1"], "status_ids": [str(status)], "collection_ids": ["4"]}
        numbers.append((await ok(client.post("/api/v1/reports", ann, json=sent)))["id"])
    path = f"/api/v1/admin/reports/{numbers[0]}"
    for verb in ("assign_to_self", "resolve"):
        await ok(client.post(f"{path}/{verb}", mod))
    again = {"account_id": str(ann.id), "category": "violation", "rule_ids": ["2"]}
    number = (await ok(client.post("/api/v1/reports", bob, json=again)))["id"]
    sent = {"category": "violation", "rule_ids": []}
    await ok(client.put(f"/api/v1/admin/reports/{number}", mod, json=sent))
    await ok(client.get("/api/v1/admin/reports", mod))
    await ok(client.get("/api/v1/admin/reports", mod, params="resolved=true"))
    # The staff reads of a report that was closed meanwhile.
    told = await ok(client.get("/api/v1/notifications", mod))
    assert [one["report"]["action_taken"] for one in told] == [False, True]


async def look_at_accounts_of_others(client: Client, bus: RecordingBus) -> None:
    db = client.db
    mod = await make_account(db, role_id=3, token=STAFF)
    application = await row(
        db, "applications", name="A", redirect_uris="x:y", scopes="read", client_id="c",
        secret_hash=b"s", created_at=NOW,
    )  # fmt: skip
    for columns in (
        REMOTE, {"suspended_at": NOW}, {"silenced_at": NOW}, {"sensitized_at": NOW},
        {"user": {"disabled": True}}, {"user": {"approved": False, "reason": "please"}},
        {"user": {"confirmed_at": None, "created_by_application_id": application}},
    ):  # fmt: skip
        one = await make_account(db, token=None, **columns)
        await ok(client.get(f"/api/v1/admin/accounts/{one.id}", mod))
    await ok(client.get("/api/v2/admin/accounts", mod))
    await ok(client.get(f"/api/v1/admin/accounts/{mod.id}", mod))


async def look_at_domain_blocks(client: Client, bus: RecordingBus) -> None:
    mod = await make_account(client.db, role_id=3, token=STAFF)
    for severity in ("silence", "suspend", "noop"):
        more = {"private_comment": "p", "public_comment": "q", "obfuscate": True,
                "reject_media": True, "reject_reports": True}  # fmt: skip
        sent = {"domain": f"{severity}.example", "severity": severity}
        await ok(
            client.post(
                "/api/v1/admin/domain_blocks", mod, json=sent | (more if severity == "noop" else {})
            )
        )
    again = await client.post("/api/v1/admin/domain_blocks", mod, json=sent)
    assert "existing_domain_block" in again.json


async def look_at_the_server(client: Client, bus: RecordingBus) -> None:
    """While there is no owner yet, for each way to let people in; then with one."""
    services = client.services
    features = services.features
    for registrations in ("closed", "approval", "open"):
        object.__setattr__(services, "features", replace(features, registrations=registrations))
        for path in (
            "/api/v1/instance", "/api/v2/instance", "/api/v1/instance/activity",
            "/api/v1/instance/languages", "/api/v1/instance/extended_description",
            "/api/v1/instance/privacy_policy", "/.well-known/nodeinfo", "/nodeinfo/2.0",
            "/.well-known/oauth-authorization-server",
        ):  # fmt: skip
            await ok(client.get(path))
        owner = await make_account(client.db, role_id=3, token="profile read")
    for path in ("/api/v1/annual_reports", "/api/v1/annual_reports/2025/state"):
        await ok(client.get(path, owner))
    await ok(client.get("/oauth/userinfo", owner))
    subject = f"acct:{owner.username}@stentor.example"
    await client.get("/.well-known/webfinger", params={"resource": subject})


async def look_at_signing_in(client: Client, bus: RecordingBus) -> None:
    for website in ("https://app.example", None):
        sent = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
                "scopes": "read write", "website": website}  # fmt: skip
        app = await ok(client.post("/api/v1/apps", json=sent))
        keys = {name: app[name] for name in ("client_id", "client_secret")}
        grant = keys | {"grant_type": "client_credentials", "scope": "read write"}
        token = (await ok(client.post("/oauth/token", form=grant)))["access_token"]
        await ok(client.get("/api/v1/apps/verify_credentials", token))
    wrong = await client.post("/oauth/token", form={"grant_type": "client_credentials"})
    assert "error_description" in wrong.json
    sent = {"username": "new", "email": "x", "password": PASSWORD, "agreement": True}
    assert "details" in (await client.post("/api/v1/accounts", token, json=sent)).json
    await make_account(client.db, "bertha")
    ann = await make_account(client.db)
    sent = {"status": "@bertha hi", "allowed_mentions": []}
    refused = await client.post("/api/v1/statuses", ann, json=sent)
    assert "unexpected_accounts" in refused.json


LOOKS: list[Callable[[Client, RecordingBus], Awaitable[None]]] = [
    look_at_the_server,
    look_at_accounts,
    look_at_oneself,
    look_at_relationships,
    look_at_statuses,
    look_at_versions,
    look_at_polls,
    look_at_quotes,
    look_at_filters,
    look_at_lists_and_tags,
    look_at_conversations,
    look_at_notifications,
    look_at_what_is_left,
    look_at_collections,
    look_at_warnings,
    look_at_policies,
    look_at_requests,
    look_at_markers,
    look_at_push,
    look_at_settings_of_mail,
    look_at_reports,
    look_at_accounts_of_others,
    look_at_domain_blocks,
    look_at_signing_in,
]


async def test_everything_in_the_tables_is_seen_and_nothing_else(
    client: Client, bus: RecordingBus
) -> None:
    """Each alternative of a field, each optional key there and absent, each list full and empty."""
    client.seen = set()
    for look in LOOKS:
        await look(client, bus)
    never = sorted(f"{entity}.{branch}" for entity, branch in TABLES.branches() - client.seen)
    assert not never, "\n".join(never)


# ---------------------------------------------------------------- the tables


def test_every_route_has_a_line_in_the_tables() -> None:
    """Who adds a route says in tests/answers.py what it answers with, or that it is no JSON."""
    told = {*TABLES.routes, *NO_JSON}
    assert {(route.method, route.path) for route in ROUTES} - told == set()
    assert len(told) == len(TABLES.routes) + len(NO_JSON)


def fields() -> list[Field]:
    """Every line of the tables, once."""
    return [
        one for name, table in TABLES.fields.items() for one in table.values() if one.entity == name
    ]


def test_what_never_varies_says_why() -> None:
    silent = [
        one.path
        for one in fields()
        if not one.reason
        and not one.optional
        and (
            (isinstance(one.type, Constant) and not isinstance(one.type.value, str))
            or (isinstance(one.type, Many) and one.type.empty == "always")
        )
    ]
    assert silent == []


def test_three_ids_are_numbers_and_one_count_is_a_string() -> None:
    """notifications.md 0.2; the third, in a push message, is no JSON of a route."""
    ids = {one.path for one in fields() if one.name == "id" or one.name.endswith("_id")}
    scalars = {one.path: one.type for one in fields()}
    others = {"UrlsV1", "Metadata", "CredentialApplication.client_id"}
    numbers = {path for path in ids - others if "int" in scalars[path].name.split(" | ")}
    assert numbers == {"NotificationGroup.most_recent_notification_id", "WebPushSubscription.id"}
    counts = {one.path for one in fields() if one.name.endswith("_count")}
    strings = {path for path in counts if scalars[path].name == "digits"}
    assert strings == {"NotificationRequest.notifications_count", "FeaturedTag.statuses_count"}


def test_every_time_is_one() -> None:
    """Whatever ends in ``_at`` is a time to the millisecond, but for what the tables say."""
    odd = {
        one.path: one.type.name
        for one in fields()
        if one.name.endswith("_at") and not one.type.name.startswith("datetime")
    }
    assert odd == {
        "Account.created_at": "midnight",
        "Account.last_status_at": "date | null",
        "FeaturedTag.last_status_at": "date | null",
        "Field.verified_at": "null",
        "SourceField.verified_at": "null",
        "Relationship.muting_expires_at": "seconds | null",
        "ExtendedDescription.updated_at": "null",
        "Token.created_at": "int",
        "CredentialApplication.client_secret_expires_at": "int",
    }


@pytest.mark.parametrize(
    ("type", "right", "wrong"),
    [
        ("id", ["0", "113000000000000001"], ["", "01", "-1", "1.0", "x", 1, None, "１"]),
        ("role", ["-99", "3"], ["-1", 3, ""]),
        ("int", [0, 5], [-1, True, "1", 1.0, None]),
        ("bool", [True, False], [0, 1, "true", None]),
        ("text", ["x"], ["", None, 1]),
        ("url", ["https://a.example/b"], ["", "/b", "a.example", "ftp://a.example", None]),
        (
            "datetime", ["2026-06-01T12:00:00.000Z"],
            ["2026-06-01T12:00:00Z", "2026-06-01T12:00:00.000+00:00", "2026-06-01", None, 5,
             "2026-06-01T12:00:00.000000Z", "2026-13-01T12:00:00.000Z",
             "2026-06-01T24:00:00.000Z"],
        ),
        ("midnight", ["2026-06-01T00:00:00.000Z"], ["2026-06-01T12:00:00.000Z", "2026-06-01"]),
        ("date", ["2026-06-01"], ["2026-06-01T00:00:00.000Z", "2026-6-1", ""]),
        ("seconds", ["2026-06-01T12:00:00Z"], ["2026-06-01T12:00:00.000Z"]),
        ("null", [None], [False, "", 0, []]),
        ("true", [True], [False, 1, "true"]),
        ('"a" | "b"', ["a", "b"], ["c", "", None]),
        ("id | null", ["1", None], ["", 1, False]),
        ("[id]", [[], ["1", "2"]], [None, {}, ["1", 2], "1"]),
        ("[id]+", [["1"]], [[]]),
        ("[]", [[]], [["1"], None, {}]),
        ("{int}", [{}, {"a": 1}], [{"a": "1"}, [], None]),
        ("{int}+", [{"a": 1}], [{}]),
        ("Thing", [{"a": "1"}, {"a": "1", "b": None}], [{}, {"a": "1", "c": 1}, {"a": 1}, None,
                                                       {"a": "1", "b": "2"}]),
        ("Other", [{"a": "1", "c": True}], [{"a": "1", "b": None, "c": True}, {"a": "1"},
                                           {"a": "7", "c": False}]),
        ("[Thing | null]", [[{"a": "1"}, None]], [[{"a": "x"}], [{}]]),
    ],
)  # fmt: skip
def test_a_type_takes_what_is_right_and_nothing_else(
    type: str, right: list[Any], wrong: list[Any]
) -> None:
    small = "Thing\n  a: id\n  b?: null\nOther < Thing\n  - b\n  c: bool\n"
    rules = {"Thing": {"not seven": lambda one: one["a"] != "7"}}
    tables = Tables(small, "", rules)
    for value in right:
        tables.check(type, value)
    for value in wrong:
        with pytest.raises(WrongShape):
            tables.check(type, value)


@pytest.mark.parametrize("text", ["", "[id", "id |", "i-d", "{id", '"a', "[]]", "| id", "id id"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse_type(text)


def test_what_was_never_seen_is_told() -> None:
    tables = Tables('Thing\n  a: id | null\n  b?: ["x" | "y"]\n', "")
    seen: Seen = set()
    tables.check("Thing", {"a": "1"}, seen)
    assert tables.branches() - seen == {
        ("Thing", branch)
        for branch in ("a: null", "b: present", "b: with items", "b: empty", "b[]: 'x'", "b[]: 'y'")
    }
    tables.check("[Thing]", [{"a": None, "b": ["x", "y"]}, {"a": None, "b": []}], seen)
    assert tables.branches() - seen == set()


async def test_the_client_of_all_tests_does_not_let_a_wrong_answer_pass(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await make_account(client.db)
    path = "/api/v2/notifications/policy"
    await ok(client.get(path, ann))
    monkeypatch.setattr(notification_policies, "_summary", lambda _: {})
    with pytest.raises(WrongShape, match="pending_requests_count"):
        await client.get(path, ann)


async def test_app_tokens_see_what_nobody_in_particular_sees(client: Client) -> None:
    ann = await make_account(client.db)
    status = await make_status(client.db, ann.id, has_poll=True)
    await insert(
        client.db, "polls", status_id=status, options='[["a", 0], ["b", 0]]', multiple=False,
        hide_totals=False,
    )  # fmt: skip
    app = await make_token(client.db, None, "read")
    for path in (f"/api/v1/statuses/{status}", f"/api/v1/polls/{status}", "/api/v1/tags/tea"):
        assert await ok(client.get(path, app)) == await ok(client.get(path))


def test_a_failure_in_any_answer_is_noticed() -> None:
    check_answer("GET", "/api/v1/notifications/5/", 404, {"error": "Record not found"})
    check_answer("GET", "/api/v1/notifications/unread_count", 200, {"count": 5})
    for path, status, body in (
        ("/api/v1/notifications/5", 404, {"detail": "Not Found"}),
        ("/api/v1/notifications/5", 404, {"error": ""}),
        ("/api/v1/notifications/5", 200, {"count": 5}),
        ("/api/v1/notifications/unread_count", 200, {"count": "5"}),
        ("/api/v1/accounts/5", 200, {}),
    ):
        with pytest.raises(WrongShape):
            check_answer("GET", path, status, body)
