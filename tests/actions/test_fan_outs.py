"""Telling many: each of them once, whatever happens meanwhile (notifications.md 3.1 to 3.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from stentor.actions import fan_outs, jobs
from stentor.domain.notifications import NotificationType
from stentor.store.audiences import Listener, Page
from stentor.store.database import Database, Reader, Transaction, open_database
from stentor.store.relationships import pack
from tests import invariants
from tests.factories import NOW, Person, insert, make_account, make_follow, make_status
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Client, Clock

HOUR = 3_600_000
POLL = {"options": ["red", "green"], "expires_in": 3600}


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who has something to tell."""
    return await make_account(db, "ann")


@pytest.fixture
async def bob(db: Database) -> Person:
    """Who may want to hear it."""
    return await make_account(db, "bob")


async def crowd(db: Database, count: int) -> list[Person]:
    """So many people without tokens."""
    return [await make_account(db, token=None) for _ in range(count)]


async def told(db: Database, type: str) -> list[tuple[int, int, int, int]]:
    """Who was told of what: recipient, sender, activity, status; by recipient."""
    rows = await db.fetch(
        "SELECT account_id, from_account_id, activity_id, status_id FROM notifications"
        " WHERE type = $1 ORDER BY account_id",
        type,
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def post(client: Client, person: Person, text: str = "news", **values: Any) -> int:
    """Posts a status; its id."""
    body = {"status": text, **values}
    answer = await client.post("/api/v1/statuses", person, json=body)
    assert answer.status == 200, answer
    return int(answer.json["id"])


async def edit(client: Client, person: Person, status_id: int, text: str, **values: Any) -> None:
    """Edits a status."""
    body = {"status": text, **values}
    answer = await client.put(f"/api/v1/statuses/{status_id}", person, json=body)
    assert answer.status == 200, answer


async def pending(db: Database) -> list[str]:
    """The kinds of the jobs that wait."""
    return [row[0] for row in await db.fetch("SELECT kind FROM jobs ORDER BY kind")]


# --- Followers who want to be told -----------------------------------------------------------


async def hide(db: Database, table: str, person: Person, target: int, **columns: Any) -> None:
    """A block or mute."""
    await insert(
        db, table, account_id=person.id, target_account_id=target, created_at=NOW, **columns
    )


FOLLOWERS: dict[str, tuple[dict[str, Any], bool]] = {
    "one who wants it": ({}, True),
    "one who does not": ({"notify": False}, False),
    "one of the language": ({"languages": ["de", "en"]}, True),
    "one of other languages": ({"languages": ["de"]}, False),
    "one who blocks him": ({"blocks": {}}, False),
    "one who mutes him": ({"mutes": {"hide_notifications": True}}, False),
    "one who mutes him in timelines": ({"mutes": {"hide_notifications": False}}, False),
    "one who muted him once": ({"mutes": {"expires_at": NOW}}, True),
    "one who blocks whom it names": ({"blocks": {}, "of": "named"}, False),
    "one who mutes whom it names": ({"mutes": {}, "of": "named"}, False),
    "one whom he blocks": ({"blocked": True}, False),
    "one who is suspended": ({"suspended": True}, False),
    "one who accepts nothing": ({"policy": True}, True),
}


@pytest.mark.parametrize("case", FOLLOWERS)
async def test_followers_are_told_of_what_their_home_shows(
    client: Client, ann: Person, case: str
) -> None:
    """C6.6, A65; nobody has to have been here within a week (weakness C-33)."""
    db = client.db
    wanted, expected = dict(FOLLOWERS[case][0]), FOLLOWERS[case][1]
    named = await make_account(db, "named", token=None)
    columns = {"suspended_at": NOW} if wanted.get("suspended") else {}
    person = await make_account(db, token=None, **columns)
    await make_follow(
        db, person.id, ann.id, notify=wanted.get("notify", True),
        languages=pack(wanted.get("languages")),
    )  # fmt: skip
    target = named.id if wanted.get("of") else ann.id
    for table in ("blocks", "mutes"):
        if table in wanted:
            await hide(db, table, person, target, **wanted[table])
    if wanted.get("blocked"):
        await hide(db, "blocks", ann, person.id)
    if wanted.get("policy"):
        values = {f"for_{one}": 2 for one in ("not_following", "not_followers", "new_accounts")}
        await insert(db, "notification_policies", account_id=person.id, **values)
    status_id = await post(client, ann, "@named news", language="en")
    row = (person.id, ann.id, status_id, status_id)
    assert await told(db, "status") == ([row] if expected else [])
    assert await pending(db) == []


@pytest.mark.parametrize("last_active_at", [None, NOW, NOW - 8 * 24 * HOUR, NOW - 900 * 24 * HOUR])
async def test_a_follower_who_has_not_been_here_for_long_is_still_told(
    client: Client, ann: Person, last_active_at: int | None
) -> None:
    """C-33: he may read by push alone, and he asked to be told."""
    person = await make_account(client.db, token=None, user={"last_active_at": last_active_at})
    await make_follow(client.db, person.id, ann.id, notify=True)
    status_id = await post(client, ann)
    assert await told(client.db, "status") == [(person.id, ann.id, status_id, status_id)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"visibility": "public"}, True), ({"visibility": "unlisted"}, True),
        ({"visibility": "private"}, True), ({"visibility": "direct"}, False),
        ({"reply": "own"}, True), ({"reply": "other"}, False), ({"reply": "thread"}, False),
        ({"reblog": True}, False),
    ],
)  # fmt: skip
async def test_followers_are_told_of_new_statuses_and_not_of_answers_to_others(
    client: Client, ann: Person, bob: Person, values: dict[str, Any], expected: bool
) -> None:
    db = client.db
    other = await make_status(db, bob.id)
    own = await make_status(db, ann.id)
    answer = await make_status(db, ann.id, in_reply_to_id=other, in_reply_to_account_id=bob.id)
    await make_follow(db, bob.id, ann.id, notify=True)
    if values.get("reblog"):
        await client.post(f"/api/v1/statuses/{other}/reblog", ann)
    else:
        parent = {"own": own, "other": other, "thread": answer}.get(values.get("reply", ""))
        values = {"visibility": values.get("visibility", "public"), "in_reply_to_id": parent}
        status_id = await post(client, ann, **values)
        await edit(client, ann, status_id, "more")
    assert len(await told(db, "status")) == expected


