"""Polls over HTTP: asked, shown, voted in, changed, deleted (surroundings C9, C11, D4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stentor.store.database import Database
from tests.factories import Person, insert, make_account, make_follow, make_status
from tests.fixtures import query_budget
from tests.helpers import Answer, Client

OPTIONS = ["red", "green", "blue"]
ENDED = "The poll has already ended"
NO_OPTION = "The chosen vote option does not exist"
OWN = "You cannot vote in your own polls"
VOTED = "You have already voted on this poll"
MISSING = "param is missing or the value is empty or invalid: choices"


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who asks."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who votes."""
    return await make_account(db, "bob")


async def ask(client: Client, person: Person, text: str = "which?", **poll: Any) -> dict[str, Any]:
    """Posts a status with a poll of an hour; the status."""
    rest = {name: poll.pop(name) for name in ("visibility",) if name in poll}
    body = {"options": OPTIONS, "expires_in": 3600, **poll}
    answer = await client.post(
        "/api/v1/statuses", person, json={"status": text, "poll": body, **rest}
    )
    assert answer.status == 200, answer
    status: dict[str, Any] = answer.json
    return status


async def vote(client: Client, person: Person | None, poll_id: str, *choices: Any) -> Answer:
    """Votes."""
    path = f"/api/v1/polls/{poll_id}/votes"
    return await client.post(path, person, json={"choices": list(choices)})


def counts(poll: dict[str, Any]) -> list[int | None]:
    """How many votes each option has."""
    return [one["votes_count"] for one in poll["options"]]


# --- Asked and shown -------------------------------------------------------------------------


async def test_a_poll_has_these_keys_and_values(client: Client, ann: Person, bob: Person) -> None:
    status = await ask(client, ann, multiple=True)
    poll = status["poll"]
    shared = {
        "id": poll["id"],
        "expires_at": "2026-06-01T13:00:00.000Z",
        "expired": False,
        "multiple": True,
        "votes_count": 0,
        "voters_count": 0,
        "options": [{"title": one, "votes_count": 0} for one in OPTIONS],
        "emojis": [],
    }
    assert poll == {**shared, "voted": True, "own_votes": []}
    path = f"/api/v1/polls/{poll['id']}"
    assert (await client.get(path, ann)).json == poll
    assert (await client.get(path, bob)).json == {**shared, "voted": False, "own_votes": []}
    assert (await client.get(path)).json == shared
    assert (await client.get(f"/api/v1/statuses/{status['id']}")).json["poll"] == shared
    for who in (ann, bob):
        shown = (await client.get(f"/api/v1/statuses/{status['id']}", who)).json
        assert shown["poll"] == (await client.get(path, who)).json


async def test_a_form_asks_as_json_does(client: Client, ann: Person) -> None:
    answer = await client.post(
        "/api/v1/statuses", ann,
        form="status=x&poll[options][]=a&poll[options][]=b&poll[expires_in]=300"
             "&poll[multiple]=false&poll[hide_totals]=true",
    )  # fmt: skip
    poll = answer.json["poll"]
    assert (poll["multiple"], counts(poll)) == (False, [None, None])
    assert poll["expires_at"] == "2026-06-01T12:05:00.000Z"


@pytest.mark.parametrize(
    ("poll", "problems"),
    [
        ({"options": ["a"], "expires_in": 300}, "Poll options must have more than one item"),
        ({"options": ["a", "b"], "expires_in": 299}, "Poll expires at is too soon"),
        ({"options": ["a", "b"], "expires_in": "soon"}, "Poll expires at is too soon"),
        ({"options": ["a", "b"], "expires_in": 2_629_747},
         "Poll expires at is too far into the future"),
        ({"options": ["a", "b"]}, "Poll expires at is too far into the future"),
        ({"options": "a", "expires_in": 1},
         "Poll options must have more than one item, Poll expires at is too soon"),
        ({"expires_in": 300}, "Poll options must have more than one item"),
    ],
)  # fmt: skip
async def test_a_bad_poll_is_refused_with_its_status(
    client: Client, ann: Person, poll: dict[str, Any], problems: str
) -> None:
    status = {"status": "x", "poll": poll}
    answer = await client.post("/api/v1/statuses", ann, json=status)
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {problems}"})
    for table in ("statuses", "polls", "jobs"):
        assert await client.db.fetch_value(f"SELECT count(*) FROM {table}") == 0


async def test_a_poll_alone_is_no_text(client: Client, ann: Person) -> None:
    body = {"poll": {"options": ["a", "b"], "expires_in": 300}}
    answer = await client.post("/api/v1/statuses", ann, json=body)
    assert answer.json == {"error": "Validation failed: Text can't be blank"}


