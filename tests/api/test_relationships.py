"""What stands between two accounts: every action from every state, counters, notifications."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stentor.domain.limits import FOLLOWING
from tests import invariants
from tests.factories import NOW, Person, insert, make_account, make_follow
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Client

KEYS = [
    "id", "following", "showing_reblogs", "notifying", "languages", "followed_by", "blocking",
    "blocked_by", "muting", "muting_notifications", "muting_expires_at", "requested",
    "requested_by", "domain_blocking", "endorsed", "note",
]  # fmt: skip
NOT_FOUND = (404, {"error": "Record not found"})
NOT_ALLOWED = (403, {"error": "This action is not allowed"})


async def act(client: Client, by: Person, action: str, on: Person | int, **form: Any) -> Any:
    target = on if isinstance(on, int) else on.id
    noun = "follow_requests" if action in ("authorize", "reject") else "accounts"
    return await client.post(f"/api/v1/{noun}/{target}/{action}", by, form=form)


async def relationship(client: Client, by: Person, to: Person) -> Any:
    answer = await client.get("/api/v1/accounts/relationships", by, params={"id[]": to.id})
    assert answer.status == 200
    return answer.json[0]


# --- A model that knows nothing of SQL -------------------------------------------------------

Edge = tuple[str, str]


@dataclass
class Model:
    """Three people, and what each has to do with each other; names stand for accounts."""

    locked: set[str] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)
    follows: set[Edge] = field(default_factory=set)
    requests: set[Edge] = field(default_factory=set)
    blocks: set[Edge] = field(default_factory=set)
    mutes: set[Edge] = field(default_factory=set)
    endorsements: set[Edge] = field(default_factory=set)
    #: (recipient, type, sender)
    told: set[tuple[str, str, str]] = field(default_factory=set)

    def run(self, a: str, action: str, b: str) -> int:
        """a does something to b; the status of the answer."""
        return getattr(self, action)(a, b) or 200

    def follow(self, a: str, b: str) -> int | None:
        if a == b or (a, b) in self.blocks or (b, a) in self.blocks:
            return 403
        if (a, b) in self.follows | self.requests:
            return None
        ask = b in self.locked or a in self.limited
        (self.requests if ask else self.follows).add((a, b))
        self.tell(b, "follow_request" if ask else "follow", a)
        return None

    def tell(self, recipient: str, kind: str, sender: str) -> None:
        if (recipient, sender) not in self.mutes:
            self.told.add((recipient, kind, sender))

    def cut(self, a: str, b: str) -> None:
        self.follows.discard((a, b))
        self.requests.discard((a, b))
        self.endorsements.discard((a, b))
        self.told -= {(b, "follow", a), (b, "follow_request", a)}

    def unfollow(self, a: str, b: str) -> None:
        self.cut(a, b)

    def remove_from_followers(self, a: str, b: str) -> None:
        if (b, a) in self.follows:
            self.cut(b, a)

    def authorize(self, a: str, b: str) -> int | None:
        if (b, a) not in self.requests:
            return 404
        self.requests.discard((b, a))
        self.told.discard((a, "follow_request", b))
        self.follows.add((b, a))
        self.tell(a, "follow", b)
        return None

    def reject(self, a: str, b: str) -> int | None:
        if (b, a) not in self.requests:
            return 404
        self.cut(b, a)
        return None

    def block(self, a: str, b: str) -> None:
        if a != b:
            self.cut(a, b)
            self.cut(b, a)
            self.blocks.add((a, b))
            self.told = {one for one in self.told if (one[0], one[2]) != (a, b)}

    def unblock(self, a: str, b: str) -> None:
        self.blocks.discard((a, b))

    def mute(self, a: str, b: str) -> None:
        if a != b:
            self.mutes.add((a, b))
            self.told = {one for one in self.told if (one[0], one[2]) != (a, b)}

    def unmute(self, a: str, b: str) -> None:
        self.mutes.discard((a, b))

    def endorse(self, a: str, b: str) -> int | None:
        if (a, b) not in self.follows:
            return 422
        self.endorsements.add((a, b))
        return None

    def unendorse(self, a: str, b: str) -> None:
        self.endorsements.discard((a, b))

    def shown(self, a: str, b: str) -> dict[str, bool]:
        """The relationship of a to b, as far as it is yes or no."""
        there = (a, b) in self.follows | self.requests
        return {
            "following": (a, b) in self.follows,
            "showing_reblogs": there,
            "notifying": False,
            "followed_by": (b, a) in self.follows,
            "blocking": (a, b) in self.blocks,
            "blocked_by": (b, a) in self.blocks,
            "muting": (a, b) in self.mutes,
            "muting_notifications": (a, b) in self.mutes,
            "requested": (a, b) in self.requests,
            "requested_by": (b, a) in self.requests,
            "domain_blocking": False,
            "endorsed": (a, b) in self.endorsements,
        }


ACTIONS = (
    "follow", "unfollow", "remove_from_followers", "authorize", "reject", "block", "unblock",
    "mute", "unmute", "endorse", "unendorse",
)  # fmt: skip
#: How the viewer and the other came to stand as they do, before the action.
RELATIONS: dict[str, list[tuple[str, str, str]]] = {
    "strangers": [],
    "following": [("me", "follow", "you")],
    "endorsing": [("me", "follow", "you"), ("me", "endorse", "you")],
    "followed": [("you", "follow", "me")],
    "mutual": [("me", "follow", "you"), ("you", "follow", "me")],
    "asking": [("me", "follow", "locked")],
    "asked": [("limited", "follow", "me")],
    "blocking": [("you", "follow", "me"), ("me", "block", "you")],
    "blocked": [("me", "follow", "you"), ("you", "block", "me")],
    "muting": [("you", "follow", "me"), ("me", "mute", "you")],
}


@pytest.fixture
async def everyone(client: Client) -> dict[str, Person]:
    return {
        "me": await make_account(client.db, "me"),
        "you": await make_account(client.db, "you"),
        "locked": await make_account(client.db, "locked", locked=True),
        "limited": await make_account(client.db, "limited", silenced_at=NOW),
    }


async def check(client: Client, everyone: dict[str, Person], model: Model) -> None:
    """The database holds what the model holds, counters and notifications included."""
    names = {person.id: name for name, person in everyone.items()}
    for table, edges in (
        ("follows", model.follows),
        ("follow_requests", model.requests),
        ("blocks", model.blocks),
        ("mutes", model.mutes),
        ("endorsements", model.endorsements),
    ):
        rows = await client.db.fetch(f"SELECT account_id, target_account_id FROM {table}")
        assert {(names[a], names[b]) for a, b in rows} == edges, table
    counters = "SELECT id, following_count, followers_count FROM accounts"
    for account_id, following, followers in await client.db.fetch(counters):
        name = names[account_id]
        assert following == sum(a == name for a, _ in model.follows)
        assert followers == sum(b == name for _, b in model.follows)
    rows = await client.db.fetch("SELECT account_id, type, from_account_id FROM notifications")
    assert {(names[to], kind, names[by]) for to, kind, by in rows} == model.told
    assert len(rows) == len(model.told)
    await invariants.check(client.db)


async def step(
    client: Client, everyone: dict[str, Person], model: Model, what: tuple[str, str, str]
) -> None:
    """Does it, and compares the answer with the model's."""
    a, action, b = what
    answer = await act(client, everyone[a], action, everyone[b])
    assert answer.status == model.run(a, action, b), answer
    if answer.status == 200:
        assert list(answer.json) == KEYS
        shown = model.shown(a, b)
        assert {key: answer.json[key] for key in shown} == shown
        assert answer.json["id"] == str(everyone[b].id)


