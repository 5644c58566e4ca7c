"""Quotes as values: who may, and how one stands for whom."""

from __future__ import annotations

import itertools

import pytest

from stentor.domain import quotes
from stentor.domain.quotes import Quote

STATES = ("accepted", "pending", "rejected", "revoked", "deleted")


@pytest.mark.parametrize("policy", ["public", "followers", "nobody"])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("following", [True, False])
def test_the_policy_decides_who_may_quote_and_the_author_always_may(
    policy: str, own: bool, blocking: bool, following: bool
) -> None:
    expected = own or (
        not blocking and {"public": True, "followers": following, "nobody": False}[policy]
    )
    assert quotes.allowed(policy, own=own, blocking=blocking, following=following) is expected


@pytest.mark.parametrize("quoted", ["public", "unlisted", "private", "direct"])
@pytest.mark.parametrize("asked", ["public", "unlisted", "private", "direct"])
def test_a_quote_reaches_no_further_than_what_it_quotes(asked: str, quoted: str) -> None:
    secret = quoted in ("private", "direct")
    expected = "private" if secret and asked in ("public", "unlisted") else asked
    assert quotes.narrowed(asked, quoted) == expected


def test_what_the_viewer_thinks_matters_only_for_an_accepted_quote_that_he_may_read() -> None:
    flags = itertools.product((False, True), repeat=4)
    for state, (readable, blocking, domain, muting) in itertools.product(STATES, flags):
        quote = Quote(1, 2, 3, 4, 5, state, blocking, domain, muting)
        shown = quotes.shown_state(quote, readable=readable)
        if state != "accepted":
            assert shown == state
        elif not readable:
            assert shown == "unauthorized"
        else:
            expected = "accepted"
            for flag, name in (
                (muting, "muted_account"),
                (domain, "blocked_domain"),
                (blocking, "blocked_account"),
            ):
                expected = name if flag else expected
            assert shown == expected, quote
        assert (shown in quotes.WITH_STATUS) == (state == "accepted" and readable)


def test_taking_back_twice_is_taking_back_once() -> None:
    once = {state: quotes.taken_back(state) for state in STATES}
    assert once == {
        "accepted": "revoked", "pending": "rejected", "rejected": "rejected",
        "revoked": "revoked", "deleted": "deleted",
    }  # fmt: skip
    assert all(quotes.taken_back(state) == state for state in once.values())
