"""Account and its relatives as JSON (surroundings C3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stentor import telemetry
from stentor.domain import text, times
from stentor.domain.accounts import Account as AccountRow
from stentor.domain.accounts import User
from stentor.domain.collections import featurable
from stentor.domain.links import Links
from stentor.domain.roles import EVERYONE, Role
from stentor.entities.fragments import Element
from stentor.entities.memo import Memo

encoder = msgspec.json.Encoder()
# Rendered accounts that are remembered; 2 KB each.
_memo: Memo[tuple[AccountRow, Links], Element] = Memo(8192)


class FeatureApproval(Struct, gc=False):
    """Who may put the account into a collection: everybody, if it wants to be found."""

    automatic: list[str]
    manual: list[str]
    current_user: str


class Field(Struct, gc=False):
    """One line of a profile."""

    name: str
    value: str
    verified_at: str | None


class PublicRole(Struct, gc=False):
    """A role that is shown beside the name."""

    id: str
    name: str
    color: str


class Account(Struct, gc=False, kw_only=True):
    """surroundings C3.1, in the order of the wire."""

    id: str
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool | None
    indexable: bool
    group: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    avatar_description: str
    header: str
    header_static: str
    header_description: str
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool | None
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    noindex: bool | UnsetType = UNSET
    feature_approval: FeatureApproval
    emojis: list[Any]
    roles: list[PublicRole] | UnsetType = UNSET
    fields: list[Field]
    moved: Account | UnsetType = UNSET
    suspended: bool | UnsetType = UNSET
    limited: bool | UnsetType = UNSET
    memorial: bool | UnsetType = UNSET


class PartialAccount(Struct, gc=False):
    """PartialAccountWithAvatar: exactly these keys (notifications.md 2.4)."""

    id: str
    acct: str
    locked: bool
    bot: bool
    url: str
    avatar: str
    avatar_static: str
    avatar_description: str


class CredentialRole(Struct, gc=False):
    """The own role, with its permissions as a decimal string."""

    id: str
    name: str
    permissions: str
    color: str
    highlighted: bool
    collection_limit: int = 10


class SourceField(Struct, gc=False):
    """A profile field as it was typed."""

    name: str
    value: str
    verified_at: str | None


class Profile(Struct, gc=False, kw_only=True):
    """What the owner sees of his profile while he edits it: everything as it was typed.

    Unlike in Account, an image that was never set is null.
    """

    id: str
    display_name: str
    note: str
    formatted_note: str
    fields: list[SourceField]
    formatted_fields: list[Field]
    avatar: str | None
    avatar_static: str | None
    avatar_description: str
    header: str | None
    header_static: str | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool | None
    discoverable: bool | None
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]
    featured_tags: list[Any]


class Source(Struct, gc=False, kw_only=True):
    """What the owner may edit, as it was typed (surroundings C3.2)."""

    privacy: str
    sensitive: bool
    language: str | None
    note: str
    fields: list[SourceField]
    follow_requests_count: int
    hide_collections: bool | None
    discoverable: bool | None
    indexable: bool
    attribution_domains: list[str]
    quote_policy: str


def _bool_or_none(value: bool | None) -> bool | None:
    return None if value is None else bool(value)


def account_url(account: AccountRow, links: Links) -> str:
    """Where a person reads the profile."""
    return links.account(account.username) if account.local else account.url


def render(account: AccountRow, links: Links) -> Account:
    """Account; a suspended one is blank but still there (surroundings C3.1)."""
    hidden = account.suspended_at is not None
    local = account.local
    avatar = links.avatar("" if hidden else account.avatar)
    header = links.header("" if hidden else account.header)
    role = account.role
    entity = Account(
        id=str(account.id),
        username=account.username,
        acct=account.acct,
        display_name="" if hidden else account.display_name,
        locked=bool(account.locked),
        bot=account.bot,
        discoverable=False if hidden else _bool_or_none(account.discoverable),
        indexable=bool(account.indexable) and not hidden,
        group=account.actor_type == "Group",
        created_at=times.midnight(account.created_at),
        note="" if hidden else _note(account, links),
        url=account_url(account, links),
        uri=links.account_uri(account.id) if local else account.uri,
        avatar=avatar,
        avatar_static=avatar,
        avatar_description="" if hidden else account.avatar_description,
        header=header,
        header_static=header,
        header_description="" if hidden else account.header_description,
        followers_count=max(account.followers_count, 0),
        following_count=max(account.following_count, 0),
        statuses_count=max(account.statuses_count, 0),
        last_status_at=(
            None if account.last_status_at is None else times.date(account.last_status_at)
        ),
        hide_collections=_bool_or_none(account.hide_collections),
        show_media=bool(account.show_media),
        show_media_replies=bool(account.show_media_replies),
        show_featured=bool(account.show_featured),
        feature_approval=_feature_approval(account),
        emojis=[],
        fields=[] if hidden else _fields(account, links),
    )
    if local:
        entity.noindex = not account.indexable
        entity.roles = [PublicRole(str(role.id), role.name, "")] if role.highlighted else []
    if account.moved_to is not None and not hidden:
        # Where that one moved on to is not told: one step is enough, and circles end.
        entity.moved = render(account.moved_to._replace(moved_to=None), links)
    if hidden:
        entity.suspended = True
    if account.silenced_at is not None:
        entity.limited = True
    if account.memorial:
        entity.memorial = True
    return entity


def _feature_approval(account: AccountRow) -> FeatureApproval:
    if account.suspended_at is None and featurable(account):
        return FeatureApproval(["public"], [], "automatic")
    return FeatureApproval([], [], "denied")


def _note(account: AccountRow, links: Links) -> str:
    if not account.local:
        return account.note  # HTML, sanitised when it came in
    return text.note_to_html(account.note, tag_url=links.tag, local_domain=links.domain)


_field_rows = msgspec.json.Decoder(list[tuple[str, str]])


def _stored_fields(account: AccountRow) -> list[tuple[str, str]]:
    """Names and values; none if they are not what they should be: the account is still shown."""
    try:
        return _field_rows.decode(account.fields)
    except msgspec.DecodeError as problem:
        telemetry.skipped("account_fields", account.id, problem)
        return []


def _fields(account: AccountRow, links: Links) -> list[Field]:
    rows = _stored_fields(account)
    if not account.local:
        return [Field(name, value, None) for name, value in rows]
    return [
        Field(
            name,
            text.field_to_html(value, tag_url=links.tag, local_domain=links.domain),
            None,
        )
        for name, value in rows
    ]


def encoded(account: AccountRow, links: Links) -> Raw:
    """`render` as JSON, remembered while the row is the same."""
    return element(account, links).alone


def elements(rows: Iterable[AccountRow], links: Links) -> dict[int, Element]:
    """Each by its id; who cannot be rendered is left out (reliability T55)."""
    found = {}
    for row in rows:
        try:
            found[row.id] = element(row, links)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row
            telemetry.skipped("account", row.id, problem)
    return found


def element(account: AccountRow, links: Links) -> Element:
    """`encoded`, for a JSON array that is put together by hand."""
    return _memo.get(
        account.id, (account, links), lambda: Element(encoder.encode(render(account, links)))
    )


def render_partial(account: AccountRow, links: Links) -> PartialAccount:
    """The short form that ``expand_accounts=partial_avatars`` asks for."""
    hidden = account.suspended_at is not None
    avatar = links.avatar("" if hidden else account.avatar)
    return PartialAccount(
        str(account.id),
        account.acct,
        bool(account.locked),
        account.bot,
        account_url(account, links),
        avatar,
        avatar,
        "" if hidden else account.avatar_description,
    )


def render_role(role: Role) -> CredentialRole:
    """The own role. An ordinary user's has no name."""
    return CredentialRole(
        str(role.id),
        role.name,
        str(int(role.effective | EVERYONE.permissions)),
        "",
        role.highlighted,
    )


