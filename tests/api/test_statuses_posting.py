"""POST /api/v1/statuses: what is made of what is asked, and the order in which it is refused."""

from __future__ import annotations

import asyncio

import pytest

from stentor.store.database import Database
from stentor.streaming.bus import News
from tests.factories import (
    NOW,
    Person,
    insert,
    make_account,
    make_follow,
    make_status,
)
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Answer, Client, Clock


@pytest.fixture
async def ann(db: Database) -> Person:
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    return await make_account(db, "bob")


async def post(client: Client, by: Person, text: str = "hello", **more: object) -> Answer:
    headers = more.pop("headers", None)
    return await client.post(
        "/api/v1/statuses",
        by,
        json={"status": text, **more},
        headers=headers,  # type: ignore[arg-type]  # a test's shorthand
    )


async def told(db: Database, person: Person) -> list[tuple[str, int]]:
    """Type and status of everything a person was notified of, the oldest first."""
    rows = await db.fetch(
        "SELECT type, status_id FROM notifications WHERE account_id = $1 ORDER BY id", person.id
    )
    return [(row[0], row[1]) for row in rows]


async def number(db: Database, table: str) -> int:
    return int(await db.fetch_value(f"SELECT count(*) FROM {table}"))


# --- Plainly ---------------------------------------------------------------------------------


async def test_a_status_is_answered_as_it_will_be_shown(client: Client, ann: Person) -> None:
    answer = await post(client, ann, "a & b\n\nc", language="de")
    assert answer.status == 200
    body = answer.json
    assert body["content"] == "<p>a &amp; b</p><p>c</p>"
    assert body["url"] == f"https://stentor.example/@ann/{body['id']}"
    assert (body["visibility"], body["language"], body["sensitive"]) == ("public", "de", False)
    assert body["account"]["statuses_count"] == 1
    assert body["account"]["last_status_at"] == "2026-06-01"
    assert (await client.get(f"/api/v1/statuses/{body['id']}", ann)).json == body


async def test_the_application_that_was_used_is_named(client: Client, ann: Person) -> None:
    db = client.db
    await insert(
        db, "applications", id=7, name="Quill", website="https://quill.example", client_id="q",
        secret_hash=b"x", redirect_uris="[]", scopes="write", created_at=NOW,
    )  # fmt: skip
    from tests.factories import make_token

    token = await make_token(db, ann.id, "write read", application_id=7)
    body = (await client.post("/api/v1/statuses", token, form={"status": "hi"})).json
    assert body["application"] == {"name": "Quill", "website": "https://quill.example"}


@pytest.mark.parametrize("way", ["form", "json", "query"])
async def test_every_encoding_posts(client: Client, ann: Person, way: str) -> None:
    values = {"status": "hi", "visibility": "unlisted", "sensitive": "1"}
    send = {"form": {"form": values}, "json": {"json": values}, "query": {"params": values}}[way]
    body = (await client.post("/api/v1/statuses", ann, **send)).json  # type: ignore[arg-type]  # a test's shorthand
    assert (body["visibility"], body["sensitive"]) == ("unlisted", True)


@pytest.mark.parametrize(
    ("asked", "user", "account", "expected"),
    [
        (None, {}, {}, "public"),
        (None, {"default_privacy": "unlisted"}, {}, "unlisted"),
        (None, {"default_privacy": ""}, {"locked": True}, "private"),
        (None, {"default_privacy": ""}, {}, "public"),
        ("direct", {"default_privacy": "unlisted"}, {"locked": True}, "direct"),
        ("public", {}, {"silenced_at": NOW}, "unlisted"),
        (None, {}, {"silenced_at": NOW}, "unlisted"),
        ("private", {}, {"silenced_at": NOW}, "private"),
        ("", {"default_privacy": "private"}, {}, "private"),
    ],
)
async def test_the_visibility_is_as_asked_or_as_usual(
    client: Client, asked: str | None, user: dict[str, object], account: dict[str, object],
    expected: str,
) -> None:  # fmt: skip
    author = await make_account(client.db, user=user, **account)
    more = {} if asked is None else {"visibility": asked}
    assert (await post(client, author, **more)).json["visibility"] == expected


