"""docs/develop/life-of-an-event.md is true: what it names exists, and happens in its order."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

from stentor.streaming.bus import LocalBus, News
from tests.factories import Person, make_account, make_status
from tests.helpers import Answer, Client

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "stentor"
PAGE = (ROOT / "docs" / "develop" / "life-of-an-event.md").read_text()
#: Downwards only; rooms at the same height do not know each other.
HEIGHTS = {"api": 5, "actions": 4, "streaming": 3, "push": 3, "mail": 3, "store": 2, "entities": 2,
           "domain": 1}  # fmt: skip
ROOMS = "|".join(HEIGHTS)


class Call(NamedTuple):
    """A function of ours that was entered: `room/module.function`, and by which of ours."""

    name: str
    caller: str

    @property
    def room(self) -> str:
        """The room it is in."""
        return self.name.partition("/")[0]


def routes() -> list[list[str]]:
    """The lists of functions on the page, in their order: the writing, the reading."""
    return [
        block.split() for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    ]


def named() -> set[str]:
    """`room/module` and `room/module.function` as the text and the lists name them."""
    return set(re.findall(rf"(?<![/\w])((?:{ROOMS})/\w+(?:\.\w+)?)", PAGE))


def functions(module: Path) -> set[str]:
    """Whatever is defined in a module, its methods and nested functions included."""
    tree = ast.parse(module.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_everything_that_the_page_names_exists() -> None:
    missing = []
    for name in sorted(named()):
        path, _, function = name.partition(".")
        module = SOURCE / f"{path}.py"
        if not module.is_file() or (function and function not in functions(module)):
            missing.append(name)
    assert missing == []


def test_the_page_tells_two_routes_through_every_room_that_is_on_the_way() -> None:
    writing, reading = routes()
    on_the_way = {"api", "actions", "streaming", "store", "entities", "domain"}
    assert {one.partition("/")[0] for one in writing} == on_the_way
    assert {one.partition("/")[0] for one in reading} == on_the_way - {"actions", "streaming"}


def place(frame: FrameType | None) -> str | None:
    """`room/module.function` of a frame, if it is one of ours."""
    if frame is None or not frame.f_code.co_filename.startswith(f"{SOURCE}/"):
        return None
    path = Path(frame.f_code.co_filename).relative_to(SOURCE).with_suffix("")
    return f"{path.as_posix()}.{frame.f_code.co_name}"


@contextmanager
def watched() -> Iterator[list[Call]]:
    """Every function of ours that is entered for the first time inside, in this order."""
    calls: list[Call] = []
    seen: set[str] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        name = place(frame) if event == "call" else None
        if name is None or name in seen:
            return
        seen.add(name)
        caller = frame.f_back
        while caller is not None and place(caller) is None:
            caller = caller.f_back
        calls.append(Call(name, place(caller) or ""))

    sys.setprofile(watch)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def out_of_order(route: list[str], calls: list[Call]) -> list[str]:
    """Steps of a route that were not taken, or not after the step before."""
    names = [one.name for one in calls]
    at = [names.index(step) if step in names else -1 for step in route]
    return [
        step
        for number, step in enumerate(route)
        if at[number] < 0 or (number and at[number] < at[number - 1])
    ]


def upwards(calls: list[Call]) -> list[str]:
    """Calls from one room into one above it, or beside it."""
    found = []
    for call in calls:
        room = call.caller.partition("/")[0]
        # What was put down for after the commit is called by whoever commits; and a generator
        # or a lambda that was handed down is called by whoever it was handed to.
        if call.name == "streaming/bus.publish" or "<" in call.name:
            continue
        known = call.room in HEIGHTS and room in HEIGHTS and call.room != room
        if known and HEIGHTS[call.room] >= HEIGHTS[room]:
            found.append(f"{call.caller} -> {call.name}")
    return found


@pytest.fixture
def bus() -> Any:
    """The bus of a server of one process."""
    return LocalBus()


@pytest.fixture
async def lives(client: Client) -> tuple[list[Call], list[Call], list[News]]:
    """What was entered by a favourite and by reading of it, and what was said."""
    ann, bob = await make_account(client.db, "ann"), await make_account(client.db, "bob")
    status_id = await make_status(client.db, ann.id)
    said: list[News] = []
    client.services.bus.listen(said.append)  # type: ignore[attr-defined]  # it is a LocalBus

    async def go(method: str, path: str, by: Person) -> tuple[Answer, list[Call]]:
        with watched() as calls:
            answer = await client.request(method, path, by)
        assert answer.status == 200, answer
        return answer, calls

    _, writing = await go("POST", f"/api/v1/statuses/{status_id}/favourite", bob)
    answer, reading = await go("GET", "/api/v1/notifications", ann)
    assert [one["type"] for one in answer.json] == ["favourite"]
    return writing, reading, said


async def test_a_favourite_goes_through_the_rooms_as_the_page_tells(lives: Any) -> None:
    writing, _, said = lives
    assert out_of_order(routes()[0], writing) == []
    assert [news.kind for news in said] == ["notification"]
    names = [one.name for one in writing]
    # Nothing is put into words before the commit: only ids go over the bus.
    before = names[: names.index("streaming/bus.publish")]
    assert [one for one in before if one.startswith("entities/")] == []
    assert [one for one in before if one.startswith(("push/", "mail/"))] == []


async def test_a_page_goes_through_the_rooms_as_the_page_tells(lives: Any) -> None:
    _, reading, said = lives
    assert out_of_order(routes()[1], reading) == []
    assert len(said) == 1
    rooms = [one.room for one in reading]
    assert "streaming" not in rooms
    # Loaded first, then put into words: no room asks an earlier one for more.
    names = [one.name for one in reading]
    after = names[names.index("entities/notifications.render_page") :]
    assert [one for one in after if one.startswith("store/")] == []


async def test_every_call_goes_down_the_ladder(lives: Any) -> None:
    writing, reading, _ = lives
    assert upwards(writing) == []
    assert upwards(reading) == []


def test_a_control_that_these_checks_can_see() -> None:
    calls = [Call("api/a.b", ""), Call("domain/c.d", "api/a.b"), Call("store/e.f", "domain/c.d")]
    assert out_of_order(["api/a.b", "store/e.f"], calls) == []
    assert out_of_order(["store/e.f", "api/a.b"], calls) == ["api/a.b"]
    assert out_of_order(["api/a.b", "store/none"], calls) == ["store/none"]
    assert upwards(calls) == ["domain/c.d -> store/e.f"]
