"""How much of everything is measured: said in one place, as all of it shares ten minutes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """What figures are made from."""

    #: Starts of the server, and runs of pushes.
    tries: int = 3
    #: Of a case and the static answer in turn; and seconds of each, and of warming up.
    rounds: int = 8
    seconds: float = 0.25
    static: float = 0.15
    warm: float = 0.4
    #: Of writing, and seconds of each.
    writes: int = 4
    writing: float = 1.5
    #: Seconds at most until every account has had its page once.
    everybody: float = 15.0
    #: The same while others write.
    meanwhile: float = 5.0
    #: Of all sizes in turn, and of streams; and how often each thing is asked for at a size. On
    #: SQLite the log goes into the file once in some thousand favourites.
    turns: int = 4
    pages: int = 400
    unreads: int = 800
    favourites: int = 1200
    #: Who follow one person; statuses that mention fifty; and the seconds in which others read.
    followers: int = 100_000
    mentions: int = 60
    reading: float = 4.0
    #: Who hear one stream; who are only there; what is said; and favourites that somebody awaits.
    listeners: int = 1000
    idle: int = 2000
    statuses: int = 40
    awaited: int = 300
    #: Of one run.
    pushes: int = 4000


#: Just enough to see that it runs.
QUICK = Effort(
    tries=1,
    rounds=2, seconds=0.05, static=0.05, warm=0.05,
    writes=2, writing=0.2, everybody=1.0, meanwhile=0.1,
    turns=2, pages=20, unreads=20, favourites=20,
    followers=300, mentions=2, reading=0.2,
    listeners=20, idle=20, statuses=3, awaited=5,
    pushes=40,
)  # fmt: skip
