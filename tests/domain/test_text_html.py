"""Typed text as HTML (surroundings C6.5, trap 55, reliability T50 to T53)."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain import text
from stentor.domain.text import MentionTarget

OWN = "our.test"
BOB = MentionTarget("bob", "bob", "https://our.test/@bob")
FAR_BOB = MentionTarget("Bob@far.test", "Bob", "https://far.test/@Bob")
ANN = MentionTarget("ann@far.test", "ann", "https://far.test/@ann")
KNOWN = {("bob", None): BOB, ("bob", "far.test"): FAR_BOB, ("ann", "far.test"): ANN}

WORDS = (
    "@bob @Bob @bob@our.test @bob@far.test @ann@far.test @nobody # #tag #Tag ＃tag #<b> "
    "https://a.bc https://www.a.bc/ https://a.bc/?a=1&b='2' javascript:alert(1) xmpp:a@b.c "
    "http://x.yz/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa <script> </p> <br> <p> <a onclick=x> "
    "<!-- --> & &amp; &#39; < > \" ' ` / \\ é さん 👩\u200d👧 a b"
)
SPACES = [" ", "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\r\n\r\n", "\t"]
PIECES = st.sampled_from([*WORDS.split(), *SPACES])
ANYTHING = st.text(st.characters(exclude_categories=(), exclude_characters="\x00"))
TEXTS = st.lists(PIECES | ANYTHING, max_size=12).map("".join)


def tag_url(name):
    return f"https://our.test/tags/{name}"


def status(typed, mentions=KNOWN, **options):
    return text.to_html(typed, mentions=mentions, tag_url=tag_url, local_domain=OWN, **options)


def note(typed, mentions=KNOWN):
    return text.note_to_html(typed, mentions=mentions, tag_url=tag_url, local_domain=OWN)


def field(typed, mentions=KNOWN):
    return text.field_to_html(typed, mentions=mentions, tag_url=tag_url, local_domain=OWN)


class Reader(HTMLParser):
    """A second opinion on markup: its text, and every tag with its attributes."""

    def __init__(self, markup):
        super().__init__()
        self.text, self.tags, self.open = "", [], []
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def one_line(typed):
    return typed.replace("\r", "").replace("\n", "")


MENTION = (
    '<span class="h-card" translate="no"><a href="{}" class="u-url mention">'
    "@<span>{}</span></a></span>"
)


# --- Paragraphs and escapes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "markup"),
    [
        ("", ""),
        (" \n\t\u3000\r\n", ""),
        ("a", "<p>a</p>"),
        (" a ", "<p> a </p>"),
        ("a\nb", "<p>a<br />b</p>"),
        ("a\n\nb", "<p>a</p><p>b</p>"),
        ("a\n\n\n\nb", "<p>a</p><p>b</p>"),
        ("a\nb\n\nc", "<p>a<br />b</p><p>c</p>"),
        ("a\r\nb", "<p>a<br />b</p>"),
        ("a\rb", "<p>a<br />b</p>"),
        ("a\r\n\r\nb", "<p>a</p><p>b</p>"),
        ("\n\na\n", "<p>a</p>"),
        ("a\n \nb", "<p>a<br /> <br />b</p>"),
        ("<b>&amp;</b>", "<p>&lt;b&gt;&amp;amp;&lt;/b&gt;</p>"),
        ('"it\'s"', "<p>&quot;it&#39;s&quot;</p>"),
        ("a\u2028b\x0bc", "<p>a\u2028b\x0bc</p>"),
    ],
)
def test_lines_and_paragraphs(typed, markup):
    assert status(typed) == markup
    assert note(typed) == markup


@pytest.mark.parametrize(
    ("typed", "markup"),
    [("", ""), (" \n ", ""), ("a", "a"), ("a\n\nb", "a\n\nb"), ("<i>'", "&lt;i&gt;&#39;")],
)
def test_a_field_has_no_paragraphs(typed, markup):
    assert field(typed) == markup


# --- Mentions --------------------------------------------------------------------------------


def test_a_known_mention_is_a_link_to_its_account():
    assert status("hi @bob!") == f"<p>hi {MENTION.format(BOB.url, 'bob')}!</p>"
    assert status("@ann@far.test") == f"<p>{MENTION.format(ANN.url, 'ann')}</p>"
    assert status("@bob@our.test") == f"<p>{MENTION.format(BOB.url, 'bob')}</p>"


def test_a_mention_is_spelled_as_typed_and_found_all_the_same():
    assert note("@BOB") == f"<p>{MENTION.format(BOB.url, 'BOB')}</p>"
    assert status("@Bob@OUR.test") == f"<p>{MENTION.format(BOB.url, 'Bob')}</p>"


def test_unknown_mentions_stay_plain_text():
    assert status("@nobody @bob@else.test") == "<p>@nobody @bob@else.test</p>"
    assert status("@bob", mentions={}) == "<p>@bob</p>"
    assert text.to_html("@bob", tag_url=tag_url, local_domain=OWN) == "<p>@bob</p>"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("@bob@far.test", ["bob"]),
        ("@bob@far.test @BOB@far.test", ["bob", "BOB"]),
        ("@bob @bob@our.test", ["bob", "bob"]),
        ("@bob @ann@far.test", ["bob", "ann"]),
        ("@bob@far.test @bob@else.test", ["bob"]),
        ("@bob @bob@far.test", ["bob", "bob@far.test"]),
        ("@bob@far.test @ann@far.test @BOB", ["bob@far.test", "ann", "BOB"]),
    ],
)
def test_a_domain_is_shown_only_if_two_accounts_share_the_name(typed, shown):
    links = status(typed).split("@<span>")[1:]
    assert [name.partition("</span>")[0] for name in links] == shown


def test_a_field_always_shows_the_domain():
    assert field("@ann@far.test") == MENTION.format(ANN.url, "ann@far.test")
    assert field("@bob@our.test") == MENTION.format(BOB.url, "bob")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)//https://a.bc", "data:,x", "", "/@bob", " https://a", "https:a"]
)
def test_an_account_whose_page_is_no_web_page_is_not_linked(url):
    assert status("@bob", {("bob", None): MentionTarget("bob", "bob", url)}) == "<p>@bob</p>"


def test_what_other_servers_say_of_their_accounts_is_escaped():
    target = MentionTarget('bob@"><script>', "bob", "https://far.test/\"'><script>\n\n")
    markup = status("@bob @bob@far.test", {("bob", None): target, ("bob", "far.test"): FAR_BOB})
    links = [attrs["href"] for tag, attrs in Reader(markup).tags if tag == "a"]
    assert links == [target.url, FAR_BOB.url]
    assert "<script>" not in markup


# --- Hashtags --------------------------------------------------------------------------------


def test_a_hashtag_is_a_link_that_keeps_its_case():
    assert status("a #CamelCase.") == (
        '<p>a <a href="https://our.test/tags/CamelCase" class="mention hashtag" '
        'rel="tag">#<span>CamelCase</span></a>.</p>'
    )


def test_a_wide_sign_stays_wide():
    assert ">＃<span>日本</span></a>" in status("＃日本")


def test_a_hashtags_address_is_escaped():
    markup = text.to_html("#a", tag_url=lambda name: f'"&{name}', local_domain=OWN)
    assert 'href="&quot;&amp;a"' in markup


# --- URLs ------------------------------------------------------------------------------------


def link(href, hidden, ellipsis, shown, rest, rel="nofollow noopener"):
    return (
        f'<a href="{href}" target="_blank" rel="{rel}" translate="no">'
        f'<span class="invisible">{hidden}</span><span class="{ellipsis}">{shown}</span>'
        f'<span class="invisible">{rest}</span></a>'
    )


@pytest.mark.parametrize(
    ("url", "hidden", "shown", "rest"),
    [
        ("https://a.bc", "https://", "a.bc", ""),
        ("https://www.a.bc/", "https://www.", "a.bc/", ""),
        ("HTTP://WWW.A.bc/", "HTTP://WWW.", "A.bc/", ""),
        ("https://wwwa.bc/www.", "https://", "wwwa.bc/www", ""),
        ("https://a.bc/" + "d" * 25, "https://", "a.bc/" + "d" * 25, ""),
        ("https://a.bc/" + "d" * 26, "https://", "a.bc/" + "d" * 25, "d"),
        ("https://www.a.bc/" + "d" * 99, "https://www.", "a.bc/" + "d" * 25, "d" * 74),
        ("xmpp:a@b.cd", "xmpp:", "a@b.cd", ""),
        ("magnet:?xt=" + "d" * 40, "magnet:", "?xt=" + "d" * 26, "d" * 14),
        ("dat://ab", "dat://", "ab", ""),
    ],
)
def test_a_url_shows_thirty_characters_after_its_prefix(url, hidden, shown, rest):
    ellipsis = "ellipsis" if rest else ""
    whole = url.rstrip(".")
    assert status(url).startswith(f"<p>{link(whole, hidden, ellipsis, shown, rest)}")


def test_a_url_is_escaped_in_its_address_and_in_its_text():
    href = "https://a.bc/?a=1&amp;b=it&#39;s"
    assert status("https://a.bc/?a=1&b=it's") == (
        f"<p>{link(href, 'https://', '', 'a.bc/?a=1&amp;b=it&#39;s', '')}</p>"
    )


def test_what_is_hidden_of_a_url_is_escaped_too():
    rest = "?a=&amp;amp;it&#39;s"
    href = "https://a.bc/" + "d" * 25 + rest
    assert status("https://a.bc/" + "d" * 25 + "?a=&amp;it's") == (
        f"<p>{link(href, 'https://', 'ellipsis', 'a.bc/' + 'd' * 25, rest)}</p>"
    )


def test_escapes_do_not_count_as_characters_shown():
    assert f"a.bc/{'&amp;' * 25}</span>" in status("https://a.bc/" + "&" * 26 + "x")


def test_a_long_host_is_shown_to_its_end_for_the_end_says_whose_it_is():
    host = "good.example.login.account.verify.evil.test:8443"
    assert (
        status(f"https://{host}/path")
        == f"<p>{link(f'https://{host}/path', 'https://', 'ellipsis', host, '/path')}</p>"
    )


def test_a_url_is_not_cut_within_a_character():
    shown = "a.bc/" + "e\u0301" * 25
    assert f">{shown}</span>" in status(f"https://{shown}e\u0301")


def test_a_fields_link_says_me():
    assert field("https://a.bc") == link(
        "https://a.bc", "https://", "", "a.bc", "", rel="nofollow noopener me"
    )


def test_a_host_behind_an_at_sign_is_never_linked():
    assert status("https://good.example@evil.test/") == "<p>https://good.example@evil.test/</p>"


# --- Quotes ----------------------------------------------------------------------------------

QUOTED = "https://our.test/@bob/1"


def test_a_quoted_status_is_linked_in_front():
    quote = f'<p class="quote-inline">RE: {link(QUOTED, "https://", "", "our.test/@bob/1", "")}</p>'
    assert status("so true", quoted_url=QUOTED) == f"{quote}<p>so true</p>"
    assert status("", quoted_url=QUOTED) == quote


def test_a_quoted_status_whose_url_is_in_the_text_is_not_linked_twice():
    assert status(f"see {QUOTED}", quoted_url=QUOTED) == status(f"see {QUOTED}")


def test_a_quoted_status_with_an_odd_address_is_not_linked():
    assert status("a", quoted_url="javascript:alert(1)") == "<p>a</p>"


# --- For any text ----------------------------------------------------------------------------

ALLOWED = {
    ("p", ()),
    ("br", ()),
    ("span", ()),
    ("span", (("class", "h-card"), ("translate", "no"))),
    ("span", (("class", "invisible"),)),
    ("span", (("class", "ellipsis"),)),
    ("span", (("class", ""),)),
    ("a", (("class", "u-url mention"),)),
    ("a", (("class", "mention hashtag"), ("rel", "tag"))),
    ("a", (("rel", "nofollow noopener"), ("target", "_blank"), ("translate", "no"))),
    ("a", (("rel", "nofollow noopener me"), ("target", "_blank"), ("translate", "no"))),
}
SCHEMES = ("http://", "https://", "xmpp:", "magnet:?", "gemini://", "gopher://", "ipfs://")


@given(TEXTS)
@example("@bob</p>\n\n#a'b https://a.bc/<script>")
@pytest.mark.parametrize("write", [status, note, field])
def test_only_known_tags_and_attributes_ever_come_out(write, typed):
    for tag, attrs in Reader(write(typed)).tags:
        href = attrs.pop("href", None)
        assert (tag, tuple(sorted(attrs.items()))) in ALLOWED
        assert (tag == "a") == (href is not None)
        assert href is None or href.lower().startswith(SCHEMES)


@given(TEXTS)
@pytest.mark.parametrize("write", [status, note])
def test_without_its_tags_the_markup_is_the_typed_text(write, typed):
    # Two accounts of one name, or a domain that is hidden, are the promised exceptions.
    names_only = {("bob", None): BOB}
    typed = typed.replace("@our.test", "")
    shown = Reader(write(typed, names_only)).text
    assert shown == (one_line(typed) if typed.strip() else "")


@given(TEXTS)
def test_a_field_without_its_tags_is_the_typed_text(typed):
    # Here domains are shown; only our own is not, and theirs is spelled as they spell it.
    typed = typed.replace("@our.test", "")
    assert Reader(field(typed)).text == (typed if typed.strip() else "")


@given(TEXTS)
def test_a_text_comes_back_out_of_its_markup(typed):
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").replace("@our.test", "").strip("\n")
    paragraphs = [part.strip("\n") for part in lines.split("\n\n")]
    expected = "\n\n".join(part for part in paragraphs if part) if typed.strip() else ""
    assert (
        text.to_plain_text(status(typed.replace("@our.test", ""), {("bob", None): BOB})) == expected
    )
