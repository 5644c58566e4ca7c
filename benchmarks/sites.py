"""The databases of a run: on each engine one for every size, all there before anything is measured.

The smallest are made, that of the seed is copied from the cache, larger ones are copies of its
community side by side (`benchmarks.copies`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from benchmarks import community, copies, postgres, seed
from benchmarks.community import Community
from benchmarks.seed import Site

#: Of everybody in a small community: enough for a page.
EACH = 50

Sites = dict[int, Site]


@contextmanager
def ready(
    engines: Sequence[str], base: tuple[int, int], sizes: Sequence[int]
) -> Iterator[dict[str, Sites]]:
    """Sites by engine and size; ``base`` is how many notifications and people the seed has.

    Sizes above the seed's are multiples of it.
    """
    makers = {"sqlite": _sqlite, "postgres": _postgres}
    if not all(seed.is_kept(engine, *base) for engine in engines):
        seed.make(*base)  # once for both
    with ExitStack() as stack:
        # Each engine keeps one core busy.
        with ThreadPoolExecutor(len(engines)) as pool:

            def enter(engine: str) -> Sites:
                made: AbstractContextManager[Sites] = makers[engine](base, sizes)
                return stack.enter_context(made)

            found = dict(zip(engines, pool.map(enter, engines), strict=True))
        seed.make.cache_clear()
        # Else whoever syncs first would wait for all that has just been copied.
        os.sync()
        yield found


def _small(size: int, base: tuple[int, int]) -> Community:
    """Fewer people, who know as many as those of the seed do: pages have as many faces."""
    return community.make(size, max(4, size // EACH), known=5 * base[1])


@contextmanager
def _sqlite(base: tuple[int, int], sizes: Sequence[int]) -> Iterator[Sites]:
    kept = seed.ready(*base)
    with tempfile.TemporaryDirectory(prefix="stentor-benchmark-") as folder:
        sites = {}
        for size in sizes:
            data = Path(folder) / str(size)
            data.mkdir()
            file = data / "stentor.db"
            if size == kept.notifications:
                shutil.copy(kept.sqlite(), file)
                made = kept
            elif size > kept.notifications:
                made = copies.sqlite(kept, file, size // kept.notifications)
            else:
                rows = _small(size, base)
                seed.fill_sqlite(file, rows)
                made = seed.keep(data, rows, file.stat().st_size)
            sites[size] = Site(f"sqlite:{file}", data, made)
        yield sites


@contextmanager
def _postgres(base: tuple[int, int], sizes: Sequence[int]) -> Iterator[Sites]:
    with (
        tempfile.TemporaryDirectory(prefix="stentor-benchmark-") as folder,
        postgres.seeded(*base) as (server, kept),
    ):
        sites = {}
        for size in sizes:
            data = Path(folder) / str(size)
            data.mkdir()
            name = f"of_{size}"
            if size == kept.notifications:
                name, made = postgres.NAME, kept
            elif size > kept.notifications:
                copied = copies.on_postgres(server, name, kept, size // kept.notifications)
                made = asyncio.run(copied)
            else:
                rows = _small(size, base)
                made = seed.keep(data, rows, asyncio.run(postgres.fill(server, name, rows)))
            sites[size] = Site(server.url(name), data, made, [server.pid])
        yield sites
