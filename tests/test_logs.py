"""The log: JSON where nobody looks, and no secret in it, whatever it is given."""

from __future__ import annotations

import errno
import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from stentor import logs

CANARY = "canary-4711-xyzzy"


@pytest.fixture
def out():
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("debug", stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)


def lines(out: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_its_time_and_level(out: io.StringIO):
    structlog.get_logger("x").info("something happened", route="/api", account_id=1)
    (line,) = lines(out)
    assert line["event"] == "something happened"
    assert (line["level"], line["route"], line["account_id"]) == ("info", "/api", 1)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "name",
    [
        "password", "new_password", "email", "client_secret", "access_token", "Authorization",
        "cookie", "vapid_key", "code", "code_verifier", "state", "p256dh", "auth", "endpoint",
        "otp", "salt", "certificate", "database_url", "sec-websocket-protocol",
    ],
)  # fmt: skip
def test_a_field_with_a_telling_name_is_hidden(out: io.StringIO, name: str):
    structlog.get_logger("x").warning("careful", **{name: CANARY})
    assert CANARY not in out.getvalue()
    assert lines(out)[0][name] == logs.HIDDEN


def test_fields_that_only_sound_secret_are_shown(out: io.StringIO):
    structlog.get_logger("x").info("fine", token_id=7, status_code=200)
    assert (lines(out)[0]["token_id"], lines(out)[0]["status_code"]) == (7, 200)


def test_credentials_within_texts_and_tracebacks_are_hidden(out: io.StringIO):
    log = structlog.get_logger("x")
    address = f"postgresql://me:{CANARY}@db/x"
    log.info(address)
    log.info("asked", header=f"Bearer {CANARY}")
    try:
        int(f"postgresql://me:{CANARY}@db/x?password={CANARY}")
    except ValueError:
        log.exception("failed")
    assert CANARY not in out.getvalue()
    assert len(lines(out)) == 3


def test_what_libraries_log_joins_in_and_is_cleaned(out: io.StringIO):
    logging.getLogger("asyncio").error("lost postgresql://me:%s@db/x", CANARY)
    logging.getLogger("uvicorn.error").info("chatter")
    (line,) = lines(out)
    assert line["level"] == "error"
    assert CANARY not in out.getvalue()


def test_a_line_of_the_log_stays_one_line(out: io.StringIO):
    structlog.get_logger("x").info("a\nb", route="x\r\ny")
    assert len(out.getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgresql://me:hunter2@db/x", "postgresql://me:[hidden]@db/x"),
        ("postgresql://me:p%40ss:word@db/x", "postgresql://me:[hidden]@db/x"),
        ("postgresql://:hunter2@db/x", "postgresql://:[hidden]@db/x"),
        ("postgresql://me@db/x", "postgresql://me@db/x"),
        ("postgresql://db/x?user=me&password=hunter2&a=b",
         "postgresql://db/x?user=me&password=[hidden]&a=b"),
        ("sqlite:/srv/x.db", "sqlite:/srv/x.db"),
        ("bearer abc.def", "bearer [hidden]"),
    ],
)  # fmt: skip
def test_the_password_of_an_address_is_never_shown(text: str, clean: str):
    assert logs.clean(text) == clean


@given(st.text(alphabet=st.characters(exclude_characters="/@:?&", exclude_categories=["Z", "C"]),
               min_size=1).map(lambda secret: f"canary{secret}"))  # fmt: skip
def test_no_password_of_a_database_gets_through(secret: str):
    assert "canary" not in logs.clean(f"postgresql://me:{secret}@db.example/x")


class Terminal(io.StringIO):
    """Somebody looks."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("make", [io.StringIO, Terminal])
def test_a_traceback_shows_no_variables(make: type[io.StringIO]):
    stream = make()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("debug", stream)
    try:
        held = CANARY
        try:
            int(f"no number {len(held)}")
        except ValueError:
            structlog.get_logger("x").exception("failed")
            logging.getLogger("library").exception("failed too")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    assert stream.getvalue().count("ValueError") >= 2
    assert CANARY not in stream.getvalue()


def test_a_program_that_has_set_up_its_own_log_keeps_it():
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    before = structlog.get_config()["processors"]
    try:
        logs.configure_if_nobody_has()
        assert structlog.get_config()["processors"] is before
    finally:
        structlog.reset_defaults()


class FullDisk(io.StringIO):
    """It takes nothing."""

    def write(self, _: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_whoever_logs_does_not_suffer_for_a_log_that_cannot_be_written(
    capfd: pytest.CaptureFixture[str],
):
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("debug", FullDisk())
    try:
        structlog.get_logger("x").warning("the database is full")
        logging.getLogger("library").warning("so it is")
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    assert capfd.readouterr() == ("", "")
