"""E-mails without I/O: what people want, retries, header values, tokens."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import emails, times
from stentor.domain.emails import Outcome
from stentor.domain.notifications import TRAITS, NotificationType
from tests.factories import NOW

SECRET = b"k" * 32


def test_the_six_types_of_the_specification_are_mailable_and_four_are_on_at_first():
    assert {one.value for one in emails.MAILABLE} == {
        "mention", "quote", "follow", "follow_request", "reblog", "favourite",
    }  # fmt: skip
    assert {one.value for one in emails.DEFAULT} == {"mention", "quote", "follow", "follow_request"}
    assert all(TRAITS[one].mailable for one in emails.MAILABLE)


@given(st.frozensets(st.sampled_from(emails.MAILABLE)))
def test_what_is_wanted_survives_being_stored(types: frozenset[NotificationType]):
    assert emails.wanted(emails.stored(types)) == types


@pytest.mark.parametrize("stored", [None, "", "poll,status", "nonsense", ",,"])
def test_what_is_no_mailable_type_is_not_wanted(stored: str | None):
    assert emails.wanted(stored) == frozenset()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (250, Outcome.SENT), (251, Outcome.SENT), (299, Outcome.SENT), (354, Outcome.DEFERRED),
        (421, Outcome.DEFERRED), (450, Outcome.DEFERRED), (452, Outcome.DEFERRED),
        (550, Outcome.REFUSED), (554, Outcome.REFUSED), (599, Outcome.REFUSED),
        (600, Outcome.DEFERRED), (-1, Outcome.DEFERRED), (0, Outcome.DEFERRED),
    ],
)  # fmt: skip
def test_only_a_five_hundred_is_final(code: int, outcome: Outcome):
    assert emails.answer(code) is outcome


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_a_retry_is_later_and_within_two_days(luck: float, attempts: int):
    at = emails.retry_at(attempts, NOW, luck=luck, now=NOW)
    assert at is not None
    assert NOW + 45 * times.SECOND <= at <= NOW + 5 * times.HOUR


def test_retries_are_ever_rarer_and_end_after_two_days():
    now, attempts, pauses = NOW, 1, []
    while (at := emails.retry_at(attempts, NOW, luck=0.5, now=now)) is not None:
        pauses.append(at - now)
        now, attempts = at, attempts + 1
    assert pauses[:4] == [times.MINUTE, 4 * times.MINUTE, 16 * times.MINUTE, 64 * times.MINUTE]
    assert pauses[4:] == [4 * times.HOUR] * len(pauses[4:])
    assert 40 * times.HOUR < now - NOW < emails.LIFETIME


# ---------------------------------------------------------------- header values


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("stentor.example", "stentor.example"), ("Stentor.Example:8443", "stentor.example"),
        ("localhost:3000", "localhost"), ("bücher.example", "xn--bcher-kva.example"),
        ("[::1]:3000", "localhost"), ("[::1]", "localhost"), ("127.0.0.1:80", "127.0.0.1"),
        ("a_b.example", "a_b.example"),
    ],
)  # fmt: skip
def test_a_site_has_a_name_that_headers_take(domain: str, host: str):
    assert emails.host(domain) == host


@given(st.text(max_size=40))
def test_no_site_makes_a_header_that_is_not_plain(domain: str):
    for value in (
        emails.list_id("follow_request", "ann_1", domain or "x"),
        emails.message_id("notification", 7, 8, domain or "x"),
        emails.thread_id(7, NOW, domain or "x"),
    ):
        assert value.isascii()
        assert value.isprintable()
        assert " " not in value
        assert value[0] == "<"
        assert value[-1] == ">"
        assert value.count("<") == value.count(">") == 1


def test_identifiers_are_those_of_the_specification():
    assert emails.list_id("mention", "Ann", "x.example") == "<mention.ann.x.example>"
    assert emails.thread_id(12, NOW, "x.example") == "<conversation-12.2026-06-01@x.example>"
    assert emails.message_id("notification", 3, 9, "x.example") == "<notification-3.9@x.example>"


@given(st.text(max_size=80))
def test_a_line_is_one_line(value: str):
    line = emails.one_line(value)
    assert len(line.splitlines()) <= 1
    assert emails.one_line(line) == line
    assert not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 for one in line)


@pytest.mark.parametrize(
    ("display_name", "shown"),
    [
        ("Bob", "Bob"), ("", "bob"), ("   ", "bob"), ("\u202e\u2066", "bob"), ("\u200b", "bob"),
        ("Bob\r\nBcc: x@y", "Bob Bcc: x@y"), ("Bøb", "\u2068Bøb\u2069"),
        ("a\u202eb", "ab"), ("\u2069Bob", "Bob"),
        ("=?utf-8?q?=0AX?=", "= ?utf-8?q?=0AX?="), ("x" * 50, f"\u2068{'x' * 39}…\u2069"),
    ],
)  # fmt: skip
def test_a_name_cannot_turn_or_break_the_text_around_it(display_name: str, shown: str):
    assert emails.shown_name(display_name, "bob") == shown


@given(st.text(max_size=200))
def test_every_name_is_short_one_line_and_balanced(display_name: str):
    shown = emails.shown_name(display_name, "bob")
    assert shown.strip()
    assert len(shown.splitlines()) == 1
    assert len(shown.encode()) <= 4 * 40 + 6
    inner = shown.removeprefix("\u2068").removesuffix("\u2069")
    assert not set(inner) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# ---------------------------------------------------------------- tokens


@given(st.integers(1, 2**63 - 1))
def test_a_token_names_its_account_for_a_month_and_no_longer(account_id: int):
    token = emails.unsubscribe_token(SECRET, account_id, now=NOW)
    end = NOW + emails.TOKEN_LIFETIME
    assert emails.read_unsubscribe_token(SECRET, token, now=NOW) == account_id
    assert emails.read_unsubscribe_token(SECRET, token, now=end - 1000) == account_id
    assert emails.read_unsubscribe_token(SECRET, token, now=end) is None
    assert emails.read_unsubscribe_token(b"K" * 32, token, now=NOW) is None


@given(st.integers(0, 58), st.sampled_from("ABCDEFGHabcdefgh01234567-_"))
def test_a_token_with_any_other_letter_is_nobodys(place: int, letter: str):
    token = emails.unsubscribe_token(SECRET, 7, now=NOW)
    other = token[:place] + letter + token[place + 1 :]
    same = base64.urlsafe_b64decode(other + "=") == base64.urlsafe_b64decode(token + "=")
    found = emails.read_unsubscribe_token(SECRET, other, now=NOW)
    assert found == (7 if same else None)


@given(st.text(max_size=80))
def test_what_is_no_token_is_nobodys(token: str):
    assert emails.read_unsubscribe_token(SECRET, token, now=NOW) is None


def test_no_token_is_nobodys():
    assert emails.read_unsubscribe_token(SECRET, None, now=NOW) is None


@pytest.mark.parametrize("one", list(NotificationType))
def test_only_mailable_types_are_known_by_name(one: NotificationType):
    assert (emails.type_of(one.value) is one) == TRAITS[one].mailable


def test_an_unknown_name_is_no_type():
    assert emails.type_of("MENTION") is None
    assert emails.type_of(None) is None
