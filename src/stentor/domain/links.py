"""The addresses that clients are given: made here and nowhere else."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote


class Links(NamedTuple):
    """URLs of one site. ``domain`` is host[:port] as people type it, ``base`` has no slash."""

    scheme: str
    domain: str

    @property
    def base(self) -> str:
        """``https://example.org``."""
        return f"{self.scheme}://{self.domain}"

    @property
    def streaming(self) -> str:
        """The base of the WebSocket addresses, without a path (trap 20)."""
        return f"{'wss' if self.scheme == 'https' else 'ws'}://{self.domain}"

    def account(self, username: str) -> str:
        """A local account's page."""
        return f"{self.base}/@{username}"

    def account_uri(self, account_id: int) -> str:
        """A local account's lasting identifier."""
        return f"{self.base}/ap/users/{account_id}"

    def status(self, username: str, status_id: int) -> str:
        """A local status's page; the id comes last (trap 30)."""
        return f"{self.base}/@{username}/{status_id}"

    def status_uri(self, account_id: int, status_id: int) -> str:
        """A local status's lasting identifier."""
        return f"{self.base}/ap/users/{account_id}/statuses/{status_id}"

    def reblog(self, username: str, status_id: int) -> str:
        """Where a reblog is said to live (surroundings C5)."""
        return f"{self.base}/users/{username}/statuses/{status_id}/activity"

    def tag(self, name: str) -> str:
        """A hashtag's page."""
        return f"{self.base}/tags/{quote(name, safe='')}"

    def featured_tag(self, username: str, name: str) -> str:
        """A hashtag as one account features it."""
        return f"{self.base}/@{username}/tagged/{quote(name, safe='')}"

    def collection(self, account_id: int, collection_id: int) -> str:
        """A local collection: its page, and its lasting identifier."""
        return f"{self.account_uri(account_id)}/collections/{collection_id}"

    def media(self, path: str) -> str:
        """A stored file; ``path`` is relative to the media folder."""
        return f"{self.base}/system/{path}"

    def avatar(self, path: str) -> str:
        """An avatar, or the one that everybody has at first (trap 29)."""
        return self.media(path) if path else f"{self.base}/avatars/original/missing.png"

    def header(self, path: str) -> str:
        """A header image, or the one that everybody has at first (trap 29)."""
        return self.media(path) if path else f"{self.base}/headers/original/missing.png"
