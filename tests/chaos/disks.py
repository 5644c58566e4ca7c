"""A disk and what a power cut may leave of it: pure, from a log of what was done to a folder.

What was written since the last sync of its file may be there, or not, or in some of its sectors.
A name that was given or taken since the last sync of the folder may be there or not. Nothing else
goes: the disk does not lie about syncs, and writing one sector harms none beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

SECTOR = 512


class Made(NamedTuple):
    """A new file under a name."""

    name: str
    file: int


class Removed(NamedTuple):
    """A name that is no more."""

    name: str


class Written(NamedTuple):
    """Bytes of a file."""

    file: int
    at: int
    data: bytes

    def onto(self, content: bytearray) -> None:
        """Puts them there."""
        content.extend(bytes(max(0, self.at - len(content))))
        content[self.at : self.at + len(self.data)] = self.data

    def sectors(self) -> Iterator[Written]:
        """The same, in the pieces in which a disk takes it."""
        begin, end = self.at, self.at + len(self.data)
        while begin < end:
            upto = min(end, (begin // SECTOR + 1) * SECTOR)
            yield Written(self.file, begin, self.data[begin - self.at : upto - self.at])
            begin = upto


class Resized(NamedTuple):
    """A file cut off, or filled up with zeros."""

    file: int
    size: int

    def onto(self, content: bytearray) -> None:
        """Does it."""
        del content[self.size :]
        content.extend(bytes(self.size - len(content)))

    def sectors(self) -> Iterator[Resized]:
        """It happens at once."""
        yield self


class Synced(NamedTuple):
    """All that was written to a file so far is kept."""

    file: int


class FolderSynced(NamedTuple):
    """All names are kept as they are."""


Change = Written | Resized
Event = Made | Removed | Change | Synced | FolderSynced


class Mood(NamedTuple):
    """How a cut treats a file: the shares of changes that are kept, and that are torn."""

    kept: float
    torn: float

    @classmethod
    def of(cls, luck: Random) -> Mood:
        """Extremes are as likely as mixtures: what is lost together shows most."""
        return cls(luck.choice((0.0, 0.1, 0.5, 0.9, 1.0)), luck.choice((0.0, 0.1, 0.5)))


@dataclass
class File:
    """What is kept whatever happens, and the changes since."""

    safe: bytearray = field(default_factory=bytearray)
    changes: list[Change] = field(default_factory=list)

    def read(self) -> bytearray:
        """What everybody reads as long as there is power."""
        found = bytearray(self.safe)
        for change in self.changes:
            change.onto(found)
        return found

    def sync(self) -> None:
        """From now on all of it is safe."""
        for change in self.changes:
            change.onto(self.safe)
        self.changes.clear()

    def after_cut(self, luck: Random) -> bytearray:
        """One of the contents that may be found."""
        found, mood = bytearray(self.safe), Mood.of(luck)
        for change in self.changes:
            if luck.random() < mood.torn:
                for piece in change.sectors():
                    if luck.random() < 0.5:
                        piece.onto(found)
            elif luck.random() < mood.kept:
                change.onto(found)
        return found


class Disk:
    """One folder of files, as far as a log has been followed."""

    def __init__(self, content: Mapping[str, bytes] | None = None) -> None:
        content = content or {}
        self._files = {
            number: File(bytearray(data)) for number, data in enumerate(content.values())
        }
        #: What each name may stand for: first what is safe, then every change since.
        self._names: dict[str, list[int | None]] = {
            name: [number] for number, name in enumerate(content)
        }

    def names(self) -> dict[str, int]:
        """The files that have a name now."""
        return {name: is_[-1] for name, is_ in self._names.items() if is_[-1] is not None}

    def next_file(self) -> int:
        """A number that no file has had."""
        return max(self._files, default=0) + 1

    def read(self) -> dict[str, bytes]:
        """The folder as everybody sees it as long as there is power."""
        return {name: bytes(self._files[file].read()) for name, file in self.names().items()}

    def copy(self) -> Disk:
        """One that goes its own way."""
        return copy.deepcopy(self)

    def follow(self, events: Iterable[Event]) -> None:
        """Does the same."""
        for event in events:
            match event:
                case Made(name, file):
                    self._files[file] = File()
                    self._names.setdefault(name, [None]).append(file)
                case Removed(name):
                    self._names[name].append(None)
                case Synced(file):
                    self._files[file].sync()
                case FolderSynced():
                    self._names = {name: [is_[-1]] for name, is_ in self._names.items()}
                case change:
                    self._files[change.file].changes.append(change)

    def after_cut(self, luck: Random) -> dict[str, bytes]:
        """One of the folders that may be found."""
        found = {}
        for name, may_be in self._names.items():
            file = luck.choice(may_be)
            if file is not None:
                found[name] = bytes(self._files[file].after_cut(luck))
        return found
