"""Roles and what they permit (surroundings C3.2, C15; notifications.md 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    """The bits of a role; the numbers are the wire's (surroundings C15)."""

    ADMINISTRATOR = 1
    VIEW_DEVOPS = 2
    VIEW_AUDIT_LOG = 4
    VIEW_DASHBOARD = 8
    MANAGE_REPORTS = 16
    MANAGE_FEDERATION = 32
    MANAGE_SETTINGS = 64
    MANAGE_BLOCKS = 128
    MANAGE_TAXONOMIES = 256
    MANAGE_APPEALS = 512
    MANAGE_USERS = 1024
    MANAGE_INVITES = 2048
    MANAGE_RULES = 4096
    MANAGE_ANNOUNCEMENTS = 8192
    MANAGE_CUSTOM_EMOJIS = 16384
    MANAGE_WEBHOOKS = 32768
    INVITE_USERS = 65536
    MANAGE_ROLES = 131072
    MANAGE_USER_ACCESS = 262144
    DELETE_USER_DATA = 524288
    VIEW_FEEDS = 1048576
    INVITE_BYPASS_APPROVAL = 2097152
    MANAGE_EMAIL_SUBSCRIPTIONS = 4194304


ALL = Permission(8388607)

# "At least one moderation-category permission" of notifications.md 4.1.
MODERATION = (
    Permission.VIEW_DASHBOARD
    | Permission.VIEW_AUDIT_LOG
    | Permission.MANAGE_USERS
    | Permission.MANAGE_USER_ACCESS
    | Permission.DELETE_USER_DATA
    | Permission.MANAGE_REPORTS
    | Permission.MANAGE_APPEALS
    | Permission.MANAGE_FEDERATION
    | Permission.MANAGE_BLOCKS
    | Permission.MANAGE_TAXONOMIES
    | Permission.MANAGE_INVITES
    | Permission.VIEW_FEEDS
)


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions; a higher position outranks a lower one."""

    id: int
    name: str
    position: int
    permissions: Permission
    highlighted: bool

    def may(self, permission: Permission) -> bool:
        """True if the role grants it, or is an administrator's."""
        return bool(self.effective & permission)

    @property
    def effective(self) -> Permission:
        """The permissions with the administrator's 'all' spelled out."""
        return ALL if self.permissions & Permission.ADMINISTRATOR else self.permissions


EVERYONE = Role(-99, "", -1, Permission.INVITE_USERS, highlighted=False)
MODERATOR = Role(
    1,
    "Moderator",
    10,
    Permission.VIEW_DASHBOARD
    | Permission.VIEW_AUDIT_LOG
    | Permission.MANAGE_USERS
    | Permission.MANAGE_REPORTS
    | Permission.MANAGE_TAXONOMIES,
    highlighted=True,
)
ADMIN = Role(
    2,
    "Admin",
    100,
    MODERATOR.permissions
    | Permission.MANAGE_FEDERATION
    | Permission.MANAGE_SETTINGS
    | Permission.MANAGE_BLOCKS
    | Permission.MANAGE_APPEALS
    | Permission.MANAGE_INVITES
    | Permission.MANAGE_RULES
    | Permission.MANAGE_ANNOUNCEMENTS
    | Permission.MANAGE_CUSTOM_EMOJIS
    | Permission.MANAGE_WEBHOOKS
    | Permission.MANAGE_ROLES
    | Permission.MANAGE_USER_ACCESS
    | Permission.DELETE_USER_DATA
    | Permission.VIEW_FEEDS,
    highlighted=True,
)
OWNER = Role(3, "Owner", 1000, Permission.ADMINISTRATOR, highlighted=True)

#: By the word the operator types.
NAMES = {"user": EVERYONE, "moderator": MODERATOR, "admin": ADMIN, "owner": OWNER}
_BY_ID = {role.id: role for role in NAMES.values()}


def get(role_id: int) -> Role:
    """The role with that id; an id nobody knows is an ordinary user's."""
    return _BY_ID.get(role_id, EVERYONE)


def is_staff_to(sender: Role | None, recipient: Role | None) -> bool:
    """The ``staff`` of notifications.md 4.1: outranks, is shown in public, and moderates."""
    if sender is None or sender is EVERYONE:
        return False
    outranks = recipient is None or recipient is EVERYONE or sender.position > recipient.position
    return outranks and sender.highlighted and bool(sender.effective & MODERATION)
