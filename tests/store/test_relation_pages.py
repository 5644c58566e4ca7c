"""Pages of relations, and a relationship's one query, are read along indexes."""

from __future__ import annotations

import re

import pytest

from stentor.domain.paging import LARGEST, Anchor, Cursor
from stentor.store import (
    blocks,
    domain_blocks,
    endorsements,
    facts,
    follows,
    media_files,
    mutes,
    notification_permissions,
    relationships,
)
from stentor.store.database import Database
from tests.factories import NOW
from tests.fixtures import Filled
from tests.store.test_notifications import plans

NUMBERS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
    " INSERT INTO {table} ({columns}) SELECT {values} FROM n"
)
PEOPLE = 3000
_EDGES = "account_id, target_account_id, created_at"
#: Account 1 has thirty of six thousand rows each way. (With a large share of a table SQLite may
#: rightly walk the table itself.)
CROWD = (
    ("accounts", "id, username, created_at, first_seen_at, updated_at", "i, 'p' || i, 0, 0, 0"),
    *(
        (table, _EDGES, values)
        for table in ("follows", "follow_requests", "blocks", "mutes", "endorsements")
        for values in (
            f"CASE WHEN i < {PEOPLE} / 100 THEN 1 ELSE i END, i % {PEOPLE} + 1, 0",
            f"i % {PEOPLE} + 1, CASE WHEN i % 100 = 0 THEN 1 ELSE i END, 0",
        )
    ),
    ("account_domain_blocks", "account_id, domain, created_at", "i, 'd' || i, 0"),
    (
        "notification_permissions",
        "account_id, from_account_id, created_at",
        f"CASE WHEN i < {PEOPLE} / 100 THEN 1 ELSE i END, i % {PEOPLE} + 1, 0",
    ),
    ("account_notes", "account_id, target_account_id, comment", f"i, i % {PEOPLE} + 1, 'x'"),
)
PAGES = {
    "followers": (follows.FOLLOWERS, "follows_of_target", ()),
    "following": (follows.FOLLOWING, "follows_of_account", ()),
    "requests": (follows.REQUESTS, "follow_requests_of_target", ()),
    "blocks": (blocks.PAGE, "blocks_of_account", ()),
    "mutes": (mutes.PAGE, "mutes_of_account", (NOW,)),
    "endorsements": (endorsements.PAGE, "endorsements_of_account", ()),
    "permissions": (notification_permissions.PAGE, "notification_permissions_1", ()),
    "domain blocks": (domain_blocks.PAGE, "account_domain_blocks_", ()),
}


async def many_relations(db: Database) -> None:
    async with db.transaction() as tx:
        for table, columns, values in CROWD:
            statement = NUMBERS.format(most=PEOPLE, table=table, columns=columns, values=values)
            await tx.run(f"{statement} WHERE TRUE ON CONFLICT DO NOTHING")
        await tx.run("ANALYZE")


@pytest.fixture
async def crowd(filled: Filled) -> Database:
    return await filled(many_relations)


async def test_a_page_of_a_relation_is_a_range_of_its_index(crowd: Database) -> None:
    for name, (sql, index, more) in PAGES.items():
        for order in ("DESC", "ASC"):
            asked = sql.replace(" DESC LIMIT", f" {order} LIMIT")
            plan = await crowd.plan(asked, 1, 0, LARGEST, 40, *more)
            if crowd.engine == "sqlite":
                assert index in plan, (name, plan)
                assert not re.search(r"SCAN [a-z]\b|TEMP B-TREE", plan), (name, plan)
            else:  # thirty rows it may also fetch by the unique key, and then sort
                assert not re.search(r"Seq Scan on (?!accounts)", plan), (name, plan)


async def test_relationships_are_looked_up_by_index(crowd: Database) -> None:
    plan = await crowd.plan(relationships.LOAD, 1, [2, 3, 5, 7], NOW, False)
    scans = re.findall(r"SCAN (?!carray)[a-z_]+\b|Seq Scan on \w+", plan)
    # Nobody has registered in this crowd, and whoever blocks one domain has one row.
    assert not [scan for scan in scans if "users" not in scan], plan


async def test_what_a_decision_needs_is_looked_up_however_many_the_two_follow(
    crowd: Database,
) -> None:
    for plan in await plans(crowd, facts.LOAD, [1, 2, 3, NOW]):
        keys = re.findall(r"\b(?:sqlite_autoindex_)?(follows_\w+|follows_1)\b", plan)
        assert len(keys) == 2, plan
        assert not {*keys} & {"follows_of_account", "follows_of_target"}, plan
        # Tables in which there is nothing may be read as they are.
        scans = re.findall(r"SCAN \w+|Seq Scan on (?:accounts|follows|blocks|mutes)", plan)
        assert [scan for scan in scans if scan != "SCAN CONSTANT"] == [], plan


async def test_a_page_that_hangs_on_its_oldest_row_is_listed_newest_first(
    crowd: Database,
) -> None:
    newest, _ = await follows.following(crowd, 1, Cursor(5))
    assert newest == sorted(newest, reverse=True)
    oldest, rows = await follows.following(crowd, 1, Cursor(5, anchor=Anchor.OLDEST))
    assert oldest == sorted(oldest, reverse=True)
    assert max(oldest) < min(newest)
    assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)


async def test_a_sweep_removes_only_what_has_ended_and_not_more_than_it_may(
    crowd: Database,
) -> None:
    async with crowd.transaction() as tx:
        await tx.run("UPDATE mutes SET expires_at = $1 + id WHERE id % 2 = 0", NOW)
        total = await tx.fetch_value("SELECT count(*) FROM mutes")
        ending = await tx.fetch_value(
            "SELECT count(*) FROM mutes WHERE expires_at <= $1", NOW + 500
        )
        assert await mutes.sweep(tx, now=NOW + 500, most=100) == 100
        assert await mutes.sweep(tx, now=NOW + 500) == ending - 100
        assert await mutes.sweep(tx, now=NOW + 500) == 0
        assert await tx.fetch_value("SELECT count(*) FROM mutes") == total - ending
    plan = await crowd.plan("SELECT id FROM mutes WHERE expires_at <= $1 ORDER BY expires_at", NOW)
    assert "mutes_ending" in plan


def test_files_are_whole_or_not_there(tmp_path) -> None:
    data = b"GIF89a" + bytes(100)
    path = media_files.save_profile_image(tmp_path, "avatar", 5, data)
    assert media_files.read(tmp_path, path) == (data, "image/gif")
    assert [one.name for one in (tmp_path / "avatars" / "5").iterdir()] == [path.split("/")[-1]]
    other = media_files.save_profile_image(tmp_path, "header", 5, data)
    media_files.remove(tmp_path, other)
    media_files.remove(tmp_path, other)
    media_files.remove(tmp_path, "../x")
    assert media_files.read(tmp_path, other) is None
    media_files.remove_account(tmp_path, 5)
    assert media_files.read(tmp_path, path) is None
    assert not (tmp_path / "avatars" / "5").exists()
    media_files.remove_account(tmp_path, 5)
