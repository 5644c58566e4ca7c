"""The brain of a connection, without any connection."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import streams
from stentor.domain.streams import Closing, Stream, Wish
from stentor.streaming.session import NOTHING, Outcome, Session

WRONG_SCOPE = {"error": "Access token does not have the required scopes", "status": 401}
NAMES = sorted(streams.SCOPES)
#: Every combination of the scopes that matter, and of some that must not.
SCOPES = [
    frozenset(chosen)
    for size in range(5)
    for chosen in itertools.combinations(
        ("read", "read:statuses", "read:notifications", "write", "push"), size
    )
]


def say(session: Session, kind: str, stream: Any, now: int = 0, **rest: Any) -> Outcome:
    return session.hear(json.dumps({"type": kind, "stream": stream, **rest}), now=now)


def answer(outcome: Outcome) -> Any:
    return None if outcome.answer is None else json.loads(outcome.answer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scopes", SCOPES, ids=lambda one: "+".join(sorted(one)) or "none")
def test_a_stream_opens_to_exactly_the_scopes_that_it_needs(
    name: str, scopes: frozenset[str]
) -> None:
    session = Session(scopes)
    outcome = say(session, "subscribe", name, tag="bread", list="7")
    wanted = "read:notifications" if name == "user:notification" else "read:statuses"
    if not scopes & {"read", wanted}:
        assert answer(outcome) == WRONG_SCOPE
        assert session.subscriptions == set()
    elif name == "list":
        assert outcome.asks is not None
    else:
        assert outcome.opened is not None
        assert session.subscriptions == {outcome.opened}


@pytest.mark.parametrize("scopes", SCOPES, ids=lambda one: "+".join(sorted(one)) or "none")
def test_notifications_are_on_the_user_stream_only_for_whom_may_read_them(
    scopes: frozenset[str],
) -> None:
    heard = streams.hears_notifications(Stream("user"), scopes)
    assert heard == bool(scopes & {"read", "read:notifications"})


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"stream": "nope"}, {"error": "Unknown stream type", "status": 400}),
        ({"stream": ""}, {"error": "Unknown stream type", "status": 400}),
        ({}, {"error": "Unknown stream type", "status": 400}),
        ({"stream": {"a": 1}}, {"error": "Unknown stream type", "status": 400}),
        ({"stream": []}, {"error": "Unknown stream type", "status": 400}),
        ({"stream": "hashtag"}, {"error": "Missing tag name parameter", "status": 400}),
        ({"stream": "hashtag:local"}, {"error": "Missing tag name parameter", "status": 400}),
        ({"stream": "list"}, {"error": "Missing list name parameter", "status": 400}),
        (
            {"stream": "list", "list": "seven"},
            {"error": "Not authorized to stream this list", "status": 401},
        ),
    ],
)
def test_what_cannot_be_subscribed_to_is_told_and_the_socket_stays(
    message: dict[str, Any], expected: dict[str, Any]
) -> None:
    outcome = Session(frozenset({"read"})).hear(json.dumps({"type": "subscribe", **message}), now=0)
    assert answer(outcome) == expected
    assert outcome._replace(answer=None) == NOTHING


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "7", '"subscribe"', "{}", '{"type":"ping"}', '{"type":7}',
     '{"type":["subscribe"]}', "[" * 5000, "\ud800" * 3, '{"type":"subscribe"'],
)  # fmt: skip
def test_what_says_nothing_is_answered_with_nothing(text: str) -> None:
    assert Session(frozenset({"read"})).hear(text, now=0) == NOTHING


@given(st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(NAMES),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["type", "stream", "tag", "list", "x"]), inner
    ),
).map(json.dumps))  # fmt: skip
def test_no_message_breaks_a_session(text: str) -> None:
    session = Session(frozenset({"read"}))
    outcome = session.hear(text, now=0)
    assert outcome.close is None
    if outcome.answer is not None:
        assert set(json.loads(outcome.answer)) <= {"error", "status"}


def test_the_first_of_several_names_counts() -> None:
    outcome = say(Session(frozenset({"read"})), "subscribe", ["public", "user"])
    assert outcome.opened is not None
    assert outcome.opened.stream == Stream("public")


def test_a_number_names_a_list_as_its_digits_do() -> None:
    outcome = say(Session(frozenset({"read"})), "subscribe", "list", list=12)
    assert outcome.asks is not None
    assert outcome.asks.label == ("list", "12")


def test_subscribing_again_is_a_no_op() -> None:
    session = Session(frozenset({"read"}))
    say(session, "subscribe", "user")
    assert say(session, "subscribe", "user") == NOTHING


def test_the_same_hashtag_in_two_spellings_is_one_stream_under_two_names() -> None:
    session = Session(frozenset({"read"}))
    first = say(session, "subscribe", "hashtag", tag="Bread").opened
    second = say(session, "subscribe", "hashtag", tag="bread").opened
    assert first is not None
    assert second is not None
    assert first.stream == second.stream == Stream("hashtag", "bread")
    assert (first.label, second.label) == (("hashtag", "Bread"), ("hashtag", "bread"))


def test_a_list_is_heard_once_it_is_known_whose_it_is() -> None:
    session = Session(frozenset({"read"}))
    asked = say(session, "subscribe", "list", list="7").asks
    assert asked is not None
    assert session.subscriptions == set()
    refused = session.owns(asked, owned=False)
    assert answer(refused) == {"error": "Not authorized to stream this list", "status": 401}
    assert session.owns(asked, owned=True).opened == asked


def test_unsubscribing_ends_a_stream_once() -> None:
    session = Session(frozenset({"read"}))
    opened = say(session, "subscribe", "user").opened
    assert say(session, "unsubscribe", "user").ended == opened
    assert say(session, "unsubscribe", "user") == NOTHING


@pytest.mark.parametrize("stream", ["nope", "", "hashtag", "list"])
def test_what_cannot_be_named_cannot_be_unsubscribed_from(stream: str) -> None:
    outcome = say(Session(frozenset({"read"})), "unsubscribe", stream)
    assert answer(outcome) == {"error": "Error unsubscribing from channel"}


def test_a_binary_message_closes_with_1003() -> None:
    assert Session(frozenset()).hear_bytes().close is Closing.BINARY
    assert Closing.BINARY.code == 1003


def test_sixty_messages_a_minute_are_heard_and_no_more() -> None:
    session = Session(frozenset({"read"}))
    outcomes = [session.hear("{}", now=1000) for _ in range(60)]
    assert {one.close for one in outcomes} == {None}
    assert session.hear("{}", now=1000).close is Closing.TOO_MUCH
    assert session.hear("{}", now=61_000).close is None


def test_a_hundred_subscriptions_are_open_and_no_more() -> None:
    session = Session(frozenset({"read"}))
    for number in range(100):
        outcome = session.subscribe(Wish("hashtag", f"t{number}x"))
        assert outcome.opened is not None
    assert session.subscribe(Wish("hashtag", "t7x")) == NOTHING
    assert session.subscribe(Wish("hashtag", "more")).close is Closing.TOO_MUCH
    assert Closing.TOO_MUCH.code == 1008


@pytest.mark.parametrize(
    ("path", "name"),
    [("user", "user"), ("user/notification", "user:notification"), ("public", "public"),
     ("public/local", "public:local"), ("public/remote", "public:remote"), ("direct", "direct"),
     ("hashtag", "hashtag"), ("hashtag/local", "hashtag:local"), ("list", "list"),
     ("public/media", None), ("users", None), ("", None), ("user/", None)],
)  # fmt: skip
def test_paths_name_streams(path: str, name: str | None) -> None:
    assert streams.of_path(path, only_media=False) == name
    media = f"{name}:media" if name and name.startswith("public") else name
    assert streams.of_path(path, only_media=True) == media
