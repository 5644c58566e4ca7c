"""Search and directory."""

from __future__ import annotations

from typing import Any

import pytest

from stentor.store import search, tags
from stentor.store.database import Database
from tests.factories import NOW, Person, insert, make_account, make_follow, make_status
from tests.fixtures import query_budget
from tests.helpers import Answer, Client

PATH = "/api/v2/search"
EMPTY: dict[str, Any] = {"accounts": [], "statuses": [], "hashtags": [], "collections": []}


@pytest.fixture
async def ann(db: Database) -> Person:
    """Who searches."""
    return await make_account(db, "ann")


def accts(answer: Answer) -> list[str]:
    """The accounts that were found."""
    assert answer.status == 200, answer
    return [one["acct"] for one in answer.json["accounts"]]


async def find(client: Client, q: str, by: Person | None = None, **params: Any) -> Answer:
    """A search."""
    return await client.get(PATH, by, params={"q": q, **params})


@pytest.fixture
async def people(db: Database, ann: Person) -> dict[str, Person]:
    """Those whom the searches are about."""
    made = {
        "bob": await make_account(db, "Bob", display_name="Robert Baker"),
        "bobby": await make_account(db, "bobby", followers_count=5),
        "notbob": await make_account(db, "notbob"),
        "far": await make_account(db, "bob", domain="far.example"),
        "port": await make_account(db, "bob", domain="stentor.example.org"),
        "wild": await make_account(db, "b_b", display_name="100% Ünal"),
        "late": await make_account(db, "boblate", user={"approved": False}),
        "gone": await make_account(db, "bobgone", suspended_at=NOW),
    }
    await make_follow(db, ann.id, made["notbob"].id)
    return made


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("bob", ["Bob", "bob@far.example", "bob@stentor.example.org", "bobby", "notbob"]),
        ("BOB", ["Bob", "bob@far.example", "bob@stentor.example.org", "bobby", "notbob"]),
        ("@bob", ["Bob", "bob@far.example", "bob@stentor.example.org", "bobby", "notbob"]),
        ("bobb", ["bobby"]),
        ("@bob@stentor.example", ["Bob", "bobby"]),
        ("BOB@STENTOR.EXAMPLE", ["Bob", "bobby"]),
        ("bob@far.example", ["bob@far.example"]),
        ("bob@far", ["bob@far.example"]),
        ("bob@nowhere.example", []),
        ("baker", ["Bob"]),
        ("robert baker", ["Bob"]),
        ("b_b", ["b_b"]),
        ("100%", ["b_b"]),
        ("Ünal", ["b_b"]),
        ("%", ["b_b"]),
        ("!", []),
        ("#bob", []),
        ("@", []),
        ("@@", []),
        ("bob@x@y", []),
        ("x" * 2000, []),
    ],
)
async def test_accounts_are_found_the_exact_one_first(
    client: Client, ann: Person, people: dict[str, Person], q: str, found: list[str]
) -> None:
    answer = await find(client, q, ann, type="accounts", resolve="true")
    assert accts(answer) == found
    assert {**answer.json, "accounts": []} == EMPTY


async def test_the_own_domain_may_be_written_with_its_port(
    client: Client, people: dict[str, Person]
) -> None:
    for domain in ("localhost:3000", "LOCALHOST:3000", "localhost"):
        found = await search.accounts(
            client.db, f"@bob@{domain}", None, local_domain="localhost:3000", limit=5
        )
        assert [one.acct for one in found] == ["Bob", "bobby"]


async def test_following_finds_only_those(
    client: Client, ann: Person, people: dict[str, Person]
) -> None:
    assert accts(await find(client, "bob", ann, following="true")) == ["notbob"]
    assert accts(await find(client, "bob", following="true")) == []


async def test_limit_and_offset_page_through_one_kind(
    client: Client, ann: Person, people: dict[str, Person]
) -> None:
    everybody = accts(await find(client, "bob", ann))
    assert accts(await find(client, "bob", ann, limit=2)) == everybody[:2]
    paged = await find(client, "bob", ann, limit=2, offset=2, type="accounts")
    assert accts(paged) == everybody[2:4]
    # Without a kind there is nothing that an offset could be into.
    assert accts(await find(client, "bob", ann, limit=2, offset=2)) == everybody[:2]
    assert accts(await find(client, "bob", ann, limit=0)) == []


