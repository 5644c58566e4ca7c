"""What an operator types, without a server: what is printed, and how it ends."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from stentor.cli import COMMANDS, cli
from stentor.lock import Lock
from stentor.store.access_tokens import find
from stentor.store.database import open_database
from tests.servers import wait_for


class Shell:
    """Types commands at one database, in this process."""

    def __init__(self, data: Path, url: str) -> None:
        self.data = data
        self.url = url

    def __call__(self, *words: str, stdin: str = "") -> Result:
        places = ["--data", str(self.data)] + (["--database-url", self.url] if self.url else [])
        return CliRunner().invoke(cli, [*words, *places], input=stdin)

    def ok(self, *words: str, stdin: str = "") -> str:
        done = self(*words, stdin=stdin)
        assert (done.exit_code, done.stderr) == (0, "")
        return done.stdout

    def value(self, sql: str, *values: object) -> object:
        async def ask() -> object:
            db = await open_database(self.url or f"sqlite:{self.data / 'stentor.db'}")
            try:
                return await db.fetch_value(sql, *values)
            finally:
                await db.close()

        return wait_for(ask())


@pytest.fixture
def shell(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    url = request.getfixturevalue("postgres_url") if engine == "postgres" else ""
    return Shell(tmp_path / "data", url)


CREATE = ("account", "create", "alice", "--email", "alice@example.org")
PASSWORD = "correct horse battery"


def test_an_account_is_one_json_object(shell: Shell):
    out = shell.ok(*CREATE, "--password", PASSWORD, "--role", "owner", "--locked")
    assert out.count("\n") == 1
    made = json.loads(out)
    assert made == {
        "id": made["id"], "username": "alice", "acct": "alice", "email": "alice@example.org",
        "role": "owner", "locked": True, "bot": False, "url": "http://localhost:3000/@alice",
        "created_at": made["created_at"],
    }  # fmt: skip
    assert shell.value("SELECT role_id FROM accounts WHERE id = $1", int(made["id"])) == 3


def test_an_account_can_be_as_old_as_one_likes(shell: Shell):
    at = "2024-02-29T12:00:00.000Z"
    made = json.loads(shell.ok(*CREATE, "--password", PASSWORD, "--bot", "--created-at", at))
    assert (made["created_at"], made["bot"]) == (at, True)


@pytest.mark.parametrize("at", ["yesterday", "2024-02-30", "2999-01-01T00:00:00Z", ""])
def test_an_account_cannot_be_from_no_time_or_the_future(shell: Shell, at: str):
    done = shell(*CREATE, "--password", PASSWORD, "--created-at", at)
    assert done.exit_code == 2
    assert "--created-at" in done.stderr
    assert done.stdout == ""


def test_the_password_is_read_from_standard_input_and_stays_out_of_the_arguments(shell: Shell):
    shell.ok(*CREATE, stdin=f"{PASSWORD}\n")
    assert shell.value("SELECT password_hash FROM users").startswith("$argon2id$")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("alice", "--email", "no-address", "--password", PASSWORD), "E-mail address is invalid"),
        (("a b", "--email", "a@example.org", "--password", PASSWORD), "Username must contain only"),
        (("alice", "--email", "a@example.org", "--password", "short"), "Password is too short"),
        (("alice", "--email", "a@example.org"), "Password can't be blank"),
    ],
)
def test_a_bad_account_is_refused_in_one_line(shell: Shell, words: tuple[str, ...], said: str):
    done = shell("account", "create", *words)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("stentor: Validation failed: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_name_is_taken_once(shell: Shell):
    shell.ok(*CREATE, "--password", PASSWORD)
    done = shell("account", "create", "ALICE", "--email", "b@example.org", "--password", PASSWORD)
    assert (done.exit_code, done.stderr) == (
        1,
        "stentor: Validation failed: Username has already been taken\n",
    )


@pytest.mark.parametrize(
    ("do", "undo", "table", "column", "mark"),
    [
        ("limit", "unlimit", "accounts", "silenced_at", "time"),
        ("suspend", "unsuspend", "accounts", "suspended_at", "time"),
        ("disable", "enable", "users", "disabled", "flag"),
    ],
)
def test_what_is_done_to_an_account_can_be_taken_back(
    shell: Shell, do: str, undo: str, table: str, column: str, mark: str
):
    shell.ok(*CREATE, "--password", PASSWORD)
    ask = f"SELECT {column} FROM {table}"
    shell.ok("account", do, "alice")
    assert shell.value(ask) if mark == "flag" else isinstance(shell.value(ask), int)
    shell.ok("account", do, "@Alice")  # again, in any spelling
    shell.ok("account", undo, "alice")
    assert not shell.value(ask)


def test_a_deleted_account_is_gone(shell: Shell):
    shell.ok(*CREATE, "--password", PASSWORD)
    shell.ok("account", "delete", "alice", "--yes")
    assert shell.value("SELECT COUNT(*) FROM accounts WHERE username = 'alice'") == 0


@pytest.mark.parametrize("verb", ["limit", "suspend", "disable", "enable", "delete"])
def test_nobody_is_nobody(shell: Shell, verb: str):
    done = shell("account", verb, "nobody")
    assert (done.exit_code, done.stderr) == (1, "stentor: there is no account nobody\n")


def test_a_token_is_printed_alone_and_holds_its_scopes(shell: Shell):
    shell.ok(*CREATE, "--password", PASSWORD)
    secret = shell.ok("token", "create", "alice", "--scopes", "read write:statuses read").strip()
    assert len(secret) == 43

    async def scopes() -> str:
        db = await open_database(shell.url or f"sqlite:{shell.data / 'stentor.db'}")
        try:
            found = await find(db, secret)
            assert found is not None
            return found.scopes
        finally:
            await db.close()

    assert wait_for(scopes()) == "read write:statuses"
    assert len(shell.ok("token", "create", "Alice").strip()) == 43


def test_a_token_of_nobody_or_for_nothing_is_refused(shell: Shell):
    done = shell("token", "create", "nobody")
    assert (done.exit_code, done.stdout) == (1, "")
    shell.ok(*CREATE, "--password", PASSWORD)
    for scopes in ("reed", ""):
        done = shell("token", "create", "alice", "--scopes", scopes)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "--scopes" in done.stderr


def test_a_folder_that_a_command_makes_is_for_its_owner_alone(shell: Shell):
    shell.ok("migrate")
    if not shell.url:
        assert stat.S_IMODE(shell.data.stat().st_mode) == 0o700


def test_migrate_says_what_it_did_and_then_that_there_is_nothing_to_do(shell: Shell):
    first = shell.ok("migrate").split()
    assert first[0] == "0001_accounts"
    assert shell.ok("migrate") == "nothing to do\n"


def test_an_older_schema_is_left_to_the_operator(shell: Shell):
    shell.ok("migrate")

    async def forget() -> None:
        db = await open_database(shell.url or f"sqlite:{shell.data / 'stentor.db'}")
        async with db.transaction() as tx:
            await tx.run("DELETE FROM migrations WHERE name = '0001_accounts'")
        await db.close()

    wait_for(forget())
    done = shell(*CREATE, "--password", PASSWORD)
    assert done.exit_code == 78
    assert "stentor migrate" in done.stderr


def test_check_looks_at_everything_in_one_line_each(shell: Shell):
    lines = shell.ok("check").split("\n")
    assert [line.split(":")[0] for line in lines[:4]] == [
        "ok    settings", "ok    disk", "ok    database", "ok    keys",
    ]  # fmt: skip
    shell.ok("migrate")
    shell.ok("keys", "create") if not shell.url else None
    assert "schema up to date" in shell.ok("check")


# --- Where the database does not matter ----------------------------------------------------------


def test_check_fails_for_a_database_that_is_not_there(tmp_path: Path):
    url = "postgresql://me:hunter2@127.0.0.1:1/stentor"
    done = Shell(tmp_path, url)("check")
    assert done.exit_code == 70
    assert "FAIL  database:" in done.stdout
    assert "hunter2" not in done.output


def test_check_fails_for_keys_that_others_can_read(tmp_path: Path):
    shell = Shell(tmp_path, "")
    runner = CliRunner()
    made = runner.invoke(cli, ["keys", "create", "--data", str(tmp_path)])
    assert made.exit_code == 0
    (tmp_path / "keys.json").chmod(0o644)
    done = shell("check")
    assert done.exit_code == 78
    assert "FAIL  keys:" in done.stdout


def test_check_makes_nothing(tmp_path: Path):
    Shell(tmp_path / "new", "")("check")
    assert list((tmp_path / "new").glob("*")) == []


def test_check_misses_the_keys_of_a_server_that_somebody_lives_on(shell: Shell):
    shell.ok(*CREATE, "--password", PASSWORD)
    (shell.data / "keys.json").unlink(missing_ok=True)
    done = shell("check")
    assert done.exit_code == 78
    assert "keys.json is missing" in done.stdout


def test_settings_are_printed_with_their_origin_and_without_secrets(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("STENTOR_DATABASE_URL", "postgresql://me:hunter2@db/stentor")
    file = tmp_path / "stentor.toml"
    file.write_text("port = 8080\n")
    done = CliRunner().invoke(cli, ["settings", "--config", str(file)])
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "hunter2" not in done.output
    assert lines["database_url"].endswith("environment STENTOR_DATABASE_URL")
    assert lines["port"].split(None, 2)[1:] == ["8080", f"file {file}"]
    assert lines["title"].endswith("default")


def every_command(group: click.Group, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


def test_every_command_teaches():
    found = list(every_command(cli))
    assert {path[0] for path, _ in found} == set(COMMANDS)
    for path, command in found:
        done = CliRunner().invoke(cli, [*path, "--help"])
        assert done.exit_code == 0, path
        assert command.help, path


def test_every_command_is_in_the_operators_documentation():
    docs = Path(__file__).parents[1] / "docs" / "operate"
    text = "\n".join(page.read_text() for page in docs.glob("*.md"))
    missing = [
        path
        for path, command in every_command(cli)
        if not isinstance(command, click.Group) and f"stentor {' '.join(path)}" not in text
    ]
    assert missing == []


def test_an_unknown_command_is_a_mistake_of_usage():
    assert CliRunner().invoke(cli, ["fly"]).exit_code == 2


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(cli, ["migrate", "--data", str(tmp_path / "file" / "below")])
    assert done.exit_code == 70
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS), ("account", "create")])
def test_help_leaves_examples_as_they_are(words: tuple[str, ...]):
    shown = CliRunner().invoke(cli, [*words, "--help"]).stdout
    assert "\\b" not in shown
    assert "\b" not in shown
    examples = shown.partition("Examples:\n")[2].partition("\n\n")[0]
    for line in examples.splitlines():
        assert line.startswith("    "), line
        assert "stentor " in line or "curl " in line, line


def test_settings_tell_of_a_database_that_is_named_here(shell: Shell):
    out = shell.ok("settings")
    assert f"{shell.data}" in out
    assert "command line" in out


def test_an_account_is_where_the_running_server_is(shell: Shell):
    shell.data.mkdir()
    lock = Lock(shell.data)
    lock.note("https://other.example:8080")
    try:
        made = json.loads(shell.ok(*CREATE, "--password", PASSWORD))
    finally:
        lock.release()
    assert made["url"] == "https://other.example:8080/@alice"
    later = shell.ok("account", "create", "bob", "--email", "b@example.org", "--password", PASSWORD)
    assert json.loads(later)["url"] == "http://localhost:3000/@bob"
