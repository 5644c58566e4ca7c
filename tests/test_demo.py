"""The demonstration: believable, always the same, alive, and gone afterwards."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from stentor.actions import blocks, statuses
from stentor.demo import talk
from stentor.demo.community import PASSWORD, VISITOR, Community, settle, stir
from stentor.demo.people import PEOPLE
from stentor.domain import pictures, times
from stentor.domain.portraits import emblem, portrait
from tests.factories import NOW
from tests.helpers import Client

DEADLINE = 120
#: Statuses, favourites, follows, requests: what the seed makes, on every machine.
EVER = [(113,), (194,), (61,), (7,)]


async def row(client: Client, sql: str) -> tuple:
    return tuple(await client.db.fetch_row(sql) or ())


async def test_everybody_has_moved_in_and_talked_before_now_and_in_order(client: Client):
    told: list[int] = []
    await settle(Community(client.services), NOW, told.append)
    assert told == sorted(told)
    assert max(told) < NOW
    assert await row(client, "SELECT COUNT(*) FROM accounts WHERE avatar <> ''") == (len(PEOPLE),)
    posts, latest = await row(client, "SELECT COUNT(*), MAX(created_at) FROM statuses")
    assert posts > 60
    assert latest < NOW
    oldest = await client.db.fetch_value("SELECT MIN(created_at) FROM accounts")
    assert oldest == NOW - max(person.days_here for person in PEOPLE) * times.DAY
    kinds = await client.db.fetch(
        "SELECT DISTINCT n.type FROM notifications n JOIN accounts a ON a.id = n.account_id"
        " WHERE a.username = $1",
        VISITOR,
    )
    assert {kind[0] for kind in kinds} >= {"mention", "favourite", "reblog", "follow"}
    asked = await client.db.fetch_value("SELECT COUNT(*) FROM follow_requests")
    assert asked > 2  # of the one who lets people in one by one


async def test_what_is_told_to_the_visitor_can_be_read_like_anybodys(client: Client):
    community = Community(client.services)
    await settle(community, NOW, lambda _: None)
    issued = await client.post(
        "/oauth/token",
        form={
            **await application(client),
            "grant_type": "password", "username": VISITOR, "password": PASSWORD,
            "scope": "read write",
        },
    )  # fmt: skip
    token = issued.json["access_token"]
    for path in (
        "/api/v1/notifications",
        "/api/v1/timelines/home",
        "/api/v1/conversations",
        "/api/v1/notifications/requests",
    ):
        page = await client.get(path, token)
        assert page.status == 200
        assert page.json
    before = await client.db.fetch_value("SELECT COUNT(*) FROM notifications")
    for step in range(40):
        await stir(community, NOW + step * 1000)
    assert await client.db.fetch_value("SELECT COUNT(*) FROM notifications") > before


async def application(client: Client) -> dict[str, str]:
    form = {
        "client_name": "x",
        "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
        "scopes": "read write",
    }
    made = (await client.post("/api/v1/apps", form=form)).json
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


async def test_it_is_the_same_each_time(client: Client):
    await settle(Community(client.services), NOW, lambda _: None)
    found = [
        await row(client, f"SELECT COUNT(*) FROM {table}")
        for table in ("statuses", "favourites", "follows", "follow_requests")
    ]
    assert found == EVER


async def test_a_visitor_may_block_and_delete_without_ending_the_talk(client: Client):
    community = Community(client.services)
    await settle(community, NOW, lambda _: None)
    me = community.accounts[VISITOR]
    for name in ("kavya", "hugo", "greta", "farid"):
        await blocks.block(client.db, me, community.accounts[name], now=NOW)
    for status_id, author in list(community.recent):
        if author == VISITOR:
            await statuses.delete(
                client.db, client.services.bus, account_id=me, status_id=status_id, now=NOW
            )
    for step in range(60):
        await stir(community, NOW + step * 1000)
    assert community.recent


def test_everybody_who_talks_lives_there_and_is_named_rightly():
    names = {person.name for person in PEOPLE}

    def walk(post: talk.Post):
        yield post
        for reply in post.replies:
            yield from walk(reply)

    posts = [post for _, first in talk.THREADS for post in walk(first)]
    assert {post.by for post in posts} == names
    mentioned = {name for post in posts for name in re.findall(r"@([a-z]+)", post.text)}
    assert mentioned <= names
    assert set(talk.REMARKS) == names
    assert all(hours == sorted([h for h, _ in talk.THREADS], reverse=True)[at]
               for at, (hours, _) in enumerate(talk.THREADS))  # fmt: skip
    assert len(names) == 12


def test_portraits_are_pngs_that_differ_and_stay_the_same():
    drawn = [portrait(person.name, 48) for person in PEOPLE]
    assert all(pictures.Picture.of(one) is pictures.Picture.PNG for one in drawn)
    assert len(set(drawn)) == len(PEOPLE)
    assert drawn[0] == portrait(PEOPLE[0].name, 48)
    assert pictures.Picture.of(emblem()) is pictures.Picture.PNG


@pytest.mark.slow
def test_one_command_shows_it_alive_and_leaves_nothing_behind(tmp_path: Path):
    out = tmp_path / "out"
    with out.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "stentor", "demo", "--port", "0", "--pace", "0.05"],
            stdout=stream, stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        )  # fmt: skip
    try:
        until(lambda: "Ctrl-C ends it" in out.read_text())
        found = re.search(r"curl -H 'Authorization: (Bearer \S+)' (\S+)", out.read_text())
        assert found
        headers = {"Authorization": found[1]}
        first = httpx.get(found[2], headers=headers, timeout=DEADLINE).json()
        assert len(first) == 40
        assert httpx.get(first[0]["account"]["avatar"], timeout=DEADLINE).content.startswith(
            b"\x89PNG"
        )
        until(
            lambda: (
                httpx.get(found[2], headers=headers, timeout=DEADLINE).json()[0]["id"]
                != first[0]["id"]
            )
        )
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert b"Traceback" not in log
    assert list(tmp_path.glob("stentor-demo-*")) == []


def until(true) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
