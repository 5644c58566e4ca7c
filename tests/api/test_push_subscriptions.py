"""/api/v1/push/subscription as clients use it, and the links that end one (A85-A88, T01, T48)."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from stentor.actions import accounts, oauth, passwords
from stentor.api.rate_limits import RateLimits
from stentor.api.services import Services
from stentor.domain import times
from stentor.domain.notifications import BY_NAME
from stentor.domain.push_subscriptions import LIFETIME
from stentor.push.sealing import Seals
from stentor.store import push_subscriptions
from stentor.store.database import Database
from tests import factories as make
from tests.factories import NOW, Person
from tests.fixtures import RecordingBus
from tests.helpers import Client, Clock
from tests.push.devices import SECRET, Device

PATH = "/api/v1/push/subscription"
BAD_KEYS = "is not a valid Ed25519 or Curve25519 key"


@pytest.fixture
async def alice(db: Database) -> Person:
    return await make.make_account(db, "alice")


def body(device: Device | None = None, **rest: Any) -> dict[str, Any]:
    return {"subscription": (device or Device()).parameters, **rest}


async def count(db: Database, table: str = "push_subscriptions") -> int:
    return int(await db.fetch_value(f"SELECT COUNT(*) FROM {table}"))


# ---------------------------------------------------------------- subscribing


async def test_a_subscription_answers_with_what_was_sent_and_the_servers_key(
    client: Client, alice: Person
) -> None:
    device = Device("https://push.example:8443/a?b=c")
    sent = body(device, data={"alerts": {"mention": True, "follow": False}, "policy": "followed"})
    answer = await client.post(PATH, alice, json=sent)
    assert answer.status == 200
    assert answer.json == {
        "id": answer.json["id"],
        "endpoint": device.endpoint,
        "standard": True,
        "alerts": {"mention": True, "follow": False},
        "server_key": client.services.features.vapid_public_key,
        "policy": "followed",
    }
    assert type(answer.json["id"]) is int
    assert (await client.get(PATH, alice)).json == answer.json


async def test_the_servers_key_is_the_same_text_wherever_clients_meet_it(
    client: Client, alice: Person
) -> None:
    subscription = await client.post(PATH, alice, json=body())
    instance = await client.get("/api/v2/instance")
    app = await client.post(
        "/api/v1/apps", form={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    )
    assert {
        subscription.json["server_key"],
        instance.json["configuration"]["vapid"]["public_key"],
        app.json["vapid_key"],
    } == {client.services.features.vapid_public_key}


async def test_two_posts_with_one_token_leave_one_row_and_two_tokens_two(
    client: Client, db: Database, alice: Person
) -> None:
    other = await make.make_token(db, alice.id)
    for endpoint in ("https://push.example/1", "https://push.example/2"):
        assert (await client.post(PATH, alice, json=body(Device(endpoint)))).status == 200
    assert await count(db) == 1
    assert (await client.get(PATH, alice)).json["endpoint"] == "https://push.example/2"
    await client.post(PATH, other, json=body(Device("https://push.example/3")))
    assert await count(db) == 2
    assert (await client.get(PATH, alice)).json["endpoint"] == "https://push.example/2"


async def test_one_token_at_many_moments_at_once_leaves_one_whole_row(
    client: Client, db: Database, alice: Person
) -> None:
    devices = [Device(f"https://push.example/{number}") for number in range(8)]
    answers = await asyncio.gather(
        *(client.post(PATH, alice, json=body(device)) for device in devices)
    )
    assert [answer.status for answer in answers] == [200] * 8
    rows = await db.fetch("SELECT endpoint, p256dh, auth, origin FROM push_subscriptions")
    assert (rows[0][0], bytes(rows[0][1]), bytes(rows[0][2])) in [
        (device.endpoint, device.point, device.auth) for device in devices
    ]
    assert len(rows) == 1


@pytest.mark.parametrize("as_form", [False, True])
async def test_alerts_are_those_that_were_sent_as_real_booleans(
    client: Client, alice: Person, as_form: bool
) -> None:
    parameters = Device().parameters
    if as_form:
        answer = await client.post(
            PATH,
            alice,
            form={
                "subscription[endpoint]": parameters["endpoint"],
                "subscription[keys][p256dh]": parameters["keys"]["p256dh"],
                "subscription[keys][auth]": parameters["keys"]["auth"],
                "data[alerts][mention]": "1",
                "data[alerts][poll]": "false",
                "data[alerts][admin.sign_up]": "on",
                "data[alerts][unheard_of]": "1",
            },
        )
    else:
        alerts = {"mention": "1", "poll": False, "admin.sign_up": 1, "unheard_of": True}
        answer = await client.post(PATH, alice, json=body(data={"alerts": alerts}))
    assert answer.json["alerts"] == {"mention": True, "poll": False, "admin.sign_up": True}
    assert answer.json["standard"] is not as_form


async def test_every_type_can_be_asked_for(client: Client, alice: Person) -> None:
    wanted = dict.fromkeys(BY_NAME, True)
    answer = await client.post(PATH, alice, json=body(data={"alerts": wanted}))
    assert answer.json["alerts"] == wanted
    assert len(wanted) == 17


async def test_a_policy_beside_data_is_not_looked_at(client: Client, alice: Person) -> None:
    sent = body(data={"alerts": {"mention": True}}, policy="bogus")
    answer = await client.post(PATH, alice, json=sent)
    assert (answer.status, answer.json["policy"]) == (200, "all")


async def test_a_policy_is_kept_as_it_is_and_cut_if_it_is_endless(
    client: Client, alice: Person
) -> None:
    for sent, shown in (("nonsense", "nonsense"), ("x" * 5000, "x" * 64), ("", "all")):
        answer = await client.post(PATH, alice, json=body(data={"policy": sent}))
        assert (answer.status, answer.json["policy"]) == (200, shown)


def _encodings(raw: bytes) -> list[str]:
    plain, url_safe = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    spoilt = plain.replace("+", " ")
    return [plain, plain.rstrip("="), url_safe, url_safe.rstrip("="), spoilt]


async def test_keys_come_in_every_alphabet_of_base64(
    client: Client, db: Database, alice: Person
) -> None:
    device = Device()
    while not {"+", "/"} <= set(base64.b64encode(device.point).decode()):
        device = Device()
    for p256dh, auth in zip(_encodings(device.point), _encodings(device.auth), strict=True):
        sent = body(device)
        sent["subscription"]["keys"] = {"p256dh": p256dh, "auth": auth}
        assert (await client.post(PATH, alice, json=sent)).status == 200
        row = await db.fetch_row("SELECT p256dh, auth FROM push_subscriptions")
        assert row is not None
        assert (bytes(row[0]), bytes(row[1])) == (device.point, device.auth)


# ---------------------------------------------------------------- what is refused


BLANK_KEYS = f"Key p256dh can't be blank, Key auth can't be blank, {BAD_KEYS}"


def _changed(**changes: Any) -> dict[str, Any]:
    sent = body()
    for name, value in changes.items():
        target = (
            sent["subscription"] if name in ("endpoint", "keys") else sent["subscription"]["keys"]
        )
        if value is None:
            del target[name]
        else:
            target[name] = value
    return sent


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"endpoint": "ftp://push.example"}, "Endpoint is invalid"),
        ({"endpoint": "https://"}, "Endpoint is invalid"),
        ({"endpoint": "http://push.example/1"}, "Endpoint is invalid"),
        ({"endpoint": "https://push.example:25/1"}, "Endpoint is invalid"),
        ({"endpoint": ["https://push.example"]}, "Endpoint can't be blank, Endpoint is invalid"),
        ({"endpoint": " "}, "Endpoint can't be blank, Endpoint is invalid"),
        ({"endpoint": None}, "Endpoint can't be blank, Endpoint is invalid"),
        ({"keys": None}, BLANK_KEYS),
        ({"keys": {}}, BLANK_KEYS),
        ({"keys": "none"}, BLANK_KEYS),
        ({"p256dh": ""}, f"Key p256dh can't be blank, {BAD_KEYS}"),
        ({"auth": None}, f"Key auth can't be blank, {BAD_KEYS}"),
        ({"auth": {"a": 1}}, f"Key auth can't be blank, {BAD_KEYS}"),
        ({"p256dh": "nonsense!"}, BAD_KEYS),
        ({"auth": "AAAA"}, BAD_KEYS),
        (
            {"endpoint": "", "keys": None},
            f"Endpoint can't be blank, Endpoint is invalid, {BLANK_KEYS}",
        ),
    ],
)
async def test_a_bad_target_is_told_and_the_one_before_still_works(
    client: Client, alice: Person, changes: dict[str, Any], problem: str
) -> None:
    before = await client.post(PATH, alice, json=body(data={"alerts": {"mention": True}}))
    answer = await client.post(PATH, alice, json=_changed(**changes))
    assert (answer.status, answer.json) == (422, {"error": f"Validation failed: {problem}"})
    assert (await client.get(PATH, alice)).json == before.json


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"subscription": None},
        {"subscription": "text"},
        {"subscription": []},
        {"subscription": {}},
        {"subscription": {"unheard_of": 1}},
    ],
)
async def test_without_a_subscription_there_is_nothing_to_do(
    client: Client, db: Database, alice: Person, sent: dict[str, Any]
) -> None:
    await client.post(PATH, alice, json=body())
    answer = await client.post(PATH, alice, json=sent)
    assert answer.status == 400
    assert answer.json == {
        "error": "param is missing or the value is empty or invalid: subscription"
    }
    assert await count(db) == 1


@pytest.mark.parametrize("data", ["text", [1], {"unheard_of": 1}, {"alerts": "all"}, 5])
async def test_data_that_says_nothing_is_refused(client: Client, alice: Person, data: Any) -> None:
    for answer in (
        await client.post(PATH, alice, json=body(data=data)),
        (await client.post(PATH, alice, json=body()))
        and await client.put(PATH, alice, json={"data": data}),
    ):
        assert (answer.status, answer.json) == (
            400,
            {"error": "param is missing or the value is empty or invalid: data"},
        )


@pytest.mark.parametrize("data", [None, "", {}, []])
async def test_blank_data_means_no_alerts_from_anybody(
    client: Client, alice: Person, data: Any
) -> None:
    answer = await client.post(PATH, alice, json=body(data=data))
    assert (answer.status, answer.json["alerts"], answer.json["policy"]) == (200, {}, "all")


@pytest.mark.parametrize("features", [{"push_allow_private": True}])
async def test_http_is_taken_where_the_operator_allows_private_targets(
    client: Client, alice: Person
) -> None:
    answer = await client.post(PATH, alice, json=body(Device("http://127.0.0.1:80/x")))
    assert answer.status == 200


async def test_nobody_has_more_than_thirty_devices_and_each_can_still_move(
    client: Client, db: Database, alice: Person
) -> None:
    tokens = [await make.make_token(db, alice.id) for _ in range(30)]
    for token in tokens:
        assert (await client.post(PATH, token, json=body())).status == 200
    answer = await client.post(PATH, alice, json=body())
    assert answer.status == 422
    assert "30 push subscriptions" in answer.json["error"]
    assert (await client.post(PATH, tokens[0], json=body(Device("https://e.org/2")))).status == 200
    await client.delete(PATH, tokens[1])
    assert (await client.post(PATH, alice, json=body())).status == 200
    other = await make.make_account(db)
    assert (await client.post(PATH, other, json=body())).status == 200


async def test_thirty_is_the_most_also_for_devices_that_come_at_the_same_moment(
    client: Client, db: Database, alice: Person
) -> None:
    tokens = [await make.make_token(db, alice.id) for _ in range(33)]
    for token in tokens[:27]:
        await client.post(PATH, token, json=body())
    answers = await asyncio.gather(
        *(client.post(PATH, token, json=body()) for token in tokens[27:])
    )
    assert sorted(answer.status for answer in answers) == [200] * 3 + [422] * 3
    assert await count(db) == 30


# ---------------------------------------------------------------- changing and ending


async def test_put_replaces_all_alerts_and_the_policy_and_nothing_else(
    client: Client, alice: Person
) -> None:
    device = Device()
    sent = body(device, data={"alerts": {"mention": True, "poll": True}, "policy": "follower"})
    first = await client.post(PATH, alice, json=sent)
    change = {
        "data": {"alerts": {"mention": False}},
        "subscription": {"endpoint": "https://other.example", "standard": False},
    }
    for call in (client.put, client.patch):
        answer = await call(PATH, alice, json=change)
        assert answer.status == 200
        assert answer.json == first.json | {"alerts": {"mention": False}, "policy": "all"}
    assert (await client.put(PATH, alice)).json == first.json | {"alerts": {}, "policy": "all"}


async def test_without_a_subscription_there_is_none_to_show_change_or_end(
    client: Client, db: Database, alice: Person
) -> None:
    await client.post(PATH, await make.make_token(db, alice.id), json=body())
    for answer in (
        await client.get(PATH, alice),
        await client.put(PATH, alice, json={"data": {"alerts": {}}}),
        await client.put(PATH, alice, json={"data": "nonsense"}),
    ):
        assert (answer.status, answer.json) == (404, {"error": "Not Found"})
    answer = await client.delete(PATH, alice)
    assert (answer.status, answer.json) == (200, {})
    assert await count(db) == 1


async def test_delete_ends_it_and_what_was_promised_to_it(
    client: Client, db: Database, bus: RecordingBus, alice: Person
) -> None:
    await client.post(PATH, alice, json=body(data={"alerts": {"mention": True}}))
    await make.make_mentioned(db, bus, await make.make_account(db), alice)
    assert await count(db, "push_deliveries") == 1
    assert (await client.delete(PATH, alice)).json == {}
    assert await count(db) == 0
    assert await count(db, "push_deliveries") == 0
    assert (await client.get(PATH, alice)).status == 404


async def test_what_was_promised_follows_the_device_to_its_new_address(
    client: Client, db: Database, bus: RecordingBus, alice: Person
) -> None:
    await client.post(PATH, alice, json=body(data={"alerts": {"mention": True}}))
    await make.make_mentioned(db, bus, await make.make_account(db), alice)
    answer = await client.post(PATH, alice, json=body(Device("https://new.example/")))
    rows = await db.fetch("SELECT subscription_id FROM push_deliveries")
    assert [row[0] for row in rows] == [answer.json["id"]]


async def test_no_parameter_reaches_somebody_elses(
    client: Client, db: Database, alice: Person
) -> None:
    mine = (await client.post(PATH, alice, json=body(data={"alerts": {"poll": True}}))).json
    mallory = await make.make_account(db)
    for name in ("id", "subscription_id", "access_token_id", "account_id"):
        given = {name: mine["id"]}
        assert (await client.get(PATH, mallory, params=given)).status == 404
        assert (await client.put(PATH, mallory, json=given)).status == 404
        assert (await client.delete(PATH, mallory, params=given)).status == 200
        await client.post(PATH, mallory, json=body() | given)
        await client.delete(PATH, mallory)
    for method in ("GET", "PUT", "DELETE"):
        assert (await client.request(method, f"{PATH}/{mine['id']}", mallory)).status == 404
    assert (await client.get(PATH, alice)).json == mine


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_only_the_scope_push_opens_it(
    client: Client, db: Database, alice: Person, method: str
) -> None:
    for scopes, expected in (("read write follow", 403), ("write:push", 403), ("push", None)):
        token = await make.make_token(db, alice.id, scopes)
        answer = await client.request(method, PATH, token, json=body())
        if expected is None:
            assert answer.status in (200, 404)
        else:
            assert answer.status == expected
            assert answer.json == {"error": "This action is outside the authorized scopes"}
    assert (await client.request(method, PATH, json=body())).status == 401
    application = await make.make_token(db, None, "push")
    assert (await client.request(method, PATH, application, json=body())).status == 422


# ---------------------------------------------------------------- the token at rest


async def test_the_token_is_sealed_and_opens_in_its_own_row_only(
    client: Client, db: Database, alice: Person
) -> None:
    await client.post(PATH, alice, json=body())
    row = await db.fetch_row("SELECT access_token_id, sealed_token FROM push_subscriptions")
    assert row is not None
    token_id, sealed = row[0], bytes(row[1])
    assert alice.token.encode() not in sealed
    assert Seals(SECRET).open_token(sealed, token_id) == alice.token
    assert Seals(SECRET).open_token(sealed, token_id + 1) is None
    assert Seals(b"t" * 32).open_token(sealed, token_id) is None
    assert Seals(SECRET).open_token(sealed[:-1], token_id) is None
    assert Seals(SECRET).open_token(b"", token_id) is None


@pytest.mark.parametrize("where", ["header", "access_token", "bearer_token"])
async def test_the_token_is_kept_wherever_it_stood_in_the_request(
    client: Client, db: Database, alice: Person, where: str
) -> None:
    if where == "header":
        await client.post(PATH, alice, json=body())
    else:
        assert (await client.post(PATH, json=body() | {where: alice.token})).status == 200
    row = await db.fetch_row("SELECT access_token_id, sealed_token FROM push_subscriptions")
    assert row is not None
    assert Seals(SECRET).open_token(bytes(row[1]), row[0]) == alice.token


async def test_no_file_of_the_database_holds_a_token_that_could_be_used(
    client: Client, db: Database, bus: RecordingBus, alice: Person, tmp_path: Any, engine: str
) -> None:
    if engine != "sqlite":  # its rows are looked through instead
        await client.post(PATH, alice, json=body())
        for table in ("access_tokens", "push_subscriptions"):
            rows = await db.fetch(f"SELECT t::text FROM {table} t")
            assert rows
            assert not any(alice.token in row[0] for row in rows)
            assert not any(alice.token.encode().hex() in row[0] for row in rows)
        return
    await client.post(PATH, alice, json=body(data={"alerts": {"mention": True}}))
    await make.make_mentioned(db, bus, await make.make_account(db), alice)
    marker = Device("https://push.example/can-be-found-in-the-file")
    await client.post(PATH, alice, json=body(marker))
    files = [one for one in tmp_path.iterdir() if one.name.startswith("stentor.db")]
    everything = b"".join(one.read_bytes() for one in files)
    assert b"can-be-found-in-the-file" in everything  # the search itself works
    raw = base64.urlsafe_b64decode(alice.token + "=")
    assert alice.token.encode() not in everything
    assert raw not in everything
    assert json.dumps(alice.token)[1:20].encode() not in everything


# ---------------------------------------------------------------- how tokens end: T13 and T14


async def _revoke_by_client(services: Services, alice: Person) -> None:
    from stentor.store import access_tokens

    found = await access_tokens.find(services.db, alice.token)
    assert found is not None
    async with services.db.transaction() as tx:
        await oauth.revoke(tx, services.bus, token_id=found.id, now=NOW)


async def _turn_away(services: Services, alice: Person) -> None:
    application_id = await services.db.fetch_value("SELECT id FROM applications")
    await oauth.turn_away(services.db, services.bus, alice.id, application_id, now=NOW)


async def _remove_application(services: Services, alice: Person) -> None:
    application_id = await services.db.fetch_value("SELECT id FROM applications")
    await oauth.remove_application(services.db, services.bus, application_id, now=NOW)


async def _new_password(services: Services, alice: Person) -> None:
    await passwords.change(services.db, services.bus, alice.id, "another password", now=NOW)


async def _delete_token_row(services: Services, alice: Person) -> None:
    async with services.db.transaction() as tx:
        await tx.run("DELETE FROM access_tokens WHERE account_id = $1", alice.id)


async def _delete_account(services: Services, alice: Person) -> None:
    await accounts.delete(services.db, services.bus, alice.id)


@pytest.mark.parametrize(
    "path",
    [
        _revoke_by_client,
        _turn_away,
        _remove_application,
        _new_password,
        _delete_token_row,
        _delete_account,
    ],
)
async def test_a_subscription_goes_with_its_token_whichever_way_that_ends(
    client: Client, db: Database, bus: RecordingBus, path: Any
) -> None:
    alice = await make.make_account(db, "alice", token=None)
    await make.insert(
        db, "applications", id=7, name="app", client_id="c", secret_hash=b"s",
        redirect_uris="x", scopes="push", created_at=NOW,
    )  # fmt: skip
    token = await make.make_token(db, alice.id, application_id=7)
    alice = replace(alice, token=token)
    await client.post(PATH, alice, json=body(data={"alerts": {"mention": True}}))
    bob = await make.make_account(db, "bob")
    await client.post(PATH, bob, json=body())
    await make.make_mentioned(db, bus, bob, alice)
    assert await count(db, "push_deliveries") == 1
    await path(client.services, alice)
    assert [row[0] for row in await db.fetch("SELECT account_id FROM push_subscriptions")] == [
        bob.id
    ]
    assert await count(db, "push_deliveries") == 0


async def test_the_revocation_endpoint_ends_the_subscription(client: Client, db: Database) -> None:
    app = (
        await client.post(
            "/api/v1/apps",
            form={
                "client_name": "x",
                "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
                "scopes": "push",
            },
        )
    ).json
    alice = await make.make_account(db, token=None)
    application_id = await db.fetch_value("SELECT id FROM applications")
    token = await make.make_token(db, alice.id, "push", application_id=application_id)
    await client.post(PATH, token, json=body())
    assert await count(db) == 1
    await client.post(
        "/oauth/revoke",
        form={
            "token": token,
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
        },
    )
    assert await count(db) == 0
    assert (await client.get(PATH, token)).status == 401


async def test_a_token_that_ends_at_the_same_moment_never_leaves_a_subscription(
    client: Client, db: Database, services: Services
) -> None:
    for _ in range(10):
        alice = await make.make_account(db)
        await asyncio.gather(
            client.post(PATH, alice, json=body()), _revoke_by_client(services, alice)
        )
    assert await count(db) == 0


async def test_suspension_and_a_locked_login_keep_the_subscription(
    client: Client, db: Database, alice: Person
) -> None:
    await client.post(PATH, alice, json=body())
    async with db.transaction() as tx:
        await tx.run("UPDATE accounts SET suspended_at = $1 WHERE id = $2", NOW, alice.id)
        await tx.run("UPDATE users SET disabled = TRUE WHERE account_id = $1", alice.id)
    assert await count(db) == 1


# ---------------------------------------------------------------- links that end one (T49)


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_a_signed_link_ends_the_subscription_it_was_made_for(
    client: Client, db: Database, alice: Person, method: str
) -> None:
    subscription = await Device().subscribe(db, alice)
    others = await Device().subscribe(db, await make.make_account(db))
    token = Seals(SECRET).unsubscribe_token(subscription, NOW)
    for _ in range(2):
        answer = await client.request(method, f"/api/web/push_subscriptions/{token}")
        assert (answer.status, answer.json) == (200, {})
        assert [row[0] for row in await db.fetch("SELECT id FROM push_subscriptions")] == [
            others.id
        ]


async def test_a_link_that_is_forged_old_or_made_for_something_else_does_nothing(
    client: Client, db: Database, alice: Person, clock: Clock
) -> None:
    subscription = await Device().subscribe(db, alice)
    good = Seals(SECRET).unsubscribe_token(subscription, NOW)
    forged = [
        Seals(b"t" * 32).unsubscribe_token(subscription, NOW),
        Seals(SECRET).unsubscribe_token(replace(subscription, id=subscription.id + 1), NOW),
        Seals(SECRET).unsubscribe_token(replace(subscription, endpoint="https://b.example"), NOW),
        Seals(SECRET).unsubscribe_token(subscription, NOW - LIFETIME),
        *(good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(0, 85, 7)),
        good[:-2],
        good + "AA",
        "1",
        "%00",
        "ä",
        "x" * 3000,
        alice.token,
    ]
    for token in forged:
        answer = await client.delete(f"/api/web/push_subscriptions/{token}")
        assert (answer.status, answer.json) == (200, {}), token
    assert await count(db) == 1
    assert (await client.get(f"/api/web/push_subscriptions/{good}")).status in (404, 405)
    clock.advance(milliseconds=LIFETIME)
    await client.delete(f"/api/web/push_subscriptions/{good}")
    assert await count(db) == 1
    clock.advance(milliseconds=-1)
    await client.delete(f"/api/web/push_subscriptions/{good}")
    assert await count(db) == 0


async def test_a_link_of_before_does_not_end_the_subscription_that_took_its_place(
    client: Client, db: Database, alice: Person
) -> None:
    old = Seals(SECRET).unsubscribe_token(await Device().subscribe(db, alice), NOW)
    await Device("https://push.example/2").subscribe(db, alice)
    await client.delete(f"/api/web/push_subscriptions/{old}")
    assert await count(db) == 1


async def test_what_is_gone_is_removed_unless_it_has_moved_meanwhile(
    db: Database, alice: Person
) -> None:
    old = await Device().subscribe(db, alice)
    new = await Device("https://push.example/2").subscribe(db, alice)
    async with db.transaction() as tx:
        assert not await push_subscriptions.remove_gone(tx, old)
    async with db.transaction() as tx:
        assert await push_subscriptions.remove_gone(tx, new)


# ---------------------------------------------------------------- limits


async def test_thirty_changes_an_hour_for_each_token(
    services: Services, db: Database, alice: Person
) -> None:
    from falcon import testing

    from stentor import app

    limited = replace(services, limits=RateLimits(on=True))
    async with testing.ASGIConductor(app.build(limited)) as conductor:
        client = Client(conductor, limited)
        for turn in range(30):
            answer = await client.request(
                ("PUT", "POST", "DELETE")[turn % 3], PATH, alice, json=body()
            )
            assert answer.status != 429
        refused = await client.post(PATH, alice, json=body())
        assert refused.status == 429
        assert refused.headers["x-ratelimit-limit"] == "30"
        assert (await client.get(PATH, alice)).status == 404  # reading is another matter
        assert (
            await client.post(PATH, await make.make_token(db, alice.id), json=body())
        ).status == 200
        services.now.advance(milliseconds=times.HOUR)
        assert (await client.post(PATH, alice, json=body())).status == 200
