"""What people want to be told by e-mail: two columns of the person."""

from __future__ import annotations

from stentor.domain.emails import EmailSettings, stored, wanted
from stentor.domain.notifications import NotificationType
from stentor.store.database import Reader, Row, Transaction

# By primary key.
FIND = "SELECT always_send_emails, notification_emails FROM users WHERE account_id = $1"


def _settings(row: Row | None) -> EmailSettings | None:
    return None if row is None else EmailSettings(bool(row[0]), wanted(row[1]))


async def find(db: Reader, account_id: int) -> EmailSettings | None:
    """Somebody's settings; None if nobody local has that id."""
    return _settings(await db.fetch_row(FIND, account_id))


async def hold(tx: Transaction, account_id: int) -> EmailSettings | None:
    """Like `find`, and nobody else changes them before the commit."""
    return _settings(await tx.fetch_row(f"{FIND} FOR NO KEY UPDATE", account_id))


async def save(tx: Transaction, account_id: int, settings: EmailSettings) -> None:
    """Keeps those settings; nothing happens if nobody local has that id."""
    await tx.run(
        "UPDATE users SET always_send_emails = $2, notification_emails = $3 WHERE account_id = $1",
        account_id,
        settings.always_send_emails,
        stored(settings.notification_emails),
    )


async def switch_off(tx: Transaction, account_id: int, type: NotificationType) -> None:
    """No more e-mails of that type; nothing happens if nobody local has that id."""
    settings = await hold(tx, account_id)
    if settings is not None and type in settings.notification_emails:
        kept = settings.notification_emails - {type}
        await save(tx, account_id, settings._replace(notification_emails=kept))