def render_muted(account: AccountRow, links: Links, *, expires_at: int | None) -> dict[str, Any]:
    """MutedAccount: Account with the time at which the mute ends (surroundings C3.3)."""
    entity: dict[str, Any] = msgspec.to_builtins(render(account, links))
    return entity | {"mute_expires_at": times.iso_or_none(expires_at)}


def _raw_fields(account: AccountRow) -> list[SourceField]:
    return [SourceField(name, value, None) for name, value in _stored_fields(account)]


def render_credential(
    account: AccountRow, user: User, links: Links, *, follow_requests_count: int
) -> dict[str, Any]:
    """CredentialAccount: Account with ``source`` and ``role`` (surroundings C3.2)."""
    source = Source(
        privacy=user.default_privacy,
        sensitive=bool(user.default_sensitive),
        language=user.default_language,
        note=account.note,
        fields=_raw_fields(account),
        follow_requests_count=follow_requests_count,
        hide_collections=_bool_or_none(account.hide_collections),
        discoverable=_bool_or_none(account.discoverable),
        indexable=bool(account.indexable),
        attribution_domains=msgspec.json.decode(account.attribution_domains),
        quote_policy=user.default_quote_policy,
    )
    entity: dict[str, Any] = msgspec.to_builtins(render(account, links))
    return entity | {"source": source, "role": render_role(account.role)}


def render_profile(account: AccountRow, links: Links) -> Profile:
    """Profile, for its owner."""
    avatar = links.avatar(account.avatar) if account.avatar else None
    header = links.header(account.header) if account.header else None
    return Profile(
        id=str(account.id),
        display_name=account.display_name,
        note=account.note,
        formatted_note=_note(account, links),
        fields=_raw_fields(account),
        formatted_fields=_fields(account, links),
        avatar=avatar,
        avatar_static=avatar,
        avatar_description=account.avatar_description,
        header=header,
        header_static=header,
        header_description=account.header_description,
        locked=bool(account.locked),
        bot=account.bot,
        hide_collections=_bool_or_none(account.hide_collections),
        discoverable=_bool_or_none(account.discoverable),
        indexable=bool(account.indexable),
        show_media=bool(account.show_media),
        show_media_replies=bool(account.show_media_replies),
        show_featured=bool(account.show_featured),
        attribution_domains=msgspec.json.decode(account.attribution_domains),
        featured_tags=[],
    )