async def test_who_follows_and_is_named_hears_of_both(
    client: Client, ann: Person, bob: Person
) -> None:
    await make_follow(client.db, bob.id, ann.id, notify=True)
    status_id = await post(client, ann, "@bob news")
    listed = (await client.get("/api/v1/notifications", bob)).json
    assert sorted(one["type"] for one in listed) == ["mention", "status"]
    assert {one["status"]["id"] for one in listed} == {str(status_id)}
    assert {one["account"]["acct"] for one in listed} == {"ann"}


async def test_a_follower_who_wants_to_know_is_found_by_an_index(db: Database) -> None:
    """However many followers there are who do not."""
    from stentor.store import audiences

    plan = await db.plan(audiences.FOLLOWERS, 1, 0, 100, NOW)
    if db.engine == "sqlite":
        assert "follows_notifying" in plan


# --- Rebloggers ------------------------------------------------------------------------------


async def reblog(client: Client, person: Person, status_id: int, *, at: int = NOW) -> None:
    """A reblog, straight into its table."""
    await make_status(client.db, person.id, reblog_of_id=status_id, at=at)


async def test_each_edit_is_told_anew_and_only_the_last_is_listed(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, clock: Clock
) -> None:
    """A103; favouriters and the author are not told."""
    status_id = await post(client, ann)
    await reblog(client, bob, status_id)
    await reblog(client, ann, status_id)
    await client.post(f"/api/v1/statuses/{status_id}/favourite", await make_account(client.db))
    ids = []
    for text in ("news!", "news!!"):
        clock.advance(seconds=60)
        await edit(client, ann, status_id, text)
        [one] = (await client.get("/api/v1/notifications", bob)).json
        assert (one["type"], one["status"]["content"]) == ("update", f"<p>{text}</p>")
        ids.append(int(one["id"]))
    assert ids[0] < ids[1]
    assert await told(client.db, "update") == [(bob.id, ann.id, status_id, status_id)]
    bus.news.clear()
    await edit(client, ann, status_id, "news!!")
    await client.put(
        f"/api/v1/statuses/{status_id}/interaction_policy", ann,
        json={"quote_approval_policy": "nobody"},
    )  # fmt: skip
    assert [one for one in bus.news if one.kind == "notification"] == []


