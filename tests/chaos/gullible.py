"""The control of the full disks: a server that takes every commit for done.

`python -m tests.chaos.gullible` is `tests.chaos.tight` with that one change. What finds no room is
then acknowledged and lost, and the runs must notice.
"""

from stentor.store import sqlite
from tests.chaos import tight

sqlite._fail = lambda batch, _=None: batch.done.set_result(None)

if __name__ == "__main__":
    tight.serve()
