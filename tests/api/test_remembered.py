"""Answers that are given again: never a stale one, never another's, and 304 for whoever has it."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from falcon import testing

from stentor import app
from stentor.api import remembered
from stentor.api.auth import Viewer
from stentor.api.rate_limits import PAGING, TOKEN, RateLimits
from stentor.api.services import Services
from stentor.domain import times
from stentor.domain.roles import OWNER
from stentor.entities.fragments import Element, Parts
from stentor.store.database import Database, StorageProblem, open_database
from tests.factories import NOW, Person, make_follow, make_token
from tests.fixtures import query_budget
from tests.helpers import Client, Clock
from tests.remembering import COUNTS, LISTS, READS, Scene, afresh, database_url, read, said

# What may be done, by whom, to what Ann reads: method, path, what is sent.
Change = Callable[[Scene], Awaitable[Any]]


def by(who: str, method: str, path: str, **sent: Any) -> Change:
    """Something that somebody does through the API; the path may name what there is."""

    async def change(scene: Scene) -> None:
        names = {
            "own": scene.own, "mention": scene.mention, "quoting": scene.quoting,
            "ann": scene.ann.id, "bob": scene.bob.id,
        }  # fmt: skip
        await scene.does(getattr(scene, who), method, path.format(**names), **sent)

    return change


def row(sql: str, *names: str) -> Change:
    """A row that somebody else changes, by whatever way: an administrator at the database."""

    async def change(scene: Scene) -> None:
        other = await open_database(database_url(scene.client.db))
        values = [getattr(scene, name) for name in names]
        values = [one.id if isinstance(one, Person) else int(one) for one in values]
        try:
            async with other.transaction() as tx:
                assert await tx.run(sql, *values)
        finally:
            await other.close()

    return change


async def time_passes(scene: Scene) -> None:
    """The poll ends."""
    scene.client.services.now.advance(seconds=301)  # type: ignore[attr-defined]  # a Clock


STATUS, ACCOUNT, LIST = "/api/v1/statuses", "/api/v1/accounts", "/api/v1/notifications"
WORDS = {"title": "w", "context[]": "notifications"}
CHANGES: dict[str, Change] = {
    "the status is deleted": by("bob", "DELETE", f"{STATUS}/{{mention}}"),
    "the status is edited": by("bob", "PUT", f"{STATUS}/{{mention}}", json={"status": "@ann no"}),
    "the author blocks": by("bob", "POST", f"{ACCOUNT}/{{ann}}/block"),
    "the reader blocks": by("ann", "POST", f"{ACCOUNT}/{{bob}}/block"),
    "the reader mutes": by("ann", "POST", f"{ACCOUNT}/{{bob}}/mute"),
    "the reader follows": by("ann", "POST", f"{ACCOUNT}/{{bob}}/follow"),
    "the sender is suspended": row(
        "UPDATE accounts SET suspended_at = 1, version = version + 1 WHERE id = $1", "bob"
    ),
    "the sender is renamed": by(
        "bob", "PATCH", f"{ACCOUNT}/update_credentials", json={"display_name": "Robert"}
    ),
    "the favourite is taken back": by("bob", "POST", f"{STATUS}/{{own}}/unfavourite"),
    "the reader favourites": by("ann", "POST", f"{STATUS}/{{mention}}/favourite"),
    "the reader bookmarks": by("ann", "POST", f"{STATUS}/{{mention}}/bookmark"),
    "the reader mutes the conversation": by("ann", "POST", f"{STATUS}/{{mention}}/mute"),
    "the reader votes": by("ann", "POST", "/api/v1/polls/{mention}/votes", json={"choices": [0]}),
    "the quote is revoked": by("ann", "POST", f"{STATUS}/{{own}}/quotes/{{quoting}}/revoke"),
    "somebody answers": by(
        "bob", "POST", STATUS, json={"status": "@ann and this", "visibility": "direct"}
    ),
    "a filter is made": by("ann", "POST", "/api/v1/filters", form={"phrase": "choose",
        "context[]": "notifications"}),
    "everything is dismissed": by("ann", "POST", f"{LIST}/clear"),
    "the reader loses his role": row("UPDATE accounts SET role_id = -99 WHERE id = $1", "ann"),
    "a row is hidden by hand": row(
        "UPDATE notifications SET filtered = TRUE WHERE account_id = $1 AND type = 'mention'", "ann"
    ),
    "the list is marked as read": by("ann", "POST", "/api/v1/markers", json={
        "notifications": {"last_read_id": "2"}}),
    "the poll ends": time_passes,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_happens_is_seen_in_the_next_answer(scene: Scene, change: str):
    before = {path: await read(scene.client, scene.ann, path) for path in READS}
    for path, answer in before.items():
        again = await read(scene.client, scene.ann, path)
        assert again.whole == answer.whole
    await CHANGES[change](scene)
    fresh = await afresh(scene, scene.ann, *before)
    for (path, answer), expected in zip(before.items(), fresh, strict=True):
        now = await read(scene.client, scene.ann, path)
        assert said(now) == expected, path
        changed = now.content != answer.content
        assert changed == (now.headers["etag"] != answer.headers["etag"]), path
        tag = {"If-None-Match": answer.headers["etag"]}
        conditional = await read(scene.client, scene.ann, path, **tag)
        assert conditional.status == (200 if changed else 304), path


@pytest.mark.parametrize("change", ["the status is deleted", "the author blocks", "the poll ends"])
async def test_these_changes_would_be_missed_by_a_memory_that_asks_for_nothing(
    scene: Scene, change: str, monkeypatch: pytest.MonkeyPatch
):
    """The control: with an instant and a time that never end the first answer comes again."""

    async def never(_: Database) -> int:
        return 1

    monkeypatch.setattr(type(scene.client.db), "instant", never)
    monkeypatch.setattr(remembered.Note, "take", forever(remembered.Note.take))
    before = await read(scene.client, scene.ann, LISTS[0])
    await CHANGES[change](scene)
    now = await read(scene.client, scene.ann, LISTS[0])
    assert said(now) == said(before)
    assert [said(now)] != await afresh(scene, scene.ann, LISTS[0])


def forever(take: Callable[..., None]) -> Callable[..., None]:
    """`Note.take`, but good for ever."""

    def taken(note: remembered.Note, parts: Any, *, until: int, **rest: Any) -> None:
        assert until <= times.LATEST
        take(note, parts, until=times.LATEST, **rest)

    return taken


@pytest.mark.parametrize("path", LISTS)
async def test_what_happens_while_it_is_read_is_seen_the_next_time(
    scene: Scene, path: str, monkeypatch: pytest.MonkeyPatch
):
    kind, dismissed = type(scene.client.db), []
    real = kind.fetch

    async def fetch(self: Database, sql: str, *values: Any) -> Any:
        rows = await real(self, sql, *values)
        if "notifications" in sql and self is scene.client.db and not dismissed:
            dismissed.append(sql)
            await row("DELETE FROM notifications WHERE account_id = $1", "ann")(scene)
        return rows

    monkeypatch.setattr(kind, "fetch", fetch)
    await read(scene.client, scene.ann, path)
    assert dismissed
    assert [said(await read(scene.client, scene.ann, path))] == await afresh(scene, scene.ann, path)


@pytest.mark.parametrize("path", READS)
async def test_what_is_asked_for_again_is_not_read_again(scene: Scene, path: str):
    first = await read(scene.client, scene.ann, path)
    # PostgreSQL is asked whether anything was committed, SQLite knows without a statement.
    with query_budget(scene.client.db, 0 if scene.client.db.engine == "sqlite" else 1):
        again = await read(scene.client, scene.ann, path)
    assert again.whole == first.whole
    numbers = {answer.headers["x-request-id"] for answer in (first, again)}
    assert [len(one) for one in numbers] == [32, 32]


async def test_nobody_gets_what_another_was_answered(scene: Scene, db: Database):
    await make_follow(db, scene.ann.id, scene.bob.id)
    path = LISTS[0]
    seen = {}
    for _ in range(2):
        for who in (scene.ann, scene.bob, scene.token):
            answer = await read(scene.client, who, path)
            assert [said(answer)] == await afresh(scene, who, path)
            seen[str(who)] = answer.headers["etag"]
    assert len(set(seen.values())) == 3
    theirs = {"If-None-Match": seen[str(scene.bob)]}
    assert (await read(scene.client, scene.ann, path, **theirs)).status == 200


@pytest.mark.parametrize("nobody", ["", "Bearer", "Bearer x" + "y" * 42, "Basic abc", "bearer  "])
async def test_without_a_good_token_there_is_nothing_to_remember(scene: Scene, nobody: str):
    await read(scene.client, scene.ann, LISTS[0])
    headers = {"Authorization": nobody} if nobody else {}
    for _ in range(2):
        assert (await scene.client.get(LISTS[0], headers=headers)).status == 401


async def test_a_token_is_judged_each_time(scene: Scene, db: Database, clock: Clock):
    short = await make_token(db, scene.ann.id, "read", expires_at=NOW + 10_000)
    narrow = await make_token(db, scene.ann.id, "write")
    for _ in range(2):
        assert (await read(scene.client, short, LISTS[0])).status == 200
        assert (await read(scene.client, narrow, LISTS[0])).status == 403
    clock.advance(seconds=10)
    assert (await read(scene.client, short, LISTS[0])).status == 401
    for _ in range(2):
        assert (await read(scene.client, scene.bob, LISTS[0])).status == 200
    await row("UPDATE access_tokens SET revoked_at = 1 WHERE account_id = $1", "bob")(scene)
    assert (await read(scene.client, scene.bob, LISTS[0])).status == 401


async def test_a_filter_is_over_at_its_time(scene: Scene, db: Database, clock: Clock):
    words = {**WORDS, "expires_in": "60", "keywords_attributes[][keyword]": "choose"}
    await scene.does(scene.ann, "POST", "/api/v2/filters", form=words)
    for seconds in (0, 0, 59, 2, 0):
        clock.advance(seconds=seconds)
        shown = (await read(scene.client, scene.ann, LISTS[0])).json
        filtered = [one["status"]["filtered"] for one in shown if one["type"] == "mention"]
        assert bool(filtered[0]) == (clock.time < NOW + 60_000)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")],
        [(b"authorization", b"Bearer a"), (b"content-length", b"3")],
        [(b"authorization", b"Bearer a"), (b"transfer-encoding", b"chunked")],
    ],
)
def test_what_may_mean_something_else_the_next_time_is_not_remembered(
    headers: remembered.Headers,
) -> None:
    asked = {"method": "GET", "path": LISTS[0], "query_string": b"", "headers": headers}
    assert remembered._asked(asked) == (None, b"")


@pytest.mark.parametrize("form", ["{tag}", '"a", {tag}', "{strong}", "*", '"a",\t{tag} , "b"'])
async def test_whoever_has_it_is_told_so(scene: Scene, form: str):
    first = await read(scene.client, scene.ann, LISTS[0])
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    given = form.format(tag=tag, strong=tag.removeprefix("W/"))
    answer = await read(scene.client, scene.ann, LISTS[0], **{"If-None-Match": given})
    assert (answer.status, answer.content) == (304, b"")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers.keys().isdisjoint({"content-length", "content-type"})
    whole = {name.lower(): value for name, value in first.headers.items()}
    for name in ("etag", "cache-control", "vary", "link", "access-control-allow-origin"):
        assert headers[name] == whole[name]


@pytest.mark.parametrize("given", ['"a"', 'W/"a", "b"', "", ",", "W/", "é"])
async def test_whoever_has_something_else_is_given_it(scene: Scene, given: str):
    await read(scene.client, scene.ann, LISTS[0])
    headers = {"If-None-Match": given.encode().decode("latin-1")}
    for _ in range(2):
        assert (await read(scene.client, scene.ann, LISTS[0], **headers)).status == 200


async def test_head_and_errors_have_no_tag(scene: Scene):
    await read(scene.client, scene.ann, LISTS[0])
    head = await scene.client.request("HEAD", LISTS[0], scene.ann)
    assert (head.status, head.content) == (200, b"")
    refused = await scene.client.get(LISTS[1], scene.ann, params="expand_accounts=x")
    assert refused.status == 400
    for answer in (head, refused):
        assert "etag" not in {name.lower() for name in answer.headers}


@pytest.fixture
async def limited(
    services: Services, clock: Clock
) -> AsyncIterator[tuple[Client, Callable[[], None]]]:
    """A client of a server with rate limits."""
    limits = RateLimits(on=True)
    async with testing.ASGIConductor(app.build(replace(services, limits=limits))) as conductor:
        yield Client(conductor, services), lambda: clock.advance(milliseconds=TOKEN.window)


async def test_each_of_them_counts(
    scene: Scene, limited: tuple[Client, Callable[[], None]], clock: Clock
):
    client, later = limited
    clock.time = NOW // TOKEN.window * TOKEN.window
    left = []
    for _ in range(TOKEN.count + 2):
        answer = await read(client, scene.ann, COUNTS[0])
        left.append((answer.status, int(answer.headers["x-ratelimit-remaining"])))
    good = [(200, number) for number in range(TOKEN.count - 1, -1, -1)]
    assert left == [*good, (429, 0), (429, 0)]
    later()
    assert (await read(client, scene.ann, COUNTS[0])).status == 200


async def test_a_page_that_comes_again_counts_as_one(
    scene: Scene, limited: tuple[Client, Callable[[], None]], clock: Clock
):
    client, later = limited
    clock.time = NOW // PAGING.window * PAGING.window
    older = f"{LISTS[0]}?max_id=2"
    for _ in range(PAGING.count):
        assert (await read(client, scene.ann, older)).status == 200
    later()
    assert (await read(client, scene.ann, older)).status == 429
    assert (await read(client, scene.ann, LISTS[0])).status == 200


async def test_each_of_them_says_that_the_token_was_used(scene: Scene, db: Database, clock: Clock):
    uses = scene.client.services.last_uses
    await read(scene.client, scene.ann, LISTS[0])
    await uses.write(db)
    await read(scene.client, scene.ann, LISTS[0])
    assert await uses.write(db) == 0
    clock.advance(hours=25)
    await read(scene.client, scene.ann, COUNTS[0])  # the poll has ended: not from memory
    await uses.write(db)
    await read(scene.client, scene.ann, COUNTS[0])
    clock.advance(hours=25)
    with query_budget(db, 1):
        await read(scene.client, scene.ann, COUNTS[0])
    assert await uses.write(db) == 1


def answer_of(*own: bytes, elements: Sequence[Element] = ()) -> remembered._Answer:
    """Somebody's answer, with seven bytes of headers."""
    viewer = Viewer(1, None, 1, frozenset(), OWNER, "en")
    parts = Parts([*own, *(one.alone for one in elements)], elements)
    return remembered._Answer(1, 0, False, viewer, [], parts, b"", (b"head", b"304"))