@pytest.mark.parametrize("action", ACTIONS)
async def test_every_action_from_every_relation(
    client: Client, everyone: dict[str, Person], action: str
) -> None:
    for relation, steps in RELATIONS.items():
        other = {"asking": "locked", "asked": "limited"}.get(relation, "you")
        model = Model(locked={"locked"}, limited={"limited"})
        for one in [*steps, ("me", action, other)]:
            await step(client, everyone, model, one)
        await check(client, everyone, model)
        await clear(client)


async def clear(client: Client) -> None:
    async with client.db.transaction() as tx:
        for table in (
            "follows", "follow_requests", "blocks", "mutes", "endorsements", "notifications",
            "notification_groups", "notification_requests",
        ):  # fmt: skip
            await tx.run(f"DELETE FROM {table}")
        await tx.run("UPDATE accounts SET followers_count = 0, following_count = 0")


STEPS = st.tuples(
    st.sampled_from(["me", "you", "locked", "limited"]),
    st.sampled_from(ACTIONS),
    st.sampled_from(["me", "you", "locked", "limited"]),
)


@given(steps=st.lists(STEPS, max_size=25))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_after_any_sequence_counters_and_notifications_equal_the_rows(
    client: Client, everyone: dict[str, Person], steps: list[tuple[str, str, str]]
) -> None:
    await clear(client)
    model = Model(locked={"locked"}, limited={"limited"})
    for one in steps:
        await step(client, everyone, model, one)
    await check(client, everyone, model)


