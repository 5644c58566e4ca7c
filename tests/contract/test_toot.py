"""toot, unmodified, as a person types it: sign in, act, read notifications."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser
from tests.serving import PATIENCE, Served

pytestmark = pytest.mark.contract


class Toot:
    """One person's terminal."""

    def __init__(self, folder: Path, account: str) -> None:
        self.account = account
        self._environment = os.environ | {
            "XDG_CONFIG_HOME": str(folder), "HOME": str(folder), "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
        }  # fmt: skip
        self._command = [str(Path(sys.executable).with_name("toot"))]

    def __call__(self, *arguments: str) -> str:
        """Types ``toot ARGUMENTS``; what it prints. Fails if toot does."""
        done = subprocess.run(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=PATIENCE, env=self._environment,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The same, with ``--json``."""
        return json.loads(self(*arguments, "--json"))

    def login(self, base: str, email: str, password: str) -> str:
        """``toot login``: opens the address that it names in a browser, and types the code."""
        with subprocess.Popen(
            [*self._command, "login", "--instance", base],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=self._environment,
        ) as process:  # fmt: skip
            assert process.stdin
            assert process.stdout
            process.stdin.write("n\n")
            process.stdin.flush()
            url = ""
            while not url and (line := process.stdout.readline()):
                found = re.match(r"(http\S+/oauth/authorize/?\?\S+)", line)
                url = found[1] if found else ""
            code = Browser().authorise(url, email, password)
            said, _ = process.communicate(f"{code}\n", timeout=PATIENCE)
            assert process.returncode == 0, said
            return said


@pytest.fixture
def people(served: Served, tmp_path: Path) -> tuple[Toot, Toot]:
    """ann and bob, signed in."""
    signed_in = []
    for name in ("ann", "bob"):
        served.account(name)
        toot = Toot(tmp_path / name, f"{name}@{served.base.removeprefix('http://')}")
        said = toot.login(served.base, f"{name}@example.org", "correct horse battery")
        assert "Successfully logged in" in said
        signed_in.append(toot)
    return signed_in[0], signed_in[1]


def test_people_meet_and_hear_of_it(people: tuple[Toot, Toot]) -> None:
    ann, bob = people
    assert "@ann" in ann("whoami")
    posted = ann.json("post", "hello world")
    assert re.sub(r"<[^>]+>", "", posted["content"]) == "hello world"
    assert "favourited" in bob("favourite", posted["id"])
    assert "reblogged" in bob("reblog", posted["id"])
    assert "You are now following ann" in bob("follow", "ann")
    bob("post", "good morning @ann", "--reply-to", posted["id"])
    heard = [one["type"] for one in ann.json("notifications")]
    assert heard == ["mention", "follow", "reblog", "favourite"]
    assert "bob" in ann("notifications", "--mentions")
    assert "good morning" in ann("notifications")
    ann("notifications", "--clear")
    assert ann.json("notifications") == []


def test_the_rest_of_a_persons_day(people: tuple[Toot, Toot]) -> None:
    ann, bob = people
    posted = ann.json("post", "one", "--visibility", "unlisted", "--spoiler-text", "cw")
    assert (posted["visibility"], posted["spoiler_text"]) == ("unlisted", "cw")
    assert ann.json("status", posted["id"])["id"] == posted["id"]
    assert "one" in ann("thread", posted["id"])
    assert "pinned" in ann("pin", posted["id"])
    assert "bookmarked" in bob("bookmark", posted["id"])
    assert "unbookmarked" in bob("unbookmark", posted["id"])
    assert "You have muted ann" in bob("mute", "ann")
    assert "You are now blocking ann" in bob("block", "ann")
    assert "deleted" in ann("delete", posted["id"])
    assert "ann" in bob("search", "ann")
    assert "Stentor" in ann("instance")
    assert "logged out" in ann("logout", ann.account)
