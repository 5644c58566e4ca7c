"""What the server says of itself: which software, which promises, which numbers."""

from __future__ import annotations

from typing import NamedTuple

from stentor import __version__

#: Clients take the first number for Mastodon's and look there for what a server can do.
MASTODON = "4.6.4"
OWN_VERSION = __version__
VERSION = f"{MASTODON} (compatible; Stentor {__version__})"

#: What is promised beyond single endpoints. ``mastodon``: 2 says that notifications can be read
#: in groups, and makes clients do so; 7 promises quotes, 10 words in place of types that a
#: client does not know (trap 24). ``stentor`` counts what is under /api/stentor.
API_VERSIONS = {"mastodon": 10, "stentor": 1}


class Counts(NamedTuple):
    """People who live here, what they wrote, who was active of late, other servers known."""

    users: int
    statuses: int
    active_month: int
    active_half_year: int
    domains: int


class Week(NamedTuple):
    """A week by its first moment (milliseconds), and what happened in it."""

    start: int
    statuses: int
    logins: int
    registrations: int