# --- relationships ---------------------------------------------------------------------------


async def test_strangers_have_sixteen_keys_and_nothing_between_them(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    shown = await relationship(client, me, you)
    assert list(shown) == KEYS
    assert shown == {
        **dict.fromkeys(KEYS, False),
        "id": str(you.id),
        "languages": None,
        "muting_expires_at": None,
        "note": "",
    }


async def test_relationships_of_many_accounts_take_a_fixed_number_of_queries(
    client: Client,
) -> None:
    me = await make_account(client.db)
    others = [await make_account(client.db, token=None) for _ in range(30)]
    for other in others[:10]:
        await make_follow(client.db, me.id, other.id)
    ids = [("id[]", other.id) for other in others]
    with query_budget(client.db, 2):  # token · everything between the viewer and the others
        answer = await client.get("/api/v1/accounts/relationships", me, params=ids)
    assert [one["id"] for one in answer.json] == [str(other.id) for other in others]
    assert [one["following"] for one in answer.json] == [True] * 10 + [False] * 20


async def test_relationships_take_a_scalar_and_leave_out_what_there_is_not(
    client: Client,
) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    gone = await make_account(client.db, suspended_at=NOW)
    waiting = await make_account(client.db, user={"approved": False})
    path = "/api/v1/accounts/relationships"

    async def ids(params: Any) -> list[str]:
        answer = await client.get(path, me, params=params)
        assert answer.status == 200
        return [one["id"] for one in answer.json]

    assert await ids({"id": you.id}) == [str(you.id)]
    assert await ids({}) == []
    every = [
        ("id[]", one) for one in (you.id, "x", 5, gone.id, waiting.id, you.id, "9" * 30, "-1", "")
    ]
    assert await ids(every) == [str(you.id)]
    assert await ids([*every, ("with_suspended", "true")]) == [str(you.id), str(gone.id)]


# --- follow ----------------------------------------------------------------------------------


async def test_following_again_changes_only_the_options_that_are_named(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    locked = await make_account(client.db, locked=True)
    for other in (you, locked):
        answer = await client.post(
            f"/api/v1/accounts/{other.id}/follow",
            me,
            json={"reblogs": False, "notify": True, "languages": ["en", "de-AT", "en"]},
        )
        options = ("showing_reblogs", "notifying", "languages")
        assert [answer.json[key] for key in options] == [False, True, ["en", "de-AT"]]
        assert answer.json["following"] is (other is you)
        assert answer.json["requested"] is (other is locked)
        for form, expected in (
            ({}, [False, True, ["en", "de-AT"]]),
            ({"reblogs": "1"}, [True, True, ["en", "de-AT"]]),
            ({"notify": "False"}, [True, False, ["en", "de-AT"]]),
            ({"languages[]": ""}, [True, False, None]),
            ({"languages[]": "fr"}, [True, False, ["fr"]]),
        ):
            answer = await act(client, me, "follow", other, **form)
            assert [answer.json[key] for key in options] == expected
    # Nobody was told twice.
    assert await client.db.fetch_value("SELECT count(*) FROM notifications") == 2


async def test_the_options_of_a_request_are_those_of_the_follow_that_it_becomes(
    client: Client,
) -> None:
    me = await make_account(client.db)
    locked = await make_account(client.db, locked=True)
    await client.post(
        f"/api/v1/accounts/{locked.id}/follow",
        me,
        json={"reblogs": False, "notify": True, "languages": ["en"]},
    )
    await act(client, locked, "authorize", me)
    shown = await relationship(client, me, locked)
    assert shown["following"] is True
    assert (shown["showing_reblogs"], shown["notifying"], shown["languages"]) == (
        False, True, ["en"],
    )  # fmt: skip


async def test_a_language_that_is_none_is_refused(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    answer = await act(client, me, "follow", you, **{"languages[]": "no such thing"})
    assert (answer.status, answer.json) == (
        422,
        {"error": "Validation failed: Languages is invalid"},
    )


async def test_one_cannot_follow_oneself(client: Client) -> None:
    me = await make_account(client.db)
    answer = await act(client, me, "follow", me)
    assert (answer.status, answer.json) == (
        403,
        {"error": "Following your own account is not allowed"},
    )


@pytest.mark.parametrize("action", [*ACTIONS, "note"])
async def test_nobody_can_be_acted_upon_who_does_not_exist_or_is_not_let_in_yet(
    client: Client, action: str
) -> None:
    me = await make_account(client.db)
    unconfirmed = await make_account(client.db, user={"confirmed_at": None})
    pending = await make_account(client.db, user={"approved": False})
    noun = "follow_requests" if action in ("authorize", "reject") else "accounts"
    for target in (
        "5", "0", "x", "12abc", "-1", "9" * 19, "9" * 60, "%20", "%00", "٣",
        unconfirmed.id, pending.id,
    ):  # fmt: skip
        answer = await client.post(f"/api/v1/{noun}/{target}/{action}", me)
        assert (answer.status, answer.json) == NOT_FOUND, target


@pytest.mark.parametrize("column", ["suspended_at", "deletion_requested_at"])
async def test_the_suspended_can_be_left_but_not_followed(client: Client, column: str) -> None:
    me = await make_account(client.db, following_count=1)
    gone = await make_account(client.db, followers_count=1, **{column: NOW})
    await make_follow(client.db, me.id, gone.id)
    answer = await act(client, me, "unfollow", gone)
    assert (answer.status, answer.json["following"]) == (200, False)
    answer = await act(client, me, "follow", gone)
    assert (answer.status, answer.json) == NOT_FOUND
    for action in ("block", "mute", "unblock", "unmute"):
        assert (await act(client, me, action, gone)).status == 200


async def test_a_moved_account_and_a_blocked_domain_cannot_be_followed(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    moved = await make_account(client.db, moved_to_id=you.id)
    answer = await act(client, me, "follow", moved)
    assert (answer.status, answer.json) == NOT_ALLOWED
    far = await make_account(client.db, "far", domain="far.example")
    await client.post("/api/v1/domain_blocks", me, form={"domain": "far.example"})
    answer = await act(client, me, "follow", far)
    assert (answer.status, answer.json) == NOT_ALLOWED
    assert (await relationship(client, me, far))["domain_blocking"] is True


async def test_a_follow_of_an_account_elsewhere_waits_for_its_consent(client: Client) -> None:
    me = await make_account(client.db)
    far = await make_account(client.db, "far", domain="far.example")
    answer = await act(client, me, "follow", far)
    assert (answer.json["following"], answer.json["requested"]) == (False, True)


@pytest.mark.parametrize(
    ("following", "followers", "status", "most"),
    [
        (FOLLOWING - 1, 0, 200, 0),
        (FOLLOWING, 0, 422, FOLLOWING),
        (FOLLOWING, 7000, 200, 7700),
        (7700, 7000, 422, 7700),
    ],
)
async def test_nobody_follows_more_than_his_limit(
    client: Client, following: int, followers: int, status: int, most: int
) -> None:
    me = await make_account(client.db, following_count=following, followers_count=followers)
    for other in (await make_account(client.db), await make_account(client.db, locked=True)):
        answer = await act(client, me, "follow", other)
        assert answer.status == status
        if status == 422:
            text = f"Validation failed: You cannot follow more than {most} people"
            assert answer.json == {"error": text}
        async with client.db.transaction() as tx:
            await tx.run("UPDATE accounts SET following_count = $2 WHERE id = $1", me.id, following)


async def test_two_follows_at_once_are_one(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    locked = await make_account(client.db, locked=True)
    for other in (you, locked):
        answers = await asyncio.gather(*(act(client, me, "follow", other) for _ in range(8)))
        assert {answer.status for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
    assert await client.db.fetch_value("SELECT count(*) FROM follows") == 1
    assert await client.db.fetch_value("SELECT count(*) FROM follow_requests") == 1
    assert await client.db.fetch_value("SELECT count(*) FROM notifications") == 2
    counts = "SELECT followers_count FROM accounts WHERE id = $1"
    assert await client.db.fetch_value(counts, you.id) == 1


async def test_people_who_act_on_each_other_at_once_do_not_stop_each_other(
    client: Client,
) -> None:
    everyone = [await make_account(client.db) for _ in range(4)]
    for _ in range(3):
        answers = await asyncio.gather(
            *(
                act(client, a, action, b)
                for a, b in itertools.permutations(everyone, 2)
                for action in ("follow", "unfollow", "block", "unblock", "follow")
            )
        )
        assert {answer.status for answer in answers} <= {200, 403}
    for person in everyone:
        counters = "SELECT following_count, followers_count FROM accounts WHERE id = $1"
        following, followers = (await client.db.fetch(counters, person.id))[0]
        count = "SELECT count(*) FROM follows WHERE {} = $1"
        assert following == await client.db.fetch_value(count.format("account_id"), person.id)
        assert followers == await client.db.fetch_value(
            count.format("target_account_id"), person.id
        )


async def test_places_on_lists_and_endorsements_end_with_the_follow(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    await insert(client.db, "lists", id=7, account_id=me.id, title="x", created_at=NOW)
    for action, by, on in (
        ("unfollow", me, you),
        ("remove_from_followers", you, me),
        ("block", me, you),
        ("block", you, me),
    ):
        assert (await act(client, me, "follow", you)).json["following"] is True
        await insert(client.db, "list_accounts", list_id=7, account_id=you.id)
        assert (await act(client, me, "endorse", you)).json["endorsed"] is True
        await act(client, by, action, on)
        assert await client.db.fetch("SELECT id FROM list_accounts") == []
        assert (await relationship(client, me, you))["endorsed"] is False
        await act(client, me, "unblock", you)
        await act(client, you, "unblock", me)


# --- notes, endorsements, familiar followers ---------------------------------------------------


async def test_a_note_is_kept_replaced_and_removed(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    for comment in ("met at the lake", "", "ü" * 2000, " "):
        answer = await client.post(f"/api/v1/accounts/{you.id}/note", me, json={"comment": comment})
        assert (answer.status, answer.json["note"]) == (200, comment)
        assert (await relationship(client, me, you))["note"] == comment
        assert (await relationship(client, you, me))["note"] == ""
    answer = await act(client, me, "note", you, comment="x" * 2001)
    assert answer.status == 422
    assert (await client.post(f"/api/v1/accounts/{you.id}/note", me)).json["note"] == ""


async def test_endorsing_needs_a_follow_and_has_an_older_name(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    answer = await act(client, me, "pin", you)
    assert (answer.status, answer.json["error"]) == (
        422,
        "Validation failed: You must be already following the person you want to endorse",
    )
    await act(client, me, "follow", you)
    assert (await act(client, me, "pin", you)).json["endorsed"] is True
    for path, by in (
        ("/api/v1/endorsements", me),
        (f"/api/v1/accounts/{me.id}/endorsements", None),
    ):
        assert [one["id"] for one in (await client.get(path, by)).json] == [str(you.id)]
    assert (await act(client, me, "unpin", you)).json["endorsed"] is False
    assert (await client.get("/api/v1/endorsements", me)).json == []


async def test_familiar_followers_are_those_whom_the_viewer_follows(client: Client) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    shy = await make_account(client.db, hide_collections=True)
    friend = await make_account(client.db, "friend")
    stranger = await make_account(client.db)
    gone = await make_account(client.db, suspended_at=NOW)
    for one in (friend, gone):
        await make_follow(client.db, me.id, one.id)
    for one in (friend, stranger, gone):
        await make_follow(client.db, one.id, you.id)
        await make_follow(client.db, one.id, shy.id)
    path = "/api/v1/accounts/familiar_followers"
    ids = [str(one.id) for one in (shy, you, gone)]
    for request in ({"params": [("id[]", one) for one in [*ids, "5", "x"]]}, {"json": {"id": ids}}):
        with query_budget(client.db, 3):  # token · the accounts · the familiar ones
            answer = await client.get(path, me, **request)
        assert [one["id"] for one in answer.json] == ids[:2]
        assert [[a["acct"] for a in one["accounts"]] for one in answer.json] == [[], ["friend"]]
    assert (await client.get(path, me)).json == []
    many = [("id[]", n) for n in range(41)]
    assert (await client.get(path, me, params=many)).status == 422


async def test_a_follow_is_announced_once(client: Client, bus: RecordingBus) -> None:
    me, you = await make_account(client.db), await make_account(client.db)
    answer = await act(client, me, "follow", you)
    assert answer.status == 200
    assert [news.kind for news in bus.news] == ["notification"]
    await act(client, me, "follow", you)
    await act(client, me, "unfollow", you)
    assert len(bus.news) == 1
