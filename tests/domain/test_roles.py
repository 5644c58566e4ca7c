"""Roles: what they permit, and who is staff to whom (notifications.md 4.1)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from stentor.domain.roles import (
    ADMIN,
    ALL,
    EVERYONE,
    MODERATION,
    MODERATOR,
    OWNER,
    Permission,
    Role,
    get,
    is_staff_to,
)

ROLES = (EVERYONE, MODERATOR, ADMIN, OWNER)


@pytest.mark.parametrize(("sender", "recipient"), list(itertools.product(ROLES, ROLES)))
def test_staff_is_who_outranks(sender: Role, recipient: Role) -> None:
    assert is_staff_to(sender, recipient) is (ROLES.index(sender) > ROLES.index(recipient))


@pytest.mark.parametrize("role", ROLES[1:])
def test_a_role_that_is_not_shown_in_public_is_not_staff(role: Role) -> None:
    """A54."""
    assert is_staff_to(role, EVERYONE)
    assert not is_staff_to(replace(role, highlighted=False), EVERYONE)


@pytest.mark.parametrize("permission", Permission)
def test_one_permission_to_moderate_makes_staff_and_any_other_does_not(
    permission: Permission,
) -> None:
    role = Role(9, "Helper", 5, permission, highlighted=True)
    moderates = permission in MODERATION or permission is Permission.ADMINISTRATOR
    assert is_staff_to(role, EVERYONE) is moderates


def test_who_has_no_role_is_outranked_by_whoever_has_one() -> None:
    low = Role(9, "Helper", -5, Permission.MANAGE_REPORTS, highlighted=True)
    assert is_staff_to(low, None)
    assert is_staff_to(low, EVERYONE)
    assert not is_staff_to(None, EVERYONE)
    assert not is_staff_to(EVERYONE, None)


def test_an_administrator_may_everything() -> None:
    assert OWNER.effective == ALL
    assert all(OWNER.may(one) for one in Permission)
    assert not MODERATOR.may(Permission.MANAGE_ROLES)


def test_an_unknown_role_is_an_ordinary_persons() -> None:
    assert get(12345) is EVERYONE
    assert get(1) is MODERATOR
