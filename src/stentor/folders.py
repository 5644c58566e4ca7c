"""Folders, and names in them, that a power cut leaves as they are."""

from __future__ import annotations

import os
from pathlib import Path


def make(folder: Path, *, mode: int = 0o777) -> None:
    """Makes it with all that is missing above it; no harm if it is there. Raises OSError.

    When this returns the disk has what it has made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for made in missing:
        sync(made.parent)


def sync(folder: Path) -> None:
    """The disk has the names in it as they are now when this returns. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
