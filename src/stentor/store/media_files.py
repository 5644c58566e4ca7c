"""Uploaded files: kept in one folder under names of their own, never changed.

These functions wait for the disk: call them in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from pathlib import Path

from stentor import folders
from stentor.domain.pictures import Picture
from stentor.store.database import StorageProblem

# The only names there are, so that none can lead out of the folder.
_PATH = re.compile(r"(?:avatars|headers)/\d{1,20}/[0-9a-f]{64}-[0-9a-f]{8}\.([a-z]+)\Z", re.ASCII)


def save_profile_image(folder: Path, kind: str, account_id: int, data: bytes) -> str:
    """Keeps an account's avatar or header (``kind``); its path below the folder.

    Its name is that of its content and a few random bytes: a path never stands for other bytes,
    and whoever removes one cannot take it from somebody who has just kept the same picture.
    Raises ValueError for what is no picture, StorageProblem if the disk does not take it.
    """
    picture = Picture.of(data)
    if picture is None:
        raise ValueError("not a picture")
    name = f"{hashlib.sha256(data).hexdigest()}-{secrets.token_hex(4)}.{picture.value}"
    path = f"{kind}s/{account_id}/{name}"
    try:
        _write(folder / path, data)
    except OSError as problem:
        raise StorageProblem from problem
    return path


def _write(path: Path, data: bytes) -> None:
    """All of it under its name and on the disk, or nothing."""
    folders.make(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folders.sync(path.parent)


def read(folder: Path, path: str) -> tuple[bytes, str] | None:
    """A file's bytes and content type; None if there is none of that name."""
    match = _PATH.match(path)
    if match is None:
        return None
    try:
        data = (folder / path).read_bytes()
        return data, Picture(match.group(1)).content_type
    except (OSError, ValueError):
        return None


def remove(folder: Path, path: str) -> None:
    """Removes a file, if there is one of that name."""
    if _PATH.match(path):
        (folder / path).unlink(missing_ok=True)


def remove_account(folder: Path, account_id: int) -> None:
    """Removes all images of an account."""
    for kind in ("avatars", "headers"):
        below = folder / kind / str(account_id)
        if below.is_dir():
            for file in below.iterdir():
                file.unlink(missing_ok=True)
            below.rmdir()
