"""Following hashtags and showing them on the profile."""

from __future__ import annotations

from stentor import errors
from stentor.domain import tags as domain_tags
from stentor.store import tags
from stentor.store.database import Database


async def follow(db: Database, account_id: int, name: str, *, now: int) -> None:
    """Follows a hashtag by its normalised name, also one that nobody has used yet."""
    async with db.transaction() as tx:
        tag_id = await tags.ensure(tx, name, now)
        await tags.follow(tx, account_id, tag_id, now)


async def unfollow(db: Database, account_id: int, name: str) -> None:
    """Follows it no longer."""
    async with db.transaction() as tx:
        await tags.unfollow(tx, account_id, name)


async def feature(db: Database, account_id: int, typed: str | None, *, now: int) -> int:
    """Shows a hashtag on the profile, spelled as it was typed; its row's id, new or old.

    Raises ValidationFailed if it is no hashtag, or one too many.
    """
    display = domain_tags.typed(typed or "")
    name = domain_tags.normalised(display)
    if display is None or name is None:
        raise errors.ValidationFailed("Name is invalid" if typed else "Name can't be blank")
    async with db.transaction() as tx:
        tag_id = await tags.ensure(tx, name, now)
        row_id = await tags.feature(tx, account_id, tag_id, name=display, now=now)
        if row_id is None:
            raise errors.ValidationFailed(
                "You have already featured the maximum number of hashtags"
            )
    return row_id


async def unfeature(db: Database, account_id: int, name: str) -> None:
    """Shows it no longer."""
    async with db.transaction() as tx:
        await tags.unfeature(tx, account_id, name)
