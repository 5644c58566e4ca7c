"""JSON in pieces: what is shown to many is encoded once, and joined by whoever sends it."""

from __future__ import annotations

from msgspec import Raw

#: A piece of JSON. What is remembered of accounts and statuses is Raw, and shared by answers.
Fragment = bytes | Raw