async def test_what_is_remembered_is_bounded_and_what_many_share_counts_once(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(remembered, "BYTES", 10_000)
    answers = remembered._Answers()
    shared = [Element(secrets.token_bytes(500)) for _ in range(8)]
    for number in range(300):
        elements = [shared[(number * step) % 8] for step in range(1, 6)]
        asked = remembered._Asked("/", b"%d" % (number % 200), b"")
        answers.put(asked, answer_of(b"x" * 100, b"x" * 100, elements=elements))
        kept = [part for one in answers._by_asked.values() for part in one.parts.elements]
        alone = sum(len(one.query) + 2 * 7 + 100 + 100 for one in answers._by_asked)
        assert answers._bytes == 500 * len({id(one) for one in kept}) + alone <= 10_000
        assert answers._uses == Counter(map(id, kept))
    assert len(answers._by_asked) > 10_000 // 700
    answers.put(asked, answer_of(b"x" * 10_001))
    assert (len(answers._by_asked), answers._bytes, len(answers._uses)) == (0, 0, 0)
    # What is asked for is kept as well.
    answers.put(asked._replace(query=b"x" * 9_986), answer_of())
    assert answers._bytes == 10_000
    answers.put(asked, answer_of(b"x"))
    assert answers._bytes < 30


async def test_whoever_asks_in_turn_with_more_than_there_is_room_for_mostly_finds_his_answer(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(remembered, "ANSWERS", 90)
    answers = remembered._Answers()
    asked = [remembered._Asked("/", b"%d" % number, b"") for number in range(100)]
    found = 0
    for _ in range(20):
        for one in asked:
            if answers.get(one) is None:
                answers.put(one, answer_of(b"x"))
            else:
                found += 1
            assert answers.get(one) is not None
        assert len(answers._by_asked) == len(answers._order) <= 90
        assert all(answers._order[one.place] == it for it, one in answers._by_asked.items())
    assert found > 1000  # of 2,000; were the oldest forgotten, none


async def test_whoever_polls_mostly_finds_his_answer_among_many_who_come_once(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(remembered, "ANSWERS", 90)
    answers = remembered._Answers()
    found = 0
    for number in range(6000):
        # Every second one is of thirty who poll.
        who = b"polls %d" % (number // 2 % 30) if number % 2 else b"comes once %d" % number
        asked = remembered._Asked("/", who, b"")
        if answers.get(asked) is None:
            answers.put(asked, answer_of(b"x"))
        else:
            found += 1
    assert found > 2100  # of 3,000, some 2,300; were any forgotten, 1,900


async def test_few_bodies_are_kept_in_one_piece(monkeypatch: pytest.MonkeyPatch):
    """Of those who ask again soon, and no more than that."""
    monkeypatch.setattr(remembered, "WHOLE", 3)
    answers = remembered._Answers()
    asked = [remembered._Asked("/", b"%d" % number, b"") for number in range(9)]
    for number, one in enumerate(asked):
        answers.put(one, answer_of(b"a", b"%d" % number))

    def given(*numbers: int) -> list[int]:
        for number in numbers:
            found = answers.get(asked[number])
            assert found is not None
            assert answers.whole(found) == b"a%d" % number
        return [n for n, one in enumerate(asked) if answers._by_asked[one].whole is not None]

    assert given(0, 1, 2, 3, 4) == []
    assert given(1) == []  # the fifth since
    assert given(4, 1, 1) == [1, 4]
    assert given(5, 5, 6, 7, 6, 5) == [1, 5, 6]  # 4 was kept first
    assert given(0, 2, 3, 8) == [1, 5, 6]


async def test_no_answer_while_the_database_is_gone(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    async def gone(*_: Any) -> None:
        raise StorageProblem

    await read(scene.client, scene.ann, LISTS[0])
    kind = type(scene.client.db)
    monkeypatch.setattr(kind, "instant", gone)
    monkeypatch.setattr(kind, "fetch", gone)
    assert (await read(scene.client, scene.ann, LISTS[0])).status == 503
