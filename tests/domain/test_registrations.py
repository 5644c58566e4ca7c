"""Who may be called what."""

from __future__ import annotations

import pytest

from stentor.domain import registrations
from stentor.domain.registrations import Wanted

GOOD = Wanted("alice", "alice@example.org", "correct horse")


def codes(wanted: Wanted, *, allow_reserved: bool = False) -> dict[str, list[str]]:
    found = registrations.problems(wanted, allow_reserved=allow_reserved)
    return {field: [one.code for one in problems] for field, problems in found.items()}


def test_a_good_one_has_no_problems():
    assert codes(GOOD) == {}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "ERR_BLANK"),
        ("   ", "ERR_BLANK"),
        ("a" * 31, "ERR_TOO_LONG"),
        ("al ice", "ERR_INVALID"),
        ("alice@example.org", "ERR_INVALID"),
        ("al.ice", "ERR_INVALID"),
        ("al-ice", "ERR_INVALID"),
        ("älice", "ERR_INVALID"),
        ("alice\n", "ERR_INVALID"),
        ("٣", "ERR_INVALID"),
        ("admin", "ERR_RESERVED"),
        ("Admin", "ERR_RESERVED"),
        ("ROOT", "ERR_RESERVED"),
        ("webmaster", "ERR_RESERVED"),
        ("support", "ERR_RESERVED"),
    ],
)
def test_a_bad_user_name(name, code):
    assert codes(GOOD._replace(username=name)) == {"username": [code]}


@pytest.mark.parametrize("name", ["a", "A_1", "_", "0", "a" * 30, "administrator2"])
def test_a_good_user_name(name):
    assert codes(GOOD._replace(username=name)) == {}


def test_those_who_speak_for_the_server_may_have_a_reserved_name():
    assert codes(GOOD._replace(username="admin"), allow_reserved=True) == {}


@pytest.mark.parametrize(
    "email",
    [
        "x", "@", "a@", "@b", "a@b@c", "a b@c.example", "a@b..c", "a@-b.example", "a@b_.example.",
        "a\n@b.example", "a@b.example\n", "<a@b.example>", "a,b@c.example", 'a"b@c.example',
        "a" * 65 + "@b.example", "a@" + "b" * 300,
    ],
)  # fmt: skip
def test_a_bad_address(email):
    assert set(codes(GOOD._replace(email=email))) == {"email"}


@pytest.mark.parametrize(
    "email", ["a@b", "a.b+c@d-e.example", "o'neill@example.org", "a@bücher.example", "A@B.EXAMPLE"]
)
def test_a_good_address(email):
    assert codes(GOOD._replace(email=email)) == {}


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", ["ERR_BLANK"]),
        ("        ", ["ERR_BLANK"]),
        ("1234567", ["ERR_TOO_SHORT"]),
        ("12345678", []),
        ("ä" * 256, []),
        ("x" * 257, ["ERR_TOO_LONG"]),
    ],
)
def test_passwords_have_eight_to_256_characters(password, expected):
    assert codes(GOOD._replace(password=password)) == ({"password": expected} if expected else {})


def test_an_empty_form_names_everything_that_clients_look_for():
    found = codes(Wanted("", "", "", agreement=False))
    assert found == {
        "username": ["ERR_BLANK"],
        "email": ["ERR_BLANK", "ERR_INVALID"],
        "password": ["ERR_BLANK"],
        "agreement": ["ERR_ACCEPTED"],
    }


def test_the_sentences_are_those_that_people_read():
    found = registrations.problems(
        GOOD._replace(password="", agreement=False), allow_reserved=False
    )
    assert registrations.sentences(found) == [
        "Password can't be blank",
        "Service agreement must be accepted",
    ]


@pytest.mark.parametrize(
    ("locale", "good"),
    [("en", True), ("pt-BR", True), ("sr-Latn", True), ("", False), ("english", False)],
)
def test_locales(locale, good):
    assert (codes(GOOD._replace(locale=locale)) == {}) is good


def test_a_reason_has_its_limit():
    assert codes(GOOD._replace(reason="r" * 420)) == {}
    assert codes(GOOD._replace(reason="r" * 421)) == {"reason": ["ERR_TOO_LONG"]}
