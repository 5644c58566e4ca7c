"""What notifications carry beside a status, and the words for clients that do not know a type."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.domain.notifications import TRAITS, Attached, Event, NotificationType
from stentor.entities import attachments as entities
from stentor.entities import notification_fallbacks
from stentor.store import attachments
from stentor.store.database import Database
from tests.factories import NOW, Person, insert, make_account, make_status, tell
from tests.fixtures import RecordingBus, query_budget
from tests.helpers import Client

T = NotificationType
V1, V2 = "/api/v1/notifications", "/api/v2/notifications"
CREATED = "2026-06-01T12:00:00.000Z"
NEWER = [one for one in T if not TRAITS[one].baseline]
#: The type's own key in v1, and in v2.
KEYS = {
    Attached.NOTHING: (None, None),
    Attached.STATUS: ("status", "status_id"),
    Attached.REPORT: ("report", "report"),
    Attached.EVENT: ("event", "event"),
    Attached.MODERATION_WARNING: ("moderation_warning", "moderation_warning"),
    Attached.ANNUAL_REPORT: (None, "annual_report"),
    Attached.COLLECTION: ("collection", "collection"),
}
OPTIONAL = {one for pair in KEYS.values() for one in pair if one}


@pytest.fixture
async def ann(client: Client) -> Person:
    """The owner of the notifications, who may see what is for staff."""
    return await make_account(client.db, "ann", role_id=3)


@pytest.fixture
async def bob(client: Client) -> Person:
    """Whoever causes them."""
    return await make_account(client.db, "bob")


async def _row(db: Database, table: str, **values: Any) -> int:
    await insert(db, table, **values)
    return int(await db.fetch_value(f"SELECT max(id) FROM {table}"))


async def make_report(db: Database, by: Person, target: Person, **columns: Any) -> int:
    """An open report, straight into its table."""
    return await _row(
        db, "reports", account_id=by.id, target_account_id=target.id, created_at=NOW,
        updated_at=NOW, **columns,
    )  # fmt: skip


async def make_collection(db: Database, owner: Person, member: Person) -> tuple[int, int]:
    """A collection and the item of its only member."""
    await insert(
        db, "collections", id=77, account_id=owner.id, name="Good people", tag="people",
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    item = await _row(
        db, "collection_items", collection_id=77, account_id=member.id, created_at=NOW
    )
    return 77, item


async def caused(db: Database, bus: RecordingBus, type: T, ann: Person, bob: Person) -> None:
    """One notification of that type for ann, from bob or in her own name, with its object."""
    kind, sender, status_id = TRAITS[type].attached, bob.id, None
    activity = bob.id
    if kind is Attached.STATUS:
        status_id = activity = await make_status(db, bob.id)
    elif kind is Attached.REPORT:
        carl = await make_account(db, "carl", token=None)
        activity = await make_report(db, bob, carl, comment="spam!", category="spam")
    elif kind is Attached.COLLECTION:
        collection, item = await make_collection(db, bob, ann)
        activity = item if type is T.ADDED_TO_COLLECTION else collection
    else:
        sender = ann.id if kind is not Attached.NOTHING else bob.id
    if kind is Attached.EVENT:
        activity = await _row(
            db, "severance_events", type="domain_block", target_name="bad.example", created_at=NOW
        )
        await insert(
            db, "account_severance_events", account_id=ann.id, severance_event_id=activity,
            followers_count=2, following_count=1, created_at=NOW,
        )  # fmt: skip
    elif kind is Attached.MODERATION_WARNING:
        activity = await _row(
            db, "account_warnings", target_account_id=ann.id, action="none", text="Please stop",
            created_at=NOW,
        )  # fmt: skip
    elif kind is Attached.ANNUAL_REPORT:
        activity = await _row(db, "annual_reports", account_id=ann.id, year=2025, created_at=NOW)
    await tell(db, bus, Event(type, activity, sender, (ann.id,), NOW, status_id))


async def only(client: Client, path: str, by: Person, query: str = "") -> Any:
    """The only notification, or the only group, of the list; and it is what `show` says."""
    body = (await client.get(path, by, params=query)).json
    [one] = body if path == V1 else body["notification_groups"]
    key = one["id"] if path == V1 else one["group_key"]
    shown = (await client.get(f"{path}/{key}", by, params=query)).json
    if path == V2:
        [shown] = shown["notification_groups"]
        one = {name: value for name, value in one.items() if "page" not in name}
    assert shown == one
    return one


# ---------------------------------------------------------------- attachments


@pytest.mark.parametrize("type", T)
async def test_a_notification_has_exactly_the_key_of_its_type(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, type: T
) -> None:
    await caused(client.db, bus, type, ann, bob)
    for path, expected in zip((V1, V2), KEYS[TRAITS[type].attached], strict=True):
        one = await only(client, path, ann)
        assert one["type"] == type.value
        assert OPTIONAL & one.keys() == {expected} - {None}
        assert expected is None or one[expected] is not None
        assert "fallback" not in one


def test_every_type_has_an_answer_to_what_it_carries() -> None:
    kinds = {traits.attached for traits in TRAITS.values()}
    assert TRAITS.keys() == set(T)
    assert kinds <= KEYS.keys()
    elsewhere = {Attached.NOTHING, Attached.STATUS}
    assert attachments.LOADERS.keys() == entities.GROUP_KEYS.keys() == kinds - elsewhere


def test_every_type_has_an_answer_to_clients_that_do_not_know_it() -> None:
    assert notification_fallbacks.WORDS.keys() == set(NEWER)


async def test_a_report_shows_its_target_and_not_its_author(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    carl = await make_account(client.db, "carl")
    status = await make_status(client.db, carl.id)
    report = await make_report(
        client.db, bob, carl, comment="bad", category="violation", status_ids=f"[{status}]",
        rule_ids="[3]",
    )  # fmt: skip
    await tell(client.db, bus, Event(T.ADMIN_REPORT, report, bob.id, (ann.id,), NOW))
    for path in (V1, V2):
        found = (await only(client, path, ann))["report"]
        target = found.pop("target_account")
        assert (target["id"], target["acct"], "fields" in target) == (str(carl.id), "carl", True)
        assert found == {
            "id": str(report), "action_taken": False, "action_taken_at": None,
            "category": "violation", "comment": "bad", "forwarded": False, "created_at": CREATED,
            "status_ids": [str(status)], "rule_ids": ["3"], "collection_ids": [],
        }  # fmt: skip
    accounts = (await client.get(V2, ann)).json["accounts"]
    assert [one["acct"] for one in accounts] == ["bob"]


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        (
            T.SEVERED_RELATIONSHIPS,
            {
                "type": "domain_block", "purged": False, "target_name": "bad.example",
                "followers_count": 2, "following_count": 1, "created_at": CREATED,
            },
        ),
        (
            T.MODERATION_WARNING,
            {
                "action": "none", "text": "Please stop", "status_ids": None,
                "created_at": CREATED, "appeal": None,
            },
        ),
        (T.ANNUAL_REPORT, {"year": "2025"}),
        (
            T.COLLECTION_UPDATE,
            {
                "name": "Good people", "description": None, "language": None, "local": True,
                "sensitive": False, "discoverable": True, "item_count": 1, "created_at": CREATED,
                "updated_at": CREATED,
                "tag": {"name": "people", "url": "https://stentor.example/tags/people"},
            },
        ),
    ],
)  # fmt: skip
async def test_an_object_has_the_fields_of_its_entity(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, type: T, expected: dict[str, Any]
) -> None:
    await caused(client.db, bus, type, ann, bob)
    found = (await only(client, V2, ann))[KEYS[TRAITS[type].attached][1] or ""]
    if type is T.MODERATION_WARNING:
        assert found.pop("target_account")["id"] == str(ann.id)
    if type is T.COLLECTION_UPDATE:
        [item] = found.pop("items")
        assert (item["state"], item["account_id"]) == ("accepted", str(ann.id))
        assert found.pop("account_id") == str(bob.id)
        assert found.pop("uri") == found.pop("url")
    if "id" in found:
        assert isinstance(found.pop("id"), str)
    assert found == expected


async def test_nobody_reads_another_persons_loss_through_a_shared_event(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    event = await _row(
        client.db, "severance_events", type="domain_block", target_name="b.example", created_at=NOW
    )
    for person, count in ((ann, 1), (bob, 5)):
        await insert(
            client.db, "account_severance_events", account_id=person.id,
            severance_event_id=event, followers_count=count, following_count=0, created_at=NOW,
        )  # fmt: skip
    await tell(client.db, bus, Event(T.SEVERED_RELATIONSHIPS, event, None, (ann.id, bob.id), NOW))
    mine, theirs = [(await only(client, V1, one))["event"] for one in (ann, bob)]
    assert (mine["followers_count"], theirs["followers_count"]) == (1, 5)
    assert mine["id"] != theirs["id"]


async def test_a_page_costs_the_same_however_many_it_shows(
    client: Client, bus: RecordingBus, ann: Person, bob: Person
) -> None:
    for number in range(12):
        carl = await make_account(client.db, f"carl{number}", token=None)
        report = await make_report(client.db, bob, carl)
        await tell(client.db, bus, Event(T.ADMIN_REPORT, report, bob.id, (ann.id,), NOW))
    for path in (V1, V2):
        await client.get(path, ann)
        with query_budget(client.db, 5):
            await client.get(path, ann)


# ---------------------------------------------------------------- fallbacks


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize("type", T)
async def test_words_are_sent_for_newer_types_to_clients_that_ask_and_do_not_know_them(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, type: T, path: str
) -> None:
    await caused(client.db, bus, type, ann, bob)
    for query in ("supported_types[]=", "supported_types[]=mention&supported_types[]=follow"):
        one = await only(client, path, ann, query)
        assert ("fallback" in one) == (type in NEWER)
        if type in NEWER:
            words = one["fallback"]
            assert words["title"]
            assert 'href="https://stentor.example' in words["summary"]
    for query in ("", f"supported_types[]={type.value}"):
        assert "fallback" not in await only(client, path, ann, query)


@pytest.mark.parametrize("path", [V1, V2])
async def test_who_reports_from_elsewhere_is_named_by_his_domain_only(
    client: Client, bus: RecordingBus, ann: Person, path: str
) -> None:
    far = await make_account(client.db, "far", domain="far.example")
    carl = await make_account(client.db, "carl", token=None)
    report = await make_report(client.db, far, carl)
    await tell(client.db, bus, Event(T.ADMIN_REPORT, report, far.id, (ann.id,), NOW))
    title = (await only(client, path, ann, "supported_types[]="))["fallback"]["title"]
    assert title == (
        'far.example reported <span class="h-card" translate="no">'
        '<a href="https://stentor.example/@carl" class="u-url mention">@<span>carl</span></a>'
        "</span>"
    )


async def test_a_crowd_of_sign_ups_is_counted_by_its_sample(
    client: Client, bus: RecordingBus, ann: Person
) -> None:
    for number in range(10):
        new = await make_account(client.db, f"new{number}", token=None)
        await tell(client.db, bus, Event(T.ADMIN_SIGN_UP, new.id, new.id, (ann.id,), NOW))
    title = (await only(client, V2, ann, "supported_types[]="))["fallback"]["title"]
    assert ">new9<" in title
    assert title.endswith("and 7 others signed up")


# ---------------------------------------------------------------- staff only (T20)


@pytest.mark.parametrize("type", [T.ADMIN_REPORT, T.ADMIN_SIGN_UP])
@pytest.mark.parametrize("role", [-99, 1, 2, 3])
async def test_what_is_for_staff_is_there_only_while_the_role_permits_it(
    client: Client, bus: RecordingBus, ann: Person, bob: Person, type: T, role: int
) -> None:
    await caused(client.db, bus, T.MENTION, ann, bob)
    await caused(client.db, bus, type, ann, bob)
    grouped = (await client.get(V2, ann)).json["notification_groups"][0]["group_key"]
    number = await client.db.fetch_value("SELECT max(id) FROM notifications")
    async with client.db.transaction() as tx:
        await tx.run("UPDATE accounts SET role_id = $1 WHERE id = $2", role, ann.id)
    seen = {"mention"} if role == -99 else {"mention", type.value}
    status = 404 if role == -99 else 200
    for query in ("", "types[]=mention&types[]=" + type.value, "grouped_types[]=follow",
                  "exclude_types[]=poll", "include_filtered=true"):  # fmt: skip
        flat = (await client.get(V1, ann, params=query)).json
        assert {one["type"] for one in flat} == seen
        groups = (await client.get(V2, ann, params=query)).json["notification_groups"]
        assert {one["type"] for one in groups} == seen
        for path in (V1, V2):
            count = (await client.get(f"{path}/unread_count", ann, params=query)).json["count"]
            assert count == len(seen)
    by = f"account_id={bob.id}"
    assert {one["type"] for one in (await client.get(V1, ann, params=by)).json} == seen
    assert (await client.get(f"{V1}/{number}", ann)).status == status
    ours = "/api/stentor/v1"
    assert (await client.get(f"{ours}/notifications/{number}/why", ann)).status == status
    decided = (await client.get(f"{ours}/decisions", ann)).json
    assert {one["type"] for one in decided} == seen
    for key in (grouped, f"ungrouped-{number}"):
        assert (await client.get(f"{V2}/{key}", ann)).status == status
    if type is T.ADMIN_SIGN_UP:
        members = (await client.get(f"{V2}/{grouped}/accounts", ann)).json
        assert len(members) == len(seen) - 1
