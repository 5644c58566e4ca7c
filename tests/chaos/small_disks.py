"""Small disks to fill up, for whoever runs the tests: no rights are needed.

`small_disk` mounts a tmpfs in a namespace of its own, as root or, where the kernel allows it to
everybody, in a user namespace. Where neither is possible (some containers), the server's own files
are kept from growing instead, by SQLite's file layer (`tests.chaos.tight`).
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

#: Enough for what fifty rounds write, beside a log of SQLite's that could not be written back.
MEGABYTES = 64
MODULE = "stentor"
ROOT = Path(__file__).parents[2]
#: Ways to get a mount namespace: the command, and how others get in.
NAMESPACES = (
    (["unshare", "--mount", "--propagation", "private"], ["--mount"]),
    (
        ["unshare", "--user", "--map-root-user", "--mount"],
        ["--user", "--mount", "--preserve-credentials"],
    ),
)


class Disk(Protocol):
    """Somewhere to keep a server's folder, with little room."""

    #: The folder as the server names it, and as we do.
    inside: Path
    outside: Path
    #: What a command line begins with, to see the folder; and what `python -m` serves there.
    prefix: Sequence[str]
    module: str

    def fill(self) -> None:
        """Takes all the room there is."""

    def free(self) -> None:
        """Gives it back."""


class Tmpfs:
    """A mounted disk, which is gone when its keeper is."""

    module = MODULE

    def __init__(self, folder: Path, keeper: int, entry: list[str]) -> None:
        self.inside = folder
        self.outside = Path(f"/proc/{keeper}/root{folder}")
        # Whoever enters is at the root of the disks, where there are no tests.
        self.prefix = ["nsenter", f"--wd={ROOT}", "--target", str(keeper), *entry, "--"]
        self._ballast = self.outside / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as ballast:
            size = 1 << 20
            while size:
                try:
                    ballast.write(bytes(size))
                except OSError as problem:
                    if problem.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def free(self) -> None:
        self._ballast.unlink()


class Tight:
    """A folder whose database cannot grow for a while."""

    module = "tests.chaos.tight"
    prefix = ()

    def __init__(self, folder: Path) -> None:
        self.inside = self.outside = folder
        self._sign = folder / "data" / "full"

    def fill(self) -> None:
        self._sign.touch()

    def free(self) -> None:
        self._sign.unlink()


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Disk | None]:
    """A small disk mounted there; None if that is not possible here."""
    mount = f'mount -t tmpfs -o size={MEGABYTES}m,mode=700 tmpfs "$0" && echo mounted && exec cat'
    for way, entry in NAMESPACES:
        if shutil.which(way[0]) is None or shutil.which("nsenter") is None:
            continue
        with subprocess.Popen(
            [*way, "sh", "-c", mount, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as keeper:  # fmt: skip
            assert keeper.stdout
            if keeper.stdout.readline():
                yield Tmpfs(folder, keeper.pid, entry)
                keeper.communicate()
                return
    yield None


@contextlib.contextmanager
def small_disk(folder: Path, *, tight: bool = False) -> Iterator[Disk]:
    """The best small disk that can be had here, or the one that needs nothing."""
    folder.mkdir()
    if tight:
        yield Tight(folder)
        return
    with mounted(folder) as disk:
        yield disk or Tight(folder)
