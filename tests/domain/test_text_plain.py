"""Texts cleaned, measured, cut and won back from HTML (surroundings D1; reliability T47, T54)."""

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain import text

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
CLUSTERS = [FAMILY, "🇩🇪", "🇩", "한", "नि", "1\ufe0f\u20e3", "e\u0301", "👍🏽", "a", " ", "\r\n"]
PARTS = ["\u0301", "\u200d", "\u1100", "\u0600", "\r", "\n", "\x00", "\ud800", "\udfff"]
PIECES = st.sampled_from([*CLUSTERS, *PARTS])
ANYTHING = st.text(st.characters(exclude_categories=()))
TEXTS = st.lists(PIECES | ANYTHING, max_size=12).map("".join)
TOKENS = (
    '< > </ </p> <p> <br> <br /> <a href=" " > \' = <!-- --> <!doctype &amp; &lt; &#39; &# &#x '
    "&#0; &#xd800; &nbsp &bogus; script <script> p br ? / a"
)
MARKUP = st.lists(st.sampled_from(TOKENS.split()) | ANYTHING, max_size=20).map("".join)


def size(value):
    return len(value.encode(errors="surrogatepass"))


# --- Clean -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\x00b", "ab"),
        ("\ud83d", ""),
        ("a\udc00\ud800b", "ab"),
        ("\x01\x7f\ufffe\ufffd", "\x01\x7f\ufffe\ufffd"),
    ],
)
def test_only_what_cannot_be_stored_is_taken_out(dirty, expected):
    assert text.clean(dirty) == expected


@given(TEXTS)
def test_a_clean_text_can_be_stored_and_keeps_all_else(typed):
    cleaned = text.clean(typed)
    cleaned.encode()
    assert cleaned == "".join(c for c in typed if c != "\x00" and not "\ud800" <= c <= "\udfff")


# --- Length ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", 0),
        ("abc", 3),
        ("a\nb", 3),
        ("a\r\nb", 3),
        ("a\r\rb", 4),
        ("e\u0301", 1),
        ("é", 1),
        ("日本", 2),
        (FAMILY, 1),
        (FAMILY * 3, 3),
        ("👍🏽", 1),
        ("❤\ufe0f", 1),
        ("1\ufe0f\u20e3", 1),
        ("नि", 1),
        ("한", 1),
        ("\u1112\u1161\u11ab", 1),
        ("🇩🇪", 1),
        ("🇩🇪🇫🇷", 2),
        ("🇩🇪🇫", 2),
        ("a🇩🇪🇫🇷b", 4),
        ("🇩\u0301🇪", 2),
        ("🇩🇪\u0301🇫", 2),
        ("Z" + "\u0335" * 50, 1),
    ],
)
def test_length_is_what_a_reader_counts(typed, expected):
    assert text.length(typed) == expected
    assert "".join(text.graphemes(typed)) == typed
    assert len(list(text.graphemes(typed))) == expected


@given(TEXTS)
@example("🇩🇪🇫🇷🇪🇸🇩")
@example("\u0600🇩🇪🇫🇷")
@example("🇩🇪\u200d👧🇫🇷")
def test_graphemes_are_those_of_unicode(typed):
    # The library's own \X is right everywhere, and slow in long rows of flags only.
    assert list(text.graphemes(typed)) == regex.findall(r"\X", typed)
    assert text.length(typed) == len(regex.findall(r"\X", typed))


@pytest.mark.parametrize(
    ("typed", "characters", "expected"),
    [
        ("", 0, True),
        ("a", 0, False),
        ("a" * 40, 40, True),
        ("a" * 41, 40, False),
        (FAMILY * 40, 40, True),
        (FAMILY * 41, 40, False),
        ("a" + "\u0301" * 31, 1, True),
        ("a" + "\u0301" * 32, 1, False),
        ("a" + "\u0301" * 10**6, 40, False),
        ("\ud800", 1, True),
    ],
)
def test_a_text_fits_if_its_characters_and_their_bytes_do(typed, characters, expected):
    assert text.fits(typed, characters) is expected


# --- Excerpts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "limit", "expected"),
    [
        ("", 5, ""),
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "abcd…"),
        ("abc def", 5, "abc…"),
        (FAMILY * 5, 5, FAMILY * 5),
        (FAMILY * 6, 5, FAMILY * 4 + "…"),
        ("abc" + "e\u0301" * 3, 5, "abce\u0301…"),
        ("🇩🇪🇫🇷🇪🇸", 2, "🇩🇪…"),
        ("ab", 1, "…"),
        ("a", 1, "a"),
        ("a", 0, ""),
        ("a", -1, ""),
        ("", 0, ""),
    ],
)
def test_an_excerpt_counts_its_ellipsis_and_cuts_between_characters(typed, limit, expected):
    assert text.excerpt(typed, limit) == expected


def test_an_excerpt_is_140_characters_unless_told_otherwise():
    assert text.excerpt("a" * 140) == "a" * 140
    assert text.excerpt("a" * 141) == "a" * 139 + "…"


