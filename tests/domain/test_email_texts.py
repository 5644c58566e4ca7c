"""The words of e-mails: complete in every language, with the placeholders where they belong."""

from __future__ import annotations

import dataclasses
import string

import pytest

from stentor.domain import email_texts, emails
from stentor.domain.email_texts import ENGLISH, LANGUAGES, Words
from stentor.domain.moderation import Action

EVERY = pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@EVERY
def test_every_mailable_type_has_its_words(words: Words):
    assert set(words.happened) == set(words.stop) == set(emails.MAILABLE)
    assert all(placeholders(one) == {"name"} for one in words.happened.values())
    assert all(placeholders(one) == set() for one in words.stop.values())


@EVERY
def test_every_action_of_a_moderator_has_its_words(words: Words):
    assert set(words.sanctioned) == set(Action)
    for subject, sentence in words.sanctioned.values():
        assert placeholders(subject) == {"site"}
        assert placeholders(sentence) <= {"site"}


@EVERY
def test_every_language_has_the_placeholders_of_english(words: Words):
    for one in dataclasses.fields(Words):
        value = getattr(words, one.name)
        if isinstance(value, str) and one.name != "code":
            assert value.strip() == value != "", one.name
            assert placeholders(value) == placeholders(getattr(ENGLISH, one.name)), one.name


def test_no_two_languages_say_the_same():
    for one in dataclasses.fields(Words):
        said = [str(getattr(words, one.name)) for words in LANGUAGES.values()]
        assert len(set(said)) == len(said), one.name


@pytest.mark.parametrize(
    ("locale", "code"),
    [("en", "en"), ("de", "de"), ("de-AT", "de"), ("fr_CA", "fr"), ("ES", "es"), ("ja", "en"),
     ("", "en"), ("xx-yy", "en"), ("den", "en")],
)  # fmt: skip
def test_a_locale_is_spoken_by_its_language(locale: str, code: str):
    assert email_texts.of_locale(locale).code == code


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        (None, "en"), ("", "en"), ("de", "de"), ("de-CH, en;q=0.5", "de"),
        ("ja, fr;q=0.8, de;q=0.9", "de"), ("ja", "en"), ("de;q=0, fr;q=0.1", "fr"), ("*", "en"),
        ("fr;q=nan, es;q=0.1", "es"), ("de;q=x", "en"), ("de;level=1", "de"), (";;;,,,", "en"),
        ("de;q=1e9, fr", "de"),
    ],
)  # fmt: skip
def test_a_browser_is_answered_in_the_first_language_that_it_reads(accepted: str | None, code: str):
    assert email_texts.of_browser(accepted).code == code
