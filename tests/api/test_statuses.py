"""Statuses: who may read them, who may do what to them, how they look, how they go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.store.database import Database
from stentor.streaming.bus import News
from tests.factories import NOW, Person, insert, make_account, make_follow, make_status
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Answer, Client, Clock

VISIBILITIES = ("public", "unlisted", "private", "direct")
RELATIONS = (
    "anonymous", "author", "stranger", "follower", "mentioned", "silently mentioned",
    "blocked", "blocking", "blocked mentioned follower",
)  # fmt: skip


@pytest.fixture
async def ann(db: Database) -> Person:
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    return await make_account(db, "bob")


async def post(client: Client, by: Person, text: str = "hello", **more: object) -> str:
    answer = await client.post("/api/v1/statuses", by, json={"status": text, **more})
    assert answer.status == 200, answer
    return str(answer.json["id"])


async def act(client: Client, by: Person | None, status: str | int, action: str) -> Answer:
    return await client.post(f"/api/v1/statuses/{status}/{action}", by)


async def see(client: Client, status: str | int, by: Person | None = None) -> Any:
    answer = await client.get(f"/api/v1/statuses/{status}", by)
    assert answer.status == 200, answer
    return answer.json


async def number(db: Database, table: str) -> int:
    return int(await db.fetch_value(f"SELECT count(*) FROM {table}"))


async def block(db: Database, who: Person, whom: Person) -> None:
    await insert(db, "blocks", account_id=who.id, target_account_id=whom.id, created_at=NOW)


async def mute(db: Database, who: Person, whom: Person, **columns: Any) -> None:
    await insert(
        db, "mutes", account_id=who.id, target_account_id=whom.id, created_at=NOW, **columns
    )


# --- Who may read it (C7) and who may act on it (C8) -----------------------------------------


async def people(db: Database, author: Person) -> dict[str, Person | None]:
    """Somebody in each relation to the author; None is nobody."""
    found: dict[str, Person | None] = {"anonymous": None, "author": author}
    for relation in RELATIONS[2:]:
        viewer = found[relation] = await make_account(db)
        if "follower" in relation:
            await make_follow(db, viewer.id, author.id)
        if "blocked" in relation:
            await block(db, author, viewer)
        if relation == "blocking":
            await block(db, viewer, author)
    return found


async def write(
    db: Database, author: Person, visibility: str, viewers: dict[str, Person | None]
) -> int:
    """A status that mentions whoever is to be mentioned."""
    status = await make_status(db, author.id, visibility=visibility)
    for relation, viewer in viewers.items():
        if viewer is not None and "mentioned" in relation:
            silent = "silently" in relation
            await insert(db, "mentions", status_id=status, account_id=viewer.id, silent=silent)
    return status


def may_read(visibility: str, relation: str) -> bool:
    """The table of C7, once more and in other words."""
    if relation == "author":
        return True
    if relation.startswith("blocked"):
        return relation == "anonymous"
    return {
        "public": True,
        "unlisted": True,
        "private": relation in ("follower", "mentioned", "silently mentioned"),
        "direct": relation in ("mentioned", "silently mentioned"),
    }[visibility]


async def test_who_may_read_a_status_is_the_same_on_every_endpoint(
    client: Client, ann: Person
) -> None:
    viewers = await people(client.db, ann)
    for visibility in VISIBILITIES:
        status = await write(client.db, ann, visibility, viewers)
        path = f"/api/v1/statuses/{status}"
        for relation, viewer in viewers.items():
            expected = 200 if may_read(visibility, relation) else 404
            below = ["", "/context", "/history", "/favourited_by", "/reblogged_by"]
            for end in [*below, "/source"] if viewer else below:
                answer = await client.get(path + end, viewer)
                assert answer.status == expected, (visibility, relation, end)
                if expected == 404:
                    assert answer.json == {"error": "Not Found"}
            many = (await client.get("/api/v1/statuses", viewer, params={"id[]": status})).json
            assert len(many) == (expected == 200), (visibility, relation)


ACTIONS = (
    "favourite", "unfavourite", "reblog", "unreblog", "bookmark", "unbookmark", "mute", "unmute",
    "pin", "unpin",
)  # fmt: skip


def outcome(visibility: str, relation: str, action: str) -> int:
    """The table of C8: what an action answers."""
    own = relation == "author"
    if relation == "anonymous":
        return 401
    if not may_read(visibility, relation):
        return 404
    if action in ("favourite", "reblog") and relation == "blocking":
        return 403
    if action == "reblog" and (visibility == "direct" or (visibility == "private" and not own)):
        return 403
    if action == "pin" and (not own or visibility == "direct"):
        return 422
    return 200


@pytest.mark.parametrize("action", ACTIONS)
async def test_what_an_action_answers(client: Client, ann: Person, action: str) -> None:
    viewers = await people(client.db, ann)
    for visibility in VISIBILITIES:
        status = await write(client.db, ann, visibility, viewers)
        for relation, viewer in viewers.items():
            answer = await act(client, viewer, status, action)
            expected = outcome(visibility, relation, action)
            assert answer.status == expected, (visibility, relation)
            text = {403: "This action is not allowed", 404: "Not Found"}.get(expected)
            if text is not None:
                assert answer.json == {"error": text}
            if expected != 200 and viewer is not None:
                assert await traces(client.db, viewer, status) == 0, (visibility, relation)


async def traces(db: Database, person: Person, status: int) -> int:
    """How much of what somebody did to a status was kept."""
    return int(
        await db.fetch_value(
            "SELECT (SELECT count(*) FROM favourites WHERE account_id = $1 AND status_id = $2)"
            " + (SELECT count(*) FROM bookmarks WHERE account_id = $1 AND status_id = $2)"
            " + (SELECT count(*) FROM status_pins WHERE account_id = $1 AND status_id = $2)"
            " + (SELECT count(*) FROM statuses WHERE account_id = $1 AND reblog_of_id = $2)",
            person.id,
            status,
        )
    )


@pytest.mark.parametrize("column", ["suspended_at", "deletion_requested_at"])
async def test_nothing_of_a_suspended_author_can_be_read(
    client: Client, bob: Person, column: str
) -> None:
    author = await make_account(client.db, **{column: NOW})
    status = await make_status(client.db, author.id)
    assert (await client.get(f"/api/v1/statuses/{status}")).status == 404
    assert (await act(client, bob, status, "favourite")).status == 404


@pytest.mark.parametrize("status", ["1", "0", "abc", "99999999999999999999999", "1.5", "-1", "%20"])
async def test_an_id_that_is_none_is_not_found_anywhere(
    client: Client, bob: Person, status: str
) -> None:
    path = f"/api/v1/statuses/{status}"
    answers = [await client.get(path + below, bob) for below in ("", "/context", "/source")]
    answers += [await act(client, bob, status, action) for action in ACTIONS]
    answers += [await client.delete(path, bob), await client.put(path, bob, json={"status": "x"})]
    answers += [await client.put(path + "/interaction_policy", bob)]
    for answer in answers:
        assert (answer.status, answer.json) == (404, {"error": "Not Found"})


async def test_many_are_answered_in_the_order_asked_for(client: Client, ann: Person) -> None:
    ids = [await make_status(client.db, ann.id) for _ in range(3)]
    query = [("id[]", ids[2]), ("id[]", "x"), ("id[]", ids[0]), ("id[]", 5), ("id[]", ids[2])]
    answer = await client.get("/api/v1/statuses", params=query)
    assert [one["id"] for one in answer.json] == [str(ids[2]), str(ids[0])]
    assert len((await client.get("/api/v1/statuses", params={"id": ids[1]})).json) == 1
    assert (await client.get("/api/v1/statuses")).json == []


@pytest.mark.parametrize(("count", "status"), [(20, 200), (21, 422)])
async def test_at_most_twenty_are_answered_at_once(client: Client, count: int, status: int) -> None:
    query = [("id[]", str(n)) for n in range(count)]
    assert (await client.get("/api/v1/statuses", params=query)).status == status


# --- How it looks (C5, trap 28) --------------------------------------------------------------

FOR_VIEWERS = {"favourited", "reblogged", "muted", "bookmarked", "filtered"}


@pytest.mark.parametrize("kind", ["plain", "reply with everything", "reblog", "direct"])
@pytest.mark.parametrize("who", ["anonymous", "author", "other"])
async def test_what_depends_on_the_viewer_is_there_for_viewers_only(
    client: Client, ann: Person, bob: Person, kind: str, who: str
) -> None:
    if kind == "direct" and who == "anonymous":
        return
    status = await post(client, ann, "first")
    if kind == "reply with everything":
        status = await post(
            client, ann, "@bob #tea https://example.org", in_reply_to_id=status, spoiler_text="s"
        )
        await client.put(f"/api/v1/statuses/{status}", ann, json={"status": "@bob #edited"})
    elif kind == "reblog":
        status = (await act(client, ann, status, "reblog")).json["id"]
    elif kind == "direct":
        status = await post(client, ann, "@bob psst", visibility="direct")
    viewer = {"anonymous": None, "author": ann, "other": bob}[who]
    body = await see(client, status, viewer)
    for one in [body, body["reblog"]] if kind == "reblog" else [body]:
        assert (one.keys() >= FOR_VIEWERS) == (viewer is not None)
        pinnable = kind != "direct" and not one["reblog"]
        assert ("pinned" in one) == (viewer is ann and pinnable)


async def test_a_reblog_wraps_the_original(client: Client, ann: Person, bob: Person) -> None:
    original = await post(client, ann, "@bob #tea", sensitive=True, language="de")
    body = (await act(client, bob, original, "reblog")).json
    assert body["id"] != original
    assert body["account"]["id"] == str(bob.id)
    expected = {
        "content": "", "language": None, "sensitive": False, "application": None,
        "reblogged": True, "spoiler_text": "", "visibility": "public", "mentions": [], "tags": [],
        "uri": f"https://stentor.example/ap/users/{bob.id}/statuses/{body['id']}/activity",
        "url": f"https://stentor.example/users/bob/statuses/{body['id']}/activity",
    }  # fmt: skip
    assert {name: body[name] for name in expected} == expected
    assert "pinned" not in body
    inside = body["reblog"]
    assert (inside["id"], inside["reblogged"], inside["reblogs_count"]) == (original, True, 1)
    assert inside["content"] != ""


@pytest.mark.parametrize(
    ("who", "expected"), [("anonymous", "unknown"), ("author", "automatic"), ("other", "denied")]
)
async def test_who_may_quote_is_told_to_each_viewer(
    client: Client, ann: Person, bob: Person, who: str, expected: str
) -> None:
    status = await post(client, ann, quote_approval_policy="nobody")
    body = await see(client, status, {"anonymous": None, "author": ann, "other": bob}[who])
    assert body["quote_approval"] == {"automatic": [], "manual": [], "current_user": expected}


async def test_the_quote_policy_can_be_changed_by_the_author_only(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await post(client, ann)
    path = f"/api/v1/statuses/{status}/interaction_policy"
    change = {"quote_approval_policy": "followers"}
    assert (await client.put(path, bob, json=change)).status == 403
    answer = await client.put(path, ann, json=change)
    assert answer.json["quote_approval"]["automatic"] == ["followers"]
    assert (await client.put(path, ann, json={"quote_approval_policy": "?"})).status == 422


async def test_nobody_translates_here(client: Client, ann: Person) -> None:
    status = await post(client, ann)
    for by in (ann, None):
        answer = await act(client, by, status, "translate")
        assert (answer.status, answer.json) == (404, {"error": "Not Found"})


# --- Favourites ------------------------------------------------------------------------------


async def test_a_favourite_counts_once_and_is_told_once(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await post(client, ann)
    for _ in range(2):
        body = (await act(client, bob, status, "favourite")).json
        assert (body["favourited"], body["favourites_count"]) == (True, 1)
    rows = await client.db.fetch(
        "SELECT account_id, type, activity_id, from_account_id, status_id FROM notifications"
    )
    favourite = await client.db.fetch_value("SELECT id FROM favourites")
    assert [tuple(row) for row in rows] == [(ann.id, "favourite", favourite, bob.id, int(status))]
    for _ in range(2):
        body = (await act(client, bob, status, "unfavourite")).json
        assert (body["favourited"], body["favourites_count"]) == (False, 0)
    assert await number(client.db, "notifications") == 0


async def test_a_reblog_is_favourited_through(client: Client, ann: Person, bob: Person) -> None:
    original = await post(client, ann)
    wrapper = (await act(client, bob, original, "reblog")).json["id"]
    body = (await act(client, bob, wrapper, "favourite")).json
    assert body["id"] == wrapper
    assert (body["favourited"], body["reblog"]["favourited"]) == (True, True)
    assert (await see(client, original))["favourites_count"] == 1
    await act(client, bob, wrapper, "unfavourite")
    assert (await see(client, original))["favourites_count"] == 0


@pytest.mark.parametrize("action", ["favourite", "reblog", "bookmark", "pin"])
async def test_the_same_action_at_the_same_moment_happens_once(
    client: Client, ann: Person, bob: Person, action: str
) -> None:
    by = ann if action == "pin" else bob
    status = await post(client, ann)
    answers = await asyncio.gather(*(act(client, by, status, action) for _ in range(6)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    body = await see(client, status, by)
    assert body["favourites_count"] == (action == "favourite")
    assert body["reblogs_count"] == (action == "reblog")
    assert await number(client.db, "notifications") == (action in ("favourite", "reblog"))


async def test_many_favourites_at_the_same_moment_are_all_counted(
    client: Client, ann: Person
) -> None:
    status = await post(client, ann)
    people = [await make_account(client.db) for _ in range(8)]
    await asyncio.gather(*(act(client, one, status, "favourite") for one in people))
    assert (await see(client, status))["favourites_count"] == 8
    await asyncio.gather(*(act(client, one, status, "unfavourite") for one in people))
    assert (await see(client, status))["favourites_count"] == 0
    assert await number(client.db, "notifications") == 0


async def test_deleting_while_others_act_ends_in_order(client: Client, ann: Person) -> None:
    people = [await make_account(client.db) for _ in range(4)]
    status = await post(client, ann)
    deleted, *answers = await asyncio.gather(
        client.delete(f"/api/v1/statuses/{status}", ann),
        *(act(client, one, status, a) for one in people for a in ("favourite", "reblog")),
        *(act(client, one, status, a) for one in people for a in ("unfavourite", "unreblog")),
    )
    assert deleted.status == 200
    assert {answer.status for answer in answers} <= {200, 404}
    for table in ("statuses", "favourites", "notifications", "notification_groups"):
        assert await number(client.db, table) == 0, table
    counts = await client.db.fetch("SELECT DISTINCT statuses_count, last_status_at FROM accounts")
    assert [tuple(row) for row in counts] == [(0, None)]


async def test_a_favourite_is_cheap(client: Client, ann: Person, bob: Person) -> None:
    status = await post(client, ann)
    # token, readable, favourite, counter, 8 of the notification, 5 of the answer
    with query_budget(client.db, 17):
        await act(client, bob, status, "favourite")
    # token, readable, counter there and back, favourite that is there, 5 of the answer
    with query_budget(client.db, 10):
        await act(client, bob, status, "favourite")


# --- Reblogs ---------------------------------------------------------------------------------


async def test_a_reblog_counts_once_and_is_told_once(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await post(client, ann)
    first = (await act(client, bob, status, "reblog")).json
    again = (await act(client, bob, status, "reblog")).json
    through = (await act(client, bob, first["id"], "reblog")).json
    assert first["id"] == again["id"] == through["id"]
    assert again["reblog"]["reblogs_count"] == 1
    assert again["account"]["statuses_count"] == 1
    rows = await client.db.fetch(
        "SELECT account_id, type, activity_id, status_id FROM notifications"
    )
    assert [tuple(row) for row in rows] == [(ann.id, "reblog", int(first["id"]), int(status))]
    undone = (await act(client, bob, status, "unreblog")).json
    assert (undone["id"], undone["reblogged"], undone["reblogs_count"]) == (status, False, 0)
    assert (await act(client, bob, status, "unreblog")).json == undone
    assert await number(client.db, "notifications") == 0
    assert (await client.get(f"/api/v1/statuses/{first['id']}")).status == 404


async def test_unreblogging_takes_the_reblogs_id_too(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await post(client, ann)
    wrapper = (await act(client, bob, status, "reblog")).json["id"]
    body = (await act(client, bob, wrapper, "unreblog")).json
    assert (body["id"], body["reblogs_count"]) == (status, 0)


async def test_deleting_a_reblog_takes_it_back(client: Client, ann: Person, bob: Person) -> None:
    status = await post(client, ann)
    wrapper = (await act(client, bob, status, "reblog")).json["id"]
    body = (await client.delete(f"/api/v1/statuses/{wrapper}", bob)).json
    assert (body["id"], body["text"], body["reblog"]["id"]) == (wrapper, "", status)
    assert "content" not in body
    after = await see(client, status, bob)
    assert (after["reblogs_count"], after["reblogged"]) == (0, False)
    assert await number(client.db, "notifications") == 0


@pytest.mark.parametrize(
    ("original", "asked", "usual", "expected"),
    [
        ("public", None, "public", "public"), ("public", None, "unlisted", "unlisted"),
        ("public", "private", "public", "private"), ("unlisted", "public", "public", "public"),
        ("private", "public", "public", "private"), ("public", "direct", "public", 422),
        ("public", "limited", "public", 422), ("public", "", "private", "private"),
    ],
)  # fmt: skip
async def test_the_visibility_of_a_reblog(
    client: Client, original: str, asked: str | None, usual: str, expected: str | int
) -> None:
    author = await make_account(client.db, user={"default_privacy": usual})
    status = await make_status(client.db, author.id, visibility=original)
    sent = {} if asked is None else {"visibility": asked}
    answer = await client.post(f"/api/v1/statuses/{status}/reblog", author, json=sent)
    if isinstance(expected, int):
        assert answer.status == expected
        assert answer.json == {"error": "Validation failed: Visibility is not included in the list"}
    else:
        assert answer.json["visibility"] == expected


# --- Bookmarks, muted conversations, pins ----------------------------------------------------


async def test_a_bookmark_is_set_and_removed_and_told_nobody(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await post(client, ann)
    for action, state in (("bookmark", True), ("bookmark", True), ("unbookmark", False)):
        assert (await act(client, bob, status, action)).json["bookmarked"] is state
    assert await number(client.db, "notifications") == 0


async def test_a_muted_conversation_is_silent_as_a_whole(
    client: Client, ann: Person, bob: Person
) -> None:
    first = await post(client, ann)
    second = await post(client, bob, in_reply_to_id=first)
    assert (await act(client, ann, second, "mute")).json["muted"] is True
    assert (await see(client, first, ann))["muted"] is True
    assert (await see(client, first, bob))["muted"] is False
    await post(client, bob, "@ann really?", in_reply_to_id=first)
    await act(client, bob, first, "favourite")
    assert await number(client.db, "notifications") == 0
    assert (await act(client, ann, first, "unmute")).json["muted"] is False
    await post(client, bob, "@ann hello?", in_reply_to_id=first)
    assert await number(client.db, "notifications") == 1


async def test_five_statuses_can_be_pinned(client: Client, ann: Person) -> None:
    ids = [await post(client, ann, f"number {n}") for n in range(6)]
    for status in ids[:5]:
        assert (await act(client, ann, status, "pin")).json["pinned"] is True
    assert (await act(client, ann, ids[0], "pin")).status == 200
    answer = await act(client, ann, ids[5], "pin")
    assert answer.status == 422
    assert answer.json["error"] == (
        "Validation failed: You have already pinned the maximum number of posts"
    )
    assert (await act(client, ann, ids[0], "unpin")).json["pinned"] is False
    assert (await act(client, ann, ids[5], "pin")).status == 200
    pinned = await client.get(f"/api/v1/accounts/{ann.id}/statuses", params={"pinned": "true"})
    assert [one["id"] for one in pinned.json] == [ids[n] for n in (5, 4, 3, 2, 1)]


async def test_pinning_at_the_same_moment_keeps_the_limit(client: Client, ann: Person) -> None:
    ids = [await post(client, ann, f"number {n}") for n in range(9)]
    answers = await asyncio.gather(*(act(client, ann, status, "pin") for status in ids))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [422] * 4
    assert await number(client.db, "status_pins") == 5


async def test_what_cannot_be_pinned_says_why(client: Client, ann: Person, bob: Person) -> None:
    others = await post(client, bob)
    wrapper = (await act(client, ann, others, "reblog")).json["id"]
    direct = await post(client, ann, visibility="direct")
    for status, text in (
        (others, "Someone else's post cannot be pinned"),
        (wrapper, "A boost cannot be pinned"),
        (direct, "Posts that are only visible to mentioned users cannot be pinned"),
    ):
        answer = await act(client, ann, status, "pin")
        assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {text}"})


# --- Deleting (C10) --------------------------------------------------------------------------


async def test_deleting_answers_what_was_typed_and_leaves_nothing(
    client: Client, ann: Person, bob: Person, bus: RecordingBus
) -> None:
    status = await post(client, ann, "@bob *look* #tea", spoiler_text="s")
    for action in ("favourite", "reblog", "bookmark"):
        await act(client, bob, status, action)
    await act(client, ann, status, "pin")
    await client.put(f"/api/v1/statuses/{status}", ann, json={"status": "@bob look #tea"})
    bus.news.clear()
    body = (await client.delete(f"/api/v1/statuses/{status}", ann)).json
    assert body["text"] == "@bob look #tea"
    assert "content" not in body
    assert (body["poll"], body["media_attachments"]) == (None, [])
    assert (body["favourites_count"], body["reblogs_count"]) == (1, 1)
    for table in (
        "statuses", "favourites", "bookmarks", "status_pins", "mentions", "status_tags",
        "status_edits", "notifications", "notification_groups",
    ):  # fmt: skip
        assert await number(client.db, table) == 0, table
    rows = await client.db.fetch("SELECT statuses_count, last_status_at FROM accounts")
    assert [tuple(row) for row in rows] == [(0, None), (0, None)]
    assert bus.news == [News(ann.id, "status_deleted", int(status))]
    assert (await client.delete(f"/api/v1/statuses/{status}", ann)).status == 404


async def test_only_the_author_deletes(client: Client, ann: Person, bob: Person) -> None:
    status = await post(client, ann)
    answer = await client.delete(f"/api/v1/statuses/{status}", bob)
    assert (answer.status, answer.json) == (404, {"error": "Not Found"})
    assert (await see(client, status))["id"] == status


async def test_replies_live_on_without_their_parent(
    client: Client, ann: Person, bob: Person
) -> None:
    first = await post(client, ann)
    second = await post(client, bob, in_reply_to_id=first)
    third = await post(client, ann, in_reply_to_id=second)
    await client.delete(f"/api/v1/statuses/{second}", bob)
    assert (await see(client, first))["replies_count"] == 0
    body = await see(client, third)
    assert (body["in_reply_to_id"], body["in_reply_to_account_id"]) == (None, str(bob.id))


async def test_the_time_of_the_last_status_goes_back(
    client: Client, ann: Person, clock: Clock
) -> None:
    await post(client, ann)
    clock.advance(hours=48)
    second = await post(client, ann)
    await post(client, ann, visibility="direct")
    await client.delete(f"/api/v1/statuses/{second}", ann)
    account = (await client.get(f"/api/v1/accounts/{ann.id}")).json
    assert (account["last_status_at"], account["statuses_count"]) == ("2026-06-01", 1)


async def test_a_deleted_direct_status_is_out_of_the_conversations(
    client: Client, ann: Person, bob: Person
) -> None:
    await make_follow(client.db, bob.id, ann.id)
    first = await post(client, ann, "@bob one", visibility="direct")
    second = await post(client, ann, "@bob two", visibility="direct", in_reply_to_id=first)
    await client.delete(f"/api/v1/statuses/{second}", ann)
    rows = await client.db.fetch("SELECT last_status_id FROM account_conversations")
    assert [row[0] for row in rows] == [int(first)] * 2
    await client.delete(f"/api/v1/statuses/{first}", ann)
    assert await number(client.db, "account_conversations") == 0


async def test_redrafting_posts_anew(client: Client, ann: Person) -> None:
    status = await post(client, ann, "hello @ann")
    body = (await client.delete(f"/api/v1/statuses/{status}", ann)).json
    assert await post(client, ann, body["text"]) != status


# --- Editing (C9, trap 41) -------------------------------------------------------------------


async def test_an_edit_replaces_everything_and_keeps_the_history(
    client: Client, ann: Person, clock: Clock, bus: RecordingBus
) -> None:
    status = await post(
        client, ann, "one #tea", spoiler_text="s", language="de", visibility="unlisted"
    )
    clock.advance(seconds=60)
    bus.news.clear()
    sent = {"status": "two #coffee", "visibility": "public"}
    body = (await client.put(f"/api/v1/statuses/{status}", ann, json=sent)).json
    assert (body["id"], body["edited_at"]) == (status, "2026-06-01T12:01:00.000Z")
    assert (body["spoiler_text"], body["sensitive"], body["language"]) == ("", False, "de")
    assert body["visibility"] == "unlisted"
    assert [tag["name"] for tag in body["tags"]] == ["coffee"]
    assert bus.news == [News(ann.id, "status_edited", int(status))]
    clock.advance(seconds=60)
    await client.put(f"/api/v1/statuses/{status}", ann, json={"status": "three"})
    history = (await client.get(f"/api/v1/statuses/{status}/history")).json
    assert [edit["created_at"][14:19] for edit in history] == ["00:00", "01:00", "02:00"]
    assert [edit["spoiler_text"] for edit in history] == ["s", "", ""]
    assert history[-1]["content"] == "<p>three</p>"
    assert not {"poll", "quote"} & history[0].keys()


async def test_the_history_of_what_was_never_edited_is_one_entry(
    client: Client, ann: Person
) -> None:
    status = await post(client, ann, "only")
    history = (await client.get(f"/api/v1/statuses/{status}/history", ann)).json
    assert [edit["content"] for edit in history] == ["<p>only</p>"]


async def test_an_edit_without_a_change_is_none(
    client: Client, ann: Person, bus: RecordingBus
) -> None:
    status = await post(client, ann, "same @ann")
    before = await see(client, status, ann)
    bus.news.clear()
    sent = {"status": "same @ANN"}
    assert (await client.put(f"/api/v1/statuses/{status}", ann, json=sent)).json == before
    assert bus.news == []
    assert await number(client.db, "status_edits") == 0


async def test_an_edit_tells_only_whom_it_mentions_for_the_first_time(
    client: Client, ann: Person, bob: Person
) -> None:
    zoe = await make_account(client.db, "zoe")
    status = await post(client, ann, "@bob", visibility="private")
    await client.put(f"/api/v1/statuses/{status}", ann, json={"status": "@zoe"})
    rows = await client.db.fetch("SELECT account_id FROM notifications ORDER BY id")
    assert [row[0] for row in rows] == [bob.id, zoe.id]
    body = await see(client, status, bob)  # he may still read it
    assert [one["acct"] for one in body["mentions"]] == ["zoe"]
    await client.put(f"/api/v1/statuses/{status}", ann, json={"status": "@bob @zoe"})
    assert await number(client.db, "notifications") == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [({}, 422), ({"status": ""}, 422), ({"status": "x" * 501}, 422), ({"spoiler_text": "s"}, 200)],
)
async def test_an_edit_is_held_to_the_same_limits(
    client: Client, ann: Person, sent: dict[str, str], status: int
) -> None:
    made = await post(client, ann, "before")
    assert (await client.put(f"/api/v1/statuses/{made}", ann, json=sent)).status == status
    assert ((await see(client, made))["edited_at"] is not None) == (status == 200)


async def test_only_the_author_edits_and_a_reblog_cannot_be(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await post(client, ann)
    wrapper = (await act(client, bob, status, "reblog")).json["id"]
    for one in (status, wrapper):
        answer = await client.put(f"/api/v1/statuses/{one}", bob, json={"status": "mine"})
        assert answer.status == 404
