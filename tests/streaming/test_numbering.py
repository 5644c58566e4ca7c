"""What a process knows of what it has not heard: the numbers, the heartbeats, the silence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.streaming import numbering
from stentor.streaming.bus import News
from stentor.streaming.numbering import PEERS, SILENCE, Kind, Message, Peers

LARGEST = 2**63 - 1


def said(
    number: int, kind: Kind = Kind.NEWS, *, origin: str = "other", age: float = 0.0
) -> Message:
    """A message of another process that began ``age`` seconds ago."""
    news = [News(1, "notification", number)] if kind == Kind.NEWS else []
    encoded = [numbering.encode_news(one) for one in news]
    message = numbering.decode(numbering.encode(origin, kind, number, age, encoded))
    assert message is not None
    return message


def ids(heard: numbering.Heard) -> list[int]:
    return [one.id for one in heard.news]


@pytest.fixture
def peers() -> Peers:
    found = Peers("we")
    found.connected(100.0)
    return found


def test_what_follows_is_heard_and_nothing_is_missing(peers: Peers):
    for number in range(1, 5):
        heard = peers.hear(said(number, age=number), 100.0 + number)
        assert (ids(heard), heard.gap) == ([number], None)


def test_a_number_that_was_skipped_is_noticed_with_the_next_news(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    heard = peers.hear(said(3, age=4), 104.0)
    assert ids(heard) == [3]
    assert heard.gap == pytest.approx(3.0)  # since the last that was heard


def test_a_number_that_was_skipped_is_noticed_with_the_next_heartbeat(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    assert peers.hear(said(1, Kind.BEAT, age=2), 102.0).gap is None
    heard = peers.hear(said(2, Kind.BEAT, age=3), 103.0)
    assert (ids(heard), heard.gap) == ([], pytest.approx(1.0))


def test_a_number_that_was_skipped_is_noticed_with_the_goodbye(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    assert peers.hear(said(2, Kind.BYE, age=2), 102.0).gap is not None


def test_what_was_heard_before_brings_nothing_again(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    peers.hear(said(2, age=1), 101.0)
    for number in (1, 2):
        again = peers.hear(said(number, age=2), 102.0)
        assert (ids(again), again.gap) == ([], None)
    assert ids(peers.hear(said(3, age=2), 102.0)) == [3]


@pytest.mark.parametrize(("number", "kind"), [(2, Kind.NEWS), (1, Kind.BEAT), (1, Kind.BYE)])
def test_what_a_stranger_has_said_may_be_missing(peers: Peers, number: int, kind: Kind):
    """Before we listened, or since: nobody can tell, so it counts as since."""
    heard = peers.hear(said(number, kind, age=500), 103.0)
    assert heard.gap == pytest.approx(3.0)
    assert peers.hear(said(number, Kind.BEAT), 104.0).gap is None  # known from now on
    assert peers.hear(said(number + 1), 104.0).gap is None


def test_a_stranger_has_said_nothing_before_it_began(peers: Peers):
    heard = peers.hear(said(2, age=2), 1000.0)
    assert heard.gap == pytest.approx(2.0 + SILENCE)


def test_of_a_process_that_begins_now_nothing_is_missing(peers: Peers):
    assert peers.hear(said(0, Kind.BEAT, age=0), 103.0).gap is None
    assert peers.hear(said(1, age=0.5), 103.5).gap is None


def test_a_process_that_falls_silent_is_noticed_once(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    assert peers.vanished(101.0 + SILENCE) is None
    assert peers.vanished(101.5 + SILENCE) == pytest.approx(SILENCE + 0.5)
    assert peers.vanished(102.0 + SILENCE) is None
    assert len(peers) == 0


def test_a_process_that_said_goodbye_may_be_silent(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    peers.hear(said(1, Kind.BYE, age=2), 102.0)
    assert peers.vanished(1000.0) is None


def test_a_process_that_only_slept_goes_on_where_it_was(peers: Peers):
    peers.hear(said(4, age=50), 101.0)
    assert peers.vanished(130.0) is not None
    assert peers.hear(said(5, age=80), 131.0).gap is None
    assert len(peers) == 1
    assert peers.vanished(200.0) is not None  # and may fall silent again


def test_what_a_sleeping_process_said_unheard_is_noticed_when_it_wakes(peers: Peers):
    peers.hear(said(4, age=50), 101.0)
    assert peers.vanished(130.0) is not None
    assert peers.hear(said(6, age=80), 131.0).gap == pytest.approx(30.0)


def test_whoever_did_not_listen_calls_nobody_silent(peers: Peers):
    peers.hear(said(1, age=1), 101.0)
    peers.excuse(150.0)
    assert peers.vanished(150.0) is None
    assert peers.vanished(150.5 + SILENCE) is not None


def test_no_more_processes_are_remembered_than_there_is_room_for(peers: Peers):
    peers.hear(said(1, origin="here", age=1), 101.0)
    for number in range(PEERS * 2):
        peers.hear(said(0, Kind.BYE, origin=f"gone {number}"), 101.0)
    assert len(peers._peers) == PEERS
    assert ids(peers.hear(said(2, origin="here", age=2), 102.0)) == [2]
    assert "here" in peers._peers  # those who are gone make room first


@given(st.data())
def test_whatever_gets_lost_doubled_or_cut_off_is_never_missed_silently(data: st.DataObject):
    """The channel keeps the order, and may lose and repeat. Model: what should have come."""
    peers = Peers("we")
    peers.connected(0.0)
    sent = data.draw(st.lists(st.sampled_from([Kind.NEWS, Kind.BEAT]), min_size=1, max_size=30))
    number, at = 0, 1.0
    got: list[int] = []
    gap = False
    for kind in sent:
        number += kind == Kind.NEWS
        at += 0.1
        for _ in range(data.draw(st.integers(0, 2))):  # lost, heard, heard twice
            heard = peers.hear(said(number, kind, age=at - 0.5), at)
            got += ids(heard)
            gap = gap or heard.gap is not None
    heard = peers.hear(said(number, Kind.BEAT, age=at - 0.5), at)  # the next second
    gap = gap or heard.gap is not None
    assert got == sorted(set(got))  # in order, nothing doubled
    assert gap == (got != list(range(1, number + 1)))


@given(
    st.lists(
        st.builds(
            News,
            st.integers(0, LARGEST),
            st.sampled_from(["notification", "notifications_merged", "status_created"]),
            st.integers(0, LARGEST),
        ),
        max_size=400,
    ),
    st.integers(0, LARGEST),
)
def test_news_travel_as_they_are_in_messages_that_fit(news: list[News], number: int):
    heard: list[News] = []
    for parcel in numbering.in_parcels(map(numbering.encode_news, news)):
        payload = numbering.encode("f" * 16, Kind.NEWS, number, 10.0**9, parcel)
        assert len(payload) < 8000
        message = numbering.decode(payload)
        assert message is not None
        heard += [News(*one) for one in message.news]
    assert heard == news


def test_several_news_share_a_message():
    encoded = [numbering.encode_news(News(LARGEST, "notification", LARGEST))] * 1000
    parcels = list(numbering.in_parcels(encoded))
    assert sum(map(len, parcels)) == 1000
    assert len(parcels) <= 10


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"hello",
        b"[]",
        b"{}",
        b"[" * 5000,
        b'["a",0,1,1]',
        b'["a",0,1,1,[],"more"]',
        b'["a",0,1,1,[[1,2,3]]]',
        b'["a",0,"1",1,[]]',
        b"\xff",
        json.dumps(["a", 0, 1, 1, [[1, "notification"]]]).encode(),
    ],
)
def test_what_is_no_message_of_ours_is_none(payload: bytes):
    assert numbering.decode(payload) is None
