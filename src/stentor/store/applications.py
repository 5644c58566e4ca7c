"""Applications: registered once, found by their client id ever after."""

from __future__ import annotations

from typing import Any

from stentor.domain.oauth import Application
from stentor.store.access_tokens import digest, new_secret
from stentor.store.database import Reader, Row, Transaction

_COLUMNS = "id, name, website, redirect_uris, scopes, client_id, secret_hash"


def _application(row: Row | None) -> Application | None:
    if row is None:
        return None
    number, name, website, redirect_uris, *rest = row
    return Application(number, name, website, tuple(redirect_uris.split("\n")), *rest)


ADD = f"""
    INSERT INTO applications
      (name, website, redirect_uris, scopes, client_id, secret_hash, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}
"""


async def add(
    tx: Transaction,
    *,
    name: str,
    website: str | None,
    redirect_uris: tuple[str, ...],
    scopes: str,
    now: int,
) -> tuple[Application, str]:
    """Makes one, with its secret: the only moment at which that can be read."""
    secret = new_secret()
    values: list[Any] = [name, website, "\n".join(redirect_uris), scopes]
    row = await tx.fetch_row(ADD, *values, new_secret(), digest(secret), now)
    application = _application(row)
    assert application is not None  # noqa: S101 - RETURNING gave the row that was inserted
    return application, secret


async def find(db: Reader, application_id: int | None) -> Application | None:
    """By its number."""
    if application_id is None:
        return None
    return _application(
        await db.fetch_row(f"SELECT {_COLUMNS} FROM applications WHERE id = $1", application_id)
    )


async def find_by_client_id(db: Reader, client_id: str | None) -> Application | None:
    """By what the client calls itself; byte for byte."""
    if not client_id:
        return None
    return _application(
        await db.fetch_row(f"SELECT {_COLUMNS} FROM applications WHERE client_id = $1", client_id)
    )


# Whatever a person has let in: applications that hold a live token, the newest first.
AUTHORIZED = """
    SELECT p.id, p.name, p.website, max(t.created_at)
    FROM access_tokens t JOIN applications p ON p.id = t.application_id
    WHERE t.account_id = $1 AND t.revoked_at IS NULL
    GROUP BY p.id, p.name, p.website ORDER BY max(t.created_at) DESC, p.id DESC LIMIT 100
"""


async def authorized_by(db: Reader, account_id: int) -> list[tuple[int, str, str | None, int]]:
    """Id, name, website and time of the newest token of every application a person uses."""
    return [(row[0], row[1], row[2], row[3]) for row in await db.fetch(AUTHORIZED, account_id)]


async def remove(tx: Transaction, application_id: int) -> None:
    """Removes it with its grants and tokens; revoke those first, so that streams end."""
    await tx.run("DELETE FROM applications WHERE id = $1", application_id)
