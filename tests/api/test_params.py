"""The decoder of parameters (surroundings C0.1, reliability T63, T64)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.api import params
from stentor.api.params import Params
from stentor.errors import PublicError
from tests.factories import make_account
from tests.helpers import Client


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1", {"a": "1"}),
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        ("a[b][c]=1", {"a": {"b": {"c": "1"}}}),
        ("a[0]=x&a[1]=y", {"a": {"0": "x", "1": "y"}}),
        ("a[0][n]=x&a[0][v]=y", {"a": {"0": {"n": "x", "v": "y"}}}),
        ("a[][n]=1&a[][v]=2&a[][n]=3", {"a": [{"n": "1", "v": "2"}, {"n": "3"}]}),
        ("a[b][]=1&a[b][]=2", {"a": {"b": ["1", "2"]}}),
        ("a=1&a[]=2", {"a": "1"}),
        ("a[]=1&a[b]=2", {"a": ["1"]}),
        ("a%5B%5D=1", {"a": ["1"]}),
        ("a", {"a": ""}),
        ("a[=1", {"a[": "1"}),
        ("[]=1", {"[]": "1"}),
        ("a=b+c%20d", {"a": "b c d"}),
        ("", {}),
    ],
)
def test_brackets_nest_as_rails_nests_them(query: str, expected: dict[str, Any]) -> None:
    assert params.from_query(query) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True), ("1", True), ("yes", True), ("on", True), (True, True), (1, True),
        ("false", False), ("0", False), ("f", False), ("F", False), ("FALSE", False),
        ("False", False), ("off", False), ("OFF", False), (0, False), (False, False),
        ("", None), (None, None), (["1"], None), ({"a": 1}, None),
    ],
)  # fmt: skip
def test_booleans_have_false_words(value: Any, expected: bool | None) -> None:
    assert Params({"a": value}).boolean("a") is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        ("a", ["a"]),
        (5, ["5"]),
        ({"1": "b", "0": "a", "10": "c"}, ["a", "b", "c"]),
        ([None, "a", {"x": 1}, ["y"], True], ["a", "true"]),
        (None, []),
    ],
)
def test_a_list_takes_every_form_of_one(value: Any, expected: list[str]) -> None:
    assert Params({"a": value}).texts("a") == expected


def test_an_id_is_ascii_digits_within_63_bits() -> None:
    for text in ("", "abc", "-1", "1.0", " 1", "1_0", "٣", str(2**63), "9" * 5000):
        assert Params({"a": text}).id("a") is None, text
    assert Params({"a": str(2**63 - 1)}).id("a") == 2**63 - 1
    assert Params({"a": 7}).id("a") == 7


def test_nul_and_halves_of_surrogates_are_left_out() -> None:
    assert Params({"a": "x\x00y\ud800z"}).text("a") == "xyz"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1", b"nope", b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b'{"a": "\xff"}',
     b'{"a":' * 5000, b'{"a":' * 20 + b"1" + b"}" * 20, b'{"a": "\\ud800"}'],
)  # fmt: skip
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(PublicError) as caught:
        params.from_json(body)
    assert caught.value.status == 400


def test_large_numbers_do_not_overflow() -> None:
    values = Params(params.from_json(b'{"a": 1' + b"0" * 400 + b', "b": -1' + b"0" * 400 + b"}"))
    assert values.integer("a") == 2**63 - 1
    assert values.integer("b") == -(2**63 - 1)


@given(st.text())
def test_no_query_is_too_odd(query: str) -> None:
    try:
        found = Params(params.from_query(query))
    except PublicError as problem:
        assert problem.status == 400
        return
    for name in found.values:
        found.text(name), found.texts(name), found.id(name), found.boolean(name)
        found.integer(name), found.nested(name), found.maps(name), found.items(name)


@given(st.binary())
def test_no_body_is_too_odd(body: bytes) -> None:
    try:
        found = params.from_json(body)
    except PublicError as problem:
        assert problem.status == 400
        return
    assert isinstance(found, dict)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"home": {"last_read_id": "7"}}'),
        ("application/json; charset=utf-8", '{"home": {"last_read_id": 7}}'),
        ("application/x-www-form-urlencoded", "home[last_read_id]=7"),
        ("multipart/form-data; boundary=b",
         '--b\r\nContent-Disposition: form-data; name="home[last_read_id]"\r\n\r\n7\r\n--b--\r\n'),
        ("text/plain;charset=UTF-8", '{"home": {"last_read_id": "7"}}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST"])
async def test_every_encoding_says_the_same(
    client: Client, method: str, content_type: str, body: str
) -> None:
    ann = await make_account(client.db)
    answer = await client.request(
        method, "/api/v1/markers", ann, body=body, headers={"Content-Type": content_type}
    )
    assert answer.json["home"]["last_read_id"] == "7"


async def test_a_body_counts_on_get_too(client: Client) -> None:
    ann = await make_account(client.db)
    await client.post("/api/v1/markers", ann, json={"home": {"last_read_id": "7"}})
    answer = await client.request("GET", "/api/v1/markers", ann, json={"timeline": ["home"]})
    assert set(answer.json) == {"home"}


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", "{", 400),
        ("application/json", "[" * 100_000, 400),
        ("application/json", '{"a": "' + "x" * 300_000 + '"}', 413),
        ("application/x-www-form-urlencoded", "a=%ff", 400),
        ("application/x-www-form-urlencoded", "&".join("a[]=1" for _ in range(5000)), 400),
        ("multipart/form-data; boundary=b", "nonsense", 400),
        ("multipart/form-data", "nonsense", 400),
        ("multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--\r\n", 400),
        ("application/xml", "<a/>", 200),
    ],
)
async def test_a_bad_body_has_a_clear_answer(
    client: Client, content_type: str, body: str, status: int
) -> None:
    ann = await make_account(client.db)
    answer = await client.post(
        "/api/v1/markers", ann, body=body, headers={"Content-Type": content_type}
    )
    assert answer.status == status, answer
    if status != 200:
        assert set(answer.json) == {"error"}


async def test_too_many_values_are_refused(client: Client) -> None:
    ann = await make_account(client.db)
    answer = await client.post(
        "/api/v1/notifications/requests/accept", ann, json={"id": ["1"] * 1001}
    )
    assert answer.status == 422
