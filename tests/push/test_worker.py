"""Promise to message: what is sent, once, and what follows each answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from stentor.actions import notifications as notification_actions
from stentor.domain import times
from stentor.push import breaker as breaker_module
from stentor.push import journal, payload
from stentor.push import worker as worker_module
from stentor.push.breaker import Breaker
from stentor.push.lanes import Bounds, Job
from stentor.push.payload import Message
from stentor.push.sender import Sender
from stentor.push.worker import Worker
from stentor.store import push_deliveries
from stentor.store.database import Database
from stentor.store.push_deliveries import Promise
from stentor.streaming.bus import LocalBus
from tests import factories as make
from tests.factories import Person
from tests.push.office import Office, check
from tests.push_service import PushService, Reply


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Office]:
    one = Office(db)
    yield one
    await one.close()


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService() as one:
        yield one


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a test nobody waits for the dead."""
    monkeypatch.setattr(worker_module, "GRACE", 1.0)


@pytest.fixture
async def sender(office: Office) -> Person:
    return await office.person(username="bob")


async def test_a_mention_is_pushed_and_noted(
    office: Office, service: PushService, sender: Person
) -> None:
    service.vapid_key = office.identity.vapid.public_key
    alice = await office.person(service.url("/alice"), username="alice")
    office.start()
    await office.mention(sender, alice)
    await office.until(lambda: service.received)
    await office.until(office.empty)
    check(service)
    (message,) = service.received
    assert message.payload["notification_type"] == "mention"
    assert message.payload["access_token"] == alice.token
    assert message.payload["notification_id"] == 1
    assert 172_700 <= int(message.headers["ttl"]) <= 172_800
    assert await office.ledger("outcome, status, attempt, notification_id, next_at") == [
        ("delivered", 201, 1, 1, None)
    ]


@pytest.mark.parametrize("wanted", [True, False], ids=["device", "no device"])
async def test_a_worker_is_woken_by_what_it_shall_send_and_by_nothing_else(
    office: Office,
    service: PushService,
    sender: Person,
    monkeypatch: pytest.MonkeyPatch,
    wanted: bool,
) -> None:
    monkeypatch.setattr(worker_module, "FLOOR", 3600.0)
    alice = await office.person(service.url("/alice") if wanted else None, username="alice")
    bus, worker, looks = LocalBus(), office.worker(), 0
    claim = worker._claim

    async def counted() -> bool:
        nonlocal looks
        looks += 1
        return await claim()

    monkeypatch.setattr(worker, "_claim", counted)
    bus.listen(lambda news: worker.hear(news.kind))
    office.start(worker)
    await office.until(lambda: looks)
    await asyncio.sleep(0.1)  # it waits by now
    for _ in range(3):
        await make.make_mentioned(office.db, bus, sender, alice, at=office.clock())
    if wanted:
        await office.until(lambda: len(service.received) == 3)
    await asyncio.sleep(0.1)
    assert (looks > 1) is wanted


async def test_both_encodings_arrive(office: Office, service: PushService, sender: Person) -> None:
    for standard in (True, False):
        person = await office.person()
        await office.subscribe(person, service.url(f"/{standard}"), standard=standard)
        await office.mention(sender, person)
    office.start()
    await office.until(lambda: len(service.received) == 2)
    check(service)
    assert {one.headers["content-encoding"] for one in service.received} == {"aes128gcm", "aesgcm"}


