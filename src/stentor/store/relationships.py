"""Everything that stands between one account and many others, in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from stentor.domain.relationships import FollowOptions, Mute, Relationship
from stentor.store.database import Reader

# The viewer $1 and the others $2, at the time $3; $4: suspended ones too. Each arm reads along
# an index that begins with the viewer or with the others.
LOAD = """
    SELECT 'account' AS kind, a.id, FALSE AS first, FALSE AS second, '' AS words, $3::bigint AS at
      FROM accounts a LEFT JOIN users u ON u.account_id = a.id
      WHERE a.id = ANY($2)
        AND (a.domain <> '' OR (u.confirmed_at IS NOT NULL AND u.approved))
        AND ($4 OR (a.suspended_at IS NULL AND a.deletion_requested_at IS NULL))
    UNION ALL SELECT 'following', target_account_id, show_reblogs, notify, languages, created_at
      FROM follows WHERE account_id = $1 AND target_account_id = ANY($2)
    UNION ALL SELECT 'requested', target_account_id, show_reblogs, notify, languages, created_at
      FROM follow_requests WHERE account_id = $1 AND target_account_id = ANY($2)
    UNION ALL SELECT 'followed_by', account_id, FALSE, FALSE, '', created_at
      FROM follows WHERE account_id = ANY($2) AND target_account_id = $1
    UNION ALL SELECT 'requested_by', account_id, FALSE, FALSE, '', created_at
      FROM follow_requests WHERE account_id = ANY($2) AND target_account_id = $1
    UNION ALL SELECT 'blocking', target_account_id, FALSE, FALSE, '', created_at
      FROM blocks WHERE account_id = $1 AND target_account_id = ANY($2)
    UNION ALL SELECT 'blocked_by', account_id, FALSE, FALSE, '', created_at
      FROM blocks WHERE account_id = ANY($2) AND target_account_id = $1
    UNION ALL SELECT 'muting', target_account_id, hide_notifications, FALSE, '', expires_at
      FROM mutes WHERE account_id = $1 AND target_account_id = ANY($2)
        AND (expires_at IS NULL OR expires_at > $3)
    UNION ALL SELECT 'domain_blocking', a.id, FALSE, FALSE, '', d.created_at
      FROM account_domain_blocks d JOIN accounts a ON a.domain = d.domain
      WHERE d.account_id = $1 AND a.id = ANY($2)
    UNION ALL SELECT 'endorsed', target_account_id, FALSE, FALSE, '', created_at
      FROM endorsements WHERE account_id = $1 AND target_account_id = ANY($2)
    UNION ALL SELECT 'note', target_account_id, FALSE, FALSE, comment, $3::bigint
      FROM account_notes WHERE account_id = $1 AND target_account_id = ANY($2)
"""


async def load(
    db: Reader, viewer_id: int, ids: Iterable[int], *, now: int, suspended: bool = False
) -> dict[int, Relationship]:
    """The viewer's relationship to each of them, by id, in their order.

    Accounts that do not exist or are not let in yet are left out, suspended ones too unless
    ``suspended``. Mutes that have ended count as none. One query, none without ids.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for kind, other_id, first, second, words, at in await db.fetch(
        LOAD, viewer_id, wanted, now, suspended
    ):
        if kind in ("following", "requested"):
            found[other_id][kind] = FollowOptions(bool(first), bool(second), unpack(words))
        elif kind == "muting":
            found[other_id][kind] = Mute(bool(first), at)
        elif kind == "note":
            found[other_id][kind] = words
        else:
            found[other_id][kind] = True
    known = [one for one in wanted if found[one].pop("account", False)]
    return {one: Relationship(one, **found[one]) for one in known}


def pack(languages: tuple[str, ...] | None) -> str | None:
    """The languages of a follow as they are kept."""
    return None if languages is None else msgspec.json.encode(languages).decode()


def unpack(languages: str | None) -> tuple[str, ...] | None:
    """What `pack` has packed."""
    return None if languages is None else msgspec.json.decode(languages, type=tuple[str, ...])
