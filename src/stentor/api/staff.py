"""Who of the staff may do what: the role decides beside the scope (surroundings C0.4)."""

from __future__ import annotations

from stentor.api.request import Request
from stentor.domain.roles import Permission, Role
from stentor.errors import NotAllowed


def staff(request: Request, *permissions: Permission) -> Role:
    """The viewer's role, if it permits any of that. Raises NotAllowed."""
    role = request.viewer.role if request.viewer else None
    if role is None or not any(role.may(one) for one in permissions):
        raise NotAllowed
    return role
