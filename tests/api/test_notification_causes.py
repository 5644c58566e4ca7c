"""Edge cases of what causes a notification, and of what takes it away, as clients do them."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.actions import jobs
from stentor.store.database import Database
from tests import invariants
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_follow,
    make_mentioned,
    make_status,
)
from tests.fixtures import RecordingBus
from tests.helpers import Answer, Client

V1 = "/api/v1/notifications"
V2 = "/api/v2/notifications"
REQUESTS = f"{V1}/requests"
POLICY = f"{V2}/policy"
STATUSES = "/api/v1/statuses"
HOUR = 3_600_000


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who is told, or not."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who does something."""
    return await make_account(db, "bob")


async def post(client: Client, person: Person, text: str, **values: Any) -> str:
    """Posts a status; its id."""
    answer = await client.post(STATUSES, person, json={"status": text, **values})
    assert answer.status == 200, answer
    return str(answer.json["id"])


async def edit(client: Client, person: Person, status_id: str, text: str) -> None:
    """Edits a status."""
    answer = await client.put(f"{STATUSES}/{status_id}", person, json={"status": text})
    assert answer.status == 200, answer


async def do(client: Client, person: Person, path: str, **sent: Any) -> Answer:
    """POSTs something that must be answered with 200."""
    answer = await client.post(f"/api/v1/{path}", person, **sent)
    assert answer.status == 200, answer
    return answer


async def told(client: Client, person: Person, query: str = "") -> list[str]:
    """The types on a person's list, newest first."""
    return [one["type"] for one in (await client.get(V1, person, params=query)).json]


def said(bus: RecordingBus, person: Person) -> list[str]:
    """What a person's streams were woken for."""
    return [one.kind for one in bus.news if one.account_id == person.id]


# --- What is taken back ------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "type"), [("favourite", "favourite"), ("reblog", "reblog")])
async def test_what_is_undone_is_not_listed_and_nothing_is_said_of_that(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, verb: str, type: str
) -> None:
    """A26; and done again it is told again."""
    status_id = await post(client, ann, "hello")
    await do(client, bob, f"statuses/{status_id}/{verb}")
    assert await told(client, ann) == [type]
    bus.news.clear()
    await do(client, bob, f"statuses/{status_id}/un{verb}")
    assert await told(client, ann) == []
    assert (await client.get(V2, ann)).json["notification_groups"] == []
    assert said(bus, ann) == []
    await do(client, bob, f"statuses/{status_id}/{verb}")
    assert await told(client, ann) == [type]
    await invariants.check(client.db)


async def test_unfollowing_takes_the_follow_back(client: Client, ann: Person, bob: Person) -> None:
    await do(client, bob, f"accounts/{ann.id}/follow")
    assert await told(client, ann) == ["follow"]
    await do(client, bob, f"accounts/{ann.id}/unfollow")
    assert await told(client, ann) == []


