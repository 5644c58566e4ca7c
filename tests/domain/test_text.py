"""What a text counts, how its mentions are spelled, and that no text takes long (C6.1, C6.3)."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain import limits, text
from stentor.domain.text import MentionTarget

OWN = "our.test:3000"
BOB = MentionTarget("bob", "bob", "https://our.test/@bob")
FAR_BOB = MentionTarget("BoB@far.test", "BoB", "https://far.test/@BoB")
KNOWN = {("bob", None): BOB, ("bob", "far.test"): FAR_BOB}

WORDS = (
    "@bob @Bob @BOB@far.test @bob@our.test @Bob@our.test:3000 @bob@our.test:99 @ann @ bob our.test "
    "far.test :3000 : . - _ , / = ( ) # #tag https:// https://a.bc xmpp: a 1 é さん みんな "
    "🇩 \u0301 \u200d @bob@our.test@far.test"
)
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\r\n"])
ANYTHING = st.text(st.characters(exclude_categories=()))
TEXTS = st.lists(PIECES | ANYTHING, max_size=12).map("".join)


def tag_url(name):
    return f"https://our.test/tags/{name}"


# --- What counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoiler_text", "typed", "expected"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("cw", "abc", 5),
        ("", "e\u0301👩\u200d👧", 2),
        ("", "https://a.bc", 23),
        ("", "https://a.bc/" + "d" * 400, 23),
        ("", "(https://a.bc). https://d.ef", 23 + 4 + 23),
        ("", "example.org", 11),
        ("", "@bob", 4),
        ("", "@bob@far.test", 4),
        ("", "@bob@our.test:3000.", 5),
        ("", "@nobody@nowhere.at.all hi", 10),
        ("", "@bob@far.test@x", 15),
        ("", "#tag", 4),
        ("https://a.bc @bob@far.test", "", 26),
        ("", "https://a.bc/@bob@far.test", 23),
    ],
)
def test_a_status_counts_urls_as_23_and_mentions_without_their_domain(
    spoiler_text, typed, expected
):
    assert text.status_length(spoiler_text, typed, OWN) == expected


def test_500_characters_are_a_status_and_one_more_is_not():
    typed = "https://a.bc/" + "d" * 400 + " @bob@far.test " + "👩\u200d👧" * (500 - 23 - 6)
    assert text.status_length("", typed, OWN) == limits.STATUS_CHARACTERS
    assert text.status_length("!", typed, OWN) == limits.STATUS_CHARACTERS + 1


def test_a_note_counts_as_a_statuss_text_does():
    assert text.note_length("hi @bob@far.test https://a.bc", OWN) == 3 + 4 + 1 + 23


@given(TEXTS, TEXTS)
def test_what_is_counted_is_never_negative_and_adds_up(spoiler_text, typed):
    both = text.status_length(spoiler_text, typed, OWN)
    # Where the two meet, two clusters can be one (a combining mark first in the text).
    assert both <= text.length(spoiler_text) + text.note_length(typed, OWN) <= both + 1


# --- Mentions as their accounts are spelled --------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("@bob", "@bob"),
        ("@BOB, @Bob!", "@bob, @bob!"),
        ("@BOB@OUR.test", "@bob"),
        ("@BOB@our.test:3000.", "@bob."),
        ("@bob@FAR.test", "@BoB@far.test"),
        ("@bob@our.test:99", "@bob@our.test:99"),
        ("@Nobody @Bob@else.test", "@Nobody @Bob@else.test"),
        ("me@Bob", "me@Bob"),
        ("https://a.bc/.@Bob", "https://a.bc/.@Bob"),
        ("@Bobby", "@Bobby"),
        ("", ""),
        # With our domain gone, these would name somebody else.
        ("@Bob@our.test@far.test", "@Bob@our.test@far.test"),
        ("@Bob@our.test:3000.x", "@bob:3000.x"),
        ("@Bob@our.test:3000-x", "@bob:3000-x"),
        ("@Bob@our.test:3000@far.test", "@bob:3000@far.test"),
    ],
)
def test_known_mentions_are_spelled_as_their_accounts_are(typed, expected):
    assert text.canonical_mentions(typed, KNOWN, local_domain=OWN) == expected


@given(TEXTS)
@example("@Bob@our.test@far.test")
def test_spelling_mentions_twice_changes_nothing_and_nobody_else_is_mentioned(typed):
    once = text.canonical_mentions(typed, KNOWN, local_domain=OWN)
    assert text.canonical_mentions(once, KNOWN, local_domain=OWN) == once
    before = [mention.key for mention in text.find_mentions(typed, OWN)]
    assert [mention.key for mention in text.find_mentions(once, OWN)] == before


@given(TEXTS)
def test_a_domain_of_another_script_can_be_left_out_as_well(typed):
    own = "例え.みんな"
    typed = typed.replace("our.test", own)
    once = text.canonical_mentions(typed, KNOWN, local_domain=own)
    assert text.canonical_mentions(once, KNOWN, local_domain=own) == once
    before = [mention.key for mention in text.find_mentions(typed, own)]
    assert [mention.key for mention in text.find_mentions(once, own)] == before


@given(TEXTS)
def test_what_is_shown_names_those_that_were_mentioned(typed):
    once = text.canonical_mentions(typed, KNOWN, local_domain=OWN)
    known = [m for m in text.find_mentions(typed, OWN) if m.key in KNOWN]
    markup = text.to_html(once, mentions=KNOWN, tag_url=tag_url, local_domain=OWN)
    assert markup.count('class="u-url mention"') == len(known)


# --- Time ------------------------------------------------------------------------------------

FUNCTIONS = {
    "to_html": lambda t: text.to_html(t, mentions=KNOWN, tag_url=tag_url, local_domain=OWN),
    "status_length": lambda t: text.status_length(t, t, OWN),
    "canonical_mentions": lambda t: text.canonical_mentions(t, KNOWN, local_domain=OWN),
    "to_plain_text": text.to_plain_text,
    "excerpt": lambda t: text.excerpt(t, len(t)),
    "hashtag_name": text.hashtag_name,
}
UNITS = (
    "@ # http:// a. a- @a @a@ @a@b. @a@b- @a@b:1 @bob@our.test:1 @a.@a- @あ http://a. https://あ. "
    "https://a- http://[: http://a.bc) http://a.bc/) http://a.bc/( http://a.bc/.... http://a.bc@ "
    "https://a.bc/a@ xmpp:( xmpp:a@ magnet:? dat://a http: a: ( ) [ #a· #・ #٣ < <a <!-- </p> <br "
    '<a" <a\'" \'" &#1 &# & 🇩 \u0301 \u200d 👩\u200d \u1100 \ufdfa _ é'
)
NASTY = [*UNITS.split(), "\n", "\r\n", "# ", " #", "@bob ", "#\ufdfa ", '<a "']


def seconds(function, value):
    """CPU time, so that a busy machine counts less."""
    begun = time.process_time()
    function(value)
    return time.process_time() - begun


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_text_ten_times_as_long_takes_about_ten_times_as_long(name):
    function = FUNCTIONS[name]
    for unit in NASTY:
        short = unit * (800 // len(unit))
        # Linear time gives 10, quadratic time 100; below 5 ms a clock says little. One good
        # measurement of three is enough: a machine can be slow by chance, but not fast.
        bound = max(35 * min(seconds(function, short) for _ in range(3)), 0.005)
        assert any(seconds(function, 10 * short) < bound for _ in range(3)), repr(unit)
