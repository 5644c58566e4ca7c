"""Numbered SQL files, applied in order, each once (``NNNN_name.sql``).

A pair ``NNNN_name.sqlite.sql`` / ``NNNN_name.postgres.sql`` only where the engines must differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from stentor.store import dialect

_NAME = re.compile(r"(\d{4}_[a-z0-9_]+)(?:\.(sqlite|postgres))?\.sql\Z")

_QUOTE = re.compile(r"\$[a-z]*\$")

LEDGER = "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, in one engine's words."""

    name: str
    statements: tuple[str, ...]


def load(engine: str) -> list[Migration]:
    """All migrations for ``sqlite`` or ``postgres``, in order."""
    translate = (
        dialect.migration_for_sqlite if engine == "sqlite" else dialect.migration_for_postgres
    )
    found = []
    for entry in files(__name__).iterdir():
        match = _NAME.match(entry.name)
        if match and match.group(2) in (None, engine):
            text = re.sub(r"--[^\n]*", "", translate(entry.read_text(encoding="utf-8")))
            found.append(Migration(match.group(1), tuple(_statements(text))))
    return sorted(found, key=lambda migration: migration.name)


def _statements(text: str) -> Iterator[str]:
    """Each ends with a semicolon at the end of a line, but not within $quotes$."""
    begun = ""
    for part in text.split(";\n"):
        begun += part
        if any(begun.count(one) % 2 for one in set(_QUOTE.findall(begun))):
            begun += ";\n"
            continue
        if begun.strip():
            yield begun.strip()
        begun = ""