@pytest.mark.parametrize(
    ("asked", "usual", "expected"),
    [
        ("de", None, "de"), ("xx", None, "en"), ("xx", "fr", "fr"), (None, "fr", "fr"),
        (None, None, "en"), ("PT-br", None, "pt-BR"), ("", "ja", "ja"), ("klingon", None, "en"),
        ("zh_tw", None, "zh-TW"),
    ],
)  # fmt: skip
async def test_the_language_is_the_first_that_exists(
    client: Client, asked: str | None, usual: str | None, expected: str
) -> None:
    author = await make_account(client.db, user={"default_language": usual})
    more = {} if asked is None else {"language": asked}
    assert (await post(client, author, **more)).json["language"] == expected


@pytest.mark.parametrize(
    ("asked", "usual", "spoiler", "expected"),
    [
        (None, False, "", False), (None, True, "", True), ("false", True, "", False),
        ("true", False, "", True), ("false", False, "look away", True),
    ],
)  # fmt: skip
async def test_a_status_is_sensitive_if_it_says_so_or_has_a_spoiler(
    client: Client, asked: str | None, usual: bool, spoiler: str, expected: bool
) -> None:
    author = await make_account(client.db, user={"default_sensitive": usual})
    more = {"spoiler_text": spoiler} | ({} if asked is None else {"sensitive": asked})
    body = (await post(client, author, **more)).json
    assert (body["sensitive"], body["spoiler_text"]) == (expected, spoiler)


async def test_a_spoiler_without_a_text_gets_a_filler(client: Client, ann: Person) -> None:
    body = (await post(client, ann, "  ", spoiler_text="see?")).json
    assert (body["content"], body["spoiler_text"]) == ("<p>.</p>", "see?")


async def test_news_is_told_once_it_is_true(client: Client, ann: Person, bus: RecordingBus) -> None:
    body = (await post(client, ann)).json
    assert bus.news == [News(ann.id, "status_created", int(body["id"]))]


async def test_posting_takes_few_statements(client: Client, ann: Person, bob: Person) -> None:
    with query_budget(client.db, 13):
        assert (await post(client, ann, "plain")).status == 200


# --- What is refused -------------------------------------------------------------------------