async def test_a_deleted_status_leaves_nothing_behind_for_anybody(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A27, C-4: three were told of it, one edited, quoted and reblogged it; no row is left."""
    people = [ann, bob, await make_account(client.db, "carol")]
    author = await make_account(client.db, "dora")
    for one in people:
        await make_follow(client.db, one.id, author.id, notify=True)
    status_id = await post(client, author, "@ann look")
    await do(client, bob, f"statuses/{status_id}/reblog")
    quote = await post(client, ann, "see", quoted_status_id=status_id)
    await edit(client, author, status_id, "@ann look!")
    assert sorted(await told(client, ann)) == ["mention", "quoted_update", "status"]
    assert sorted(await told(client, bob)) == ["status", "update"]
    assert sorted(await told(client, author)) == ["quote", "reblog"]
    assert (await client.delete(f"{STATUSES}/{status_id}", author)).status == 200
    rows = await client.db.fetch("SELECT type, status_id FROM notifications ORDER BY type")
    assert {tuple(row) for row in rows} <= {("quote", int(quote)), ("quoted_update", int(quote))}
    for one in (*people, author):
        for path in (V1, V2, f"{V1}/unread_count", f"{V2}/unread_count"):
            assert (await client.get(path, one)).status == 200
    assert await told(client, bob) == []
    await invariants.check(client.db)


async def test_a_request_falls_back_to_the_message_before_and_ends_with_the_last(
    client: Client, ann: Person, bob: Person
) -> None:
    """A73, C-9: as their author deletes them."""
    first = await post(client, bob, "@ann one", visibility="direct")
    second = await post(client, bob, "@ann two", visibility="direct")
    [request] = (await client.get(REQUESTS, ann)).json
    assert (request["last_status"]["id"], request["notifications_count"]) == (second, "2")
    assert (await client.delete(f"{STATUSES}/{second}", bob)).status == 200
    [request] = (await client.get(REQUESTS, ann)).json
    assert (request["last_status"]["id"], request["notifications_count"]) == (first, "1")
    assert (await client.delete(f"{STATUSES}/{first}", bob)).status == 200
    assert (await client.get(REQUESTS, ann)).json == []


@pytest.mark.parametrize(
    ("path", "permitted"),
    [("accounts/{id}/block", 0), ("accounts/{id}/mute", 1), ("domain_blocks", 0)],
)
async def test_a_block_ends_request_rows_and_permission(
    client: Client, bus: RecordingBus, ann: Person, path: str, permitted: int
) -> None:
    """A74, C-8: a mute keeps the permission."""
    sender = await make_account(client.db, "eve", domain="elsewhere.example")
    await make_mentioned(client.db, bus, sender, ann, visibility="direct")
    await insert(
        client.db, "notification_permissions", account_id=ann.id, from_account_id=sender.id,
        created_at=NOW,
    )  # fmt: skip
    assert len((await client.get(REQUESTS, ann)).json) == 1
    await do(client, ann, path.format(id=sender.id), form={"domain": "elsewhere.example"})
    assert (await client.get(REQUESTS, ann)).json == []
    summary = (await client.get(POLICY, ann)).json["summary"]
    assert summary == {"pending_requests_count": 0, "pending_notifications_count": 0}
    assert await told(client, ann, "include_filtered=true") == []
    count = "SELECT count(*) FROM notification_permissions"
    assert await client.db.fetch_value(count) == permitted


async def test_an_authorised_request_becomes_a_follow(
    client: Client, db: Database, bob: Person
) -> None:
    """A108: for the one who authorises it."""
    locked = await make_account(db, "locked", locked=True)
    await do(client, bob, f"accounts/{locked.id}/follow")
    [asked] = (await client.get(V1, locked)).json
    assert (asked["type"], asked["account"]["acct"]) == ("follow_request", "bob")
    await do(client, locked, f"follow_requests/{bob.id}/authorize")
    [follows] = (await client.get(V1, locked)).json
    assert (follows["type"], follows["account"]["acct"]) == ("follow", "bob")
    assert int(follows["id"]) > int(asked["id"])
    assert await told(client, bob) == []


@pytest.mark.parametrize("how", ["reject", "cancel"])
async def test_a_request_that_comes_to_nothing_leaves_nothing(
    client: Client, db: Database, bob: Person, how: str
) -> None:
    locked = await make_account(db, "locked", locked=True)
    await do(client, bob, f"accounts/{locked.id}/follow")
    if how == "reject":
        await do(client, locked, f"follow_requests/{bob.id}/reject")
    else:
        await do(client, bob, f"accounts/{locked.id}/unfollow")
    assert await told(client, locked) == []


# --- What is hidden ----------------------------------------------------------------------------


async def test_who_is_blocked_is_not_heard_of_whatever_he_does(
    client: Client, ann: Person, bob: Person
) -> None:
    """A48: by whatever way the block lets him try."""
    status_id = await post(client, ann, "hello")
    await do(client, ann, f"accounts/{bob.id}/block")
    await client.post(f"/api/v1/accounts/{ann.id}/follow", bob)
    for verb in ("favourite", "reblog"):
        await client.post(f"{STATUSES}/{status_id}/{verb}", bob)
    await client.post(STATUSES, bob, json={"status": "@ann hello"})
    await client.post(STATUSES, bob, json={"status": "@ann psst", "visibility": "direct"})
    assert await told(client, ann, "include_filtered=true") == []
    assert (await client.get(REQUESTS, ann)).json == []


async def test_a_muted_conversation_is_silent_whatever_happens_in_it(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A51: favourite, reblog, reply, quote, edit of what was reblogged, the end of a poll."""
    poll = {"options": ["a", "b"], "expires_in": 300}
    status_id = await post(client, ann, "which?", poll=poll)
    reply = await post(client, bob, "this one", in_reply_to_id=status_id)
    await do(client, ann, f"statuses/{reply}/reblog")
    await do(client, ann, f"statuses/{status_id}/mute")
    for verb in ("favourite", "reblog"):
        await do(client, bob, f"statuses/{status_id}/{verb}")
    await post(client, bob, "@ann listen", in_reply_to_id=status_id)
    await edit(client, bob, reply, "that one")
    await jobs.work_off(client.db, bus, now=NOW + HOUR)
    assert await told(client, ann, "include_filtered=true") == []
    await do(client, ann, f"statuses/{status_id}/unmute")
    await post(client, bob, "@ann and now?", in_reply_to_id=status_id)
    assert await told(client, ann) == ["mention"]


@pytest.mark.parametrize(
    ("role", "mention", "favourite"), [(1, True, False), (3, True, False), (-99, False, False)]
)
async def test_a_moderator_reaches_whoever_blocks_him_with_a_mention_only(
    client: Client, db: Database, ann: Person, role: int, mention: bool, favourite: bool
) -> None:
    """A54: also past a mute, a muted conversation and every option of the policy."""
    mod = await make_account(db, "mod", role_id=role)
    everything = dict.fromkeys(
        ("for_not_following", "for_not_followers", "for_new_accounts", "for_private_mentions"),
        "drop",
    )
    assert (await client.patch(POLICY, ann, json=everything)).status == 200
    status_id = await post(client, ann, "hello")
    await do(client, ann, f"statuses/{status_id}/mute")
    await do(client, ann, f"accounts/{mod.id}/mute")
    await client.post(f"{STATUSES}/{status_id}/favourite", mod)
    await post(client, mod, "@ann a word", in_reply_to_id=status_id, visibility="direct")
    assert ("mention" in await told(client, ann)) is mention
    assert ("favourite" in await told(client, ann)) is favourite


@pytest.mark.parametrize(
    ("actor_type", "followed", "filtered"),
    [
        ("Person", False, False), ("Group", False, False), ("Organization", False, False),
        ("Service", False, True), ("Application", False, True),
        ("Service", True, False), ("Application", True, False),
    ],
)  # fmt: skip
async def test_only_services_and_applications_are_bots(
    client: Client, bus: RecordingBus, ann: Person, actor_type: str, followed: bool, filtered: bool
) -> None:
    """A63."""
    await client.patch(POLICY, ann, json={"for_bots": "filter"})
    sender = await make_account(client.db, domain="bots.example", actor_type=actor_type)
    if followed:
        await make_follow(client.db, ann.id, sender.id)
    await make_mentioned(client.db, bus, sender, ann)
    assert await told(client, ann) == ([] if filtered else ["mention"])
    assert await told(client, ann, "include_filtered=true") == ["mention"]


@pytest.mark.parametrize("followed", [False, True])
async def test_a_followed_account_is_heard_from_a_blocked_domain(
    client: Client, bus: RecordingBus, ann: Person, followed: bool
) -> None:
    """A67; a followed one is still cut by the blocking itself, so the follow comes after it."""
    sender = await make_account(client.db, domain="elsewhere.example")
    await do(client, ann, "domain_blocks", form={"domain": "ELSEWHERE.example"})
    if followed:
        await make_follow(client.db, ann.id, sender.id)
    await make_mentioned(client.db, bus, sender, ann)
    assert await told(client, ann) == (["mention"] if followed else [])


@pytest.mark.parametrize(
    ("limited", "outcome"),
    [("accept", ["mention"]), ("filter", []), ("drop", None)],
)
async def test_limited_senders_are_treated_as_the_policy_says(
    client: Client, bus: RecordingBus, ann: Person, limited: str, outcome: list[str] | None
) -> None:
    """A55: dropped there is no row at all."""
    await client.patch(POLICY, ann, json={"for_limited_accounts": limited})
    sender = await make_account(client.db, silenced_at=NOW)
    await make_mentioned(client.db, bus, sender, ann)
    assert await told(client, ann) == (outcome or [])
    rows = await told(client, ann, "include_filtered=true")
    assert rows == ([] if outcome is None else ["mention"])


@pytest.mark.parametrize("followed", [False, True])
async def test_a_new_account_is_dropped_unless_it_is_followed(
    client: Client, bus: RecordingBus, ann: Person, followed: bool
) -> None:
    """A58: 29 days old."""
    await client.patch(POLICY, ann, json={"for_new_accounts": "drop"})
    sender = await make_account(client.db, created_at=NOW - 29 * 24 * HOUR)
    if followed:
        await make_follow(client.db, ann.id, sender.id)
    await make_mentioned(client.db, bus, sender, ann)
    assert await told(client, ann, "include_filtered=true") == (["mention"] if followed else [])


# --- Oneself -----------------------------------------------------------------------------------


async def test_nobody_hears_of_himself_but_for_the_end_of_his_poll(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """A66: favourite, reblog, mention, quote, edit of what he reblogged himself."""
    status_id = await post(client, ann, "@ann hello")
    for verb in ("favourite", "reblog"):
        await do(client, ann, f"statuses/{status_id}/{verb}")
    await post(client, ann, "see", quoted_status_id=status_id)
    await edit(client, ann, status_id, "@ann hello!")
    assert await told(client, ann, "include_filtered=true") == []
    await post(client, ann, "which?", poll={"options": ["a", "b"], "expires_in": 300})
    await jobs.work_off(client.db, bus, now=NOW + HOUR)
    assert await told(client, ann) == ["poll"]


# --- Direct messages ---------------------------------------------------------------------------


async def test_a_direct_message_out_of_the_blue_waits_unseen(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A59: a request that counts one; no conversation, nothing said, nothing unread."""
    await post(client, bob, "@ann psst", visibility="direct")
    assert await told(client, ann) == []
    [request] = (await client.get(REQUESTS, ann)).json
    assert request["notifications_count"] == "1"
    assert (await client.get("/api/v1/conversations", ann)).json == []
    assert (await client.get(f"{V1}/unread_count", ann)).json == {"count": 0}
    assert "notification" not in said(bus, ann)


@pytest.mark.parametrize(("named", "expected"), [(True, ["mention"]), (False, [])])
async def test_an_answer_to_ones_own_direct_message_arrives(
    client: Client, ann: Person, bob: Person, named: bool, expected: list[str]
) -> None:
    """A60: only if it named who answers."""
    other = await make_account(client.db, "carol")
    text = "@carol @bob hello" if named else "@carol hello"
    first = await post(client, ann, text, visibility="direct")
    reader = bob if named else other
    answer = await post(client, reader, "@ann yes", visibility="direct", in_reply_to_id=first)
    if not named:
        # carol was named; what bob writes below her answer is not an answer to ann.
        await do(client, ann, f"statuses/{answer}/mute")
        await do(client, ann, f"statuses/{answer}/unmute")
        assert await told(client, ann) == ["mention"]
        await do(client, ann, "notifications/clear")
        async with client.db.transaction() as tx:
            await tx.run(
                "INSERT INTO mentions (status_id, account_id) VALUES ($1, $2)", int(answer), bob.id
            )
        await post(client, bob, "@ann me too", visibility="direct", in_reply_to_id=answer)
    assert await told(client, ann) == expected


async def test_an_answer_to_what_is_gone_answers_nothing(
    client: Client, ann: Person, bob: Person
) -> None:
    """A62: the thread above was deleted."""
    first = await post(client, ann, "@bob hello", visibility="direct")
    middle = await post(client, bob, "@ann yes", visibility="direct", in_reply_to_id=first)
    await do(client, ann, "notifications/clear")
    assert (await client.delete(f"{STATUSES}/{first}", ann)).status == 200
    await post(client, bob, "@ann still there?", visibility="direct", in_reply_to_id=middle)
    assert await told(client, ann) == []
    assert await told(client, ann, "include_filtered=true") == ["mention"]


# --- Edits -------------------------------------------------------------------------------------


async def test_a_name_that_an_edit_adds_is_told_once_and_one_that_it_removes_stays(
    client: Client, ann: Person, bob: Person
) -> None:
    """A104."""
    status_id = await post(client, bob, "hello")
    assert await told(client, ann) == []
    for text in ("@ann hello", "@ann hello!", "hello again", "@ann hello again"):
        await edit(client, bob, status_id, text)
        assert await told(client, ann) == ["mention"], text
    await invariants.check(client.db)


async def test_what_was_dismissed_does_not_come_back_with_an_edit(
    client: Client, ann: Person, bob: Person
) -> None:
    """A105, C-3: nor when the name is taken out and put in again."""
    status_id = await post(client, bob, "@ann hello")
    await do(client, ann, "notifications/clear")
    for text in ("@ann hello!", "hello!", "@ann hello!!"):
        await edit(client, bob, status_id, text)
        assert await told(client, ann, "include_filtered=true") == [], text


async def test_a_quote_that_was_dismissed_does_not_come_back_with_an_edit(
    client: Client, ann: Person, bob: Person
) -> None:
    """A105 for quotes."""
    status_id = await post(client, ann, "hello")
    quote = await post(client, bob, "see", quoted_status_id=status_id)
    assert await told(client, ann) == ["quote"]
    await do(client, ann, "notifications/clear")
    await edit(client, bob, quote, "see this")
    assert await told(client, ann, "include_filtered=true") == []


@pytest.mark.parametrize("dismissed", [False, True])
async def test_an_edit_is_told_again_to_who_reblogged_it(
    client: Client, ann: Person, bob: Person, dismissed: bool
) -> None:
    """A103: one row with a new id each time, on top of the list."""
    status_id = await post(client, bob, "hello")
    await do(client, ann, f"statuses/{status_id}/reblog")
    ids = []
    for text in ("hello!", "hello!!"):
        await edit(client, bob, status_id, text)
        await make_mentioned(client.db, client.services.bus, bob, ann)
        updates = [one for one in (await client.get(V1, ann)).json if one["type"] == "update"]
        ids += [int(one["id"]) for one in updates]
        if dismissed:
            await do(client, ann, "notifications/clear")
    assert len(ids) == 2
    assert ids[0] < ids[1]


async def test_many_filtered_mentions_at_once_are_all_counted(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """C-2: the request is right whoever of them was first."""
    import asyncio

    await asyncio.gather(
        *(post(client, bob, f"@ann {number}", visibility="direct") for number in range(8))
    )
    [request] = (await client.get(REQUESTS, ann)).json
    assert request["notifications_count"] == "8"
    await invariants.check(client.db)


async def test_a_status_that_names_nobody_here_tells_nobody(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """The control of all of these: without a cause there is no notification."""
    await post(client, bob, "hello @nobody")
    await make_status(client.db, bob.id)
    assert await told(client, ann, "include_filtered=true") == []
