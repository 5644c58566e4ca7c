"""The last link of an e-mail: asks on GET, does it on POST, tells nobody anything (A102, C-19)."""

from __future__ import annotations

import re

import pytest

from stentor.domain import emails
from stentor.domain.email_texts import LANGUAGES
from stentor.store import email_settings
from stentor.store.database import Database
from tests.factories import NOW, Person, make_account
from tests.helpers import Client, Clock

SECRET = b"s" * 32
TYPES = [one.value for one in emails.MAILABLE]


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who gets e-mails; all of them."""
    person = await make_account(db, "ann")
    async with db.transaction() as tx:
        every = emails.EmailSettings(notification_emails=frozenset(emails.MAILABLE))
        await email_settings.save(tx, person.id, every)
    return person


async def wanted(db: Database, person: Person) -> set[str]:
    settings = await email_settings.find(db, person.id)
    assert settings is not None
    return {one.value for one in settings.notification_emails}


def link(person_id: int, type_: str, *, at: int = NOW) -> dict[str, str]:
    return {"token": emails.unsubscribe_token(SECRET, person_id, now=at), "type": type_}


@pytest.mark.parametrize("type_", TYPES)
async def test_the_link_asks_and_changes_nothing(client: Client, ann: Person, type_: str) -> None:
    for _ in range(2):
        answer = await client.get("/unsubscribe", params=link(ann.id, type_))
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert await wanted(client.db, ann) == set(TYPES)


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("body", ["one click", "multipart", "page", "nothing"])
async def test_one_post_switches_off_that_type_and_no_other(
    client: Client, ann: Person, type_: str, body: str
) -> None:
    query = link(ann.id, type_)
    if body == "one click":
        sent = {"params": query, "form": {"List-Unsubscribe": "One-Click"}}
    elif body == "multipart":
        part = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click'
        sent = {"params": query, "body": f"{part}\r\n--x--\r\n",
                "headers": {"Content-Type": "multipart/form-data; boundary=x"}}  # fmt: skip
    elif body == "page":
        sent = {"form": query}
    else:
        sent = {"params": query}
    for _ in range(2):
        answer = await client.post("/unsubscribe", **sent)
        assert answer.status == 200
        assert "location" not in answer.headers
        assert await wanted(client.db, ann) == set(TYPES) - {type_}


async def test_the_pages_form_needs_no_script_and_does_it(client: Client, ann: Person) -> None:
    page = await client.get("/unsubscribe", params=link(ann.id, "quote"))
    form = re.search(
        r'<form method="post" action="/unsubscribe">(.*?)</form>', page.text, re.DOTALL
    )
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[1]))
    assert "<script" not in page.text
    answer = await client.post("/unsubscribe", form=fields)
    assert answer.status == 200
    assert "quote" not in await wanted(client.db, ann)


def bad_links(person: Person) -> dict[str, dict[str, str]]:
    good = link(person.id, "mention")
    token = good["token"]
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    return {
        "nothing": {},
        "no token": {"type": "mention"},
        "no type": {"token": token},
        "unknown type": good | {"type": "boost"},
        "type that is never mailed": good | {"type": "poll"},
        "type in capitals": good | {"type": "MENTION"},
        "changed": good | {"token": flipped},
        "cut": good | {"token": token[:-1]},
        "longer": good | {"token": token + "A"},
        "padded": good | {"token": token + "="},
        "of another server": {
            "token": emails.unsubscribe_token(b"x" * 32, person.id, now=NOW), "type": "mention"
        },
        "too old": link(person.id, "mention", at=NOW - emails.TOKEN_LIFETIME),
        "very long": good | {"token": "A" * 5000},
        "odd": good | {"token": "ä" * 59},
    }  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_no_good_is_the_same_page_whatever_is_wrong(
    client: Client, ann: Person, method: str
) -> None:
    pages = set()
    for name, query in bad_links(ann).items():
        answer = await client.request(method, "/unsubscribe", params=query)
        assert answer.status == 404, name
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        pages.add(answer.text)
    assert len(pages) == 1
    assert await wanted(client.db, ann) == set(TYPES)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_tells_nothing_of_the_account(
    client: Client, ann: Person, method: str
) -> None:
    gone = await make_account(client.db, "gone")
    there, absent = link(ann.id, "follow"), link(gone.id, "follow")
    async with client.db.transaction() as tx:
        await tx.run("DELETE FROM accounts WHERE id = $1", gone.id)
    pages = [
        (await client.request(method, "/unsubscribe", params=query)).text.replace(
            query["token"], "TOKEN"
        )
        for query in (there, absent, there)
    ]
    assert pages[0] == pages[1] == pages[2]
    assert "ann" not in pages[0].replace("channel", "")


async def test_a_link_is_good_for_a_month(client: Client, ann: Person, clock: Clock) -> None:
    query = link(ann.id, "mention")
    clock.advance(milliseconds=emails.TOKEN_LIFETIME - 1000)
    assert (await client.get("/unsubscribe", params=query)).status == 200
    clock.advance(seconds=1)
    assert (await client.get("/unsubscribe", params=query)).status == 404
    assert (await client.post("/unsubscribe", params=query)).status == 404
    assert "mention" in await wanted(client.db, ann)


async def test_the_pages_are_locked_down_like_the_others(client: Client, ann: Person) -> None:
    query = link(ann.id, "mention")
    for method in ("GET", "POST"):
        headers = (await client.request(method, "/unsubscribe", params=query)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "private, no-store"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
async def test_the_page_speaks_the_browsers_language(client: Client, ann: Person, words) -> None:
    query, sent = link(ann.id, "reblog"), {"Accept-Language": f"xx, {words.code};q=0.8"}
    page = await client.get("/unsubscribe", params=query, headers=sent)
    assert f'<html lang="{words.code}">' in page.text
    assert words.button in page.text
    done = await client.post("/unsubscribe", params=query, headers=sent)
    assert words.done in done.text
    bad = await client.get("/unsubscribe", headers=sent)
    assert words.bad in bad.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_verbs_do_nothing(client: Client, ann: Person, method: str) -> None:
    answer = await client.request(method, "/unsubscribe", params=link(ann.id, "mention"))
    assert answer.status == 404
    assert await wanted(client.db, ann) == set(TYPES)