async def test_a_message_that_waited_has_less_to_live(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    await office.mention(sender, alice)
    office.clock.advance(hours=47)
    office.start()
    await office.until(lambda: service.received)
    assert 3_500 <= int(service.received[0].headers["ttl"]) <= 3_600


async def test_what_is_older_than_two_days_is_not_sent(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    await office.mention(sender, alice)
    office.clock.advance(hours=48)
    office.start()
    await office.until(office.empty)
    assert service.received == []
    assert await office.ledger("outcome, status, problem") == [("expired", None, "expired")]


async def test_what_is_gone_before_it_is_sent_is_not_sent(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    await office.mention(sender, alice)
    async with office.db.transaction() as tx:
        await tx.run("DELETE FROM notifications")
    assert len(await office.rows()) == 1
    office.start()
    await office.until(office.empty)
    assert service.received == []
    assert await office.ledger() == []


async def test_what_is_dismissed_while_it_waits_is_not_sent_again(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    service.tell("/alice", Reply(503))
    await office.mention(sender, alice)
    office.start()
    await office.until(office.ledger)  # when it is tried again is said by the clock before its jump
    await notification_actions.dismiss(office.db, alice.id, 1)
    service.tell("/alice", Reply(201))
    office.clock.advance(seconds=60)
    await office.until(office.empty)
    assert [one for one, _ in await office.ledger()] == ["retry"]


# ---------------------------------------------------------------- answers


async def test_only_404_and_410_end_a_subscription(
    office: Office, service: PushService, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every status from 200 to 599; the others' messages arrive when all is well again."""
    monkeypatch.setattr(Breaker, "failed", lambda *_, **__: None)  # it would only slow us
    statuses = range(200, 600)
    alice = await office.person()
    await office.crowd(alice, [service.url(f"/status/{status}/x") for status in statuses])
    numbers = dict(zip(statuses, await office.subscriptions(), strict=True))
    await office.mention(sender, alice)
    office.start()

    async def tried() -> bool:
        return len({row[0] for row in await office.ledger("subscription_id")}) == len(statuses)

    await office.until(tried)
    left = set(await office.subscriptions())
    assert {status for status, number in numbers.items() if number not in left} == {404, 410}
    first = dict(reversed([(row[0], row[1]) for row in await office.ledger("status, outcome")]))
    assert {status for status, word in first.items() if word == "delivered"} == set(range(200, 300))
    assert {status for status, word in first.items() if word == "retry"} == {
        408, 425, 429, *range(300, 400), *range(500, 600),
    }  # fmt: skip

    service.tell(None, Reply(201))
    for status in statuses:
        service.tell(f"/status/{status}/x", Reply(201))
    await office.until_empty(leap=1800)
    arrived = Counter(
        row[0] for row in await office.ledger("subscription_id, outcome") if row[1] == "delivered"
    )
    assert arrived == {n: 1 for status, n in numbers.items() if status not in (404, 410)}
    check(service)


async def test_a_message_that_is_too_large_is_sent_again_without_its_body_once(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    service.tell("/alice", Reply(413))
    await office.mention(sender, alice)
    office.start()
    await office.until(lambda: len(service.received) == 2)
    await office.until(lambda: _ledger_of(office, 2))
    await asyncio.sleep(1.2)
    whole, small = service.received
    assert whole.payload["body"]
    assert small.payload == {**whole.payload, "body": ""}
    assert await office.ledger() == [("too_large", 413), ("too_large", 413)]
    ((_, _, attempts, run_at, _),) = await office.rows()
    assert attempts == 2
    assert run_at >= office.clock() + 50 * times.MINUTE, "put aside, not deleted"


async def test_what_is_refused_is_put_aside_with_all_that_waits_for_it(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    service.tell("/alice", Reply(400))
    task = office.start()
    await office.mention(sender, alice)
    await office.until(lambda: service.received)
    await office.until(lambda: _ledger_of(office, 1))
    task.cancel()
    for _ in range(3):
        await office.mention(sender, alice)
    async with office.db.transaction() as tx:  # as when they had been promised before
        await push_deliveries.put_aside(tx, 1, until=office.clock() + times.HOUR)
    office.start()
    await asyncio.sleep(1)
    assert len(service.received) == 1
    ((since,),) = await office.db.fetch("SELECT failing_since FROM push_subscriptions")
    assert since is not None

    service.tell("/alice", Reply(201))
    await office.mention(sender, alice)
    await office.until(office.empty)
    assert len(service.at("/alice")) == 6, "one success brings the others forward"
    ((since,),) = await office.db.fetch("SELECT failing_since FROM push_subscriptions")
    assert since is None


async def _ledger_of(office: Office, length: int) -> bool:
    return len(await office.ledger()) >= length


async def test_an_address_inside_is_not_contacted_and_the_ledger_says_why(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    guarded = Sender(deadline=3)
    office.senders.append(guarded)
    office.start(Worker(office.db, guarded, office.identity, now=office.clock))
    await office.mention(sender, alice)
    await office.until(lambda: office.ledger())
    assert await office.ledger("outcome, status, problem") == [("refused", None, "blocked")]
    assert service.connections == 0
    assert len(await office.subscriptions()) == 1


async def test_a_failure_is_tried_again_later_and_ever_more_rarely(
    office: Office, service: PushService, sender: Person
) -> None:
    alice = await office.person(service.url("/alice"))
    service.tell("/alice", Reply(500), Reply(502), Reply(kind="reset"), Reply(201))
    await office.mention(sender, alice)
    office.start()
    for n in range(1, 4):
        await office.until(lambda n=n: _ledger_of(office, n))
        office.clock.advance(seconds=60)
    await office.until(office.empty)
    assert await office.ledger("outcome, status, problem, attempt") == [
        ("retry", 500, None, 1),
        ("retry", 502, None, 2),
        ("retry", None, "connection", 3),
        ("delivered", 201, None, 4),
    ]


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("5", 5, 5.5), ("0", 0, 2), ("-1", 0, 2), ("1000000000", 21_600, 21_601),
        ("garbage", 0, 2), ("Mon, 01 Jun 2026 12:05:00 GMT", 270, 301),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed_for_everything_at_that_service(
    office: Office,
    service: PushService,
    sender: Person,
    status: int,
    header: str,
    least: float,
    most: float,
) -> None:
    service.tell("/alice", Reply(status, (("Retry-After", header),)), Reply(201))
    office.clock.stop()
    alice = await office.person(service.url("/alice"))
    carol = await office.person(service.url("/carol"))
    await office.mention(sender, alice)
    office.start()
    await office.until(lambda: _ledger_of(office, 1))
    ((started, next_at),) = await office.ledger("started_at, next_at")
    assert least <= (next_at - started) / 1000 <= most
    await office.mention(sender, carol)
    if least:
        await asyncio.sleep(1)
        office.clock.advance(seconds=max(0, (next_at - office.clock()) / 1000 - 2))
        await asyncio.sleep(0.7)
        assert len(service.received) == 1, "nobody is sent anything before it is time"
    office.clock.advance(seconds=5)
    await office.until(office.empty)
    assert Counter(one.path for one in service.received) == {"/alice": 2, "/carol": 1}


async def test_a_subscription_that_moved_is_not_ended_by_its_old_address(
    office: Office, service: PushService, sender: Person
) -> None:
    moved = asyncio.Event()
    service.tell("/old", Reply(410, after=moved))
    alice = await office.person(service.url("/old"))
    await office.mention(sender, alice)
    office.start()
    await office.until(lambda: service.received)
    await office.subscribe(alice, service.url("/new"))
    moved.set()
    await office.until(office.empty)
    assert [one.path for one in service.received] == ["/old", "/new"]
    assert len(await office.subscriptions()) == 1


# ---------------------------------------------------------------- once, and by one


async def promise(office: Office, sender: Person, *, endpoints: list[str], each: int = 1) -> int:
    """So many devices of one person, each promised so many messages; how many in all."""
    alice = await office.person()
    await office.crowd(alice, endpoints)
    for _ in range(each):
        await office.mention(sender, alice)
    return len(endpoints) * each


async def test_several_workers_send_everything_once(
    office: Office, service: PushService, sender: Person
) -> None:
    number = await promise(office, sender, endpoints=[service.url(f"/{n}") for n in range(50)],
                           each=4)  # fmt: skip
    for _ in range(3):
        office.start()
    await office.until(office.empty)
    await asyncio.sleep(0.2)
    check(service)
    sent = Counter((one.path, one.payload["notification_id"]) for one in service.received)
    assert len(sent) == number
    assert set(sent.values()) == {1}


async def test_without_a_lease_several_workers_would_send_twice(
    office: Office, service: PushService, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(worker_module, "LEASE", 0)
    monkeypatch.setattr(worker_module, "DEADLINE", -10.0)
    monkeypatch.setattr(Worker, "_still", lambda _, job: _as_it_is(job))
    service.tell(None, Reply(201, seconds=0.3))
    await promise(office, sender, endpoints=[service.url(f"/{n}") for n in range(20)])
    for _ in range(3):
        office.start()
    await office.until(lambda: len(service.received) > 20)


async def _as_it_is(job: Job) -> Message:
    return job.message


async def test_a_worker_that_is_told_to_stop_gives_back_what_it_has(
    office: Office, service: PushService, sender: Person
) -> None:
    service.tell(None, Reply(201, seconds=0.5))
    await promise(office, sender, endpoints=[service.url(f"/{n}") for n in range(40)])
    task = office.start()
    await office.until(lambda: len(service.received) >= 4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    sent = len(service.received)
    rows = await office.rows()
    assert len(rows) == 40 - sent, "what was under way has been written down"
    assert all(run_at <= office.clock() for _, _, _, run_at, _ in rows), "the rest is due at once"
    assert all(attempts == 0 for _, _, attempts, _, _ in rows)
    office.start()
    await office.until(office.empty)
    assert Counter(Counter(one.path for one in service.received).values()) == {1: 40}


async def test_a_worker_that_waits_for_a_dead_service_stops_in_time(
    office: Office, service: PushService, sender: Person
) -> None:
    await promise(office, sender, endpoints=[service.url("/stall/x")])
    task = office.start()
    await office.until(lambda: service.received)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    ((_, _, attempts, run_at, _),) = await office.rows()
    assert (attempts, run_at <= office.clock()) == (0, True)


async def test_a_claim_ends_by_itself(office: Office, service: PushService, sender: Person) -> None:
    alice = await office.person(service.url("/alice"))
    await office.mention(sender, alice)
    async with office.db.transaction() as tx:  # by somebody who dies then
        now = office.clock()
        (one,) = await push_deliveries.claim(
            tx, service.origin, now=now, until=now + journal.LEASE, limit=9
        )
    assert one.promise == Promise(alice.id, 1, 1)
    office.start()
    await asyncio.sleep(1)
    assert service.received == []
    office.clock.advance(seconds=61)
    await office.until(office.empty)
    assert len(service.received) == 1


async def test_whoever_claimed_it_since_decides(office: Office, sender: Person) -> None:
    """Fencing: what a worker writes that was thought dead changes nothing."""
    alice = await office.person("https://push.example/1")
    await office.mention(sender, alice)
    now = office.clock()
    async with office.db.transaction() as tx:
        (old,) = await push_deliveries.claim(tx, "https://push.example", now=now, until=now,
                                             limit=1)  # fmt: skip
        (new,) = await push_deliveries.claim(tx, "https://push.example", now=now,
                                             until=now + 60_000, limit=1)  # fmt: skip
        await push_deliveries.postpone(tx, [(old, now + 1, True)])
        await push_deliveries.release(tx, [old], now=now)
    assert (old.attempts, new.attempts) == (1, 2)
    ((_, _, attempts, run_at, smaller),) = await office.rows()
    assert (attempts, run_at, bool(smaller)) == (2, now + 60_000, False)


# ---------------------------------------------------------------- nobody waits for the dead


async def quiet(*services: PushService) -> int:
    """How much they have received, once nothing more has come for a while."""
    while True:
        received = sum(len(one.received) for one in services)
        await asyncio.sleep(1)
        if sum(len(one.received) for one in services) == received:
            return received


async def arrived_beside_the_dead(office: Office, sender: Person, *, dead: int, least: int) -> int:
    """How many of ten messages a healthy service gets while another answers nothing at all.

    ``least`` are waited for.
    """
    async with PushService(strict=False) as grave, PushService() as healthy:
        await promise(office, sender, endpoints=[grave.url(f"/stall/{n}") for n in range(dead)])
        alice = await office.person(healthy.url("/alice"))
        office.start(office.worker(deadline=3600))
        await office.until(lambda: grave.received)
        waiting = await quiet(grave)
        for _ in range(10):
            await office.mention(sender, alice)
        await office.until(lambda: len(healthy.received) >= least)
        await quiet(healthy)
        assert len(grave.received) == grave.open_now == waiting
        check(healthy)
        await office.stop()
        return len(healthy.received)


async def test_thousands_behind_a_dead_service_delay_nobody(office: Office, sender: Person) -> None:
    assert await arrived_beside_the_dead(office, sender, dead=2_000, least=10) == 10


async def test_without_lanes_the_dead_would_delay_everybody(
    office: Office, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: one line for all, as many at once as there is room."""
    monkeypatch.setattr(breaker_module, "MOST", 10_000)
    monkeypatch.setattr(Breaker, "failed", lambda *_, **__: None)
    monkeypatch.setattr(Breaker, "__init__", lambda self: _wide(self), raising=True)
    assert await arrived_beside_the_dead(office, sender, dead=600, least=0) == 0


def _wide(self: Breaker) -> None:
    self.window, self.silences, self.complained, self.on_trial = 1_000, 0, set(), False


async def test_many_dead_services_leave_room_for_a_good_one(office: Office, sender: Person) -> None:
    async with PushService() as healthy:
        graves = [await PushService(strict=False).start() for _ in range(40)]
        alice = await office.person(healthy.url("/alice"))
        office.start(office.worker(bounds=Bounds(total=16, unproven=8), deadline=3600))
        await office.mention(sender, alice)
        await office.until(lambda: healthy.received)
        await promise(office, sender, endpoints=[one.url("/stall/x") for one in graves])
        await office.until(lambda: sum(len(one.received) for one in graves) >= 8)
        await office.mention(sender, alice)
        await office.until(lambda: len(healthy.received) == 2)
        assert sum(one.open_now for one in graves) == 8
        await office.stop()
        for one in graves:
            await one.close()


async def test_a_service_that_fails_is_left_alone_and_tried_with_one(
    office: Office, service: PushService, sender: Person
) -> None:
    service.tell(None, Reply(kind="reset"))
    await promise(office, sender, endpoints=[service.url(f"/{n}") for n in range(30)])
    office.start()

    async def closed() -> bool:
        return bool(await office.db.fetch("SELECT * FROM push_origins"))

    await office.until(closed)
    sent = await quiet(service)
    assert breaker_module.FAILURES <= sent <= breaker_module.FAILURES + breaker_module.MOST
    await asyncio.sleep(1.5)
    assert len(service.received) == sent
    office.clock.advance(seconds=31)
    await office.until(lambda: len(service.received) == sent + 1)
    await asyncio.sleep(1)
    assert len(service.received) == sent + 1, "one that asks whether it is back"
    service.tell(None, Reply(201))
    await office.until_empty(leap=31)
    assert await office.db.fetch("SELECT * FROM push_origins") == []


async def test_control_without_counting_failures_a_service_that_fails_is_asked_by_everybody(
    office: Office, service: PushService, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Breaker, "failed", lambda *_, **__: None)
    service.tell(None, Reply(kind="reset"))
    await promise(office, sender, endpoints=[service.url(f"/{n}") for n in range(30)])
    office.start()
    most = breaker_module.FAILURES + breaker_module.MOST
    await office.until(lambda: len(service.received) > most)


async def test_one_broken_device_does_not_close_its_service_to_others(
    office: Office, service: PushService, sender: Person
) -> None:
    service.tell("/broken", Reply(500))
    mallory = await office.person(service.url("/broken"))
    alice = await office.person(service.url("/alice"))
    for _ in range(12):
        await office.mention(sender, mallory)
    office.start()
    await office.until(lambda: len(service.received) >= 12)
    await office.mention(sender, alice)
    await office.until(lambda: service.at("/alice"))
    assert await office.db.fetch("SELECT * FROM push_origins") == []


async def test_a_key_that_everybody_refuses_stops_everything(
    office: Office, sender: Person
) -> None:
    services = [await PushService().start() for _ in range(8)]
    for one in services:
        one.tell(None, Reply(403))
    await promise(office, sender, endpoints=[one.url("/x") for one in services])
    office.start()

    async def stopped() -> bool:
        return bool(await office.db.fetch("SELECT 1 FROM push_origins WHERE reason = 'key'"))

    await office.until(stopped)
    assert len(await office.subscriptions()) == 8
    await quiet(*services)  # what was on its way has come
    for one in services:
        one.tell(None, Reply(201))
        one.received.clear()
    alice = await office.person(services[0].url("/alice"))
    await office.mention(sender, alice)
    await asyncio.sleep(1)
    assert sum(len(one.received) for one in services) == 0
    office.clock.advance(seconds=31)
    await office.until(lambda: services[0].at("/alice"))
    await office.until(lambda: _nothing_closed(office))
    for one in services:
        await one.close()


async def _nothing_closed(office: Office) -> bool:
    return not await office.db.fetch("SELECT 1 FROM push_origins")


# ---------------------------------------------------------------- poison, and a sick database


async def test_a_message_that_cannot_be_made_blocks_no_other(
    office: Office, service: PushService, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await office.person(service.url("/alice"))
    for _ in range(6):
        await office.mention(sender, alice)
    real = payload._message

    def poisoned(device, told, *rest):
        if told.notification.id == 3:
            raise RecursionError("poison")
        return real(device, told, *rest)

    monkeypatch.setattr(payload, "_message", poisoned)
    office.start()
    await office.until(lambda: len(service.received) == 5)
    await office.until_empty(leap=61)
    words = Counter(row[0] for row in await office.ledger())
    assert words == {"delivered": 5, "unsent": 3}


async def test_a_database_that_fails_for_a_while_loses_nothing(
    office: Office, service: PushService, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stentor.store.database import StorageProblem

    alice = await office.person(service.url("/alice"))
    real, failures = push_deliveries.remove, []

    async def failing(tx, promises):
        if promises and len(failures) < 3:
            failures.append(promises)
            raise StorageProblem
        await real(tx, promises)

    monkeypatch.setattr(push_deliveries, "remove", failing)
    office.start()
    await office.mention(sender, alice)
    await office.until(office.empty)
    assert len(failures) == 3
    assert len(service.received) == 1
    assert await office.ledger() == [("delivered", 201)]


async def test_an_account_that_goes_meanwhile_spoils_nothing(
    office: Office, service: PushService, sender: Person
) -> None:
    gone = asyncio.Event()
    service.tell(None, Reply(201, after=gone))
    people = [await office.person(service.url(f"/{n}")) for n in range(3)]
    for one in people:
        await office.mention(sender, one)
    worker = office.worker()
    office.start(worker)
    await office.until(lambda: service.received)
    async with office.db.transaction() as tx:
        await tx.run("DELETE FROM push_deliveries WHERE account_id = $1", people[0].id)
        await tx.run("DELETE FROM push_subscriptions WHERE account_id = $1", people[0].id)
    gone.set()
    await office.until(office.empty)
    await office.until(lambda: _ledger_of(office, 3))
