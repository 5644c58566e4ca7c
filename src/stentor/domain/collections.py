"""Collections: accounts that somebody recommends together (notifications.md 2.10)."""

from __future__ import annotations

from typing import NamedTuple

from stentor.domain import languages, limits, tags, text
from stentor.domain.accounts import Account
from stentor.errors import ValidationFailed

#: Its account took itself out, and cannot be put in again.
REVOKED = "revoked"
_TOO_LONG = "is too long (maximum is {} characters)"


class CollectionItem(NamedTuple):
    """A row of ``collection_items``: one account in a collection."""

    id: int
    collection_id: int
    account_id: int
    state: str
    created_at: int


class Collection(NamedTuple):
    """A row of ``collections``; ``tag`` is a hashtag's name. Times are milliseconds."""

    id: int
    account_id: int
    name: str
    description: str | None
    language: str | None
    sensitive: bool
    discoverable: bool
    tag: str | None
    created_at: int
    updated_at: int


class CollectionText(NamedTuple):
    """What an owner decides; members are told when any of the first four changes."""

    name: str
    description: str | None = None
    sensitive: bool = False
    tag: str | None = None
    language: str | None = None
    discoverable: bool = False

    @property
    def told(self) -> tuple[object, ...]:
        """What members are told of when it changes."""
        return self[:4]


def text_of(collection: Collection) -> CollectionText:
    """What its owner has decided so far."""
    return CollectionText(
        collection.name,
        collection.description,
        bool(collection.sensitive),
        collection.tag,
        collection.language,
        bool(collection.discoverable),
    )


def check(given: CollectionText) -> CollectionText:
    """As it is kept. Raises ValidationFailed for a name that is blank, and for what is wrong.

    A blank description, tag or language is none; the tag is kept as it was typed, without its
    sign.
    """
    name = text.clean(given.name).strip()
    description = text.clean(given.description or "").strip()
    tag = tags.typed(given.tag) if given.tag and given.tag.strip() else None
    language = languages.normalise(given.language)
    details: dict[str, list[tuple[str, str]]] = {}
    if not name:
        details["name"] = [("ERR_BLANK", "can't be blank")]
    elif not text.fits(name, limits.COLLECTION_NAME):
        details["name"] = [("ERR_TOO_LONG", _TOO_LONG.format(limits.COLLECTION_NAME))]
    if not text.fits(description, limits.COLLECTION_DESCRIPTION):
        most = limits.COLLECTION_DESCRIPTION
        details["description"] = [("ERR_TOO_LONG", _TOO_LONG.format(most))]
    if tag is None and given.tag and given.tag.strip():
        details["tag"] = [("ERR_INVALID", "is invalid")]
    if language is None and given.language:
        details["language"] = [("ERR_INVALID", "is invalid")]
    if details:
        problems = [f"{field.capitalize()} {found[0][1]}" for field, found in details.items()]
        raise ValidationFailed(*problems, details=details)
    return given._replace(name=name, description=description or None, tag=tag, language=language)


def featurable(account: Account) -> bool:
    """Whether anybody may put it into a collection: who wants to be found agrees.

    Of accounts elsewhere that cannot be known.
    """
    return account.local and bool(account.discoverable)


def may_feature(owner_id: int, account: Account) -> bool:
    """Whether an account may be put into that owner's collections."""
    return account.id == owner_id or featurable(account)
