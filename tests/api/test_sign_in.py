"""Signing in and out with a browser, the first owner, the apps one has let in, the pages."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import argon2
import pytest

from stentor.actions import passwords, registrations
from stentor.api.pages import scopes as scope_texts
from stentor.api.rate_limits import RateLimits
from stentor.domain.links import Links
from stentor.domain.oauth import KNOWN
from stentor.domain.roles import OWNER
from stentor.store import accounts
from tests.factories import make_account, make_token
from tests.helpers import Browser, Client, hidden

PASSWORD = "correct horse"
COOKIE = "__Host-stentor_session"
_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


async def make_person(client: Client, name: str = "alice", **columns):
    user = {"password_hash": _CHEAP, **columns.pop("user", {})}
    return await make_account(client.db, name, token=None, user=user, **columns)


# --- Signing in --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["alice", "Alice", "@alice", " alice ", "alice@example.org", "ALICE@Example.Org"]
)
async def test_a_name_or_an_address_and_the_password_sign_in(client, name):
    await make_person(client)
    browser = Browser(client)
    answer = await browser.sign_in(name, PASSWORD)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "signed in as <strong>@alice@stentor.example" in (await browser.get("/")).text
    assert (await browser.get("/auth/sign_in")).headers["location"] == "/"


async def test_flat_field_names_work_too(client):
    await make_person(client)
    browser = Browser(client)
    form = hidden(await browser.get("/auth/sign_in"), "/auth/sign_in")
    answer = await browser.post(
        "/auth/sign_in", {**form, "username": "alice", "password": PASSWORD}
    )
    assert answer.status == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong horse"),
        ("alice", ""),
        ("alice", PASSWORD + " "),
        ("alice", "x" * 100_000),
        ("alice", "\x00"),
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("alice@other.example", PASSWORD),
        ("remote@far.example", PASSWORD),
        ("remote", PASSWORD),
        ("", ""),
        ("ä" * 5000, PASSWORD),
        ("%' OR 1=1 --", PASSWORD),
    ],
)
async def test_all_that_is_wrong_gets_one_answer(client, name, password):
    await make_person(client)
    await make_account(client.db, "remote", domain="far.example")
    browser = Browser(client)
    answer = await browser.sign_in(name, password)
    assert answer.status == 422
    assert "do not belong together" in answer.text
    assert 'role="alert"' in answer.text
    assert "Max-Age=7776000" not in answer.headers.get("set-cookie", "")
    assert "Sign out" not in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"user": {"confirmed_at": None}}, "missing a confirmed e-mail address"),
        ({"user": {"approved": False}}, "pending approval"),
        ({"user": {"disabled": True}}, "currently disabled"),
        ({"memorial": True}, "currently disabled"),
        ({"suspended_at": 1}, "currently disabled"),
        ({"deletion_requested_at": 1}, "currently disabled"),
    ],
)
async def test_somebody_who_may_not_act_is_told_why_after_the_password(client, columns, text):
    await make_person(client, **columns)
    answer = await Browser(client).sign_in("alice", PASSWORD)
    assert (answer.status, text in answer.text) == (403, True)
    answer = await Browser(client).sign_in("alice", "wrong")
    assert (answer.status, text in answer.text) == (422, False)


async def test_without_the_token_of_the_form_nobody_is_signed_in(client):
    await make_person(client)
    typed = {"user[email]": "alice", "user[password]": PASSWORD}
    stolen = hidden(await Browser(client).get("/auth/sign_in"), "/auth/sign_in")
    for cookies in (False, True):
        for form in (typed, {**typed, **stolen}):
            browser = Browser(client)
            if cookies:
                await browser.get("/auth/sign_in")
            answer = await browser.post("/auth/sign_in", form)
            assert answer.status == 403
            assert "out of date" in answer.text
            # The page that comes back works.
            answer = await browser.sign_in("alice", PASSWORD, answer)
            assert answer.status == 303


async def test_another_site_cannot_sign_somebody_in(client):
    await make_person(client)
    browser = Browser(client)
    form = hidden(await browser.get("/auth/sign_in"), "/auth/sign_in")
    typed = {**form, "user[email]": "alice", "user[password]": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await browser.post("/auth/sign_in", typed, headers=headers)).status == 403
    assert (await browser.post("/auth/sign_in", typed)).status == 303


# --- The cookie --------------------------------------------------------------------------------


async def test_the_cookie_is_for_this_host_and_no_script(client):
    await make_person(client)
    browser = Browser(client)
    for answer in (await browser.get("/auth/sign_in"), await browser.sign_in("alice", PASSWORD)):
        cookie = answer.cookies[COOKIE]
        assert (cookie.secure, cookie.http_only, cookie.path) == (True, True, "/")
        assert (cookie.same_site, cookie.domain) == ("Lax", None)
    assert cookie.max_age == 90 * 86400


async def test_the_cookie_without_tls(client, services):
    from falcon import testing

    from stentor import app

    plain = app.build(replace_links(services, Links("http", "localhost:3000")))
    async with testing.ASGIConductor(plain) as conductor:
        browser = Browser(Client(conductor, services))
        cookie = (await browser.get("/auth/sign_in")).cookies["stentor_session"]
        assert (cookie.secure, cookie.http_only) == (False, True)
        await make_person(client)
        assert (await browser.sign_in("alice", PASSWORD)).status == 303
        headers = (await browser.get("/")).headers
        assert "strict-transport-security" not in headers


def replace_links(services, links):
    import dataclasses

    return dataclasses.replace(services, links=links)


async def test_signing_in_makes_a_new_cookie_and_the_old_one_is_worth_nothing(client):
    await make_person(client)
    browser = Browser(client)
    await browser.get("/auth/sign_in")
    planted = browser.cookies[COOKIE]
    await browser.sign_in("alice", PASSWORD)
    assert browser.cookies[COOKIE] != planted
    other = Browser(client)
    other.cookies[COOKIE] = planted
    assert "Sign out" not in (await other.get("/")).text


@pytest.mark.parametrize("value", ["", "x", "x" * 43, "x" * 5000, "ä", '"', "a; b"])
async def test_a_cookie_that_is_none_is_nobody(client, value):
    browser = Browser(client)
    browser.cookies[COOKIE] = value
    answer = await browser.get("/auth/applications")
    assert answer.headers["location"] == "/auth/sign_in"
    assert (await browser.get("/auth/sign_in")).status == 200


async def test_a_session_ends_after_two_weeks_unused(client, clock):
    await make_person(client)
    browser = Browser(client)
    await browser.sign_in("alice", PASSWORD)
    for _ in range(3):
        clock.advance(hours=13 * 24)
        assert "Sign out" in (await browser.get("/")).text
    clock.advance(hours=14 * 24)
    assert "Sign out" not in (await browser.get("/")).text


async def test_a_session_ends_after_ninety_days_in_any_case(client, clock):
    await make_person(client)
    browser = Browser(client)
    await browser.sign_in("alice", PASSWORD)
    for _ in range(8):
        clock.advance(hours=11 * 24)
        assert "Sign out" in (await browser.get("/")).text
    clock.advance(hours=2 * 24)
    assert "Sign out" not in (await browser.get("/")).text


async def test_ended_sessions_are_swept_away_and_those_of_others_kept(client, clock):
    await make_person(client)
    await make_person(client, "bob")
    for name in ("alice", "bob"):
        await Browser(client).sign_in(name, PASSWORD)
    clock.advance(hours=91 * 24)
    await Browser(client).sign_in("alice", PASSWORD)
    rows = await client.db.fetch(
        "SELECT a.username FROM web_sessions s JOIN accounts a ON a.id = s.account_id"
    )
    assert sorted(row[0] for row in rows) == ["alice", "bob"]


# --- Signing out -------------------------------------------------------------------------------


async def test_signing_out_ends_the_session_here_and_for_good(client):
    await make_person(client)
    browser, elsewhere = Browser(client), Browser(client)
    await browser.sign_in("alice", PASSWORD)
    await elsewhere.sign_in("alice", PASSWORD)
    kept = dict(browser.cookies)
    page = await browser.get("/auth/sign_out")
    answer = await browser.post("/auth/sign_out", hidden(page, "/auth/sign_out"))
    assert (answer.status, "You are signed out" in answer.text) == (200, True)
    assert COOKIE not in browser.cookies
    browser.cookies = kept
    assert "Sign out" not in (await browser.get("/")).text
    assert "Sign out" in (await elsewhere.get("/")).text


async def test_looking_or_another_site_signs_nobody_out(client):
    await make_person(client)
    browser = Browser(client)
    await browser.sign_in("alice", PASSWORD)
    form = hidden(await browser.get("/auth/sign_out"), "/auth/sign_out")
    assert (await browser.post("/auth/sign_out", {})).status == 403
    evil = {"Origin": "https://evil.example"}
    assert (await browser.post("/auth/sign_out", form, headers=evil)).status == 403
    assert "Sign out" in (await browser.get("/")).text


async def test_signing_out_twice_is_no_trouble(client):
    assert (await client.post("/auth/sign_out")).status == 200
    assert (await client.get("/auth/sign_out")).headers["location"] == "/auth/sign_in"


HOSTILE = [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example", "javascript:alert(1)", "%0d%0aLocation: https://evil.example",
    "\r\nSet-Cookie: a=b", "\nX: y", "../../evil", "?a#//evil.example", "@evil.example",
    ".evil.example", "client_id=x&redirect_uri=https://evil.example", "a=b&" * 100, "&&&", "=",
    "\x00", "ä", "client_id=%00", "#", "client_id[]=1", "None",
]  # fmt: skip


@pytest.mark.parametrize("onward", HOSTILE)
async def test_after_signing_in_or_out_nobody_is_sent_to_another_site(client, onward):
    await make_person(client)
    browser = Browser(client)
    form = hidden(await browser.get("/auth/sign_in"), "/auth/sign_in")
    typed = {**form, "user[email]": "alice", "user[password]": PASSWORD, "continue": onward}
    answer = await browser.post("/auth/sign_in", typed)
    assert answer.status == 303
    answers = [answer]
    form = hidden(await browser.get("/auth/sign_out"), "/auth/sign_out")
    answers.append(await browser.post("/auth/sign_out", {**form, "continue": onward}))
    for answer in answers:
        location = answer.headers.get("location", "/")
        assert re.fullmatch(r"/|/oauth/authorize\?[\w.%=&+-]*", location)
        assert answer.cookies.keys() <= {COOKIE}


# --- Throttling, and the pool ------------------------------------------------------------------


@pytest.fixture
def limited(client):
    """Rate limits, for this test."""
    client.services.limits.on = True
    return client


async def test_the_26th_attempt_in_five_minutes_has_to_wait(limited, clock):
    assert isinstance(limited.services.limits, RateLimits)
    await make_person(limited)
    browser = Browser(limited)
    page = await browser.get("/auth/sign_in")
    for number in range(25):
        answer = await browser.sign_in(f"somebody{number}", "wrong horse", page)
        assert answer.status == 422
    answer = await browser.sign_in("alice", PASSWORD, page)
    assert answer.status == 429
    assert "too many attempts" in answer.text
    assert int(answer.headers["retry-after"]) <= 300
    clock.advance(seconds=300)
    assert (await browser.sign_in("alice", PASSWORD, page)).status == 303


async def test_an_account_is_tried_25_times_an_hour_under_all_of_its_names(limited, clock):
    await make_person(limited)
    browser = Browser(limited)
    page = await browser.get("/auth/sign_in")
    names = ["alice", "ALICE", "alice@example.org", "@alice"]
    for number in range(25):
        if number % 10 == 0:
            clock.advance(seconds=300)
        answer = await browser.sign_in(names[number % 4], "wrong horse", page)
        assert answer.status == 422
    clock.advance(seconds=300)
    assert (await browser.sign_in("alice", PASSWORD, page)).status == 429


async def test_registrations_of_applications_and_people_are_limited(limited):
    app = {"client_name": "x", "redirect_uris": "a://b", "scopes": "write"}
    statuses = [(await limited.post("/api/v1/apps", json=app)).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    token = await make_token(limited.db, None, "write")
    statuses = [(await limited.post("/api/v1/accounts", token)).status for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    answer = await limited.post("/api/v1/accounts", token)
    assert answer.json == {"error": "Too many requests"}
    assert answer.headers["x-ratelimit-remaining"] == "0"


async def test_tokens_are_asked_for_sixty_times_in_five_minutes_by_a_client(limited):
    form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    statuses = [(await limited.post("/oauth/token", form=form)).status for _ in range(61)]
    assert statuses == [401] * 60 + [429]
    other = {**form, "client_id": "z"}
    assert (await limited.post("/oauth/token", form=other)).status == 401


async def test_a_pool_of_two_with_a_queue_of_32_refuses_the_35th():
    import threading

    go = threading.Event()
    workers = passwords.Workers(passwords.WORKERS, passwords.QUEUE)
    tasks = [asyncio.create_task(workers.run(go.wait)) for _ in range(34)]
    await asyncio.sleep(0)
    with pytest.raises(passwords.Unavailable):
        await workers.run(go.wait)
    tasks[0].cancel()  # somebody who hangs up does not make room before the work is done
    await asyncio.sleep(0)
    go.set()
    assert (
        sum(result is True for result in await asyncio.gather(*tasks, return_exceptions=True)) == 33
    )
    assert await workers.run(lambda: 7) == 7


async def test_too_many_at_once_are_asked_to_come_again(client, monkeypatch):
    await make_person(client)
    browser = Browser(client)
    page = await browser.get("/auth/sign_in")
    monkeypatch.setattr(passwords, "_workers", passwords.Workers(0 + 1, -1))
    answer = await browser.sign_in("alice", PASSWORD, page)
    assert answer.status == 503
    assert "try again" in answer.text
    assert answer.headers["retry-after"] == "1"


# --- Passwords ---------------------------------------------------------------------------------


async def test_a_password_is_kept_as_argon2id_with_the_agreed_parameters():
    kept = await passwords.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert argon2.extract_parameters(kept) == argon2.extract_parameters(passwords._NOBODY)
    assert await passwords.hash_password(PASSWORD) != kept


async def test_a_weak_hash_is_made_strong_at_the_next_sign_in(client):
    alice = await make_person(client)
    await Browser(client).sign_in("alice", PASSWORD)
    kept = await client.db.fetch_value(
        "SELECT password_hash FROM users WHERE account_id = $1", alice.id
    )
    assert "m=19456,t=2,p=1" in kept
    assert (await Browser(client).sign_in("alice", PASSWORD)).status == 303


async def test_a_new_password_ends_whatever_the_old_one_opened(client, bus):
    alice, bob = await make_person(client), await make_person(client, "bob")
    token = await make_token(client.db, alice.id)
    kept = await make_token(client.db, bob.id)
    browser = Browser(client)
    await browser.sign_in("alice", PASSWORD)
    await passwords.change(client.db, bus, alice.id, "new password", now=client.services.now())
    assert (await client.get("/api/v1/apps/verify_credentials", token)).status == 401
    assert (await client.get("/api/v1/apps/verify_credentials", kept)).status == 404
    assert [(news.account_id, news.kind) for news in bus.news] == [(alice.id, "token_revoked")]
    assert "Sign out" not in (await browser.get("/")).text
    assert (await Browser(client).sign_in("alice", PASSWORD)).status == 422
    assert (await Browser(client).sign_in("alice", "new password")).status == 303


# --- The first owner ---------------------------------------------------------------------------

OWNER_FORM = {"username": "admin", "email": "owner@example.org", "password": PASSWORD}


async def test_the_first_link_makes_the_owner_and_signs_in(client):
    token = await registrations.first_owner_token(client.db, client.services.secret)
    path = f"/auth/first_owner?token={token}"
    browser = Browser(client)
    form = hidden(await browser.get(path), "/auth/first_owner")
    bad = await browser.post("/auth/first_owner", {**form, **OWNER_FORM, "password": "short"})
    assert bad.status == 422
    assert 'aria-invalid="true"' in bad.text
    assert "Password is too short (minimum is 8 characters)" in bad.text
    answer = await browser.post("/auth/first_owner", {**form, **OWNER_FORM})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "@admin@stentor.example" in (await browser.get("/")).text
    owner = await accounts.find_by_handle(client.db, "admin", "")
    assert owner.role_id == OWNER.id
    assert await registrations.first_owner_token(client.db, client.services.secret) is None
    assert (await browser.get(path)).status == 404
    again = {**form, **OWNER_FORM, "username": "other", "email": "other@example.org"}
    assert (await browser.post("/auth/first_owner", again)).status == 404


@pytest.mark.parametrize("token", ["", "x", "ä", "None", "x" * 43, None])
async def test_without_the_link_nobody_becomes_the_owner(client, token):
    query = "" if token is None else f"?token={token}"
    browser = Browser(client)
    assert (await browser.get(f"/auth/first_owner{query}")).status == 404
    form = {"token": token or "", **OWNER_FORM}
    assert (await browser.post("/auth/first_owner", form)).status == 404


async def test_the_link_dies_with_the_first_account(client):
    token = await registrations.first_owner_token(client.db, client.services.secret)
    await make_person(client)
    assert (await client.get("/auth/first_owner", params={"token": token})).status == 404


async def test_there_is_one_first_owner_however_many_use_the_link_at_once(client):
    token = await registrations.first_owner_token(client.db, client.services.secret)
    people = [Browser(client) for _ in range(4)]
    forms = [
        hidden(await one.get(f"/auth/first_owner?token={token}"), "/auth/first_owner")
        for one in people
    ]
    answers = await asyncio.gather(
        *(
            one.post(
                "/auth/first_owner",
                {**form, **OWNER_FORM, "username": f"o{n}", "email": f"o{n}@example.org"},
            )
            for n, (one, form) in enumerate(zip(people, forms, strict=True))
        )
    )
    assert min(answer.status for answer in answers) == 303
    assert sum(answer.status == 303 for answer in answers) == 1
    assert await client.db.fetch_value("SELECT count(*) FROM accounts") == 1


async def test_another_site_cannot_make_the_owner(client):
    token = await registrations.first_owner_token(client.db, client.services.secret)
    form = {"token": token, **OWNER_FORM}
    assert (await client.post("/auth/first_owner", form=form)).status == 403


# --- The apps one has let in -------------------------------------------------------------------


async def test_a_person_sees_the_apps_and_can_turn_one_away(client, bus):
    from tests.factories import insert

    alice, bob = await make_person(client), await make_person(client, "bob")
    for number, name in ((1, "Elf"), (2, "<b>Orc</b>")):
        await insert(
            client.db, "applications", id=number, name=name, redirect_uris="a://b", scopes="read",
            client_id=f"c{number}", secret_hash=b"x", created_at=1,
        )  # fmt: skip
    mine = await make_token(client.db, alice.id, application_id=1)
    other = await make_token(client.db, alice.id, application_id=2)
    his = await make_token(client.db, bob.id, application_id=1)
    browser = Browser(client)
    await browser.sign_in("alice", PASSWORD)
    page = await browser.get("/auth/applications")
    assert "Elf" in page.text
    assert "&lt;b&gt;Orc" in page.text
    form = {**hidden(page, "/auth/applications"), "application_id": "1"}
    assert (
        await browser.post("/auth/applications", {**form, "authenticity_token": ""})
    ).status == 403
    for wrong in ("", "x", "999999999999999999999"):
        answer = await browser.post("/auth/applications", {**form, "application_id": wrong})
        assert answer.status == 404
    assert (await browser.post("/auth/applications", form)).status == 303
    for token, status in ((mine, 401), (other, 200), (his, 200)):
        assert (await client.get("/api/v1/apps/verify_credentials", token)).status == status
    assert "Elf" not in (await browser.get("/auth/applications")).text
    assert len(bus.news) == 1


# --- Pages -------------------------------------------------------------------------------------

PAGES = ["/", "/auth/sign_in", "/auth/first_owner", "/oauth/authorize", "/oauth/authorize/native"]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_the_headers_of_a_page(client, path):
    answer = await client.get(path)
    headers = answer.headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_has_scripts_or_styles_of_its_own(client, path):
    page = (await client.get(path)).text
    assert "<script" not in page
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r"\son\w+=", page)
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    for identifier in re.findall(r'<input id="(\w+)"', page):
        assert f'<label for="{identifier}">' in page


async def test_a_page_of_no_form_sets_no_cookie(client):
    assert (await client.get("/")).cookies == {}


@pytest.mark.parametrize(
    ("name", "kind"), [("stentor.css", "text/css; charset=utf-8"), ("stentor.svg", "image/svg+xml")]
)
async def test_the_files_of_the_pages_are_kept_by_the_browser(client, name, kind):
    page = (await client.get("/")).text
    href = re.search(rf'"(/auth/{re.escape(name)}\?v=\w+)"', page)[1]
    path, query = href.split("?")
    answer = await client.get(path, params=query)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert "immutable" in answer.headers["cache-control"]
    tag = answer.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"x", {tag}'):
        again = await client.get(path, headers={"If-None-Match": sent})
        assert (again.status, again.content) == (304, b"")
    assert (await client.get(path, headers={"If-None-Match": '"x"'})).status == 200
    assert "max-age=300" in (await client.get(path)).headers["cache-control"]


def test_the_style_sheet_needs_nothing_from_elsewhere():
    from stentor.api.pages import render

    text = (Path(render.__file__).parent / "stentor.css").read_text()
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("scope", KNOWN)
def test_every_scope_has_words_for_the_person_who_is_asked(scope):
    (line,) = scope_texts.describe([scope])
    assert line.scope == scope
    assert line.title[0].isupper()
    assert line.staff is scope.startswith("admin:")


def test_a_scope_that_another_covers_is_not_said_twice():
    lines = scope_texts.describe(["read:statuses", "read", "write:media", "follow"])
    assert [line.scope for line in lines] == ["read", "write:media", "follow"]
