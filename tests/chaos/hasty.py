"""The control of the crash runs: a server that answers before it has committed.

`python -m tests.chaos.hasty` is `stentor` with that one change. A kill then loses what it has
answered, and the runs must notice.
"""

import asyncio
from typing import Any

from stentor.cli import main
from stentor.store.sqlite import SqliteDatabase

commit = SqliteDatabase._commit


async def commit_later(self: SqliteDatabase, batch: Any) -> None:
    """Says that it is done, and does it a moment later."""
    promised, batch.done = batch.done, asyncio.get_running_loop().create_future()
    promised.set_result(None)
    await asyncio.sleep(0.06)  # so long that most kills fall into it
    await commit(self, batch)


SqliteDatabase._commit = commit_later  # type: ignore[method-assign]  # that is the point

if __name__ == "__main__":
    main()
