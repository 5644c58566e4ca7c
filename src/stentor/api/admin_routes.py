"""The paths of the admin API, for the list of all routes (surroundings B2.4)."""

from __future__ import annotations

from stentor.api import admin_accounts, admin_domain_blocks, admin_reports, routing
from stentor.api.auth import Access
from stentor.api.endpoint import Route


def accounts(base: str) -> tuple[Route, ...]:
    """Acting on accounts (surroundings B2.4); the role decides beside the scope."""
    admin = admin_accounts
    read, write = _scopes("read", "accounts"), _scopes("write", "accounts")
    verbs = (
        ("action", admin.act),
        ("enable", admin.enable),
        ("unsilence", admin.unsilence),
        ("unsuspend", admin.unsuspend),
        ("unsensitive", admin.unsensitive),
        ("approve", admin.approve),
        ("reject", admin.reject),
    )
    return (
        routing.get(base, admin.index_v1, Access.USER, *read),
        routing.get(base.replace("v1", "v2"), admin.index_v2, Access.USER, *read),
        routing.get(f"{base}/{{id}}", admin.show, Access.USER, *read),
        routing.delete(f"{base}/{{id}}", admin.delete, Access.USER, *write),
        *(routing.post(f"{base}/{{id}}/{name}", verb, Access.USER, *write) for name, verb in verbs),
    )


def reports(base: str) -> tuple[Route, ...]:
    """Handling reports (surroundings B2.4)."""
    admin = admin_reports
    read, write = _scopes("read", "reports"), _scopes("write", "reports")
    return (
        routing.get(base, admin.index, Access.USER, *read),
        routing.get(f"{base}/{{id}}", admin.show, Access.USER, *read),
        routing.put(f"{base}/{{id}}", admin.update, Access.USER, *write),
        routing.post(f"{base}/{{id}}/assign_to_self", admin.assign_to_self, Access.USER, *write),
        routing.post(f"{base}/{{id}}/unassign", admin.unassign, Access.USER, *write),
        routing.post(f"{base}/{{id}}/resolve", admin.resolve, Access.USER, *write),
        routing.post(f"{base}/{{id}}/reopen", admin.reopen, Access.USER, *write),
    )


def domain_blocks(base: str) -> tuple[Route, ...]:
    """Domains that the server keeps away."""
    admin = admin_domain_blocks
    read, write = _scopes("read", "domain_blocks"), _scopes("write", "domain_blocks")
    return (
        routing.get(base, admin.index, Access.USER, *read),
        routing.post(base, admin.create, Access.USER, *write),
        routing.get(f"{base}/{{id}}", admin.show, Access.USER, *read),
        routing.put(f"{base}/{{id}}", admin.update, Access.USER, *write),
        routing.delete(f"{base}/{{id}}", admin.delete, Access.USER, *write),
    )


def _scopes(verb: str, name: str) -> tuple[str, str]:
    return f"admin:{verb}", f"admin:{verb}:{name}"
