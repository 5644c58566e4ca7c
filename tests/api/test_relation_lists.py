"""Lists whose cursors are the ids of a relation's rows: all of them alike, in one grid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.factories import NOW, Person, insert, make_account
from tests.fixtures import query_budget
from tests.helpers import Client

Relate = Callable[[Client, Person, Person], Awaitable[None]]


def relation(table: str, *, backwards: bool = False) -> Relate:
    async def relate(client: Client, me: Person, other: Person) -> None:
        ends = (other.id, me.id) if backwards else (me.id, other.id)
        await insert(
            client.db, table, account_id=ends[0], target_account_id=ends[1], created_at=NOW
        )

    return relate


async def block_domain(client: Client, me: Person, other: Person) -> None:
    await insert(
        client.db,
        "account_domain_blocks",
        account_id=me.id,
        domain=f"{other.username}.example",
        created_at=NOW,
    )


#: Path, how a row comes to be, and how many there are by default and at most.
LISTS: dict[str, tuple[str, Relate, int, int]] = {
    "followers": ("/api/v1/accounts/{id}/followers", relation("follows", backwards=True), 40, 80),
    "following": ("/api/v1/accounts/{id}/following", relation("follows"), 40, 80),
    "requests": ("/api/v1/follow_requests", relation("follow_requests", backwards=True), 40, 80),
    "blocks": ("/api/v1/blocks", relation("blocks"), 40, 80),
    "mutes": ("/api/v1/mutes", relation("mutes"), 40, 80),
    "endorsements": ("/api/v1/endorsements", relation("endorsements"), 40, 80),
    "endorsed": ("/api/v1/accounts/{id}/endorsements", relation("endorsements"), 40, 80),
    "domain_blocks": ("/api/v1/domain_blocks", block_domain, 100, 200),
}


def names(body: Any) -> list[str]:
    return [one.removesuffix(".example") if isinstance(one, str) else one["acct"] for one in body]


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_walked_by_its_links(client: Client, name: str) -> None:
    path, relate, _, _ = LISTS[name]
    me = await make_account(client.db, "me")
    path = path.format(id=me.id)
    # Accounts and rows rise in opposite orders: an account's id cannot pass for a row's.
    others = [await make_account(client.db, f"a{n}", token=None) for n in range(7)][::-1]
    for other in others:
        await relate(client, me, other)
    newest_first = [other.username for other in reversed(others)]

    seen, params = [], {"limit": "3"}
    for size in (3, 3, 1):
        answer = await client.get(path, me, params=params)
        assert len(answer.json) == size
        seen += names(answer.json)
        links = answer.links
        assert set(links) == ({"next", "prev"} if size == 3 else {"prev"})
        assert links["prev"].keys() == {"since_id", "limit"}
        if size == 3:
            header = answer.headers["link"]
            assert header.startswith(f"<https://stentor.example{path}?")
            assert header.index('rel="next"') < header.index('rel="prev"')
            assert links["next"].keys() == {"max_id", "limit"}
            params = {key: values[0] for key, values in links["next"].items()}
    assert seen == newest_first

    oldest = answer.links["prev"]["since_id"][0]
    above = await client.get(path, me, params={"since_id": oldest, "limit": "2"})
    assert names(above.json) == newest_first[:2]
    above = await client.get(path, me, params={"min_id": oldest, "limit": "2"})
    assert names(above.json) == newest_first[4:6]
    top = (await client.get(path, me)).links["prev"]["since_id"][0]
    empty = await client.get(path, me, params={"since_id": top})
    assert (empty.json, "link" in empty.headers) == ([], False)


@pytest.mark.parametrize("name", LISTS)
async def test_the_size_of_a_page_is_bounded_and_its_queries_fixed(
    client: Client, name: str
) -> None:
    path, relate, default, most = LISTS[name]
    me = await make_account(client.db, "me")
    path = path.format(id=me.id)
    for n in range(most + 1):
        await relate(client, me, await make_account(client.db, f"a{n}", token=None))
    for limit, size in ((None, default), (most, most), (most + 1, most), (-2, 2), ("1e9", 1)):
        with query_budget(client.db, 3):  # token · whose list (if in the path) · the page
            answer = await client.get(path, me, params={} if limit is None else {"limit": limit})
        assert len(answer.json) == size


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("parameter", ["max_id", "since_id", "min_id", "limit"])
async def test_no_cursor_breaks_a_list(client: Client, name: str, parameter: str) -> None:
    path, relate, _, _ = LISTS[name]
    me, other = await make_account(client.db, "me"), await make_account(client.db, "other")
    await relate(client, me, other)
    for value in (
        "",
        "x",
        "-1",
        "0",
        "1.5",
        "9" * 18,
        "9" * 19,
        "9" * 100,
        "1,2",
        "%00",
        "²",
        "[]",
    ):
        answer = await client.get(path.format(id=me.id), me, params={parameter: value})
        assert answer.status == 200, value
        assert isinstance(answer.json, list)
    answer = await client.get(path.format(id=me.id), me, params={f"{parameter}[]": "5"})
    assert names(answer.json) == ["other"]


@pytest.mark.parametrize("name", [name for name in LISTS if "{id}" not in LISTS[name][0]])
async def test_somebody_elses_list_is_not_shown(client: Client, name: str) -> None:
    path, relate, _, _ = LISTS[name]
    me, other = await make_account(client.db, "me"), await make_account(client.db, "other")
    await relate(client, me, other)
    for by in (other, await make_account(client.db)):
        assert (await client.get(path, by)).json == []
    assert (await client.get(path)).status == 401
