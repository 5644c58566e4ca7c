"""Timelines against a plain reading of the same rows, and how the databases go about them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from stentor.domain.paging import Anchor, Cursor
from stentor.store import statuses, timelines
from stentor.store.database import Database
from tests.factories import NOW, snowflake
from tests.fixtures import Filled

PEOPLE = 9
STATUSES = 90
TAGS = ("bread", "cheese", "wine")
LISTS = (("followed", False), ("list", False), ("none", True))


@dataclass
class Post:
    """A status as the plain reading sees it."""

    id: int
    author: int
    visibility: str
    reply_to: int | None
    reblog_of: int | None
    language: str | None
    mentions: set[int]
    tags: set[str]


@dataclass
class World:
    """A small server, made by chance."""

    people: list[int] = field(default_factory=list)
    domains: dict[int, str] = field(default_factory=dict)
    silenced: set[int] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)
    follows: dict[tuple[int, int], tuple[bool, list[str] | None]] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    domain_blocks: set[tuple[int, str]] = field(default_factory=set)
    tag_follows: set[tuple[int, str]] = field(default_factory=set)
    lists: dict[int, tuple[int, str, bool, set[int]]] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)

    @property
    def viewers(self) -> list[int]:
        """Whoever can sign in."""
        return [one for one in self.people if one not in self.suspended]

    # --- who is shown to whom

    def disliked(self, viewer: int | None) -> set[int]:
        return {b for a, b in self.blocks | self.mutes if a == viewer}

    def author_shown(self, viewer: int | None, author: int) -> bool:
        return (
            author not in self.suspended
            and author not in self.disliked(viewer)
            and (author, viewer) not in self.blocks
            and (viewer, self.domains[author]) not in self.domain_blocks
        )

    def names_nobody(self, viewer: int | None, post: Post) -> bool:
        return not post.mentions & self.disliked(viewer)

    def from_account(self, viewer: int, post: Post) -> bool:
        follow = self.follows.get((viewer, post.author), (True, None))
        if post.reblog_of is not None:
            original = self.posts[post.reblog_of]
            if not (
                follow[0]
                and self.author_shown(viewer, original.author)
                and self.names_nobody(viewer, original)
            ):
                return False
        if post.author == viewer:
            return True
        return (
            (not follow[1] or post.language is None or post.language in follow[1])
            and (
                post.reply_to in (None, viewer, post.author)
                or (viewer, post.reply_to) in self.follows
            )
            and (post.visibility != "direct" or viewer in post.mentions)
            and self.names_nobody(viewer, post)
        )

    def public_author(self, viewer: int | None, author: int) -> bool:
        known = author not in self.silenced or author == viewer or (viewer, author) in self.follows
        return known and self.author_shown(viewer, author)

    # --- what a timeline holds

    def home(self, viewer: int) -> list[int]:
        exclusive = set().union(
            *(people for owner, _, only, people in self.lists.values() if owner == viewer and only)
        )
        followed_tags = {tag for who, tag in self.tag_follows if who == viewer}
        return [
            post.id
            for post in self.posts.values()
            if (
                (
                    post.author == viewer
                    or (
                        (viewer, post.author) in self.follows
                        and post.author not in exclusive
                        and self.author_shown(viewer, post.author)
                    )
                )
                and self.from_account(viewer, post)
            )
            or (
                post.tags & followed_tags
                and post.visibility == "public"
                and self.public_author(viewer, post.author)
                and self.names_nobody(viewer, post)
            )
        ]

    def of_list(self, list_id: int) -> list[int]:
        viewer, policy, _, people = self.lists[list_id]
        return [
            post.id
            for post in self.posts.values()
            if post.author in people
            and (post.author == viewer or (viewer, post.author) in self.follows)
            and self.author_shown(viewer, post.author)
            and self.from_account(viewer, post)
            and (
                post.reply_to in (None, viewer, post.author)
                or policy == "followed"
                or (policy == "list" and post.reply_to in people)
            )
        ]

    def public(self, viewer: int | None, origin: str) -> list[int]:
        return [
            post.id
            for post in self.posts.values()
            if post.visibility == "public"
            and post.reblog_of is None
            and post.reply_to in (None, post.author)
            and self.public_author(viewer, post.author)
            and self.from_there(post, origin)
        ]

    def from_there(self, post: Post, origin: str) -> bool:
        return origin == "all" or (origin == "local") == (self.domains[post.author] == "")

    def tagged(self, viewer: int | None, query: timelines.TagQuery, origin: str) -> list[int]:
        return [
            post.id
            for post in self.posts.values()
            if post.tags & set(query.any)
            and set(query.all) <= post.tags
            and not post.tags & set(query.none)
            and post.visibility == "public"
            and self.public_author(viewer, post.author)
            and self.from_there(post, origin)
        ]

    def direct(self, viewer: int) -> list[int]:
        return [
            post.id
            for post in self.posts.values()
            if post.visibility == "direct"
            and (
                post.author == viewer
                or (viewer in post.mentions and self.author_shown(viewer, post.author))
            )
        ]


def imagine(seed: int) -> World:
    """A world in which everything that timelines look at happens somewhere."""
    chance = random.Random(seed)
    world = World()
    for number in range(PEOPLE):
        person = snowflake()
        world.people.append(person)
        world.domains[person] = f"remote{number % 2}.example" if number % 4 == 3 else ""
    world.suspended.add(chance.choice(world.people[1:]))
    world.silenced.update(chance.sample(world.people, 2))
    pairs = [(a, b) for a in world.people for b in world.people if a != b]
    for pair in pairs:
        if chance.random() < 0.5:
            languages = chance.choice([None, None, None, ["en"], ["de", "en"]])
            world.follows[pair] = (chance.random() < 0.7, languages)
    world.blocks.update(chance.sample(pairs, 3))
    world.mutes.update(chance.sample(pairs, 4))
    world.domain_blocks.add((chance.choice(world.people), "remote1.example"))
    world.tag_follows.update((chance.choice(world.people), chance.choice(TAGS)) for _ in range(5))
    for number, (policy, exclusive) in enumerate(LISTS, 1):
        owner = world.viewers[number % 3]
        world.lists[number] = (owner, policy, exclusive, set(chance.sample(world.people, 4)))
    for number in range(STATUSES):
        post = _post(world, chance, NOW + number * 1000)
        world.posts[post.id] = post
    return world


def _post(world: World, chance: random.Random, at: int) -> Post:
    author = chance.choice(world.people)
    reblogged = {p.reblog_of for p in world.posts.values() if p.author == author}
    originals = [
        p
        for p in world.posts.values()
        if p.reblog_of is None and p.visibility in ("public", "unlisted") and p.id not in reblogged
    ]
    if originals and chance.random() < 0.25:
        original = chance.choice(originals)
        return Post(snowflake(at), author, "public", None, original.id, None, set(), set())
    visibility = chance.choice(["public"] * 4 + ["unlisted", "private", "direct"])
    return Post(
        snowflake(at),
        author,
        visibility,
        chance.choice([None, None, *world.people]) if chance.random() < 0.5 else None,
        None,
        chance.choice([None, "en", "de", "fr"]),
        set(chance.sample(world.people, chance.choice([0, 0, 1, 2]))),
        set(chance.sample(TAGS, chance.choice([0, 0, 1, 2]))),
    )


async def build(db: Database, world: World) -> None:
    """Writes the world down."""
    async with db.transaction() as tx:

        async def add(table: str, names: str, rows: list[tuple[Any, ...]]) -> None:
            marks = ", ".join(f"${n}" for n in range(1, names.count(",") + 2))
            await tx.run_many(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

        await add(
            "accounts",
            "id, username, domain, created_at, first_seen_at, updated_at, silenced_at,"
            " suspended_at",
            [
                (one, f"p{n}", world.domains[one], NOW, NOW, NOW,
                 NOW if one in world.silenced else None, NOW if one in world.suspended else None)
                for n, one in enumerate(world.people)
            ],
        )  # fmt: skip
        await add(
            "follows",
            "account_id, target_account_id, show_reblogs, languages, created_at",
            [
                (a, b, reblogs, json.dumps(words) if words else None, NOW)
                for (a, b), (reblogs, words) in world.follows.items()
            ],
        )
        pair = "account_id, target_account_id, created_at"
        await add("blocks", pair, [(a, b, NOW) for a, b in world.blocks])
        mutes = [(a, b, NOW, NOW + 1) for a, b in world.mutes]
        over = [(b, a, NOW, NOW) for a, b in world.mutes if (b, a) not in world.mutes]
        await add("mutes", f"{pair}, expires_at", mutes + over)
        await add(
            "account_domain_blocks",
            "account_id, domain, created_at",
            [(who, domain, NOW) for who, domain in world.domain_blocks],
        )
        await add("tags", "id, name, created_at", [(n, t, NOW) for n, t in enumerate(TAGS)])
        await add(
            "tag_follows",
            "account_id, tag_id, created_at",
            [(who, TAGS.index(tag), NOW) for who, tag in world.tag_follows],
        )
        for number, (owner, policy, exclusive, people) in world.lists.items():
            await add(
                "lists",
                "id, account_id, title, replies_policy, exclusive, created_at",
                [(number, owner, "x", policy, exclusive, NOW)],
            )
            await add("list_accounts", "list_id, account_id", [(number, one) for one in people])
        await add("conversations", "id, created_at", [(1, NOW)])
        posts = list(world.posts.values())
        await add(
            "statuses",
            "id, account_id, conversation_id, visibility, reblog_of_id, in_reply_to_account_id,"
            " language, created_at",
            [
                (p.id, p.author, 1, p.visibility, p.reblog_of, p.reply_to, p.language, NOW)
                for p in posts
            ],
        )
        await add(
            "mentions", "status_id, account_id", [(p.id, m) for p in posts for m in p.mentions]
        )
        await add(
            "status_tags",
            "status_id, tag_id",
            [(p.id, TAGS.index(t)) for p in posts for t in p.tags],
        )


Page = Callable[[Cursor], Any]


async def read_everything(
    db: Database, viewer: int | None, page: Page, expected: list[int]
) -> None:
    """Walks a timeline from both ends and from the middle; it must be what was expected.

    Everything on it must be readable too: a page is not cut short when it is shown.
    """
    newest_first = sorted(expected, reverse=True)
    for limit in (1, 3, 7, 40):
        walked: list[int] = []
        cursor = Cursor(limit)
        while ids := await page(cursor):
            assert len(ids) <= limit
            walked += ids
            cursor = Cursor(limit, before=ids[-1])
        assert walked == newest_first
        walked = []
        cursor = Cursor(limit, anchor=Anchor.OLDEST)
        while ids := await page(cursor):
            walked = ids + walked
            cursor = Cursor(limit, after=ids[0], anchor=Anchor.OLDEST)
        assert walked == newest_first
    if len(newest_first) > 2:
        low, high = newest_first[-2], newest_first[0]
        inside = [one for one in newest_first if low < one < high]
        assert await page(Cursor(5, after=low, before=high)) == inside[:5]
        assert await page(Cursor(5, low, high, Anchor.OLDEST)) == inside[-5:]
    assert await page(Cursor(0)) == []
    loaded = await statuses.load(db, expected, viewer, now=NOW)
    assert loaded.shown(newest_first) == newest_first


@pytest.mark.parametrize("seed", range(3))
async def test_every_home_is_what_a_plain_reading_says(db: Database, seed: int) -> None:
    world = imagine(seed)
    await build(db, world)
    assert any(world.home(one) for one in world.people)
    for viewer in world.viewers:

        async def page(cursor: Cursor, viewer: int = viewer) -> list[int]:
            return await timelines.home(db, viewer, cursor, now=NOW)

        await read_everything(db, viewer, page, world.home(viewer))


@pytest.mark.parametrize("seed", range(3))
async def test_every_list_is_what_a_plain_reading_says(db: Database, seed: int) -> None:
    world = imagine(seed)
    await build(db, world)
    for list_id, (viewer, policy, _, _) in world.lists.items():

        async def page(
            cursor: Cursor, viewer: int = viewer, list_id: int = list_id, policy: str = policy
        ) -> list[int]:
            return await timelines.of_list(
                db, viewer, cursor, list_id=list_id, replies_policy=policy, now=NOW
            )

        await read_everything(db, viewer, page, world.of_list(list_id))


@pytest.mark.parametrize("origin", ["all", "local", "remote"])
async def test_the_public_timeline_is_what_a_plain_reading_says(db: Database, origin: str) -> None:
    world = imagine(5)
    await build(db, world)
    for viewer in (None, *world.viewers):

        async def page(cursor: Cursor, viewer: int | None = viewer) -> list[int]:
            return await timelines.public(db, viewer, cursor, origin=origin, now=NOW)

        await read_everything(db, viewer, page, world.public(viewer, origin))


@pytest.mark.parametrize(
    "query",
    [
        timelines.TagQuery(["bread"]),
        timelines.TagQuery(["bread", "wine"]),
        timelines.TagQuery(["bread"], all=["wine"]),
        timelines.TagQuery(["bread"], none=["wine"]),
        timelines.TagQuery(["bread", "wine"], all=["cheese", "cheese"], none=["nobody"]),
        timelines.TagQuery(["nobody"]),
    ],
)
async def test_a_hashtag_timeline_is_what_a_plain_reading_says(
    db: Database, query: timelines.TagQuery
) -> None:
    world = imagine(6)
    await build(db, world)
    for viewer in (None, *world.viewers):
        for origin in ("all", "local", "remote"):

            async def page(
                cursor: Cursor, viewer: int | None = viewer, origin: str = origin
            ) -> list[int]:
                return await timelines.tagged(db, viewer, cursor, query, origin=origin, now=NOW)

            await read_everything(db, viewer, page, world.tagged(viewer, query, origin))


async def test_direct_messages_are_what_a_plain_reading_says(db: Database) -> None:
    world = imagine(7)
    await build(db, world)
    for viewer in world.viewers:

        async def page(cursor: Cursor, viewer: int = viewer) -> list[int]:
            return await timelines.direct(db, viewer, cursor, now=NOW)

        await read_everything(db, viewer, page, world.direct(viewer))


# --- How it is done --------------------------------------------------------------------------

MANY = 20_000
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})"
# Grown out of nothing, the same in both engines.
CROWD = (
    ("accounts (id, username, created_at, first_seen_at, updated_at)", 200,
     "i, 'p' || i, 0, 0, 0"),
    ("conversations (id, created_at)", 1, "1, 0"),
    ("statuses (id, account_id, conversation_id, visibility, created_at)", MANY,
     "i, i % 200 + 1, 1, CASE WHEN i % 4 = 1 THEN 'public' ELSE 'unlisted' END, 0"),
    ("mentions (status_id, account_id)", MANY // 2, "i * 2, i % 200 + 1"),
    ("tags (id, name, created_at)", 50, "i, 't' || i, 0"),
    ("status_tags (status_id, tag_id)", MANY // 4, "i * 4, i % 50 + 1"),
    ("follows (account_id, target_account_id, created_at)", 50, "1, i + 1, 0"),
    ("tag_follows (account_id, tag_id, created_at)", 2, "1, i, 0"),
    ("lists (id, account_id, title, created_at)", 1, "1, 1, 'x', 0"),
    ("list_accounts (list_id, account_id)", 20, "1, i + 1"),
)  # fmt: skip


async def many_statuses(db: Database) -> None:
    """Twenty thousand statuses of two hundred accounts; account 1 follows fifty of them."""
    async with db.transaction() as tx:
        for table, count, values in CROWD:
            await tx.run(f"INSERT INTO {table} {NUMBERS.format(count)} SELECT {values} FROM n")
        await tx.run("ANALYZE")


@pytest.fixture
async def crowded(filled: Filled) -> Database:
    return await filled(many_statuses)


WALKS = {
    "home": (timelines.HOME, (), {"statuses_of_account", "status_tags_of_tag"}),
    "list": (timelines.LIST, (1, "list"), {"statuses_of_account"}),
    "tag": (timelines.TAGGED, (["t1"], [], [], 0, "all"), {"status_tags_of_tag"}),
    "public": (timelines.PUBLIC["local"], (), {"statuses_public"}),
    "direct": (timelines.DIRECT, (), {"statuses_of_account", "mentions_of_account"}),
}


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("name", WALKS)
async def test_a_page_is_read_from_indexes_and_never_from_all_statuses(
    crowded: Database, name: str, ascending: bool
) -> None:
    query, more, indexes = WALKS[name]
    plan = await crowded.plan(query[ascending], 1, NOW, 0, 2**62, 20, *more)
    aliases = "(s|o|st|m|n)"  # statuses, and what hangs on them
    if crowded.engine == "sqlite":
        assert not re.search(rf"^SCAN {aliases}$", plan, re.MULTILINE), plan
    else:
        assert not re.search(r"Seq Scan on (statuses|status_tags|mentions)\b", plan), plan
        assert not re.search(r"Scan Backward using statuses_pkey", plan), plan
    assert indexes <= {index for index in indexes if index in plan}, plan


async def test_two_sources_with_the_same_status_show_it_once(crowded: Database) -> None:
    async with crowded.transaction() as tx:
        await tx.run("UPDATE statuses SET visibility = 'public'")
    ids = await timelines.home(crowded, 1, Cursor(40), now=NOW)
    assert len(set(ids)) == len(ids) == 40
    assert ids == sorted(ids, reverse=True)
