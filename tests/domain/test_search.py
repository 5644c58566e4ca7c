"""What a search asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain import search
from stentor.domain.links import Links
from stentor.domain.search import Address

LINKS = Links("http", "localhost:3000")
HERE = "http://localhost:3000"


@pytest.mark.parametrize(
    ("q", "address"),
    [
        ("bread", None),
        ("@ann@localhost:3000", None),
        (f"{HERE}/@ann", Address(username="ann")),
        (f"{HERE}/@ann/", Address(username="ann")),
        (f"{HERE}/users/ann", Address(username="ann")),
        (f"{HERE}/ap/users/12", Address(account_id=12)),
        (f"{HERE}/@ann/34", Address(status_id=34)),
        (f"{HERE}/users/ann/statuses/34", Address(status_id=34)),
        (f"{HERE}/ap/users/12/statuses/34", Address(status_id=34)),
        ("HTTPS://LOCALHOST:3000/@ann/34", Address(status_id=34)),
        (f"{HERE}/@ann/34?x=1#y", Address(status_id=34)),
        (f"{HERE}/@ann/{2**63}", Address()),
        (f"{HERE}/@ann/34/embed", Address()),
        (f"{HERE}/about", Address()),
        ("http://localhost/@ann", Address()),
        ("https://elsewhere.example/@ann", Address()),
        ("http://user@localhost:3000/@ann", Address()),
        ("http://[/@ann", Address()),
    ],
)
def test_addresses(q: str, address: Address | None) -> None:
    assert search.address(q, LINKS) == address


def test_what_this_server_calls_its_own_is_found_again() -> None:
    assert search.address(LINKS.account("ann"), LINKS) == Address(username="ann")
    assert search.address(LINKS.account_uri(12), LINKS) == Address(account_id=12)
    assert search.address(LINKS.status("ann", 34), LINKS) == Address(status_id=34)
    assert search.address(LINKS.status_uri(12, 34), LINKS) == Address(status_id=34)


@given(st.text(max_size=40))
def test_any_text_can_be_asked_for(q: str) -> None:
    for text in (q, f"http://{q}", f"{HERE}/{q}"):
        search.address(text, LINKS)


@pytest.mark.parametrize(
    ("q", "account", "hashtag"),
    [("ann", True, True), ("#ann", False, True), ("＃ann", False, True),
     ("@ann", True, False), ("ann@here.example", True, False), ("ann bell", True, True),
     ("@ann bell", False, False)],
)  # fmt: skip
def test_kinds(q: str, account: bool, hashtag: bool) -> None:
    assert (search.may_be_account(q), search.may_be_hashtag(q)) == (account, hashtag)
