"""Quote as JSON, as one viewer sees it (surroundings C5)."""

from __future__ import annotations

from msgspec import Raw, Struct

from stentor.domain.quotes import WITH_STATUS
from stentor.entities.accounts import encoder


class Quote(Struct, gc=False):
    """What a status quotes."""

    state: str
    quoted_status: Raw | None


class ShallowQuote(Struct, gc=False):
    """What a status quotes that is quoted itself."""

    state: str
    quoted_status_id: str | None


def encoded(state: str, quoted: Raw | None) -> bytes:
    """Quote; whatever is handed over, nothing is shown that the state does not allow."""
    return encoder.encode(Quote(state, quoted if state in WITH_STATUS else None))


def encoded_shallow(state: str, quoted_status_id: int | None) -> bytes:
    """ShallowQuote; the id only where the status itself would be shown."""
    shown = str(quoted_status_id) if state in WITH_STATUS else None
    return encoder.encode(ShallowQuote(state, shown))
