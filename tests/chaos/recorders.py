"""A layer under SQLite that notes everything it does to the files of a folder.

It lies over the operating system's own layer and really writes and syncs, so what runs above it is
what always runs. The shared memory beside the log (`-shm`) is not noted: SQLite makes it anew.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from tests.chaos.disks import Disk, Event, FolderSynced, Made, Removed, Resized, Synced, Written

_BASE = "unix"
#: The system call by which SQLite opens a folder, which it does only to sync it.
_OPEN_FOLDER = "openDirectory"
_OPENS_FOLDER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))


class Log:
    """What was done to a folder since its disk was as it is given."""

    def __init__(self, disk: Disk) -> None:
        self.events: list[Event] = []
        self._names = disk.names()
        self._numbers = itertools.count(disk.next_file())

    @property
    def position(self) -> int:
        """How much has happened so far."""
        return len(self.events)

    def opened(self, name: str) -> int:
        """The file of that name, which is new if there is none."""
        if name not in self._names:
            self._names[name] = next(self._numbers)
            self.events.append(Made(name, self._names[name]))
        return self._names[name]

    def removed(self, name: str) -> None:
        """The name is gone, if there was one."""
        if self._names.pop(name, None) is not None:
            self.events.append(Removed(name))


class RecordedFile(apsw.VFSFile):
    """A file whose changes are noted."""

    def __init__(self, log: Log, name: apsw.URIFilename | str, flags: list[int]) -> None:
        super().__init__(_BASE, name, flags)
        self._log = log
        self._file = log.opened(_path(name).name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._log.events.append(Written(self._file, offset, data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        super().xTruncate(newsize)
        self._log.events.append(Resized(self._file, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        # Noted before: it may sync the folder too, which it does last.
        self._log.events.append(Synced(self._file))
        super().xSync(flags)


class Recorder(apsw.VFS):
    """The layer; `follow` says which folders are looked at."""

    def __init__(self) -> None:
        super().__init__("recorder", _BASE, makedefault=True)
        self._logs: dict[Path, Log] = {}
        self._opens_folder = _OPENS_FOLDER(self.xGetSystemCall(_OPEN_FOLDER))
        self._noticed = _OPENS_FOLDER(self._folder_opened)  # kept: SQLite has only its address
        self.xSetSystemCall(_OPEN_FOLDER, ctypes.cast(self._noticed, ctypes.c_void_p).value or 0)

    def end(self) -> None:
        """Everything is as it was before; no file may be open."""
        self.xSetSystemCall(_OPEN_FOLDER, 0)
        self.unregister()

    def follow(self, folder: Path, disk: Disk) -> Log:
        """Makes the folder, as the disk has it, and notes from now on what is done there."""
        lay_out(folder, disk.read())
        log = self._logs[folder.resolve()] = Log(disk)
        return log

    def leave(self, folder: Path) -> None:
        """Notes no more of what is done there."""
        del self._logs[folder.resolve()]

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        log = self._logs.get(_path(name).parent) if name else None
        return RecordedFile(log, name, flags) if log else apsw.VFSFile(_BASE, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's
        # Noted before: it may sync the folder afterwards.
        if log := self._logs.get(Path(filename).parent):
            log.removed(Path(filename).name)
        super().xDelete(filename, syncdir)

    def _folder_opened(self, path: bytes, handle: Any) -> int:
        # SQLite gives the path of a file in it, and syncs what it gets.
        result = int(self._opens_folder(path, handle))
        if result == 0 and (log := self._logs.get(Path(path.decode()).parent)):
            log.events.append(FolderSynced())
        return result


def lay_out(folder: Path, content: Mapping[str, bytes]) -> None:
    """Makes a folder with these files."""
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)


def _path(name: apsw.URIFilename | str) -> Path:
    return Path(name.filename() if isinstance(name, apsw.URIFilename) else name)


@contextmanager
def recorder() -> Iterator[Recorder]:
    """The layer under all databases that are opened inside."""
    layer = Recorder()
    try:
        yield layer
    finally:
        layer.end()
