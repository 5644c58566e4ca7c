"""Admin::DomainBlock: a domain that the server keeps away."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from stentor.domain import times
from stentor.domain.admin_domain_blocks import DomainBlock as DomainBlockRow


class DomainBlock(Struct, gc=False):
    """``digest`` is the SHA-256 of the domain, by which lists are compared."""

    id: str
    domain: str
    digest: str
    created_at: str
    severity: str
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool


def render(block: DomainBlockRow) -> DomainBlock:
    """For staff."""
    return DomainBlock(
        str(block.id),
        block.domain,
        hashlib.sha256(block.domain.encode()).hexdigest(),
        times.iso(block.created_at),
        block.severity,
        bool(block.reject_media),
        bool(block.reject_reports),
        block.private_comment,
        block.public_comment,
        bool(block.obfuscate),
    )
