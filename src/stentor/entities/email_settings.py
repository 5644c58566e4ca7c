"""What somebody wants to be told by e-mail, as our own API shows it."""

from __future__ import annotations

from typing import Any

from stentor.domain.emails import MAILABLE, EmailSettings


def render(settings: EmailSettings, *, sends: bool) -> dict[str, Any]:
    """Every type with on or off; ``available`` is false where the server sends no e-mails."""
    wanted = settings.notification_emails
    return {
        "available": sends,
        "always_send_emails": settings.always_send_emails,
        "notification_emails": {one.value: one in wanted for one in MAILABLE},
    }