class TestShortest:
    """Where the server allows polls of five seconds."""

    @pytest.fixture
    def features(self) -> dict[str, Any]:
        return {"poll_min_expiration": 5}

    async def test_the_shortest_poll_is_a_setting(self, client: Client, ann: Person) -> None:
        poll = (await ask(client, ann, expires_in=5))["poll"]
        assert poll["expires_at"] == "2026-06-01T12:00:05.000Z"


@pytest.mark.parametrize("hide_totals", [False, True])
async def test_totals_may_be_hidden_until_the_end(
    client: Client, ann: Person, bob: Person, clock: Any, hide_totals: bool
) -> None:
    poll_id = (await ask(client, ann, hide_totals=hide_totals))["poll"]["id"]
    assert (await vote(client, bob, poll_id, 1)).status == 200
    for when, hidden in ((0, hide_totals), (3600, False)):
        clock.advance(seconds=when)
        for who in (ann, bob, None):
            poll = (await client.get(f"/api/v1/polls/{poll_id}", who)).json
            assert (poll["votes_count"], poll["voters_count"]) == (1, 1)
            assert counts(poll) == ([None] * 3 if hidden else [0, 1, 0])
            assert poll["expired"] is (when == 3600)


async def test_a_reblog_shows_the_poll_once(client: Client, ann: Person, bob: Person) -> None:
    status = await ask(client, ann)
    reblog = (await client.post(f"/api/v1/statuses/{status['id']}/reblog", bob)).json
    assert reblog["poll"] is None
    assert reblog["reblog"]["poll"]["voted"] is False
    assert (await client.get(f"/api/v1/polls/{reblog['id']}", bob)).status == 404
    assert (await vote(client, bob, reblog["id"], 0)).status == 404


async def test_polls_cost_a_page_two_queries_and_nothing_without(
    client: Client, ann: Person, bob: Person
) -> None:
    path = f"/api/v1/accounts/{ann.id}/statuses"
    for _ in range(3):
        await make_status(client.db, ann.id)
    before = client.db.statements
    assert len((await client.get(path, bob)).json) == 3
    plain = client.db.statements - before
    polls = [await ask(client, ann) for _ in range(6)]
    await vote(client, bob, polls[2]["poll"]["id"], 2)
    with query_budget(client.db, plain + 2):
        page = (await client.get(path, bob)).json
    assert [one["poll"] and one["poll"]["own_votes"] for one in page] == [
        [], [], [], [2], [], [], None, None, None,
    ]  # fmt: skip


# --- Voting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"choices": [1]}}, {"json": {"choices": ["1"]}}, {"form": {"choices[]": 1}},
        {"form": "choices[0]=1"}, {"json": {"choices": 1}}, {"params": {"choices[]": "+1"}},
    ],
)  # fmt: skip
async def test_a_vote_is_understood_in_any_form(
    client: Client, ann: Person, bob: Person, sent: dict[str, Any]
) -> None:
    status = await ask(client, ann)
    answer = await client.post(f"/api/v1/polls/{status['poll']['id']}/votes", bob, **sent)
    assert answer.status == 200
    assert (answer.json["voted"], answer.json["own_votes"]) == (True, [1])
    assert counts(answer.json) == [0, 1, 0]
    assert answer.json == (await client.get(f"/api/v1/polls/{status['poll']['id']}", bob)).json


async def test_votes_are_shown_in_the_order_of_casting(
    client: Client, ann: Person, bob: Person
) -> None:
    """And later ones are added to a multiple choice; the voter is counted once."""
    poll_id = (await ask(client, ann, multiple=True))["poll"]["id"]
    assert (await vote(client, bob, poll_id, 2, 0)).json["own_votes"] == [2, 0]
    poll = (await vote(client, bob, poll_id, 1)).json
    assert poll["own_votes"] == [2, 0, 1]
    assert (poll["votes_count"], poll["voters_count"], counts(poll)) == (3, 1, [1, 1, 1])


