"""Quotes: who may quote a status, and how a quote stands (surroundings C5, C6.1)."""

from __future__ import annotations

from typing import NamedTuple

ACCEPTED, PENDING, REJECTED, REVOKED = "accepted", "pending", "rejected", "revoked"
DELETED = "deleted"
#: The states with which a viewer is given the quoted status, to be shown or to be asked for.
WITH_STATUS = frozenset({ACCEPTED, "blocked_account", "blocked_domain", "muted_account"})


class Quote(NamedTuple):
    """A row of ``quotes``, and what the viewer thinks of the account that is quoted.

    ``state`` is DELETED, and what is quoted None, once the quoted status is gone.
    """

    id: int
    status_id: int
    account_id: int
    quoted_status_id: int | None
    quoted_account_id: int | None
    state: str
    blocking: bool = False
    blocking_domain: bool = False
    muting: bool = False


def allowed(policy: str, *, own: bool, blocking: bool, following: bool) -> bool:
    """True if somebody who may read a status may quote it; his own he always may.

    ``blocking`` and ``following``: what he is to its author.
    """
    if own:
        return True
    if blocking:
        return False
    return policy == "public" or (policy == "followers" and following)


def narrowed(visibility: str, quoted_visibility: str) -> str:
    """What becomes of a visibility that is wider than the quoted status's (C6.1 item 5)."""
    if quoted_visibility in ("private", "direct") and visibility in ("public", "unlisted"):
        return "private"
    return visibility


def shown_state(quote: Quote, *, readable: bool) -> str:
    """How a quote stands for one viewer, who may read the quoted status or not."""
    if quote.state != ACCEPTED:
        return quote.state
    if not readable:
        return "unauthorized"
    if quote.blocking:
        return "blocked_account"
    if quote.blocking_domain:
        return "blocked_domain"
    return "muted_account" if quote.muting else ACCEPTED


def taken_back(state: str) -> str:
    """What a quote becomes when the quoted author does not want it (any more)."""
    return {ACCEPTED: REVOKED, PENDING: REJECTED}.get(state, state)
