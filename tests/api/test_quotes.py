"""Quotes: who may make one, who hears of it, who may list them and take them back."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.store.database import Database
from stentor.streaming.bus import News
from tests import invariants
from tests.factories import NOW, Person, insert, make_account, make_follow, make_status
from tests.fixtures import RecordingBus, query_budget, something_is_committed
from tests.helpers import Answer, Client, Clock

NOT_QUOTABLE = {"error": "The post you are trying to quote does not appear to exist."}


@pytest.fixture
async def ann(db: Database) -> Person:
    """Whom one quotes."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who quotes."""
    return await make_account(db, "bob")


async def quote(
    client: Client, by: Person, quoted: int | str, text: str = "look", **more: Any
) -> Answer:
    body = {"status": text, "quoted_status_id": str(quoted), **more}
    return await client.post("/api/v1/statuses", by, json=body)


async def quoted_by(client: Client, by: Person, quoted: int | str, **more: Any) -> int:
    answer = await quote(client, by, quoted, **more)
    assert answer.status == 200, answer
    return int(answer.json["id"])


async def see(client: Client, status: int | str, by: Person | None = None) -> Any:
    answer = await client.get(f"/api/v1/statuses/{status}", by)
    assert answer.status == 200, answer
    return answer.json


async def told(db: Database, person: Person) -> list[tuple[str, int, int, int]]:
    """Type, sender, activity and status of a person's notifications, the oldest first."""
    rows = await db.fetch(
        "SELECT type, from_account_id, activity_id, status_id FROM notifications"
        " WHERE account_id = $1 ORDER BY id",
        person.id,
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def quote_id(db: Database, status: int) -> int:
    return int(await db.fetch_value("SELECT id FROM quotes WHERE status_id = $1", status))


async def block(db: Database, who: Person, whom: Person) -> None:
    await insert(db, "blocks", account_id=who.id, target_account_id=whom.id, created_at=NOW)


# --- Made ------------------------------------------------------------------------------------


async def test_a_quote_shows_what_it_quotes_and_tells_its_author(
    client: Client, ann: Person, bob: Person, bus: RecordingBus
) -> None:
    db = client.db
    original = await make_status(db, ann.id, "the original")
    answer = await quote(client, bob, original)
    assert answer.status == 200
    made = answer.json
    assert made["quote"]["state"] == "accepted"
    assert made["quote"]["quoted_status"]["id"] == str(original)
    assert made["quote"]["quoted_status"]["quotes_count"] == 1
    assert made["content"].startswith('<p class="quote-inline">RE: <a href="https://stentor')
    assert made["content"].endswith("<p>look</p>")
    assert made["mentions"] == []
    assert await told(db, ann) == [
        ("quote", bob.id, await quote_id(db, int(made["id"])), int(made["id"]))
    ]
    assert await told(db, bob) == []
    assert (await see(client, original))["quotes_count"] == 1
    row = (await client.get("/api/v1/notifications", ann)).json[0]
    assert (row["type"], row["account"]["id"]) == ("quote", str(bob.id))
    assert row["status"]["quote"]["quoted_status"]["id"] == str(original)
    assert row["group_key"].startswith("ungrouped-")


async def test_a_status_without_a_quote_has_null(client: Client, ann: Person) -> None:
    assert (await see(client, await make_status(client.db, ann.id)))["quote"] is None


async def test_the_link_in_front_is_left_out_where_the_text_has_it(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    url = f"https://stentor.example/@ann/{original}"
    made = (await quote(client, bob, original, f"see {url}")).json
    assert "quote-inline" not in made["content"]


@pytest.mark.parametrize("spoiler", ["", "careful"])
async def test_a_quote_needs_no_words_of_its_own(
    client: Client, ann: Person, bob: Person, spoiler: str
) -> None:
    original = await make_status(client.db, ann.id)
    made = (await quote(client, bob, original, "  ", spoiler_text=spoiler)).json
    source = await client.get(f"/api/v1/statuses/{made['id']}/source", bob)
    assert source.json["text"] == ""
    assert made["content"].endswith("</a></p>")
    edited = await client.put(
        f"/api/v1/statuses/{made['id']}", bob, json={"status": "", "sensitive": True}
    )
    assert edited.status == 200
    assert edited.json["quote"]["state"] == "accepted"


async def test_a_reblog_stands_for_what_it_reblogs(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    eve = await make_account(client.db, "eve")
    wrapper = (await client.post(f"/api/v1/statuses/{original}/reblog", eve)).json["id"]
    made = (await quote(client, bob, wrapper)).json
    assert made["quote"]["quoted_status"]["id"] == str(original)
    assert [one[0] for one in await told(client.db, eve)] == []
    assert "quote" in [one[0] for one in await told(client.db, ann)]


POLICIES = ("public", "followers", "nobody")
RELATIONS = (
    "author", "stranger", "follower", "blocked follower", "blocking follower", "mentioned",
)  # fmt: skip


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_who_may_quote(client: Client, ann: Person, visibility: str) -> None:
    db = client.db
    people: dict[str, Person] = {"author": ann}
    for relation in RELATIONS[1:]:
        person = people[relation] = await make_account(db)
        if "follower" in relation:
            await make_follow(db, person.id, ann.id)
        if relation.startswith("blocked"):
            await block(db, ann, person)
        if relation.startswith("blocking"):
            await block(db, person, ann)
    for policy in POLICIES:
        original = await make_status(
            db, ann.id, visibility=visibility, quote_policy=policy,
            mentions=[people["mentioned"].id],
        )  # fmt: skip
        count = 0
        for relation, person in people.items():
            wide = visibility in ("public", "unlisted")
            blocked = "block" in relation
            may_read = wide or relation == "mentioned" or (
                visibility == "private" and "follower" in relation
            )  # fmt: skip
            allowed = policy == "public" or (policy == "followers" and "follower" in relation)
            expected = relation == "author" or (may_read and allowed and not blocked)
            answer = await quote(client, person, original)
            assert (answer.status == 200) == expected, (policy, relation)
            if expected:
                count += 1
                secret = not wide
                assert answer.json["visibility"] == ("private" if secret else "public")
            else:
                assert (answer.status, answer.json) == (404, NOT_QUOTABLE)
        assert (await see(client, original, ann))["quotes_count"] == count


@pytest.mark.parametrize("asked", ["0", "999", "abc", "-1", "9" * 30, "1.5", "٣"])
async def test_what_does_not_exist_is_not_quotable(client: Client, bob: Person, asked: str) -> None:
    answer = await quote(client, bob, asked)
    assert (answer.status, answer.json) == (404, NOT_QUOTABLE)
    assert await client.db.fetch_value("SELECT count(*) FROM statuses") == 0


async def test_what_its_author_wrote_before_suspension_is_not_quotable(
    client: Client, bob: Person
) -> None:
    gone = await make_account(client.db, "gone", suspended_at=NOW)
    answer = await quote(client, bob, await make_status(client.db, gone.id))
    assert (answer.status, answer.json) == (404, NOT_QUOTABLE)


async def test_the_order_of_refusals(client: Client, ann: Person, bob: Person) -> None:
    original = await make_status(client.db, ann.id)
    both = await quote(client, bob, 1, in_reply_to_id="1")
    assert "reply" in both.json["error"]
    assert (await quote(client, bob, 1, media_ids=["1"])).json == NOT_QUOTABLE
    assert (await quote(client, bob, 1, text="x" * 501)).json == NOT_QUOTABLE
    assert (await quote(client, bob, original, media_ids=["1"])).status == 422
    wrong = await quote(client, bob, original, "hi", visibility="direct", allowed_mentions=[ann.id])
    assert wrong.status == 422
    assert wrong.json == {
        "error": "Validation failed: Cannot quote a non-mentioned user in a Private Mention post."
    }


async def test_a_direct_quote_names_whom_it_quotes(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    original = await make_status(db, ann.id)
    await make_follow(db, ann.id, bob.id)
    made = await quote(client, bob, original, "@ann psst", visibility="direct")
    assert made.status == 200
    assert [one[0] for one in await told(db, ann)] == ["quote"]
    [conversation] = (await client.get("/api/v1/conversations", ann)).json
    assert conversation["last_status"]["id"] == made.json["id"]
    own = await quote(client, ann, original, "note to self", visibility="direct")
    assert own.status == 200


async def test_a_strangers_direct_quote_waits_like_a_private_mention(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    made = await quote(client, bob, original, "@ann psst", visibility="direct")
    assert (await client.get("/api/v1/notifications", ann)).json == []
    [request] = (await client.get("/api/v1/notifications/requests", ann)).json
    assert request["last_status"]["id"] == made.json["id"]
    assert (await client.get("/api/v1/conversations", ann)).json == []
    await invariants.check(client.db)


async def test_a_filtered_quote_opens_a_request_and_accepting_shows_it(
    client: Client, ann: Person, bob: Person
) -> None:
    await client.patch("/api/v2/notifications/policy", ann, json={"for_not_following": "filter"})
    made = await quoted_by(client, bob, await make_status(client.db, ann.id))
    assert (await client.get("/api/v1/notifications", ann)).json == []
    [request] = (await client.get("/api/v1/notifications/requests", ann)).json
    assert (request["account"]["id"], request["notifications_count"]) == (str(bob.id), "1")
    assert request["last_status"]["id"] == str(made)
    await invariants.check(client.db)


async def test_whoever_is_quoted_and_named_hears_of_the_quote_alone(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    eve = await make_account(db, "eve")
    original = await make_status(db, ann.id)
    made = (await quote(client, bob, original, "@ann @eve see this")).json
    assert {one["username"] for one in made["mentions"]} == {"ann", "eve"}
    assert [one[0] for one in await told(db, ann)] == ["quote"]
    assert [one[0] for one in await told(db, eve)] == ["mention"]


async def test_whoever_is_quoted_may_read_a_private_quote_and_is_not_named(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    made = await quoted_by(client, bob, original, visibility="private", allowed_mentions=[])
    shown = await see(client, made, ann)
    assert (shown["visibility"], shown["mentions"]) == ("private", [])
    stranger = await make_account(client.db)
    assert (await client.get(f"/api/v1/statuses/{made}", stranger)).status == 404


async def test_quoting_oneself_tells_nobody(client: Client, ann: Person) -> None:
    db = client.db
    made = await quoted_by(client, ann, await make_status(db, ann.id, quote_policy="nobody"))
    assert await told(db, ann) == []
    assert await db.fetch_value("SELECT count(*) FROM mentions") == 0
    edited = await client.put(f"/api/v1/statuses/{made}", ann, json={"status": "other"})
    assert edited.status == 200
    assert await told(db, ann) == []


async def test_a_repeated_key_quotes_once(client: Client, ann: Person, bob: Person) -> None:
    original = await make_status(client.db, ann.id)
    body = {"status": "look", "quoted_status_id": str(original)}
    headers = {"Idempotency-Key": "k"}
    first = await client.post("/api/v1/statuses", bob, json=body, headers=headers)
    again = await client.post("/api/v1/statuses", bob, json=body, headers=headers)
    assert first.json["id"] == again.json["id"]
    assert (await see(client, original))["quotes_count"] == 1
    assert len(await told(client.db, ann)) == 1


async def test_a_reply_may_quote_what_it_answers(client: Client, ann: Person, bob: Person) -> None:
    original = await make_status(client.db, ann.id)
    made = (await quote(client, bob, original, in_reply_to_id=str(original))).json
    assert made["in_reply_to_id"] == str(original)
    shown = await see(client, original)
    assert (shown["replies_count"], shown["quotes_count"]) == (1, 1)


# --- Policies --------------------------------------------------------------------------------


@pytest.mark.parametrize("usual", POLICIES)
@pytest.mark.parametrize("asked", [None, *POLICIES])
@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_the_policy_is_as_asked_or_as_usual_and_secrets_are_nobodys(
    client: Client, usual: str, asked: str | None, visibility: str
) -> None:
    author = await make_account(client.db, user={"default_quote_policy": usual})
    body = {"status": "x", "visibility": visibility, "quote_approval_policy": asked}
    made = (await client.post("/api/v1/statuses", author, json=body)).json
    secret = visibility in ("private", "direct")
    expected = "nobody" if secret else asked or usual
    automatic = {"public": ["public"], "followers": ["followers"], "nobody": []}[expected]
    assert made["quote_approval"] == {
        "automatic": automatic, "manual": [], "current_user": "automatic",
    }  # fmt: skip


@pytest.mark.parametrize("by", ["interaction_policy", "edit"])
async def test_a_changed_policy_holds_for_later_quotes_and_tells_nobody(
    client: Client, ann: Person, bob: Person, by: str
) -> None:
    db = client.db
    original = await make_status(db, ann.id, "same", language="en")
    made = await quoted_by(client, bob, original)
    end = "/interaction_policy" if by == "interaction_policy" else ""
    body = {"quote_approval_policy": "nobody"} | ({"status": "same"} if by == "edit" else {})
    answer = await client.put(f"/api/v1/statuses/{original}{end}", ann, json=body)
    assert answer.status == 200
    assert answer.json["quote_approval"]["automatic"] == []
    assert answer.json["edited_at"] is None
    assert (await see(client, original, bob))["quote_approval"]["current_user"] == "denied"
    assert (await quote(client, bob, original)).status == 404
    assert (await see(client, made))["quote"]["state"] == "accepted"
    assert await told(db, bob) == []
    wrong = await client.put(
        f"/api/v1/statuses/{original}{end}", ann,
        json={"quote_approval_policy": "some", "status": "same"},
    )  # fmt: skip
    assert wrong.status == 422
    assert (await see(client, original, ann))["quote_approval"]["automatic"] == []


async def test_an_edit_without_a_policy_keeps_it(client: Client, ann: Person) -> None:
    original = await make_status(client.db, ann.id, quote_policy="followers")
    answer = await client.put(f"/api/v1/statuses/{original}", ann, json={"status": "new"})
    assert answer.json["quote_approval"]["automatic"] == ["followers"]


# --- Edited ----------------------------------------------------------------------------------


async def test_an_edit_tells_those_who_quote_of_their_own_statuses(
    client: Client, ann: Person, bob: Person, clock: Clock
) -> None:
    db = client.db
    original = await make_status(db, ann.id, "old")
    first, second = [await quoted_by(client, bob, original) for _ in range(2)]
    eve = await make_account(db, "eve")
    third = await quoted_by(client, eve, original)
    for text in ("new", "newer"):
        clock.advance(hours=1)
        answer = await client.put(f"/api/v1/statuses/{original}", ann, json={"status": text})
        assert answer.status == 200
        assert await told(db, bob) == [
            ("quoted_update", ann.id, first, first), ("quoted_update", ann.id, second, second),
        ]  # fmt: skip
        assert await told(db, eve) == [("quoted_update", ann.id, third, third)]
    row = (await client.get("/api/v1/notifications", eve)).json[0]
    assert (row["type"], row["account"]["id"], row["status"]["id"]) == (
        "quoted_update", str(ann.id), str(third),
    )  # fmt: skip
    assert "newer" in row["status"]["quote"]["quoted_status"]["content"]
    await invariants.check(db)


async def test_an_edit_of_a_much_quoted_status_is_told_in_steps(
    client: Client, ann: Person, bob: Person
) -> None:
    from stentor.actions import jobs

    db = client.db
    original = await make_status(db, ann.id, "old")
    quoting = []
    for _ in range(23):
        status = await make_status(db, bob.id, has_quote=True)
        await insert(
            db, "quotes", status_id=status, account_id=bob.id, quoted_status_id=original,
            quoted_account_id=ann.id, state="accepted", created_at=NOW,
        )  # fmt: skip
        quoting.append(status)
    await client.put(f"/api/v1/statuses/{original}", ann, json={"status": "new"})
    assert await told(db, bob) == []
    await jobs.work_off(db, client.services.bus, now=NOW)
    assert [one[3] for one in await told(db, bob)] == quoting


async def test_an_edit_that_changes_nothing_tells_nobody(
    client: Client, ann: Person, bob: Person
) -> None:
    original = (await client.post("/api/v1/statuses", ann, json={"status": "same"})).json["id"]
    await quoted_by(client, bob, original)
    await client.put(f"/api/v1/statuses/{original}", ann, json={"status": "same"})
    assert await told(client.db, bob) == []


@pytest.mark.parametrize("why", ["revoked", "blocked"])
async def test_whoever_does_not_quote_or_may_not_read_any_more_hears_nothing(
    client: Client, ann: Person, bob: Person, why: str
) -> None:
    original = await make_status(client.db, ann.id, "old")
    made = await quoted_by(client, bob, original)
    if why == "revoked":
        await client.post(f"/api/v1/statuses/{original}/quotes/{made}/revoke", ann)
    else:
        await block(client.db, ann, bob)
    await client.put(f"/api/v1/statuses/{original}", ann, json={"status": "new"})
    assert await told(client.db, bob) == []


async def test_an_edit_cannot_change_what_is_quoted(
    client: Client, ann: Person, bob: Person
) -> None:
    original, other = [await make_status(client.db, ann.id) for _ in range(2)]
    made = await quoted_by(client, bob, original)
    body = {"status": "new", "quoted_status_id": str(other)}
    answer = await client.put(f"/api/v1/statuses/{made}", bob, json=body)
    assert answer.json["quote"]["quoted_status"]["id"] == str(original)
    assert answer.json["content"].startswith('<p class="quote-inline">')
    plain = await make_status(client.db, bob.id)
    answer = await client.put(f"/api/v1/statuses/{plain}", bob, json=body)
    assert answer.json["quote"] is None


async def test_a_name_added_by_an_edit_tells_the_quoted_author_nothing_new(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    made = await quoted_by(client, bob, await make_status(db, ann.id))
    await client.put(f"/api/v1/statuses/{made}", bob, json={"status": "@ann look"})
    assert [one[0] for one in await told(db, ann)] == ["quote"]
    await client.put(f"/api/v1/statuses/{made}", bob, json={"status": "look"})
    assert (await see(client, made, ann))["mentions"] == []


async def test_every_version_shows_the_quote_and_a_plain_one_has_no_key(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    made = await quoted_by(client, bob, original)
    await client.put(f"/api/v1/statuses/{made}", bob, json={"status": "other"})
    versions = (await client.get(f"/api/v1/statuses/{made}/history")).json
    assert [one["quote"]["quoted_status"]["id"] for one in versions] == [str(original)] * 2
    assert "quote" not in (await client.get(f"/api/v1/statuses/{original}/history")).json[0]


# --- Deleted ---------------------------------------------------------------------------------


async def test_a_deleted_quote_is_uncounted_and_what_was_told_of_it_goes(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    original = await make_status(db, ann.id)
    made = await quoted_by(client, bob, original)
    await client.put(f"/api/v1/statuses/{original}", ann, json={"status": "new"})
    answer = await client.delete(f"/api/v1/statuses/{made}", bob)
    assert answer.json["quote"]["quoted_status"]["id"] == str(original)
    assert (await told(db, ann), await told(db, bob)) == ([], [])
    assert (await see(client, original))["quotes_count"] == 0
    assert await db.fetch_value("SELECT count(*) FROM quotes") == 0


async def test_a_deleted_original_leaves_a_quote_of_nothing(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    made = await quoted_by(client, bob, original)
    assert (await client.delete(f"/api/v1/statuses/{original}", ann)).status == 200
    shown = await see(client, made)
    assert shown["quote"] == {"state": "deleted", "quoted_status": None}
    assert shown["content"] == "<p>look</p>"
    row = (await client.get("/api/v1/notifications", ann)).json[0]
    assert row["status"]["quote"]["state"] == "deleted"
    assert (await client.delete(f"/api/v1/statuses/{made}", bob)).status == 200


async def test_accounts_that_go_leave_the_numbers_right(
    client: Client, ann: Person, bob: Person
) -> None:
    from stentor.store import moderation

    db = client.db
    original = await make_status(db, ann.id)
    for _ in range(3):
        made = await quoted_by(client, bob, original)
    await client.post(f"/api/v1/statuses/{original}/quotes/{made}/revoke", ann)
    kept = await quoted_by(client, ann, await make_status(db, bob.id))
    async with db.transaction() as tx:
        await moderation.remove(tx, bob.id)
    assert (await see(client, original))["quotes_count"] == 0
    assert (await see(client, kept))["quote"] == {"state": "deleted", "quoted_status": None}


# --- Listed and taken back -------------------------------------------------------------------


async def test_only_the_author_lists_the_quotes_of_a_status(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    made = [await quoted_by(client, bob, original) for _ in range(3)]
    made.append(await quoted_by(client, bob, original, visibility="private"))
    path = f"/api/v1/statuses/{original}/quotes"
    await client.post(f"{path}/{made[0]}/revoke", ann)
    answer = await client.get(path, ann)
    assert [one["id"] for one in answer.json] == [str(one) for one in made[:0:-1]]
    first = await client.get(path, ann, params={"limit": 2})
    assert [one["id"] for one in first.json] == [str(made[3]), str(made[2])]
    after = first.links["next"]["max_id"][0]
    rest = await client.get(path, ann, params={"limit": 2, "max_id": after})
    assert [one["id"] for one in rest.json] == [str(made[1])]
    assert "next" not in rest.links
    before = rest.links["prev"]["since_id"][0]
    newer = await client.get(path, ann, params={"limit": 1, "min_id": before})
    assert [one["id"] for one in newer.json] == [str(made[2])]
    answer = await client.get(path, bob)
    assert (answer.status, answer.json) == (403, {"error": "This action is not allowed"})
    assert (await client.get(path)).status == 401
    private = await make_status(client.db, ann.id, visibility="private")
    for hidden in (private, 1, "abc"):
        answer = await client.get(f"/api/v1/statuses/{hidden}/quotes", bob)
        assert (answer.status, answer.json) == (404, {"error": "Not Found"})


async def test_a_quote_taken_back_is_gone_for_all_but_was_no_edit(
    client: Client, ann: Person, bob: Person, bus: RecordingBus
) -> None:
    db = client.db
    original = await make_status(db, ann.id, "secret words")
    made = await quoted_by(client, bob, original)
    eve = await make_account(db, "eve")
    await client.post(f"/api/v1/statuses/{made}/reblog", eve)
    before = [await told(db, one) for one in (ann, bob, eve)]
    bus.news.clear()
    path = f"/api/v1/statuses/{original}/quotes/{made}/revoke"
    for _ in range(2):
        answer = await client.post(path, ann)
        assert answer.status == 200
        assert answer.json["id"] == str(made)
        assert answer.json["quote"] == {"state": "revoked", "quoted_status": None}
        assert (answer.json["content"], answer.json["edited_at"]) == ("<p>look</p>", None)
        assert (await see(client, original))["quotes_count"] == 0
    assert bus.news == [News(bob.id, "status_edited", made)]
    assert [await told(db, one) for one in (ann, bob, eve)] == before
    assert "quote" in [one[0] for one in await told(db, ann)]
    [version] = (await client.get(f"/api/v1/statuses/{made}/history", bob)).json
    assert version["quote"] == {"state": "revoked", "quoted_status": None}
    await client.delete(f"/api/v1/statuses/{made}", bob)
    assert (await see(client, original))["quotes_count"] == 0


async def test_only_the_quoted_author_takes_a_quote_back(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db
    original, other = [await make_status(db, ann.id) for _ in range(2)]
    private = await make_status(db, ann.id, visibility="private")
    made = await quoted_by(client, bob, original)
    plain = await make_status(db, bob.id)
    for by, quoted, quoting, status in [
        (bob, original, made, 403), (None, original, made, 401), (bob, private, made, 404),
        (ann, other, made, 404), (ann, original, plain, 404), (ann, original, 1, 404),
        (ann, original, "abc", 404), (ann, 1, made, 404), (ann, "x", made, 404),
    ]:  # fmt: skip
        answer = await client.post(f"/api/v1/statuses/{quoted}/quotes/{quoting}/revoke", by)
        assert answer.status == status, (quoted, quoting)
    assert (await see(client, made))["quote"]["state"] == "accepted"


async def test_a_quote_that_hides_from_its_author_can_be_taken_back(
    client: Client, ann: Person, bob: Person
) -> None:
    original = await make_status(client.db, ann.id)
    made = await quoted_by(client, bob, original)
    await block(client.db, bob, ann)
    answer = await client.post(f"/api/v1/statuses/{original}/quotes/{made}/revoke", ann)
    assert answer.status == 404
    assert (await see(client, made, bob))["quote"]["state"] == "revoked"


# --- What it costs ---------------------------------------------------------------------------


async def test_a_page_full_of_quotes_costs_a_few_queries_more_and_none_for_each(
    client: Client, ann: Person, bob: Person
) -> None:
    db = client.db

    async def cost() -> int:
        path = f"/api/v1/accounts/{bob.id}/statuses"
        await client.get(path, ann, params={"limit": 40})
        await something_is_committed(db)
        before = db.statements
        answer = await client.get(path, ann, params={"limit": 40})
        assert answer.status == 200
        return db.statements - before

    for _ in range(3):
        await make_status(db, bob.id)
    plain = await cost()
    inner = await quoted_by(client, ann, await make_status(db, ann.id))
    await quoted_by(client, bob, inner)
    one = await cost()
    for _ in range(20):
        inner = await quoted_by(client, ann, await make_status(db, ann.id))
        await quoted_by(client, bob, inner)
    assert (one - plain, await cost() - one) == (4, 0)
    with query_budget(db, plain + 4):
        await client.get(f"/api/v1/accounts/{bob.id}/statuses", ann, params={"limit": 40})
