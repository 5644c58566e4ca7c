"""Settings: where each comes from, what is refused, and what may be printed."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from stentor import config
from stentor.config import ConfigProblem, Settings

ROOT = Path(__file__).parents[1]
NAMES = [one.name for one in dataclasses.fields(Settings)]


def load(*, file: Path | None = None, options: dict | None = None, **environment: str):
    named = {f"STENTOR_{name.upper()}": value for name, value in environment.items()}
    return config.load(options, environment=named, file=file)


def test_without_anything_all_are_defaults():
    settings, sources = load()
    assert settings == Settings()
    assert set(sources) == set(NAMES)
    assert set(sources.values()) == {"default"}


def test_the_command_line_wins_over_the_environment_which_wins_over_the_file(tmp_path: Path):
    file = tmp_path / "stentor.toml"
    file.write_text('title = "file"\ndescription = "file"\ndomain = "file.example"\n')
    settings, sources = load(
        file=file,
        options={"title": "option", "description": None},
        title="environment",
        description="environment",
    )
    assert (settings.title, settings.description, settings.domain) == (
        "option", "environment", "file.example",
    )  # fmt: skip
    assert sources["title"] == "command line"
    assert sources["description"] == "environment STENTOR_DESCRIPTION"
    assert sources["domain"] == f"file {file}"
    assert sources["port"] == "default"


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("1", True), ("TRUE", True), ("yes", True), ("off", False), ("0", False),
     ("False", False), ("no", False), ("", False)],
)  # fmt: skip
def test_a_switch_is_turned_by_many_words(word: str, value: bool):
    assert load(rate_limits=word)[0].rate_limits is value
    assert load(password_grant=word)[0].password_grant is value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_limits", "perhaps"), ("port", "3000.5"), ("port", ""), ("port", "-1"),
        ("port", "65536"), ("scheme", "ftp"), ("registrations", "OPEN"), ("log_level", "loud"),
        ("domain", "http://example.org"), ("domain", "example.org/path"), ("domain", "a b"),
        ("domain", "example.org:port"), ("poll_min_expiration", "0"), ("data", ""),
        ("poll_min_expiration", "99999999"), ("database_url", "mysql://localhost/x"),
        ("smtp_port", "65536"), ("smtp_security", "ssl"), ("smtp_timeout", "0"),
        ("smtp_timeout", "301"), ("smtp_connections", "0"), ("smtp_connections", "21"),
        ("smtp_from", "nobody"), ("smtp_from", "A <a@b> <c@d>"), ("smtp_from", "a@b\r\nX: y"),
        ("smtp_from", "<a@b"), ("smtp_from", "a@b>"), ("smtp_from", "ä@example.org"),
        ("smtp_username", "only"), ("smtp_password", "only"), ("email_link", "javascript:x"),
        ("trusted_proxies", "127.0.0.1, proxy"), ("tls_cert", "cert.pem"), ("tls_key", "key.pem"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str):
    with pytest.raises(ConfigProblem, match=name):
        load(**{name: value})


@pytest.mark.parametrize(
    "text", ["tilte = 'x'", "port = 'many'", "port =", "[section]\nport = 1", "\x00"]
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str):
    file = tmp_path / "stentor.toml"
    file.write_text(text)
    with pytest.raises(ConfigProblem):
        load(file=file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ConfigProblem, match=r"missing\.toml: No such file"):
        load(file=tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("given", "domain", "scheme"),
    [
        ({}, "localhost:3000", "http"),
        ({"port": "8080"}, "localhost:8080", "http"),
        ({"domain": "social.example"}, "social.example", "https"),
        ({"domain": "localhost:3443"}, "localhost:3443", "http"),
        ({"domain": "me.localhost"}, "me.localhost", "http"),
        ({"domain": "127.0.0.1:80"}, "127.0.0.1:80", "http"),
        ({"domain": "[::1]:3000"}, "[::1]:3000", "http"),
        ({"domain": "192.168.1.7:3000"}, "192.168.1.7:3000", "https"),
        ({"domain": "localhost.example"}, "localhost.example", "https"),
        ({"domain": "social.example", "scheme": "http"}, "social.example", "http"),
        ({"scheme": "https"}, "localhost:3000", "https"),
        ({"tls_cert": "c", "tls_key": "k"}, "localhost:3000", "https"),
    ],
)
def test_addresses_are_https_unless_the_host_is_this_machine(given: dict, domain: str, scheme: str):
    settings, _ = load(**given)
    assert (settings.site_domain, settings.site_scheme) == (domain, scheme)


def test_the_database_is_in_the_data_folder_unless_it_is_named():
    assert load(data="/srv/s")[0].site_database == "sqlite:/srv/s/stentor.db"
    url = "postgresql://me@db/stentor"
    assert load(database_url=url)[0].site_database == url


def test_every_setting_says_what_it_is():
    for one in dataclasses.fields(Settings):
        assert one.metadata["text"].endswith("."), one.name
        assert one.metadata["text"][0].isupper() or one.metadata["text"][0].islower()


def test_the_example_names_every_setting_and_holds_the_defaults(tmp_path: Path):
    file = tmp_path / "stentor.toml"
    commented = config.example()
    file.write_text(commented)
    assert load(file=file)[0] == Settings()
    spoken = "\n".join(
        line[1:] if line.startswith("#") and line[1:2].isalpha() else line
        for line in commented.split("\n")
    )
    assert tomllib.loads(spoken) == dataclasses.asdict(Settings())
    assert max(map(len, commented.split("\n"))) <= 100


def test_the_example_in_the_repository_is_that_one():
    assert (ROOT / "stentor.example.toml").read_text() == config.example()


def test_every_setting_is_in_the_operators_documentation():
    text = "\n".join(page.read_text() for page in (ROOT / "docs" / "operate").glob("*.md"))
    missing = [name for name in NAMES if config.variable(name) not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("security", "port", "expected"),
    [("starttls", "0", 587), ("tls", "0", 465), ("none", "0", 25), ("tls", "2465", 2465)],
)
def test_a_mail_server_has_its_usual_port_unless_it_is_named(
    security: str, port: str, expected: int
):
    settings, _ = load(smtp_host="mail.example", smtp_security=security, smtp_port=port)
    assert settings.mails
    assert settings.site_smtp_port == expected


def test_without_a_mail_server_no_mail_is_sent():
    assert not load()[0].mails


def test_a_password_never_travels_unprotected_to_another_machine():
    given = {"smtp_username": "me", "smtp_password": "secret", "smtp_security": "none"}
    assert load(smtp_host="127.0.0.1", **given)[0].mails
    with pytest.raises(ConfigProblem, match="smtp_security") as caught:
        load(smtp_host="mail.example", **given)
    assert "secret" not in str(caught.value)


def test_a_password_is_given_once():
    with pytest.raises(ConfigProblem, match="smtp_password"):
        load(smtp_username="me", smtp_password="x", smtp_password_file="y")


def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text("p ä§ \r\nsecond line\n")
    assert config.first_line(str(file)) == "p ä§ "
    assert config.first_line("") == ""
    with pytest.raises(ConfigProblem, match="missing"):
        config.first_line(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    "sender", ["a@example.org", "Name <a@example.org>", "Bob, Inc. (x) <a@b>", "Ünï <a@localhost>"]
)
def test_a_sender_may_have_a_name(sender: str):
    assert load(smtp_from=sender)[0].smtp_from == sender