REFUSED = {
    "blank": ({"status": " \n "}, 422, "Validation failed: Text can't be blank"),
    "nothing": ({}, 422, "Validation failed: Text can't be blank"),
    "too long": (
        {"status": "x" * 501}, 422, "Validation failed: Text character limit of 500 exceeded"),
    "too long with its spoiler": (
        {"status": "x" * 400, "spoiler_text": "y" * 101}, 422,
        "Validation failed: Text character limit of 500 exceeded"),
    "too many bytes": (
        {"status": "e" + "\u0301" * 50_000}, 422,
        "Validation failed: Text character limit of 500 exceeded"),
    "limited": (
        {"status": "x", "visibility": "limited"}, 422,
        "Validation failed: Visibility is not included in the list"),
    "no such visibility": (
        {"status": "x", "visibility": "friends"}, 422,
        "Validation failed: Visibility is not included in the list"),
    "no such parent": (
        {"status": "x", "in_reply_to_id": "12"}, 404,
        "The post you are trying to reply to does not appear to exist."),
    "no id": (
        {"status": "x", "in_reply_to_id": "abc"}, 404,
        "The post you are trying to reply to does not appear to exist."),
    "the parent comes before the text": (
        {"status": "", "in_reply_to_id": "12"}, 404,
        "The post you are trying to reply to does not appear to exist."),
    "quote": (
        {"status": "x", "quoted_status_id": "12"}, 404,
        "The post you are trying to quote does not appear to exist."),
    "media": (
        {"status": "x", "media_ids": ["1", "2"]}, 422,
        "Media 1, 2 not found or already attached to another post"),
    "too much media": (
        {"status": "x", "media_ids": ["1", "2", "3", "4", "5"]}, 422,
        "Cannot attach more than 4 files"),
    "media comes before the text": (
        {"status": "", "media_ids": ["9"]}, 422,
        "Media 9 not found or already attached to another post"),
    "no time": ({"status": "x", "scheduled_at": "soon"}, 422, "Record invalid"),
    "too soon": (
        {"status": "x", "scheduled_at": "2026-06-01T12:04:59Z"}, 422,
        "Validation failed: Scheduled at date must be in the future"),
    "later": (
        {"status": "x", "scheduled_at": "2026-06-01T12:05:00Z"}, 422,
        "Scheduled posts are not available"),
    "no such quote policy": (
        {"status": "x", "quote_approval_policy": "enemies"}, 422,
        "Validation failed: Quote approval policy is not included in the list"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_posted_is_refused_and_leaves_nothing(
    client: Client, ann: Person, case: str
) -> None:
    values, status, text = REFUSED[case]
    answer = await client.post(
        "/api/v1/statuses", ann, json=values, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status, answer.json) == (status, {"error": text})
    for table in ("statuses", "conversations", "idempotency_keys"):
        assert await number(client.db, table) == 0, table


@pytest.mark.parametrize(
    "values",
    [
        {"scheduled_at": "2026-06-01T11:59:00Z"}, {"scheduled_at": ""}, {"poll": None},
        {"poll": {}}, {"poll": []}, {"media_ids": []}, {"in_reply_to_id": ""},
        {"in_reply_to_id": None}, {"quoted_status_id": ""}, {"allowed_mentions": None},
        {"status": {"a": 1}, "spoiler_text": "s"}, {"visibility": None}, {"spoiler_text": None},
    ],
)  # fmt: skip
async def test_what_says_nothing_changes_nothing(
    client: Client, ann: Person, values: dict[str, object]
) -> None:
    answer = await client.post("/api/v1/statuses", ann, json={"status": "x", **values})
    assert answer.status == 200


async def test_exactly_500_characters_fit_and_a_url_counts_23(client: Client, ann: Person) -> None:
    url = "https://example.org/" + "a" * 300
    text = "x" * (500 - 24) + " " + url
    assert (await post(client, ann, text)).status == 200
    assert (await post(client, ann, "x" + text)).status == 422


@pytest.mark.parametrize(
    ("scopes", "status"),
    [("write", 200), ("write:statuses", 200), ("read", 403), ("write:favourites", 403)],
)
async def test_posting_needs_its_scope(client: Client, scopes: str, status: int) -> None:
    author = await make_account(client.db, token=scopes)
    assert (await post(client, author)).status == status


# --- Replies (C6.2) --------------------------------------------------------------------------


async def test_a_reply_joins_the_conversation_and_is_counted(
    client: Client, ann: Person, bob: Person
) -> None:
    parent = (await post(client, ann)).json
    reply = (await post(client, bob, "yes", in_reply_to_id=parent["id"])).json
    assert reply["in_reply_to_id"] == parent["id"]
    assert reply["in_reply_to_account_id"] == str(ann.id)
    rows = await client.db.fetch("SELECT DISTINCT conversation_id FROM statuses")
    assert len(rows) == 1
    assert (await client.get(f"/api/v1/statuses/{parent['id']}")).json["replies_count"] == 1


@pytest.mark.parametrize(
    ("visibility", "counts"), [("public", 1), ("unlisted", 1), ("private", 0), ("direct", 0)]
)
async def test_only_replies_that_everybody_may_see_are_counted(
    client: Client, ann: Person, bob: Person, visibility: str, counts: int
) -> None:
    parent = (await post(client, ann)).json["id"]
    reply = (await post(client, bob, in_reply_to_id=parent, visibility=visibility)).json["id"]
    assert (await client.get(f"/api/v1/statuses/{parent}")).json["replies_count"] == counts
    await client.delete(f"/api/v1/statuses/{reply}", bob)
    assert (await client.get(f"/api/v1/statuses/{parent}")).json["replies_count"] == 0


async def test_a_reply_to_a_reblog_answers_the_original(
    client: Client, ann: Person, bob: Person
) -> None:
    original = (await post(client, ann)).json["id"]
    wrapper = (await client.post(f"/api/v1/statuses/{original}/reblog", bob)).json["id"]
    reply = (await post(client, bob, in_reply_to_id=wrapper)).json
    assert (reply["in_reply_to_id"], reply["in_reply_to_account_id"]) == (original, str(ann.id))


async def test_going_on_with_ones_own_answer_still_answers_the_other(
    client: Client, ann: Person, bob: Person
) -> None:
    first = (await post(client, ann)).json["id"]
    second = (await post(client, bob, in_reply_to_id=first)).json["id"]
    third = (await post(client, bob, in_reply_to_id=second)).json
    assert third["in_reply_to_account_id"] == str(ann.id)
    own = (await post(client, ann, in_reply_to_id=first)).json
    assert own["in_reply_to_account_id"] == str(ann.id)


async def test_what_cannot_be_read_cannot_be_answered(
    client: Client, ann: Person, bob: Person
) -> None:
    hidden = await make_status(client.db, ann.id, visibility="private")
    answer = await post(client, bob, in_reply_to_id=str(hidden))
    assert answer.status == 404
    await make_follow(client.db, bob.id, ann.id)
    assert (await post(client, bob, in_reply_to_id=str(hidden))).status == 200


async def test_a_reply_alone_notifies_nobody(client: Client, ann: Person, bob: Person) -> None:
    parent = (await post(client, ann)).json["id"]
    await post(client, bob, "indeed", in_reply_to_id=parent)
    assert await told(client.db, ann) == []


# --- Mentions and hashtags (C6.3, C6.4) ------------------------------------------------------


async def test_a_mention_is_linked_spelled_as_the_account_and_told_once(
    client: Client, ann: Person
) -> None:
    zoe = await make_account(client.db, "Zoe")
    body = (await post(client, ann, "hi @zOE and @zoe@stentor.example!")).json
    assert body["mentions"] == [
        {"id": str(zoe.id), "username": "Zoe", "url": "https://stentor.example/@Zoe", "acct": "Zoe"}
    ]
    link = (
        '<span class="h-card" translate="no"><a href="https://stentor.example/@Zoe" '
        'class="u-url mention">@<span>Zoe</span></a></span>'
    )
    assert body["content"] == f"<p>hi {link} and {link}!</p>"
    source = (await client.get(f"/api/v1/statuses/{body['id']}/source", ann)).json
    assert source["text"] == "hi @Zoe and @Zoe!"
    assert await told(client.db, zoe) == [("mention", int(body["id"]))]
    activity = await client.db.fetch_value("SELECT activity_id FROM notifications")
    assert activity == await client.db.fetch_value("SELECT id FROM mentions")


async def test_mentions_are_listed_in_the_order_of_the_text(client: Client, ann: Person) -> None:
    names = ["mia", "abe", "zed", "kim"]
    for name in reversed(names):
        await make_account(client.db, name)
    body = (await post(client, ann, " ".join(f"@{name}" for name in names))).json
    assert [one["username"] for one in body["mentions"]] == names


@pytest.mark.parametrize(
    ("account", "user"),
    [
        ({"suspended_at": NOW}, {}), ({"deletion_requested_at": NOW}, {}),
        ({}, {"confirmed_at": None}), ({}, {"approved": False}),
    ],
)  # fmt: skip
async def test_who_cannot_be_reached_is_not_mentioned(
    client: Client, ann: Person, account: dict[str, object], user: dict[str, object]
) -> None:
    zoe = await make_account(client.db, "zoe", user=user, **account)
    body = (await post(client, ann, "hi @zoe and @nobody and @x@elsewhere.example")).json
    assert body["mentions"] == []
    assert body["content"] == "<p>hi @zoe and @nobody and @x@elsewhere.example</p>"
    assert await told(client.db, zoe) == []


async def test_a_remote_account_is_mentioned_and_not_told(client: Client, ann: Person) -> None:
    await make_account(client.db, "ida", domain="far.example", url="https://far.example/@ida")
    body = (await post(client, ann, "@ida@FAR.example")).json
    assert [one["acct"] for one in body["mentions"]] == ["ida@far.example"]
    assert 'href="https://far.example/@ida"' in body["content"]
    assert await number(client.db, "notifications") == 0


@pytest.mark.parametrize("how", ["account", "domain"])
async def test_whom_the_author_blocks_is_not_mentioned(
    client: Client, ann: Person, how: str
) -> None:
    ida = await make_account(client.db, "ida", domain="far.example", url="https://far.example/@ida")
    if how == "account":
        await insert(
            client.db, "blocks", account_id=ann.id, target_account_id=ida.id, created_at=NOW
        )
    else:
        await insert(
            client.db, "account_domain_blocks", account_id=ann.id, domain="far.example",
            created_at=NOW,
        )  # fmt: skip
    assert (await post(client, ann, "@ida@far.example")).json["mentions"] == []


@pytest.mark.parametrize("table", ["blocks", "mutes"])
async def test_who_blocks_or_mutes_the_author_is_mentioned_and_not_told(
    client: Client, ann: Person, bob: Person, table: str
) -> None:
    await insert(client.db, table, account_id=bob.id, target_account_id=ann.id, created_at=NOW)
    assert len((await post(client, ann, "@bob")).json["mentions"]) == 1
    assert await told(client.db, bob) == []


async def test_oneself_is_mentioned_and_not_told(client: Client, ann: Person) -> None:
    assert len((await post(client, ann, "@ann")).json["mentions"]) == 1
    assert await told(client.db, ann) == []


async def test_names_in_a_spoiler_are_no_mentions(client: Client, ann: Person, bob: Person) -> None:
    body = (await post(client, ann, "look", spoiler_text="about @bob #tag")).json
    assert (body["mentions"], body["tags"]) == ([], [])
    assert await told(client.db, bob) == []


async def test_hashtags_are_kept_once_by_their_normal_form(client: Client, ann: Person) -> None:
    body = (await post(client, ann, "#Tea and #tea and ＃Ｔｅａ, #12 no")).json
    assert body["tags"] == [{"name": "tea", "url": "https://stentor.example/tags/tea"}]
    assert await number(client.db, "tags") == 1
    await post(client, ann, "more #TEA")
    assert await number(client.db, "tags") == 1
    assert await number(client.db, "status_tags") == 2


async def test_a_hashtag_too_large_for_an_index_is_only_text(client: Client, ann: Person) -> None:
    body = (await post(client, ann, "#a" + "\u0301" * 3000 + " #b")).json
    assert [tag["name"] for tag in body["tags"]] == ["b"]


# --- allowed_mentions ------------------------------------------------------------------------


async def test_only_expected_accounts_may_be_mentioned(
    client: Client, ann: Person, bob: Person
) -> None:
    zoe = await make_account(client.db, "zoe")
    answer = await post(client, ann, "@bob @zoe", allowed_mentions=[str(bob.id)])
    assert answer.status == 422
    assert answer.json["error"] == "Post would be sent to unexpected accounts"
    assert [one["id"] for one in answer.json["unexpected_accounts"]] == [str(zoe.id)]
    assert await number(client.db, "statuses") == 0
    allowed = [str(bob.id), str(zoe.id)]
    assert (await post(client, ann, "@bob @zoe", allowed_mentions=allowed)).status == 200


@pytest.mark.parametrize("send", [{"json": {"status": "@bob", "allowed_mentions": []}},
                                  {"form": "status=%40bob&allowed_mentions[]="}])  # fmt: skip
async def test_an_empty_list_of_expected_accounts_means_nobody(
    client: Client, ann: Person, bob: Person, send: dict[str, object]
) -> None:
    assert (await client.post("/api/v1/statuses", ann, **send)).status == 422  # type: ignore[arg-type]  # a test's shorthand
    assert (await post(client, ann, "nobody", allowed_mentions=[])).status == 200


# --- Direct ones -----------------------------------------------------------------------------


async def test_a_direct_status_is_in_the_conversations_of_both(
    client: Client, ann: Person, bob: Person
) -> None:
    await make_follow(client.db, bob.id, ann.id)
    body = (await post(client, ann, "@bob psst", visibility="direct")).json
    rows = await client.db.fetch(
        "SELECT account_id, participants, last_status_id, unread FROM account_conversations"
        " ORDER BY account_id"
    )
    assert [tuple(row) for row in rows] == [
        (ann.id, str(bob.id), int(body["id"]), False),
        (bob.id, str(ann.id), int(body["id"]), True),
    ]
    assert body["account"]["statuses_count"] == 0
    assert body["account"]["last_status_at"] is None


async def test_a_direct_status_that_is_filtered_stays_out_of_the_conversations(
    client: Client, ann: Person, bob: Person
) -> None:
    await post(client, ann, "@bob psst", visibility="direct")
    rows = await client.db.fetch("SELECT account_id FROM account_conversations")
    assert [row[0] for row in rows] == [ann.id]


# --- Idempotency (C6.1 item 1, trap 43) ------------------------------------------------------


async def test_the_same_key_makes_one_status(
    client: Client, ann: Person, bob: Person, clock: Clock
) -> None:
    key = {"Idempotency-Key": "once"}
    first = await post(client, ann, "@bob hi", headers=key)
    again = await post(client, ann, "@bob something else", headers=key)
    assert first.json == again.json
    assert len(await told(client.db, bob)) == 1
    assert (await post(client, bob, headers=key)).json["id"] != first.json["id"]
    clock.advance(hours=1)
    assert (await post(client, ann, headers=key)).json["id"] != first.json["id"]


async def test_the_same_key_at_the_same_moment_makes_one_status(
    client: Client, ann: Person, bob: Person, bus: RecordingBus
) -> None:
    key = {"Idempotency-Key": "x" * 3000}
    answers = await asyncio.gather(*(post(client, ann, "@bob hi", headers=key) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await number(client.db, "statuses") == 1
    assert await told(client.db, bob) == [("mention", int(answers[0].json["id"]))]
    assert [news.kind for news in bus.news].count("status_created") == 1
    assert answers[0].json["account"]["statuses_count"] == 1


async def test_different_keys_at_the_same_moment_make_different_statuses(
    client: Client, ann: Person
) -> None:
    answers = await asyncio.gather(
        *(post(client, ann, headers={"Idempotency-Key": str(n)}) for n in range(6))
    )
    assert len({answer.json["id"] for answer in answers}) == 6
    count = await client.db.fetch_value("SELECT statuses_count FROM accounts WHERE id = $1", ann.id)
    assert count == 6


async def test_a_key_whose_status_was_deleted_is_not_found_and_makes_no_other(
    client: Client, ann: Person
) -> None:
    key = {"Idempotency-Key": "once"}
    made = (await post(client, ann, headers=key)).json["id"]
    await client.delete(f"/api/v1/statuses/{made}", ann)
    assert (await post(client, ann, headers=key)).status == 404
    assert await number(client.db, "statuses") == 0


async def test_old_keys_are_forgotten(client: Client, ann: Person, clock: Clock) -> None:
    for n in range(3):
        await post(client, ann, headers={"Idempotency-Key": str(n)})
    clock.advance(hours=1)
    await post(client, ann, headers={"Idempotency-Key": "new"})
    assert await number(client.db, "idempotency_keys") == 1
