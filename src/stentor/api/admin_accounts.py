"""/api/v1/admin/accounts and v2: finding people and acting on them (surroundings B2.4, C15)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from stentor.actions import accounts as verbs
from stentor.actions import moderation as actions
from stentor.api import responses
from stentor.api.request import Request
from stentor.api.staff import staff
from stentor.domain import moderation as domain
from stentor.domain.accounts import parse_domain
from stentor.domain.admin_accounts import STATES, Wanted
from stentor.domain.limits import ADMIN_ACCOUNTS_PAGE
from stentor.domain.moderation import Sanction
from stentor.domain.roles import Permission, Role
from stentor.entities import admin_accounts as entities
from stentor.errors import RecordNotFound
from stentor.store import admin_accounts as store
from stentor.store.database import Database

_TEXTS = ("username", "display_name", "email", "by_domain", "ip")
_KEPT_V1 = ("local", "remote", "staff", *STATES, *_TEXTS)
_KEPT_V2 = ("origin", "status", "permissions", "role_ids[]", "invited_by", *_TEXTS)


class _Texts(TypedDict):
    username: str
    display_name: str
    email: str
    domain: str
    ip: str


def _texts(request: Request) -> _Texts:
    text = request.params.text
    domain = text("by_domain") or ""
    return {
        "username": (text("username") or "").removeprefix("@"),
        "display_name": text("display_name") or "",
        "email": text("email") or "",
        "domain": domain and (parse_domain(domain) or domain),
        "ip": text("ip") or "",
    }


async def index_v1(request: Request) -> responses.Reply:
    """GET v1: ``local``, ``remote``, ``staff`` and one flag for each state."""
    params = request.params
    local, remote = params.flag("local"), params.flag("remote")
    wanted = Wanted(
        local=None if local == remote else local,
        states=tuple(state for state in STATES if params.flag(state)),
        staff=params.flag("staff"),
        **_texts(request),
    )
    return await _index(request, wanted, _KEPT_V1)


async def index_v2(request: Request) -> responses.Reply:
    """GET v2: ``origin``, ``status``, ``permissions=staff``, ``role_ids[]``.

    An origin or a status that nobody knows narrows nothing.
    """
    params = request.params
    state = params.text("status")
    wanted = Wanted(
        local={"local": True, "remote": False}.get(params.text("origin") or ""),
        states=(state,) if state in STATES else (),
        staff=params.text("permissions") == "staff",
        role_ids=_role_ids(request),
        **_texts(request),
    )
    return await _index(request, wanted, _KEPT_V2)


def _role_ids(request: Request) -> tuple[int, ...] | None:
    """An ordinary user's role has the id -99, which is no id otherwise."""
    names = request.params.texts("role_ids")
    numbers = [int(one) for one in names if one.removeprefix("-").isdecimal() and len(one) < 10]
    return tuple(numbers) if names else None


async def _index(request: Request, wanted: Wanted, kept: tuple[str, ...]) -> responses.Reply:
    staff(request, Permission.MANAGE_USERS)
    cursor = request.params.cursor(*ADMIN_ACCOUNTS_PAGE)
    rows = await store.page(request.services.db, cursor, wanted)
    ids = [row.account.id for row in rows]
    return responses.page(
        request,
        [entities.render(row, request.services.links) for row in rows],
        kept=kept,
        next_max_id=ids[-1] if ids and len(ids) >= cursor.limit else None,
        prev=("min_id", ids[0]) if ids else None,
    )


async def show(request: Request) -> Any:
    """GET :id."""
    staff(request, Permission.MANAGE_USERS)
    return await _render(request)


async def _render(request: Request) -> Any:
    number = request.path_id()
    found = await store.load(request.services.db, [] if number is None else [number])
    for row in found.values():
        return entities.render(row, request.services.links)
    raise RecordNotFound


async def act(request: Request) -> Any:
    """POST :id/action; 422 for a type that does not exist."""
    role = staff(request, Permission.MANAGE_USERS, Permission.MANAGE_REPORTS)
    services, params = request.services, request.params
    account_id = request.path_id()
    if account_id is None:
        raise RecordNotFound
    report = params.text("report_id") or None
    sanction = Sanction(
        target_id=account_id,
        action=domain.action(params.text("type")),
        by=request.account_id,
        text=domain.warning_text(params.text("text") or ""),
        report_id=None if report is None else params.id("report_id") or 0,
        tell=params.flag("send_email_notification", default=True),
    )
    await actions.act(services.db, services.bus, sanction, role=role, now=services.now())
    return responses.EMPTY


async def _managed(request: Request) -> tuple[int, Role]:
    """The account of the path, which the viewer may moderate. Raises RecordNotFound, NotAllowed."""
    role = staff(request, Permission.MANAGE_USERS)
    async with request.services.db.transaction() as tx:
        return (await actions.held(tx, request.path_id(), role)).id, role


async def _lifted(request: Request, lift: Callable[[Database, int], Awaitable[object]]) -> Any:
    number, _ = await _managed(request)
    await lift(request.services.db, number)
    return await _render(request)


async def enable(request: Request) -> Any:
    """POST :id/enable."""
    return await _lifted(request, verbs.enable)


async def unsilence(request: Request) -> Any:
    """POST :id/unsilence."""
    return await _lifted(request, verbs.unlimit)


async def unsuspend(request: Request) -> Any:
    """POST :id/unsuspend."""
    return await _lifted(request, verbs.unsuspend)


async def unsensitive(request: Request) -> Any:
    """POST :id/unsensitive."""
    return await _lifted(request, verbs.unsensitize)


async def approve(request: Request) -> Any:
    """POST :id/approve; 403 for who is in already."""
    number, role = await _managed(request)
    services = request.services
    await actions.approve(services.db, services.bus, number, role, now=services.now())
    return await _render(request)


async def reject(request: Request) -> Any:
    """POST :id/reject; 403 for who is in already."""
    number, role = await _managed(request)
    services = request.services
    await actions.reject(services.db, services.bus, number, role, media=services.media)
    return responses.EMPTY


async def delete(request: Request) -> Any:
    """DELETE :id: the account as it was; 403 unless it is suspended."""
    staff(request, Permission.DELETE_USER_DATA)
    number, role = await _managed(request)
    services = request.services
    rendered = await _render(request)
    await actions.purge(services.db, services.bus, number, role, media=services.media)
    return rendered
