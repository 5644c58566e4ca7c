"""Push subscriptions: at most one for an access token, and never reached but through it (T01)."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from stentor.domain.push_subscriptions import (
    Preferences,
    PushSubscription,
    Target,
    known_alerts,
    origin,
)
from stentor.store.database import Reader, Row, Transaction

_NAMES = tuple(one.name for one in dataclasses.fields(PushSubscription))
COLUMNS = ", ".join(f"s.{name}" for name in _NAMES)
_RETURNED = ", ".join(_NAMES)
_decoder = msgspec.json.Decoder(dict[str, bool])


class Owner(NamedTuple):
    """Whose a subscription is: a token, and the account behind it."""

    access_token_id: int
    account_id: int


def read(row: Row) -> PushSubscription:
    """A subscription from a row of `COLUMNS`."""
    values = dict(zip(_NAMES, row, strict=True))
    for name in ("p256dh", "auth", "sealed_token"):
        values[name] = bytes(values[name])
    values["standard"] = bool(values["standard"])
    values["alerts"] = _decoder.decode(values["alerts"])
    return PushSubscription(**values)


def _write(alerts: Mapping[str, bool]) -> str:
    return msgspec.json.encode(known_alerts(alerts)).decode()


# Whoever ends the token waits for this, or this sees that it has ended: a dead token never
# gets a subscription. The person's row makes two devices count one after the other.
HOLD = """
    SELECT u.account_id FROM users u WHERE u.account_id = $1 FOR NO KEY UPDATE
"""
ALIVE = """
    SELECT t.id FROM access_tokens t
    WHERE t.id = $1 AND t.account_id = $2 AND t.revoked_at IS NULL FOR NO KEY UPDATE
"""


async def hold(tx: Transaction, owner: Owner) -> bool:
    """Holds person and token until the commit; False if the token has ended meanwhile."""
    await tx.fetch(HOLD, owner.account_id)
    return bool(await tx.fetch(ALIVE, owner.access_token_id, owner.account_id))


async def count_others(tx: Transaction, owner: Owner) -> int:
    """How many subscriptions that person has for other tokens."""
    found: int = await tx.fetch_value(
        "SELECT COUNT(*) FROM push_subscriptions WHERE account_id = $1 AND access_token_id <> $2",
        owner.account_id,
        owner.access_token_id,
    )
    return found


# In one statement, by the token's unique key: there is always the old one or the new one, and
# what has been promised to the device goes to its new address.
SAVE = f"""
    INSERT INTO push_subscriptions (access_token_id, account_id, endpoint, p256dh, auth,
        standard, alerts, policy, sealed_token, created_at, updated_at, origin)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
    ON CONFLICT (account_id, access_token_id) DO UPDATE SET
        endpoint = excluded.endpoint, origin = excluded.origin, p256dh = excluded.p256dh,
        auth = excluded.auth, standard = excluded.standard, alerts = excluded.alerts,
        policy = excluded.policy,
        sealed_token = excluded.sealed_token, created_at = excluded.created_at,
        updated_at = excluded.updated_at, failing_since = NULL
    RETURNING {_RETURNED}
"""


# Deliveries are claimed by the origin that they go to.
FOLLOW = """
    UPDATE push_deliveries SET origin = $2
    WHERE subscription_id = $1 AND origin <> $2 AND account_id = $3
"""


async def save(
    tx: Transaction,
    owner: Owner,
    target: Target,
    preferences: Preferences,
    *,
    sealed_token: bytes,
    now: int,
) -> PushSubscription:
    """Keeps it, in place of the one that the token had, if any."""
    rows = await tx.fetch(
        SAVE,
        *owner,
        *target,
        _write(preferences.alerts),
        preferences.policy,
        sealed_token,
        now,
        origin(target.endpoint),
    )
    saved = read(rows[0])
    await tx.run(FOLLOW, saved.id, origin(target.endpoint), owner.account_id)
    return saved


async def find_own(db: Reader, owner: Owner) -> PushSubscription | None:
    """The token's own, whatever others the person has."""
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM push_subscriptions s"
        " WHERE s.access_token_id = $1 AND s.account_id = $2",
        *owner,
    )
    return None if row is None else read(row)


async def set_preferences(
    tx: Transaction, owner: Owner, preferences: Preferences, *, now: int
) -> PushSubscription | None:
    """Replaces alerts and policy of the token's own; None if it has none."""
    rows = await tx.fetch(
        "UPDATE push_subscriptions SET alerts = $3, policy = $4, updated_at = $5"
        f" WHERE access_token_id = $1 AND account_id = $2 RETURNING {_RETURNED}",
        *owner,
        _write(preferences.alerts),
        preferences.policy,
        now,
    )
    return read(rows[0]) if rows else None


async def remove_by_tokens(tx: Transaction, access_token_ids: Iterable[int]) -> None:
    """Removes those tokens' subscriptions, and what was still promised to them."""
    await tx.run(
        "DELETE FROM push_subscriptions WHERE access_token_id = ANY($1)", list(access_token_ids)
    )


async def find(db: Reader, subscription_id: int) -> PushSubscription | None:
    """One by its number: for the server's own work, never for a request's parameter (T01)."""
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM push_subscriptions s WHERE s.id = $1", subscription_id
    )
    return None if row is None else read(row)


async def remove_gone(tx: Transaction, subscription: PushSubscription) -> bool:
    """Removes it, unless it has moved to another target since it was read; True if it went."""
    return bool(
        await tx.run(
            "DELETE FROM push_subscriptions WHERE id = $1 AND endpoint = $2 AND p256dh = $3",
            subscription.id,
            subscription.endpoint,
            subscription.p256dh,
        )
    )


# Held, so that none of them goes before what is promised to it is kept. By their index.
OF_ACCOUNTS = """
    SELECT s.account_id, s.id, s.alerts, s.policy FROM push_subscriptions s
    WHERE s.account_id = ANY($1) ORDER BY s.id FOR KEY SHARE
"""


async def of_accounts(
    tx: Transaction, account_ids: Collection[int]
) -> dict[int, list[tuple[int, Preferences]]]:
    """Each of those accounts' subscriptions and what they want; one query, none for nobody."""
    found: dict[int, list[tuple[int, Preferences]]] = defaultdict(list)
    if account_ids:
        for account_id, number, alerts, policy in await tx.fetch(OF_ACCOUNTS, list(account_ids)):
            found[account_id].append((number, Preferences(_decoder.decode(alerts), policy)))
    return found


async def note_good(tx: Transaction, ids: Collection[int]) -> list[int]:
    """They take messages; those that had been failing before."""
    rows = await tx.fetch(
        "UPDATE push_subscriptions SET failing_since = NULL"
        " WHERE id = ANY($1) AND failing_since IS NOT NULL RETURNING id",
        list(ids),
    )
    return [row[0] for row in rows]


async def note_failing(tx: Transaction, ids: Collection[int], *, now: int) -> None:
    """They do not take messages, since now or since it was first noted."""
    await tx.run(
        "UPDATE push_subscriptions SET failing_since = $2"
        " WHERE id = ANY($1) AND failing_since IS NULL",
        list(ids),
        now,
    )


async def counts(db: Reader) -> dict[str, int]:
    """How many are good, and how many failing."""
    total, failing = await db.fetch_row(
        "SELECT COUNT(*), COUNT(failing_since) FROM push_subscriptions"
    ) or (0, 0)
    return {"good": total - failing, "failing": failing}
