"""Small honest answers: what Mastodon has and this server has not (surroundings B3).

Never 404 for a list that clients ask for when they start, and never invented data.
"""

from __future__ import annotations

from typing import Any

from stentor import errors
from stentor.api.request import Request
from stentor.api.responses import Reply
from stentor.domain import roles

# --- Lists with nothing in them ------------------------------------------------------------------


async def no_list(_: Request) -> Any:
    """``[]``: custom emojis, rules, identity proofs."""
    return []


async def no_map(_: Request) -> Any:
    """``{}``: pairs of languages that can be translated."""
    return {}


# --- Things of which there is none ---------------------------------------------------------------


async def missing(_: Request) -> Any:
    """404: an async refresh, an annual report, oEmbed."""
    raise errors.RecordNotFound


async def annual_reports(_: Request) -> Any:
    """GET /api/v1/annual_reports: none, in the wrapper that clients take apart."""
    return {"annual_reports": [], "accounts": [], "statuses": []}


async def annual_report_state(_: Request) -> Any:
    """GET /api/v1/annual_reports/:year/state: there will be none."""
    return {"state": "ineligible"}


async def donation_campaigns(_: Request) -> Reply:
    """GET /api/v1/donation_campaigns: the only answer that is 204."""
    return Reply(b"", status=204)


# --- E-mail --------------------------------------------------------------------------------------


async def resend_confirmation(_: Request) -> Any:
    """POST /api/v1/emails/confirmations: whoever gets here is confirmed already."""
    raise errors.AlreadyConfirmed


async def is_confirmed(_: Request) -> Any:
    """GET /api/v1/emails/check_confirmation: a bare ``true``, since nobody else gets here."""
    return True


# --- Moderation ----------------------------------------------------------------------------------


def _staff_only(request: Request) -> None:
    if request.viewer is None or not request.viewer.role.effective & roles.MODERATION:
        raise errors.NotAllowed


async def staff_list(request: Request) -> Any:
    """``[]`` for staff, 403 for everybody else: trends, measures, blocks of addresses."""
    _staff_only(request)
    return []


async def staff_missing(request: Request) -> Any:
    """404 for staff, 403 for everybody else: one of a kind of which there is none."""
    _staff_only(request)
    raise errors.RecordNotFound
