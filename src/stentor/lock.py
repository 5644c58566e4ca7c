"""One server for a data folder: a lock that the kernel lets go of when the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another server holds the data folder; the text says which process."""


class Lock:
    """A held lock; `release` lets go. Operator's commands never take it."""

    def __init__(self, folder: Path) -> None:
        """Takes it at once. Raises AlreadyRunning, or OSError if the folder cannot be used."""
        file = folder / "stentor.lock"
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            holder = os.read(self._handle, 20).decode("ascii", "replace").partition("\n")[0]
            os.close(self._handle)
            who = f" (process {holder})" if holder else ""
            raise AlreadyRunning(f"another server{who} is using the folder {folder}") from problem
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def note(self, address: str) -> None:
        """Writes down where the server is, for the operator's commands (`find_address`)."""
        os.write(self._handle, f"{address}\n".encode())

    def release(self) -> None:
        """Lets go; the file stays, so that nobody locks a name that is gone."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def find_address(folder: Path) -> str | None:
    """Where the server is that holds the folder now, as it noted; None if there is none."""
    try:
        handle = os.open(folder / "stentor.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        lines = os.read(handle, 400).decode("utf-8", "replace").splitlines()
        return lines[1] if len(lines) > 1 else None
    else:
        return None
    finally:
        os.close(handle)
