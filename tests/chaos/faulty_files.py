"""A layer under SQLite whose files refuse to be written or synced when they are told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

_BASE = "unix"

#: Is called before a file is written (up to which byte) or synced (0). SQLite hears what it raises.
Before = Callable[["FaultyFile", int], None]


class FaultyFile(apsw.VFSFile):
    """One of a database's files. What a sync that fails should have brought to the disk is lost."""

    def __init__(self, name: Any, flags: list[int], before: Before) -> None:
        super().__init__(_BASE, name, flags)
        self.path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        self._before = before
        self._unsynced: list[tuple[int, bytes]] = []

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._before(self, offset + len(data))
        old = b"" if offset >= self.xFileSize() else self.xRead(len(data), offset)
        self._unsynced.append((offset, old.ljust(len(data), b"\0")))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        try:
            self._before(self, 0)
        except apsw.Error:
            while self._unsynced:
                offset, old = self._unsynced.pop()
                super().xWrite(old, offset)
            raise
        super().xSync(flags)
        self._unsynced.clear()


class FaultyFiles(apsw.VFS):
    """The layer, under every database that is opened until it is unregistered."""

    def __init__(self, before: Before) -> None:
        super().__init__("faulty", _BASE, makedefault=True)
        self._before = before

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return FaultyFile(name, flags, self._before) if name else apsw.VFSFile(_BASE, name, flags)