@pytest.mark.parametrize(
    ("params", "status", "text"),
    [
        ({}, 400, "param is missing or the value is empty or invalid: q"),
        ({"q": " "}, 400, "param is missing or the value is empty or invalid: q"),
        ({"q[]": "x"}, 400, "param is missing or the value is empty or invalid: q"),
        (
            {"q": "x", "offset": "1"}, 401,
            "Search queries pagination is not supported without authentication",
        ),
        (
            {"q": "x", "resolve": "true"}, 401,
            "Search queries that resolve remote resources are not supported without"
            " authentication",
        ),
        ({"q": "x", "limit": "-1"}, 400,
         "Pagination values for `offset` and `limit` must be positive"),
    ],
)  # fmt: skip
async def test_a_search_that_cannot_be_is_told_why(
    client: Client, params: dict[str, str], status: int, text: str
) -> None:
    answer = await client.get(PATH, params=params)
    assert (answer.status, answer.json) == (status, {"error": text})


@pytest.mark.parametrize("q", ["nothing", "x", "\u0000", "\U0010ffff", "🏳️‍🌈", "' OR 1=1 --"])
@pytest.mark.parametrize("type_", ["", "accounts", "hashtags", "statuses", "collections", "x"])
async def test_there_are_always_four_lists(client: Client, ann: Person, q: str, type_: str) -> None:
    answer = await find(client, f"zz{q}", ann, type=type_, offset=0, resolve="1")
    assert (answer.status, answer.json) == (200, EMPTY)


async def test_hashtags_are_found_by_their_beginning(client: Client, ann: Person) -> None:
    for name in ("bread", "breadcrumb", "brew", "日本語", "日本", "z"):
        await insert(client.db, "tags", name=name, created_at=NOW)
    cases = {
        "#BREAD": ["bread", "breadcrumb"],
        "br": ["bread", "breadcrumb", "brew"],
        "＃日本": ["日本", "日本語"],
        "b%": [],
        "bread crumb": [],
        "@bread": [],
        "#": [],
    }
    for q, expected in cases.items():
        found = (await find(client, q, ann)).json["hashtags"]
        assert [tag["name"] for tag in found] == expected, q
    assert "following" not in (await find(client, "bread")).json["hashtags"][0]
    assert (await find(client, "bread", type="accounts")).json == EMPTY
    paged = await find(client, "br", ann, type="hashtags", limit=1, offset=1)
    assert [tag["name"] for tag in paged.json["hashtags"]] == ["breadcrumb"]