async def test_a_rebloger_who_may_not_read_it_any_more_is_not_told(
    client: Client, ann: Person, bob: Person
) -> None:
    status_id = await post(client, ann)
    await reblog(client, bob, status_id)
    await hide(client.db, "blocks", ann, bob.id)
    await edit(client, ann, status_id, "more")
    assert await told(client.db, "update") == []


@pytest.mark.parametrize(
    "change", [{"language": "fr"}, {"sensitive": True}, {"poll": POLL}, {"spoiler_text": "x"}]
)
async def test_a_change_of_anything_that_is_shown_is_an_edit(
    client: Client, ann: Person, bob: Person, change: dict[str, Any]
) -> None:
    status_id = await post(client, ann)
    await reblog(client, bob, status_id)
    await edit(client, ann, status_id, "news", **change)
    assert len(await told(client.db, "update")) == 1


# --- Many ------------------------------------------------------------------------------------


async def many_followers(client: Client, ann: Person, count: int) -> list[int]:
    """Followers who want to be told, by their ids."""
    people = await crowd(client.db, count)
    for one in people:
        await make_follow(client.db, one.id, ann.id, notify=True)
    return [one.id for one in people]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are two, and a step tells three."""
    monkeypatch.setattr(fan_outs, "FEW", 2)
    monkeypatch.setattr(fan_outs, "BATCH", 3)


@pytest.mark.parametrize(("count", "steps"), [(2, 0), (3, 2), (7, 3), (8, 3)])
@pytest.mark.usefixtures("small_steps")
async def test_few_are_told_at_once_and_many_in_steps(
    client: Client, bus: RecordingBus, ann: Person, count: int, steps: int
) -> None:
    people = await many_followers(client, ann, count)
    status_id = await post(client, ann)
    assert len(await told(client.db, "status")) == (0 if steps else count)
    assert await jobs.work_off(client.db, bus, now=NOW) == steps
    assert await told(client.db, "status") == [
        (one, ann.id, status_id, status_id) for one in people
    ]
    assert sorted(one.account_id for one in bus.news if one.kind == "notification") == people
    assert await pending(client.db) == []


@pytest.mark.usefixtures("small_steps")
async def test_two_edits_while_many_are_told_end_in_one_row_each(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """The second edit begins again at the first of them."""
    people = await crowd(client.db, 7)
    status_id = await post(client, ann)
    for one in people:
        await reblog(client, one, status_id)
    await edit(client, ann, status_id, "one")
    assert await jobs.work(client.db, bus, now=NOW)
    first = await client.db.fetch("SELECT id FROM notifications")
    assert len(first) == 3
    await edit(client, ann, status_id, "two")
    await jobs.work_off(client.db, bus, now=NOW)
    assert [row[0] for row in await told(client.db, "update")] == [one.id for one in people]
    oldest = await client.db.fetch_value("SELECT min(id) FROM notifications")
    assert oldest > max(row[0] for row in first)
    await invariants.check(client.db)


@pytest.mark.usefixtures("small_steps")
async def test_fewer_rebloggers_at_the_second_edit_end_the_first_ones_job(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    people = await crowd(client.db, 3)
    status_id = await post(client, ann)
    for one in people:
        await reblog(client, one, status_id)
    await edit(client, ann, status_id, "one")
    assert await pending(client.db) == ["tell_rebloggers"]
    async with client.db.transaction() as tx:
        await tx.run("DELETE FROM statuses WHERE account_id = $1", people[0].id)
    await edit(client, ann, status_id, "two")
    assert await pending(client.db) == []
    assert len(await told(client.db, "update")) == 2


@pytest.mark.usefixtures("small_steps")
async def test_deleting_the_status_ends_what_is_told_of_it(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    await many_followers(client, ann, 5)
    status_id = await post(client, ann, poll=POLL)
    await jobs.work(client.db, bus, now=NOW)
    assert await pending(client.db) == ["poll_expired", "tell_followers"]
    assert (await client.delete(f"/api/v1/statuses/{status_id}", ann)).status == 200
    assert await pending(client.db) == []
    await jobs.work_off(client.db, bus, now=NOW + 2 * HOUR)
    assert await client.db.fetch_value("SELECT count(*) FROM notifications") == 0


@pytest.mark.usefixtures("small_steps")
async def test_steps_deletions_and_edits_at_once_never_wait_in_a_ring(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    """Every answer is good, and what is left is told whole."""
    people = await many_followers(client, ann, 6)
    left = []
    for number in range(6):
        status_id = await post(client, ann, f"news {number}")
        for one in people:
            await reblog(client, Person(one, ""), status_id, at=NOW + number)
        left.append(status_id)

    async def work() -> None:
        for _ in range(12):
            await jobs.work(client.db, bus, now=NOW)

    async def act(number: int, status_id: int) -> None:
        path = f"/api/v1/statuses/{status_id}"
        if number % 3 == 0:
            assert (await client.delete(path, ann)).status == 200
            left.remove(status_id)
        else:
            await edit(client, ann, status_id, f"changed {number}")

    await asyncio.gather(
        work(), work(), *(act(number, one) for number, one in enumerate(list(left)))
    )
    await jobs.work_off(client.db, bus, now=NOW + HOUR)
    for kind in ("status", "update"):
        expected = {(one, status_id) for one in people for status_id in left}
        assert {(row[0], row[3]) for row in await told(client.db, kind)} == expected
    assert await pending(client.db) == []
    await invariants.check(client.db)


@pytest.mark.usefixtures("small_steps")
async def test_nobody_hears_of_a_suspended_author(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    await many_followers(client, ann, 3)
    await post(client, ann, poll=POLL)
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, ann.id)
    await jobs.work_off(client.db, bus, now=NOW + 2 * HOUR)
    assert await client.db.fetch_value("SELECT count(*) FROM notifications") == 0
    assert await pending(client.db) == []


# --- Killed at any moment --------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


class Doomed:
    """A database whose process dies after so many statements of a transaction."""

    def __init__(self, db: Database, statements: int) -> None:
        self._db = db
        self._left = statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """One that dies in the middle."""
        async with self._db.transaction() as tx:
            yield _DoomedTransaction(tx, self)


class _DoomedTransaction:
    def __init__(self, tx: Transaction, doomed: Doomed) -> None:
        self._tx = tx
        self._doomed = doomed

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._tx, name)
        if not name.startswith(("fetch", "run", "next_ids")):
            return inner

        async def counted(*values: Any) -> Any:
            self._doomed._left -= 1
            if self._doomed._left < 0:
                raise Killed
            return await inner(*values)

        return counted


@pytest.mark.usefixtures("small_steps")
async def test_a_process_killed_at_any_statement_tells_everybody_once(
    client: Client, ann: Person, db_url: str
) -> None:
    """Every process dies a statement later than the one before, and another goes on."""
    people = await many_followers(client, ann, 8)
    status_id = await post(client, ann, poll=POLL)
    for one in people:
        await insert(client.db, "poll_votes", poll_id=status_id, account_id=one, choice=0)
    bus, kills = RecordingBus(), 0
    for statements in range(200):
        database = await open_database(db_url)
        try:
            await jobs.work_off(Doomed(database, statements), bus, now=NOW + 2 * HOUR)  # type: ignore[arg-type]  # it is one, nearly
            break
        except Killed:
            kills += 1
        finally:
            await database.close()
    assert kills > 8
    assert [row[0] for row in await told(client.db, "status")] == people
    assert [row[0] for row in await told(client.db, "poll")] == sorted([ann.id, *people])
    assert await pending(client.db) == []
    heard = [one.account_id for one in bus.news]
    assert sorted(heard) == sorted([ann.id, *people, *people])


@pytest.mark.usefixtures("small_steps")
async def test_each_step_may_be_another_process(client: Client, ann: Person, db_url: str) -> None:
    people = await many_followers(client, ann, 7)
    await post(client, ann)
    bus, progress = RecordingBus(), []
    while await pending(client.db):
        database = await open_database(db_url)
        assert await jobs.work(database, bus, now=NOW)
        await database.close()
        progress.append(len(await told(client.db, "status")))
    assert progress == [3, 6, 7]
    assert sorted(one.account_id for one in bus.news) == people


@pytest.mark.usefixtures("small_steps")
async def test_two_workers_share_the_work_and_tell_nobody_twice(
    client: Client, ann: Person, bus: RecordingBus
) -> None:
    people = await many_followers(client, ann, 9)
    ids = [await post(client, ann, f"news {number}") for number in range(3)]
    await asyncio.gather(*(jobs.work_off(client.db, bus, now=NOW) for _ in range(4)))
    assert len(await told(client.db, "status")) == len(people) * len(ids)
    assert len([one for one in bus.news if one.kind == "notification"]) == 27


@pytest.mark.usefixtures("small_steps")
async def test_each_listener_may_have_a_status_of_his_own(
    client: Client, bus: RecordingBus, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A106: who quotes is told of his own status by the author of what he quotes, in steps."""
    people = await crowd(client.db, 5)
    quoting = [await make_status(client.db, one.id) for one in people]
    status_id = await make_status(client.db, ann.id)

    async def audience(db: Reader, status_id: int, after: int, limit: int, /, *, now: int) -> Page:
        rows = await db.fetch(
            "SELECT id, account_id FROM statuses WHERE id = ANY($1) AND id > $2"
            " ORDER BY id LIMIT $3",
            quoting, after, limit,
        )  # fmt: skip
        last = rows[-1][0] if len(rows) == limit else None
        return Page([Listener(row[1], row[0], row[0]) for row in rows], last)

    monkeypatch.setattr(jobs, "STEPS", dict(jobs.STEPS))
    monkeypatch.setattr(fan_outs, "FAN_OUTS", dict(fan_outs.FAN_OUTS))
    kind = fan_outs.fan_out("tell_quoting", NotificationType.QUOTED_UPDATE, audience)
    story = fan_outs.Story(status_id, ann.id, NOW)
    for _ in range(2):
        async with client.db.transaction() as tx:
            assert await fan_outs.begin(tx, kind, story, now=NOW) == []
        await jobs.work(client.db, bus, now=NOW)
    async with client.db.transaction() as tx:
        await tx.run("DELETE FROM statuses WHERE id = $1", quoting.pop(4))
    assert await jobs.work_off(client.db, bus, now=NOW) == 1
    assert await told(client.db, "quoted_update") == [
        (one.id, ann.id, own, own) for one, own in zip(people, quoting, strict=False)
    ]


