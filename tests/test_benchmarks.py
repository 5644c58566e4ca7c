"""The benchmarks run, on both engines, and what they seed is what the server would have written."""

import asyncio
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import arithmetic, cases, community, copies, load, plot, report, seed
from stentor.store.access_tokens import digest
from stentor.store.database import open_database
from tests import invariants

ROOT = Path(__file__).parents[1]
LINES = [
    "page of 40, the same each time",
    "page of 40 groups, the same each time",
    "page of 40, half way down",
    "page of 40 amid the favourites of a famous status",
    "page of 40 groups, half way down",
    "page of groups amid the favourites of a famous status",
    "one notification",
    "unread_count",
    "page of 40, another account's each time, for the first time",
    "page of 40, another account's each time",
    "page of 40 groups, another account's each time, for the first time",
    "page of 40 groups, another account's each time",
    "the oldest page of 40, another account's each time, for the first time",
    "the oldest page of 40, another account's each time",
    "the oldest page of 40 groups, another account's each time, for the first time",
    "the oldest page of 40 groups, another account's each time",
    "poll that finds nothing new",
    "page of 40 that is as it was (If-None-Match)",
    "page of 40, the same each time, while others write",
    "page of 40, another account's each time, while others write",
    "page of 40 groups, another account's each time, while others write",
    "poll that finds nothing new, another account's each time, while others write",
    "favourites that became durable notifications, 32 at once",
]
#: What a peer may answer, by path, and whether it hangs up afterwards.
ANSWERS = {
    "/chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        False,
    ),
    "/closed": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\n12345678", True),
    "/rude": (b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678", True),
    "/endless": (b"HTTP/1.0 200 OK\r\n\r\n12345678", True),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stentor-benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_small_run_measures_everything_and_writes_the_table(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    readme, picture = tmp_path / "README.md", tmp_path / "growth.svg"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    text = command.main(
        ["--quick", "--engine", engine, "--notifications", "3000", "--people", "15",
         "--readme", str(readme), "--plot", str(picture)]
    )  # fmt: skip
    table, _, grown = text.partition("as it grows**")
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    assert [row[0][2:] for row in rows[1:]] == LINES
    sizes = [line.split(" | ")[0] for line in grown.splitlines() if line.startswith("| ")]
    assert sizes == ["| notifications", "| 1,000", "| 3,000", "| 15,000", "|"]
    assert text in capsys.readouterr().out
    assert readme.read_text() == f"before\n{report.BEGIN}\n{text}\n{report.END}\nafter\n"
    drawn = ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}circle")
    assert len(list(drawn)) == len(plot.PANELS) * 3


@pytest.mark.parametrize("path", ANSWERS)
async def test_whatever_a_peer_answers_is_counted(path: str):
    text, hangs_up = ANSWERS[path]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                for piece in (text[:60], text[60:]):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if hangs_up:
                    break
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        plan = {"host": "127.0.0.1", "port": port, "requests": [cases.request("GET", path)],
                "connections": 2, "seconds": 10.0, "most": 12}  # fmt: skip
        done = await load.run(plan)
    assert (done["answers"], done["bytes"], done["statuses"]) == (12, 8 * 12, {200: 12})


async def test_copies_of_a_community_are_as_right_as_itself(cache: Path):
    kept = await asyncio.to_thread(seed.ready, 12_000, 6)
    larger = copies.sqlite(kept, cache / "larger.db", 3)
    assert (larger.notifications, len(larger.people)) == (36_000, 18)
    db = await open_database(f"sqlite:{cache / 'larger.db'}")
    try:
        assert await db.fetch("PRAGMA foreign_key_check") == []
        assert await db.fetch_value("SELECT count(*) FROM notifications") == 36_000
        assert await db.fetch_value("SELECT count(*) FROM notification_group_segments") > 0
        await invariants.check(db)
        await invariants.check_activities(db)
        last = larger.people[-1]
        assert (
            await db.fetch_value(
                "SELECT account_id FROM access_tokens WHERE token_hash = $1", digest(last.token)
            )
            == last.account_id
        )
    finally:
        await db.close()


async def test_a_seed_keeps_what_the_server_itself_keeps(cache: Path):
    made = community.make(30_000, 15)
    file = cache / "stentor.db"
    cache.mkdir(parents=True)
    seed.fill_sqlite(file, made)
    db = await open_database(f"sqlite:{file}")
    try:
        assert await db.migrate() == []
        assert await db.fetch("PRAGMA foreign_key_check") == []
        assert await db.fetch_value("SELECT count(*) FROM notifications") == 30_000
        assert await db.fetch_value("SELECT count(*) FROM notification_group_segments") > 0
        await invariants.check(db)
    finally:
        await db.close()


async def test_a_seed_has_the_schema_of_a_new_database(cache: Path, tmp_path: Path):
    file = cache / "stentor.db"
    cache.mkdir(parents=True)
    seed.fill_sqlite(file, community.make(500, 5))
    filled, fresh = await open_database(f"sqlite:{file}"), await open_database(
        f"sqlite:{tmp_path / 'fresh.db'}"
    )  # fmt: skip
    try:
        await fresh.migrate()
        assert await filled.describe() == await fresh.describe()
    finally:
        await filled.close()
        await fresh.close()


async def test_a_seed_with_a_wrong_count_is_not_taken(cache: Path):
    made = community.make(2000, 10)
    table = made.tables["notification_groups"]
    at = table.columns.index("notifications_count")
    table.rows[0] = (*table.rows[0][:at], table.rows[0][at] + 1, *table.rows[0][at + 1 :])
    cache.mkdir(parents=True)
    seed.fill_sqlite(cache / "stentor.db", made)
    db = await open_database(f"sqlite:{cache / 'stentor.db'}")
    try:
        with pytest.raises(AssertionError, match="group"):
            await seed.verify(db, made)
    finally:
        await db.close()


def test_the_same_size_makes_the_same_community():
    assert community.make(1000, 8).tables == community.make(1000, 8).tables


def test_the_page_on_scaling_shows_what_the_arithmetic_says(capsys):
    said = arithmetic.main([])
    assert capsys.readouterr().out == f"{said}\n"
    page = arithmetic.PAGE.read_text().partition(report.BEGIN)[2].partition(report.END)[0]
    assert page.strip() == said, "python -m benchmarks.arithmetic --write"


def test_the_arithmetic_is_that_of_the_page():
    habits = arithmetic.Habits(
        active=0.5, notifications=10, pages=5, polls=20, days=100, peak=2, streams=0.1,
        events=0.5, busy=0.5,
    )  # fmt: skip
    costs = arithmetic.Costs(
        notifications=100, pages=50, polls=200, shown=10, events=1000, row=500, socket=2000
    )
    needs = arithmetic.Needs.of(86_400, habits, costs)
    # 43,200 people; in each second of the peak, each does a 43,200th of a day.
    assert (needs.notifications, needs.pages, needs.polls) == (10, 5, 20)
    assert (needs.streams, needs.events) == (4320, 2160)
    assert needs.cores == pytest.approx(2 * (0.1 + 0.1 + 0.1 + 0.1 + 2.16))
    assert needs.connections == 6 * 16
    assert needs.memory == 4320 * 2000
    assert needs.disk == 43_200 * 10 * 100 * 500


def test_the_readme_has_a_place_for_the_figures():
    text = (ROOT / "README.md").read_text()
    assert text.count(report.BEGIN) == text.count(report.END) == 1