async def test_hashtags_are_found_along_their_index(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.run(
            "INSERT INTO tags (name, created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
            " SELECT i + 1 FROM n WHERE i < 5000) SELECT 'tag' || i, 0 FROM n"
        )
        await tx.run("ANALYZE")
    plan = await db.plan(tags.SEARCH, "tag12", "tag12" + tags.LAST, 1, 20, 0)
    index = "tags_name_key" if db.engine == "postgres" else "sqlite_autoindex_tags_1 (name>?"
    assert index in plan, plan


async def test_a_status_is_found_by_its_address_if_it_may_be_read(
    client: Client, ann: Person
) -> None:
    bob = await make_account(client.db, "bob")
    open_id = await make_status(client.db, bob.id)
    closed_id = await make_status(client.db, bob.id, visibility="private")
    base = "https://stentor.example"
    for url in (f"{base}/@bob/{open_id}", f"{base}/ap/users/{bob.id}/statuses/{open_id}"):
        for viewer in (ann, None):
            found = (await find(client, url, viewer)).json
            assert [one["id"] for one in found["statuses"]] == [str(open_id)]
            assert {**found, "statuses": []} == EMPTY
    assert (await find(client, f"{base}/@bob/{closed_id}", ann)).json == EMPTY
    assert len((await find(client, f"{base}/@bob/{closed_id}", bob)).json["statuses"]) == 1
    assert (await find(client, f"{base}/@bob/{open_id}", ann, type="accounts")).json == EMPTY
    assert (await find(client, f"{base}/@bob/1", ann, resolve="true")).json == EMPTY
    elsewhere = await find(client, f"https://elsewhere.example/@bob/{open_id}", ann, resolve="1")
    assert elsewhere.json == EMPTY


async def test_an_account_is_found_by_its_address(
    client: Client, ann: Person, people: dict[str, Person]
) -> None:
    base = "https://stentor.example"
    for url in (f"{base}/@BOB", f"{base}/users/bob", f"{base}/ap/users/{people['bob'].id}"):
        assert accts(await find(client, url, ann)) == ["Bob"]
    assert (await find(client, f"{base}/@bob", ann, type="statuses")).json == EMPTY
    for unseen in ("late", "gone"):
        assert accts(await find(client, f"{base}/ap/users/{people[unseen].id}", ann)) == []
    assert accts(await find(client, f"{base}/@bobgone", ann)) == []


async def test_a_search_costs_four_queries(
    client: Client, ann: Person, people: dict[str, Person]
) -> None:
    await insert(client.db, "tags", name="bobsled", created_at=NOW)
    with query_budget(client.db, 4):
        found = (await find(client, "bob", ann)).json
    assert len(found["accounts"]) == 5
    assert len(found["hashtags"]) == 1


async def test_accounts_search_is_the_same_search(
    client: Client, ann: Person, people: dict[str, Person]
) -> None:
    answer = await client.get("/api/v1/accounts/search", ann, params={"q": "bob"})
    assert [one["acct"] for one in answer.json] == accts(await find(client, "bob", ann))
    assert (await client.get("/api/v1/accounts/search", params={"q": "bob"})).status == 401


# --- the directory ---------------------------------------------------------------------------


@pytest.fixture
async def listed(db: Database) -> dict[str, Person]:
    """Accounts of which some want to be found."""
    day = 86_400_000
    return {
        "old": await make_account(db, "old", discoverable=True, last_status_at=NOW),
        "shy": await make_account(db, "shy", discoverable=False),
        "unasked": await make_account(db, "unasked"),
        "far": await make_account(
            db, "far", domain="far.example", discoverable=True, last_status_at=NOW - day
        ),
        "quiet": await make_account(db, "quiet", discoverable=True),
        "limited": await make_account(db, "limited", discoverable=True, silenced_at=NOW),
        "gone": await make_account(db, "gone", discoverable=True, suspended_at=NOW),
        "late": await make_account(
            db, "late", discoverable=True, user={"confirmed_at": None}
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, ["old", "far@far.example", "quiet"]),
        ({"order": "active"}, ["old", "far@far.example", "quiet"]),
        ({"order": "new"}, ["quiet", "far@far.example", "old"]),
        ({"order": "odd"}, ["old", "far@far.example", "quiet"]),
        ({"local": "true"}, ["old", "quiet"]),
        ({"order": "new", "local": "1"}, ["quiet", "old"]),
        ({"limit": "1"}, ["old"]),
        ({"limit": "1", "offset": "1"}, ["far@far.example"]),
        ({"offset": "99999999999999999999"}, []),
    ],
)
async def test_the_directory_shows_who_wants_to_be_found(
    client: Client, listed: dict[str, Person], params: dict[str, str], shown: list[str]
) -> None:
    answer = await client.get("/api/v1/directory", params=params)
    assert [one["acct"] for one in answer.json] == shown


async def test_the_directory_hides_whom_the_viewer_hides(
    client: Client, ann: Person, listed: dict[str, Person]
) -> None:
    pair = {"account_id": ann.id, "created_at": NOW}
    await insert(client.db, "blocks", target_account_id=listed["old"].id, **pair)
    await insert(client.db, "account_domain_blocks", domain="far.example", **pair)
    answer = await client.get("/api/v1/directory", ann)
    assert [one["acct"] for one in answer.json] == ["quiet"]


@pytest.mark.parametrize("path", ["directory", "trends", "trends/tags", "trends/statuses"])
@pytest.mark.parametrize("params", [{"limit": "-1"}, {"offset": "-1"}])
async def test_negative_pages_are_refused(
    client: Client, path: str, params: dict[str, str]
) -> None:
    answer = await client.get(f"/api/v1/{path}", params=params)
    assert answer.status == 400
    assert answer.json == {"error": "Pagination values for `offset` and `limit` must be positive"}
