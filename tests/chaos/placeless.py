"""The control of the kill runs for streams: a server that does not look at ``Last-Event-ID``.

`python -m tests.chaos.placeless` is `stentor` with that one change. Whoever comes back is told
what happens from then on, and the runs must notice that something is missing.
"""

from stentor.cli import main
from stentor.streaming import sse

sse.place = lambda text: None  # type: ignore[assignment]  # noqa: ARG005 - the signature stays

if __name__ == "__main__":
    main()
