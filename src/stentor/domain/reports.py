"""Reports: what somebody holds against an account (surroundings C15)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from stentor.domain import limits, text
from stentor.errors import ValidationFailed

CATEGORIES = ("other", "spam", "legal", "violation")


class Report(NamedTuple):
    """A row of ``reports``; the lists are JSON, times milliseconds."""

    id: int
    account_id: int
    target_account_id: int
    category: str
    comment: str
    forwarded: bool
    status_ids: str
    rule_ids: str | None
    collection_ids: str
    assigned_account_id: int | None
    action_taken_at: int | None
    action_taken_by_account_id: int | None
    created_at: int
    updated_at: int


class Complaint(NamedTuple):
    """What a person sends: what is wrong, in which category, and what shows it."""

    comment: str = ""
    category: str | None = None
    status_ids: Sequence[int] = ()
    #: None: rules were not named.
    rule_ids: Sequence[int] | None = None
    collection_ids: Sequence[int] = ()


def check(complaint: Complaint) -> Complaint:
    """As it is kept. Raises ValidationFailed."""
    for name in ("status_ids", "rule_ids", "collection_ids"):
        if len(getattr(complaint, name) or ()) > limits.REPORT_IDS:
            what = name.capitalize().replace("_", " ")
            raise ValidationFailed(f"{what} are too many (maximum is {limits.REPORT_IDS})")
    return complaint._replace(
        comment=comment(complaint.comment),
        category=category(complaint.category, complaint.rule_ids),
    )


def category(given: str | None, rule_ids: Sequence[int] | None) -> str:
    """Who names rules reports a violation. Raises ValidationFailed for an unknown category."""
    if given and given not in CATEGORIES:
        raise ValidationFailed("Category is not included in the list")
    return "violation" if rule_ids else given or "other"


def comment(given: str) -> str:
    """The comment as it is kept. Raises ValidationFailed if it is too long."""
    cleaned = text.clean(given)
    if not text.fits(cleaned, limits.REPORT_COMMENT):
        raise ValidationFailed(
            f"Comment is too long (maximum is {limits.REPORT_COMMENT} characters)"
        )
    return cleaned


def ids(stored: str | None) -> list[int] | None:
    """A stored list of ids; None stays None."""
    return None if stored is None else [int(one) for one in json.loads(stored)]