@pytest.mark.parametrize(
    ("typed", "max_bytes", "expected"),
    [
        ("aé", 3, "aé"),
        ("aéé", 4, "a…"),
        ("aéé", 3, "…"),
        ("aéé", 2, ""),
        (FAMILY * 2, 30, FAMILY + "…"),
        (FAMILY * 2, 27, "…"),
        ("abcdefghij", 6, "abc…"),
        ("a" + "\u0301" * 9999, 3993, "…"),
        ("", 0, ""),
    ],
)
def test_an_excerpt_keeps_within_bytes_if_told_so(typed, max_bytes, expected):
    assert text.excerpt(typed, 5 if len(typed) > 9 else 140, max_bytes=max_bytes) == expected


@given(TEXTS, st.integers(-2, 12), st.none() | st.integers(0, 60))
def test_an_excerpt_is_the_start_of_the_text_and_within_both_limits(typed, limit, max_bytes):
    short = text.excerpt(typed, limit, max_bytes=max_bytes)
    clusters = list(text.graphemes(typed))
    fits = len(clusters) <= limit and (max_bytes is None or size(typed) <= max_bytes)
    assert (short == typed) or not fits
    if not fits:
        assert len(list(text.graphemes(short))) <= max(limit, 0)
        assert max_bytes is None or size(short) <= max_bytes
        assert short == "" or short.endswith("…")
        starts = ["".join(clusters[:count]).rstrip() for count in range(len(clusters) + 1)]
        assert short[:-1] in starts


@given(st.text(alphabet="ab \né\u00ad\u02ff\u0301\r\u200d", max_size=14), st.integers(-1, 12))
def test_an_excerpt_of_simple_letters_is_cut_as_that_of_any(typed, limit):
    clusters = list(text.graphemes(typed))
    whole = len(clusters) <= limit
    cut = "".join(clusters[: limit - 1]).rstrip() + "…" if limit > 0 else ""
    for max_bytes in (None, 100):
        assert text.excerpt(typed, limit, max_bytes=max_bytes) == (typed if whole else cut)


def test_an_excerpt_of_bytes_is_as_long_as_it_can_be():
    assert text.excerpt("é" * 140, max_bytes=279) == "é" * 138 + "…"
    assert text.excerpt(FAMILY * 140, 140, max_bytes=3000) == FAMILY * 119 + "…"


# --- Names in titles -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("Ann", "Ann"),
        ("دانا", "دانا"),
        ("evil\u202egnp", "evilgnp"),
        ("a\u2069\u2069b", "ab"),
        ("a\u2066\u2067\u2068\u202a\u202b\u202c\u202db", "ab"),
        ("a\u200eb\u200f", "a\u200eb\u200f"),
    ],
)
def test_a_name_cannot_turn_the_title_around_it(name, inside):
    assert text.isolated(name) == f"\u2068{inside}\u2069"


# --- From HTML -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("", ""),
        ("a", "a"),
        ("<p>a</p>", "a"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<P>a</P><P>b</P>", "a\n\nb"),
        ("<p>a<br>b<br/>c<br />d<BR>e</p>", "a\nb\nc\nd\ne"),
        ("<p>a</p >b", "a\n\nb"),
        ("<pre>a</pre>b", "ab"),
        ("<b>a</b> <i>b</i>", "a b"),
        ('<a href="https://a.bc?x=1&amp;y" title="1 > 0">b</a>', "b"),
        ("<a title='a>b'>c</a>", "c"),
        ('<a title="it\'s">c</a>', "c"),
        ("a &lt;b&gt; &amp;amp; &quot;c&#39;s&quot;", 'a <b> &amp; "c\'s"'),
        ("&lt;p&gt;a&lt;/p&gt;", "<p>a</p>"),
        ("1 < 2 > 1", "1 < 2 > 1"),
        ("a <3 b", "a <3 b"),
        ("a <", "a <"),
        ("<b", "<b"),
        ("<b <i>c", "<b c"),
        ("a<!-- b -->c", "ac"),
        ("<!DOCTYPE html>a", "a"),
        ("<?xml?>a", "a"),
        ("&eacute;&#233;&#xe9;&#0000000233;", "éééé"),
        ("&#99999999999;", "\ufffd"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ("&#" + "0" * 5000 + "65;", "A"),
        ("&#x" + "f" * 5000 + ";", "\ufffd"),
        ("&#0;&#xd800;", "\ufffd\ufffd"),
        ("&bogus; & &#;", "&bogus; & &#;"),
    ],
)
def test_plain_text_is_what_the_markup_says(markup, plain):
    assert text.to_plain_text(markup) == plain


@given(MARKUP)
def test_plain_text_can_be_had_of_any_markup(markup):
    assert isinstance(text.to_plain_text(markup), str)


@given(TEXTS)
def test_escaped_text_comes_back(typed):
    assert text.to_plain_text(text.escape(typed)) == typed.strip("\n")
