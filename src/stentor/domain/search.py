"""What a search asks for: an address of this server, a hashtag, or words (surroundings C4)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from stentor.domain import paging
from stentor.domain.links import Links

_STATUS = re.compile(
    r"/(?:@[^/]+|users/[^/]+/statuses|ap/users/\d+/statuses)/(\d{1,20})/?\Z", re.ASCII
)
_PROFILE = re.compile(r"/(?:@|users/)([A-Za-z0-9_]{1,30})/?\Z", re.ASCII)
_ACCOUNT = re.compile(r"/ap/users/(\d{1,20})/?\Z", re.ASCII)


class Address(NamedTuple):
    """What a URL of this server names: one of these, or nothing."""

    status_id: int | None = None
    username: str | None = None
    account_id: int | None = None


def address(q: str, links: Links) -> Address | None:
    """What a URL names; None if it is not a URL at all, an empty Address if not one of ours."""
    if not q.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(q)
    except ValueError:
        return Address()
    if parts.netloc.lower() != links.domain.lower():
        return Address()
    if match := _STATUS.match(parts.path):
        return Address(status_id=paging.parse_id(match.group(1)))
    if match := _PROFILE.match(parts.path):
        return Address(username=match.group(1))
    if match := _ACCOUNT.match(parts.path):
        return Address(account_id=paging.parse_id(match.group(1)))
    return Address()


def may_be_account(q: str) -> bool:
    """False for what only hashtags or statuses can answer."""
    return not q.startswith(("#", "＃")) and not ("@" in q and " " in q)


def may_be_hashtag(q: str) -> bool:
    """False for handles."""
    return "@" not in q
