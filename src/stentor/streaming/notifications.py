"""Notifications as their recipient hears of them: judged and rendered when they are sent."""

from __future__ import annotations

from collections.abc import Sequence

from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, hidden_from
from stentor.entities import notifications as entities
from stentor.store import attachments, statuses
from stentor.store.database import Reader
from stentor.store.notifications import Fresh
from stentor.streaming.events import Event


async def events(
    db: Reader, links: Links, account_id: int, rows: Sequence[Fresh], *, now: int
) -> dict[int, Event]:
    """What is said of those rows, by their ids; of some of them nothing.

    Not of what was filtered when it came, whose sender is suspended now, or which the
    recipient's role does not let him see any more (T11, T20); a status that he may not read now
    is left out (T06). A fixed number of queries.
    """
    told = [one.row for one in rows if one.told]
    if not told:
        return {}
    about = await attachments.load(db, account_id, ((row.type, row.activity_id) for row in told))
    loaded = await statuses.load(
        db,
        (row.status_id for row in told if row.status_id is not None),
        account_id,
        now=now,
        with_accounts=[
            account_id,
            *(row.from_account_id for row in told),
            *about.account_ids(),
        ],
    )
    recipient = loaded.accounts.get(account_id)
    if recipient is None or recipient.unavailable:
        return {}
    hidden = hidden_from(recipient.role)
    shown = [row for row in told if BY_NAME.get(row.type) not in hidden]
    rendered = entities.render_page(shown, loaded, links, attached=about)
    return {one.id: Event("notification", one.json) for one in rendered}