# --- The end of a poll -----------------------------------------------------------------------


async def vote(client: Client, person: Person, poll_id: int, choice: int = 0) -> None:
    """A vote."""
    answer = await client.post(f"/api/v1/polls/{poll_id}/votes", person, json={"choices": [choice]})
    assert answer.status == 200, answer


async def test_a_polls_end_is_told_to_its_owner_and_voters(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    """A66, A107: when its time has come, also after hours of absence, and once."""
    poll_id = await post(client, ann, poll=POLL)
    stranger = await make_account(client.db)
    await vote(client, bob, poll_id)
    assert await jobs.work_off(client.db, bus, now=NOW + HOUR - 1) == 0
    await jobs.work_off(client.db, bus, now=NOW + 9 * HOUR)
    expected = [(one, ann.id, poll_id, poll_id) for one in sorted((ann.id, bob.id))]
    assert await told(client.db, "poll") == expected
    await jobs.work_off(client.db, bus, now=NOW + 9 * HOUR)
    assert await told(client.db, "poll") == expected
    for person in (ann, bob):
        [one] = (await client.get("/api/v1/notifications", person)).json
        assert (one["type"], one["account"]["acct"]) == ("poll", "ann")
        assert one["status"]["poll"]["id"] == str(poll_id)
        [group] = (await client.get("/api/v2/notifications", person)).json["notification_groups"]
        assert (group["type"], group["status_id"]) == ("poll", str(poll_id))
    assert (await client.get("/api/v1/notifications", stranger)).json == []


async def test_a_poll_without_votes_ends_for_its_owner(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    poll_id = await post(client, ann, poll=POLL)
    await jobs.work_off(client.db, bus, now=NOW + HOUR)
    assert await told(client.db, "poll") == [(ann.id, ann.id, poll_id, poll_id)]


Hiding = Callable[[Client, Person, Person, int], Any]


async def mutes_conversation(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    await client.post(f"/api/v1/statuses/{status_id}/mute", bob)


async def blocks(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    await client.post(f"/api/v1/accounts/{ann.id}/block", bob)


async def mutes(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    await client.post(f"/api/v1/accounts/{ann.id}/mute", bob)


async def unfollows(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    async with client.db.transaction() as tx:
        await tx.run("UPDATE statuses SET visibility = 'private' WHERE id = $1", status_id)
    await client.post(f"/api/v1/accounts/{ann.id}/unfollow", bob)


async def follows_on(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    await unfollows(client, ann, bob, status_id)
    await make_follow(client.db, bob.id, ann.id)


async def is_blocked(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    await client.post(f"/api/v1/accounts/{bob.id}/block", ann)


async def drops_all(client: Client, ann: Person, bob: Person, status_id: int) -> None:
    names = ("not_following", "not_followers", "new_accounts", "limited_accounts", "bots")
    await client.patch(
        "/api/v2/notifications/policy", bob, json={f"for_{one}": "drop" for one in names}
    )


@pytest.mark.parametrize(
    ("hiding", "expected"),
    [
        (mutes_conversation, 0),
        (blocks, 0),
        (mutes, 0),
        (is_blocked, 0),
        (drops_all, 1),
        (unfollows, 0),
        (follows_on, 1),
    ],
)
async def test_a_voter_who_wants_nothing_of_it_is_not_told(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, hiding: Hiding, expected: int
) -> None:
    """A51, A65."""
    poll_id = await post(client, ann, poll=POLL)
    await vote(client, bob, poll_id)
    await hiding(client, ann, bob, poll_id)
    await jobs.work_off(client.db, bus, now=NOW + HOUR)
    assert {row[0] for row in await told(client.db, "poll")} == {ann.id, *[bob.id] * expected}


async def test_an_owner_who_muted_the_conversation_is_not_told(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    poll_id = await post(client, ann, poll=POLL)
    await mutes_conversation(client, ann, ann, poll_id)
    await jobs.work_off(client.db, bus, now=NOW + HOUR)
    assert await told(client.db, "poll") == []


@pytest.mark.parametrize(
    ("poll", "due"),
    [
        ({**POLL, "expires_in": 7200}, 2 * HOUR),
        ({**POLL, "expires_in": 600}, HOUR // 6),
        ({"options": ["x", "y"], "expires_in": 600}, HOUR // 6),
        (None, None),
    ],
)
async def test_an_edited_end_is_told_at_its_own_time(
    client: Client, bus: RecordingBus, ann: Person, poll: dict[str, Any] | None, due: int | None
) -> None:
    status_id = await post(client, ann, poll=POLL)
    await edit(client, ann, status_id, "news", **({"poll": poll} if poll else {}))
    if due is None:
        assert await jobs.work_off(client.db, bus, now=NOW + 9 * HOUR) == 0
        return
    assert await jobs.work_off(client.db, bus, now=NOW + due - 1) == 0
    assert await jobs.work_off(client.db, bus, now=NOW + due) == 1
    assert len(await told(client.db, "poll")) == 1


@pytest.mark.parametrize(
    ("poll", "before"),
    [(POLL, 1), ({**POLL, "options": ["x", "y"]}, 0), (None, 0)],
)
async def test_a_poll_that_begins_again_ends_again(
    client: Client, bus: RecordingBus, ann: Person, clock: Clock, poll: Any, before: int
) -> None:
    """What was told of another question is gone; of the same it stands, and once."""
    status_id = await post(client, ann, poll=POLL)
    clock.advance(hours=2)
    await jobs.work_off(client.db, bus, now=clock())
    await edit(client, ann, status_id, "news", **({"poll": poll} if poll else {}))
    assert len(await told(client.db, "poll")) == before
    clock.advance(hours=2)
    await jobs.work_off(client.db, bus, now=clock())
    assert len(await told(client.db, "poll")) == (1 if poll else 0)


# --- What it costs ---------------------------------------------------------------------------


async def test_fifty_mentions_cost_hardly_more_statements_than_one(
    client: Client, ann: Person
) -> None:
    names = [f"a{number}" for number in range(50)]
    for name in names:
        await make_account(client.db, name, token=None)
    with query_budget(client.db, 25):
        await post(client, ann, " ".join(f"@{name}" for name in names))
    assert len(await told(client.db, "mention")) == 50
    await invariants.check(client.db)


@pytest.mark.parametrize("batch", [5, 60])
async def test_a_step_costs_a_fixed_number_of_statements(
    client: Client, bus: RecordingBus, ann: Person, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claim, hold, audience, facts, inboxes, numbers, rows, which were new, decisions, advance."""
    monkeypatch.setattr(fan_outs, "BATCH", batch)
    await many_followers(client, ann, 60)
    await post(client, ann)
    with query_budget(client.db, 10):
        await jobs.work(client.db, bus, now=NOW)
    assert len(await told(client.db, "status")) == batch
