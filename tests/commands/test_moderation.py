"""What the operator does to accounts on the command line is kept and told."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stentor.cli import cli


def run(data: Path, *words: str) -> Result:
    """One command on a data folder."""
    return CliRunner().invoke(cli, [*words, "--data", str(data)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one account, ann."""
    made = run(
        tmp_path, "account", "create", "ann", "--email", "ann@example.org",
        "--password", "correct horse battery",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return tmp_path


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """What is in the database."""
    [path] = data.glob("*.db")
    with sqlite3.connect(path) as db:
        return db.execute(sql).fetchall()


STRIKES = "SELECT action, text, account_id FROM account_warnings"
TOLD = """
    SELECT n.type, w.action FROM notifications n JOIN account_warnings w ON w.id = n.activity_id
"""


@pytest.mark.parametrize(
    ("command", "action", "told"),
    [
        ("warn", "none", True),
        ("limit", "silence", True),
        ("disable", "disable", True),
        ("suspend", "suspend", False),
    ],
)
def test_an_action_is_kept_and_told_to_who_can_read_it(
    data: Path, command: str, action: str, told: bool
) -> None:
    done = run(data, "account", command, "ann", "--text", "Please be kind.")
    assert (done.exit_code, done.output) == (0, "")
    assert rows(data, STRIKES) == [(action, "Please be kind.", None)]
    assert rows(data, TOLD) == ([("moderation_warning", action)] if told else [])


def test_a_warning_needs_words_and_the_others_do_not(data: Path) -> None:
    assert run(data, "account", "warn", "ann").exit_code == 2
    assert run(data, "account", "limit", "ann").exit_code == 0
    assert rows(data, STRIKES) == [("silence", "", None)]


def test_a_text_that_is_too_long_and_an_unknown_name_are_told_to_the_operator(data: Path) -> None:
    long = run(data, "account", "warn", "ann", "--text", "x" * 10_001)
    nobody = run(data, "account", "warn", "nobody", "--text", "x")
    assert (long.exit_code, nobody.exit_code) == (1, 1)
    assert rows(data, STRIKES) == []


def test_an_annual_report_is_told_once_a_year(data: Path) -> None:
    assert run(data, "annual-report", "ann", "2025").exit_code == 0
    again = run(data, "annual-report", "ann", "2025")
    assert (again.exit_code, "already" in again.output) == (1, True)
    assert run(data, "annual-report", "ann", "soon").exit_code == 2
    assert rows(data, "SELECT type FROM notifications") == [("annual_report",)]