REFUSED: dict[str, tuple[dict[str, Any], list[Any], str]] = {
    "no such option": ({}, [3], NO_OPTION),
    "below all": ({}, [-1], NO_OPTION),
    "a word": ({}, ["red"], NO_OPTION),
    "nothing": ({}, [""], NO_OPTION),
    "null": ({}, [None], NO_OPTION),
    "a map": ({}, [{"a": 1}], NO_OPTION),
    "true": ({}, [True], NO_OPTION),
    "a fraction": ({}, [1.0], NO_OPTION),
    "a long number": ({}, ["9" * 5000], NO_OPTION),
    "a large number": ({}, [2**80], NO_OPTION),
    "two of one": ({}, [0, 1], VOTED),
    "the same twice": ({"multiple": True}, [1, 1], VOTED),
    "a good one and a bad one": ({"multiple": True}, [0, 7], NO_OPTION),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_bad_vote_is_refused_whole(
    client: Client, ann: Person, bob: Person, case: str
) -> None:
    poll, choices, problems = REFUSED[case]
    poll_id = (await ask(client, ann, **poll))["poll"]["id"]
    answer = await vote(client, bob, poll_id, *choices)
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {problems}"})
    shown = (await client.get(f"/api/v1/polls/{poll_id}", bob)).json
    assert (shown["votes_count"], shown["voters_count"], shown["own_votes"]) == (0, 0, [])
    assert await client.db.fetch_value("SELECT count(*) FROM poll_votes") == 0


async def test_who_has_voted_asked_or_come_late_is_told_so(
    client: Client, ann: Person, bob: Person, clock: Any
) -> None:
    poll_id = (await ask(client, ann))["poll"]["id"]
    assert (await vote(client, bob, poll_id, 0)).status == 200
    for who, expected in ((bob, VOTED), (ann, OWN)):
        answer = await vote(client, who, poll_id, 1)
        assert (answer.status, answer.json["error"]) == (422, f"Validation failed: {expected}")
    clock.advance(seconds=3600)
    for who, expected in (
        (bob, f"{ENDED}, {NO_OPTION}, {VOTED}"),
        (ann, f"{ENDED}, {NO_OPTION}, {OWN}"),
    ):
        answer = await vote(client, who, poll_id, 9)
        assert answer.json["error"] == f"Validation failed: {expected}"


@pytest.mark.parametrize("sent", [{}, {"json": {"choices": []}}, {"json": {"choices": None}}])
async def test_without_a_choice_nobody_votes(
    client: Client, ann: Person, bob: Person, sent: dict[str, Any]
) -> None:
    poll_id = (await ask(client, ann))["poll"]["id"]
    answer = await client.post(f"/api/v1/polls/{poll_id}/votes", bob, **sent)
    assert (answer.status, answer.json) == (400, {"error": MISSING})
    assert (await client.post("/api/v1/polls/1/votes", bob, **sent)).status == 404


@pytest.mark.parametrize(
    ("visibility", "relation", "expected"),
    [
        ("public", "none", 200), ("private", "none", 404), ("private", "follows", 200),
        ("direct", "follows", 404), ("direct", "named", 200), ("private", "named", 200),
        ("public", "blocks", 403), ("public", "blocked", 404), ("public", "anonymous", 401),
    ],
)  # fmt: skip
async def test_who_may_read_the_status_may_vote(
    client: Client, ann: Person, bob: Person, visibility: str, relation: str, expected: int
) -> None:
    text = "@bob which?" if relation == "named" else "which?"
    poll_id = (await ask(client, ann, text, visibility=visibility))["poll"]["id"]
    if relation == "follows":
        await make_follow(client.db, bob.id, ann.id)
    one, other = (bob, ann) if relation == "blocks" else (ann, bob)
    if relation in ("blocks", "blocked"):
        await insert(
            client.db, "blocks", account_id=one.id, target_account_id=other.id, created_at=1
        )
    who = None if relation == "anonymous" else bob
    assert (await vote(client, who, poll_id, 0)).status == expected
    shown = await client.get(f"/api/v1/polls/{poll_id}", who)
    assert shown.status == (404 if expected == 404 else 200)
    if expected == 404:
        assert shown.json == {"error": "Not Found"}


@pytest.mark.parametrize("poll_id", ["0", "12", "x", "1" * 40])
async def test_a_missing_poll_is_not_found(client: Client, bob: Person, poll_id: str) -> None:
    for answer in (await client.get(f"/api/v1/polls/{poll_id}"), await vote(client, bob, poll_id)):
        assert (answer.status, answer.json) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("multiple", [False, True])
async def test_votes_at_the_same_time_are_all_counted_once(
    client: Client, ann: Person, multiple: bool
) -> None:
    poll_id = (await ask(client, ann, multiple=multiple))["poll"]["id"]
    people = [await make_account(client.db) for _ in range(8)]
    answers = await asyncio.gather(
        *(vote(client, one, poll_id, n % 3) for n in range(3) for one in people)
    )
    good = [one for one in answers if one.status == 200]
    assert {one.status for one in answers} <= {200, 422}
    assert len(good) == (24 if multiple else 8)
    poll = (await client.get(f"/api/v1/polls/{poll_id}")).json
    assert (poll["votes_count"], poll["voters_count"]) == (len(good), 8)
    rows = await client.db.fetch("SELECT choice, count(*) FROM poll_votes GROUP BY choice")
    assert counts(poll) == [dict(map(tuple, rows)).get(n, 0) for n in range(3)]


# --- Edited and deleted ----------------------------------------------------------------------


async def edit(client: Client, person: Person, status_id: str, text: str, poll: Any) -> Any:
    """Replaces a status; the status."""
    body = {"status": text} | ({"poll": poll} if poll else {})
    answer = await client.put(f"/api/v1/statuses/{status_id}", person, json=body)
    assert answer.status == 200, answer
    return answer.json


SAME = {"options": OPTIONS, "expires_in": 3600}


@pytest.mark.parametrize(
    ("change", "kept", "changed"),
    [
        ({}, True, False),
        ({"hide_totals": True}, True, True),
        ({"expires_in": 600}, True, True),
        ({"multiple": True}, False, True),
        ({"options": OPTIONS[:2]}, False, True),
        ({"options": OPTIONS[::-1]}, False, True),
    ],
)
async def test_an_edit_keeps_the_votes_unless_it_asks_something_else(
    client: Client, ann: Person, bob: Person, change: dict[str, Any], kept: bool, changed: bool
) -> None:
    status = await ask(client, ann)
    await vote(client, bob, status["poll"]["id"], 0)
    body = await edit(client, ann, status["id"], "which?", {**SAME, **change})
    assert (body["edited_at"] is not None) is changed
    shown = (await client.get(f"/api/v1/polls/{body['poll']['id']}", bob)).json
    assert (shown["voted"], shown["voters_count"], shown["votes_count"]) == (kept, kept, kept)
    assert await client.db.fetch_value("SELECT count(*) FROM poll_votes") == kept
    assert [one["title"] for one in shown["options"]] == change.get("options", OPTIONS)
    assert (await vote(client, bob, shown["id"], 1)).status == (422 if kept else 200)


async def test_an_edit_without_the_poll_takes_it_away(
    client: Client, ann: Person, bob: Person
) -> None:
    status = await ask(client, ann)
    await vote(client, bob, status["poll"]["id"], 0)
    assert (await edit(client, ann, status["id"], "which?", None))["poll"] is None
    assert (await client.get(f"/api/v1/polls/{status['poll']['id']}", bob)).status == 404
    for table in ("polls", "poll_votes", "jobs"):
        assert await client.db.fetch_value(f"SELECT count(*) FROM {table}") == 0
    again = await edit(client, ann, status["id"], "which?", SAME)
    assert again["poll"]["votes_count"] == 0


async def test_a_history_tells_what_could_be_chosen(client: Client, ann: Person) -> None:
    status = await ask(client, ann)
    path = f"/api/v1/statuses/{status['id']}/history"
    first = {"options": [{"title": one} for one in OPTIONS]}
    assert [one["poll"] for one in (await client.get(path)).json] == [first]
    await edit(client, ann, status["id"], "which?", None)
    await edit(client, ann, status["id"], "which?", {"options": ["x", "y"], "expires_in": 600})
    versions = (await client.get(path)).json
    assert [one.get("poll", "none") for one in versions] == [
        first, "none", {"options": [{"title": "x"}, {"title": "y"}]},
    ]  # fmt: skip
    assert (await client.get(f"/api/v1/statuses/{status['id']}/source", ann)).status == 200


async def test_a_deleted_status_gives_its_poll_back(
    client: Client, ann: Person, bob: Person
) -> None:
    """For deleting and writing it anew."""
    status = await ask(client, ann)
    await vote(client, bob, status["poll"]["id"], 2)
    body = (await client.delete(f"/api/v1/statuses/{status['id']}", ann)).json
    assert (body["text"], body["poll"]["id"]) == ("which?", status["poll"]["id"])
    assert counts(body["poll"]) == [0, 0, 1]
    for table in ("polls", "poll_votes", "jobs"):
        assert await client.db.fetch_value(f"SELECT count(*) FROM {table}") == 0


async def test_an_option_is_text_and_no_markup(client: Client, ann: Person) -> None:
    """T50: clients escape titles; what was typed comes back as it was."""
    typed = ["<b>x</b>", "@ann #tag & https://a.example"]
    poll = (await ask(client, ann, options=typed))["poll"]
    assert [one["title"] for one in poll["options"]] == typed
