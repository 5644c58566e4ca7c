"""Making lists and putting people on them."""

from __future__ import annotations

from stentor import errors
from stentor.domain import limits, text
from stentor.store import lists
from stentor.store.database import Database
from stentor.store.lists import List


def checked(title: str | None, replies_policy: str) -> str:
    """The title as it is kept. Raises ValidationFailed."""
    title = text.clean(title or "").strip()
    problems = []
    if not title:
        problems.append("Title can't be blank")
    elif not text.fits(title, limits.LIST_TITLE):
        problems.append(f"Title is too long (maximum is {limits.LIST_TITLE} characters)")
    if replies_policy not in lists.REPLIES_POLICIES:
        problems.append("Replies policy is not included in the list")
    if problems:
        raise errors.ValidationFailed(*problems)
    return title


async def create(
    db: Database,
    account_id: int,
    *,
    title: str | None,
    replies_policy: str,
    exclusive: bool,
    now: int,
) -> List:
    """A new list. Raises ValidationFailed, also if the account has fifty already."""
    kept = checked(title, replies_policy)
    async with db.transaction() as tx:
        made = await lists.add(
            tx,
            account_id,
            title=kept,
            replies_policy=replies_policy,
            exclusive=exclusive,
            now=now,
        )
    if made is None:
        raise errors.ValidationFailed("You have reached the maximum number of lists")
    return made


async def update(
    db: Database,
    account_id: int,
    list_id: int | None,
    *,
    title: str | None,
    replies_policy: str | None,
    exclusive: bool | None,
) -> List:
    """Changes what is not None. Raises RecordNotFound or ValidationFailed."""
    async with db.transaction() as tx:
        found = await lists.find(tx, account_id, list_id)
        if found is None:
            raise errors.RecordNotFound
        policy = found.replies_policy if replies_policy is None else replies_policy
        changed = found._replace(
            title=checked(found.title if title is None else title, policy),
            replies_policy=policy,
            exclusive=bool(found.exclusive) if exclusive is None else exclusive,
        )
        await lists.update(tx, changed)
    return changed


async def add_members(
    db: Database, account_id: int, list_id: int | None, member_ids: list[int]
) -> None:
    """Puts accounts on a list: all of them or none.

    Raises RecordNotFound for another's list, ValidationFailed for whom the owner neither follows
    nor has asked to follow, and for whom the list holds already.
    """
    async with db.transaction() as tx:
        found = await lists.find(tx, account_id, list_id)
        if found is None:
            raise errors.RecordNotFound
        if not member_ids:
            return
        if await lists.eligible(tx, account_id, member_ids) != set(member_ids):
            raise errors.ValidationFailed("Account must be a followed account")
        if await lists.on_list(tx, found.id, member_ids):
            raise errors.ValidationFailed("Account has already been taken")
        await lists.add_members(tx, found.id, member_ids)


async def remove_members(
    db: Database, account_id: int, list_id: int | None, member_ids: list[int]
) -> None:
    """Takes accounts off a list; who is not on it stays off. Raises RecordNotFound."""
    async with db.transaction() as tx:
        found = await lists.find(tx, account_id, list_id)
        if found is None:
            raise errors.RecordNotFound
        await lists.remove_members(tx, found.id, member_ids)
