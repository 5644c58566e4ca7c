"""Where URLs, mentions and hashtags are in a text (surroundings C6.3 to C6.5)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain import text
from stentor.domain.text_entities import find_all

OWN = "our.test"

# Pieces that decide something for one of the three, and texts of anything else.
WORDS = (
    "@ # ＃ http:// https:// HTTPS://www. xmpp: magnet:? @bob @Bob @bob@our.test @Bob@OUR.test "
    "@bob@our.test:3000 @bob@far.test our.test a.bc x.yz/ /path ?q= #tag #1 #Tag·a · ・ \u200c "
    "\ufe0f \u0301 . , : ; ! ? ' \" & < > ( ) [ ] { } « » 「 」 。 - _ / = \\ ` é ß 日本 さん "
    "👍 👩\u200d👧 🇩 ٣ 3 80 a bob"
)
SPACES = [" ", "\n", "\n\n", "\r\n", "\t", "\u3000", "\x00", "\ud800", "\u202e"]
PIECES = st.sampled_from([*WORDS.split(), *SPACES])
ANYTHING = st.text(st.characters(exclude_categories=()))
TEXTS = st.lists(PIECES | ANYTHING, max_size=12).map("".join)


def mentions(typed, domain=OWN):
    found = text.find_mentions(typed, domain)
    return [(typed[m.start : m.end], m.username, m.domain) for m in found]


def handles(typed, domain=OWN):
    return [m.handle.acct for m in text.find_mentions(typed, domain)]


def urls(typed):
    found = text.find_urls(typed)
    assert all(typed[m.start : m.end] == m.url for m in found)
    return [m.url for m in found]


def tags(typed):
    return [(tag.display, tag.name) for tag in text.find_hashtags(typed)]


# --- Mentions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("@bob", ["bob"]),
        ("@Bob_99", ["Bob_99"]),
        ("@_", ["_"]),
        ("hello @bob and @ann", ["bob", "ann"]),
        ("@bob@far.test", ["bob@far.test"]),
        ("@bob@FAR.Test", ["bob@far.test"]),
        ("@bob@a-b.c-d.test", ["bob@a-b.c-d.test"]),
        ("@bob@localhost", ["bob@localhost"]),
        ("@bob@münchen.test", ["bob@münchen.test"]),
        ("@bob@例え.みんな です", ["bob@例え.みんな"]),
        ("@first.last", ["first.last"]),
        ("@first-last", ["first-last"]),
        ("@a.b-c_d.e", ["a.b-c_d.e"]),
        ("@", []),
        ("@ bob", []),
        ("@é", []),
        ("@.bob", []),
        ("@-bob", []),
        ("bob", []),
    ],
)
def test_a_handle_is_a_name_and_perhaps_a_domain(typed, expected):
    assert handles(typed) == expected


@pytest.mark.parametrize(
    "before", ["", " ", "\n", ".", "(", "@", "-", ":", ",", "#", '"', "👍", "、"]
)
def test_a_mention_may_follow_anything_but_words_and_paths(before):
    assert handles(f"{before}@bob") == ["bob"]


@pytest.mark.parametrize(
    "before", ["a", "Z", "0", "_", "é", "e\u0301", "ß", "日", "٣", "/", "=", "‿"]
)
def test_a_mention_never_follows_a_word_a_slash_or_an_equals_sign(before):
    assert handles(f"{before}@bob") == []


@pytest.mark.parametrize("emoji", ["❤\ufe0f", "1\ufe0f\u20e3", "👩\u200d👧", "👍🏽", "🇩🇪"])
def test_an_emoji_is_no_word_whatever_it_is_made_of(emoji):
    assert handles(f"{emoji}@bob") == ["bob"]


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("@bob.", "@bob"),
        ("@bob...", "@bob"),
        ("@bob-", "@bob"),
        ("@bob--see", "@bob"),
        ("@bob..see", "@bob"),
        ("@bob.-see", "@bob"),
        ("@bob, hi", "@bob"),
        ("@bob's", "@bob"),
        ("@bob/", "@bob"),
        ("@bob: hi", "@bob"),
        ("@bob:3000", "@bob"),
        ("@bobさん", "@bob"),
        ("@bob👍", "@bob"),
        ("@bob@", "@bob"),
        ("@bob@ far.test", "@bob"),
        ("@bob@-far.test", "@bob"),
        ("@bob@far.test.", "@bob@far.test"),
        ("@bob@far.test...", "@bob@far.test"),
        ("@bob@far.test-", "@bob@far.test"),
        ("@bob@far.test/x", "@bob@far.test"),
        ("@bob@far.testさん", "@bob@far.test"),
        ("@bob@far..test", "@bob@far"),
        ("@bob@far.test:80", "@bob@far.test"),
    ],
)
def test_a_mention_ends_before_what_is_not_of_it(typed, where):
    assert [whole for whole, _, _ in mentions(typed)] == [where]


@pytest.mark.parametrize("typed", ["@josé", "@jose\u0301", "@boß", "@bob٣", "@a@b@c", "@a@b.c@d.e"])
def test_nobody_is_mentioned_by_the_beginning_of_a_longer_word(typed):
    assert handles(typed) == []


@pytest.mark.parametrize(
    ("typed", "own"),
    [
        ("@bob@our.test", "our.test"),
        ("@bob@OUR.Test", "our.test"),
        ("@bob@our.test", "Our.TEST"),
        ("@bob@our.test:3000", "our.test"),
        ("@bob@our.test:3000", "our.test:3000"),
        ("@bob@our.test", "our.test:3000"),
        ("@bob@localhost:3000", "localhost:3000"),
        ("@bob@127.0.0.1:3000", "127.0.0.1:3000"),
    ],
)
def test_our_own_domain_with_or_without_its_port_means_local(typed, own):
    assert mentions(f"{typed}. So!", own) == [(typed, "bob", None)]


@pytest.mark.parametrize("other", ["our.test.x", "x.our.test", "our", "ourxtest", "our.test2"])
def test_a_domain_like_ours_is_not_ours(other):
    assert mentions(f"@bob@{other}") == [(f"@bob@{other}", "bob", other)]


def test_another_port_of_our_host_is_another_server():
    typed = "@bob@localhost:4000"
    assert mentions(typed, "localhost:3000") == [(typed, "bob", "localhost:4000")]


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("@bob@our.test: hi", "@bob@our.test"),
        ("@bob@our.test:x", "@bob@our.test"),
        ("@bob@our.test:3000.", "@bob@our.test:3000"),
        ("@bob@our.test:3000x", "@bob@our.test"),
        ("@bob@our.test:300000", "@bob@our.test"),
    ],
)
def test_a_colon_after_our_domain_is_a_port_only_before_a_number(typed, where):
    assert mentions(typed) == [(where, "bob", None)]


def test_a_handle_can_be_compared_however_it_was_typed():
    keys = [m.key for m in text.find_mentions("@Bob @bob@OUR.test @bob@Far.test", OWN)]
    assert keys == [("bob", None), ("bob", None), ("bob", "far.test")]


def test_a_domain_longer_than_any_domain_is_no_mention():
    longest = ".".join(["a" * 49] * 5) + ".ab"
    assert len(longest) == 252
    assert handles(f"@bob@{longest}c") == [f"bob@{longest}c"]
    assert handles(f"@bob@{longest}cd") == []


# --- Hashtags --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "display", "name"),
    [
        ("#tag", "tag", "tag"),
        ("#TaG", "TaG", "tag"),
        ("＃Tag", "Tag", "tag"),
        ("#ｆｕｌｌ１", "ｆｕｌｌ１", "full1"),
        ("#Ünder_Score_", "Ünder_Score_", "ünder_score_"),
        ("#U\u0308nder", "U\u0308nder", "ünder"),
        ("#_a", "_a", "_a"),
        ("#1a", "1a", "1a"),
        ("#2024年", "2024年", "2024年"),
        ("#日本語", "日本語", "日本語"),
        ("#हिन्दी", "हिन्दी", "हिन्दी"),
        ("#a·b・c", "a·b・c", "a·b・c"),
        ("#می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"),
        ("#Ⅷ", "Ⅷ", "viii"),
        ("#ℌi", "ℌi", "hi"),
    ],
)
def test_a_hashtag_is_known_by_its_normal_form_and_shown_as_typed(typed, display, name):
    assert tags(typed) == [(display, name)]


@pytest.mark.parametrize("before", ["", " ", "x ", "\n", "\t", "\u3000", "\u00a0", "\r\n"])
def test_a_hashtag_follows_white_space_or_nothing(before):
    assert tags(f"{before}#tag") == [("tag", "tag")]


@pytest.mark.parametrize("before", ["a", "1", "(", ".", "#", "/", "&", "é", "日", "👍", "@"])
def test_a_hashtag_follows_nothing_else(before):
    assert tags(f"{before}#tag") == []


@pytest.mark.parametrize(
    "typed",
    ["#", "# a", "#1", "#1_2", "#_", "#１２", "#1·2", "#·a", "#\u200ca", "#!", "#-a", "#\u0301a"],
)
def test_no_hashtag_without_a_letter_or_with_a_separator_first(typed):
    assert tags(typed) == []


@pytest.mark.parametrize("typed", ["#\ufe0f\u20e3", "#\ufe0f\u20e3a", "#\u3164", "#\ufe0fa"])
def test_no_hashtag_of_what_cannot_be_seen(typed):
    assert tags(typed) == []


@pytest.mark.parametrize(
    "after",
    [".", ",", "'s", "-b", "·", "・ ", "\u200c", "··", "#b", "@b", "/b", "👍", "!", " b", "、"],
)
def test_a_hashtag_ends_before_what_is_not_of_it(after):
    (match,) = text.find_hashtags(f"#ab{after}")
    assert (match.start, match.end, match.name) == (0, 3, "ab")


def test_letters_that_stand_for_several_words_leave_no_space_in_a_name():
    assert text.hashtag_name("\ufdfa") == "صلىاللهعليهوسلم"


@given(TEXTS)
@example("\u037a\u0130\u00c5\u0345\ufdfa")
def test_naming_a_hashtag_twice_changes_nothing(typed):
    name = text.hashtag_name(typed)
    assert text.hashtag_name(name) == name


@given(TEXTS)
def test_a_hashtags_name_is_a_hashtag_of_that_name(typed):
    for tag in text.find_hashtags(typed):
        assert [found.name for found in text.find_hashtags(f"#{tag.name}")] == [tag.name]


# --- URLs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org/",
        "HTTPS://Example.ORG/Path",
        "https://example.org:8443/path",
        "https://a-b.example-c.org/x",
        "https://under_score.example.org/",
        "https://example.org/a?b=c&d[]=1#f",
        "https://example.org?q",
        "https://example.org#f",
        "https://example.org/@bob/1",
        "https://example.org/~bob/a_(b)_[c]",
        "https://example.org/it's",
        "https://example.org/a,b;c:d!e*f.html",
        "https://example.org/%E2%82%AC",
        "https://de.example.org/wiki/Grüße",
        "https://ja.example.org/wiki/日本",
        "https://fa.example.org/می\u200cخواهم",
        "https://münchen.example/",
        "https://例え.みんな/x",
        "https://xn--r8jz45g.xn--q9jyb4c/",
        "http://localhost",
        "http://localhost:3000/@bob",
        "http://127.0.0.1:3000/",
        "http://[::1]:3000/",
        "gemini://example.org/x",
        "ipfs://bafybeigdyrzt/x",
        "dat://0a9f/",
        "magnet:?xt=urn:btih:0a9f&dn=x",
        "xmpp:bob@example.org?message",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "see {} there", "({})", "<{}>", '"{}"', "「{}」", "({}).", "{},\n"]
)
def test_a_url_is_found_whole_and_nothing_more(url, around):
    assert urls(around.format(url)) == [url]


@pytest.mark.parametrize(
    "typed",
    [
        "example.org",
        "//example.org",
        "http:/example.org",
        "http:example.org",
        "http://",
        "http:// example.org",
        "http://.org",
        "http://-.org",
        "http://example",
        "http://example.c",
        "http://example.123",
        "http://1.2.3",
        "http://1.2.3.4.5",
        "http://256.1.1.1",
        "http://example.org-x",
        "http://example.org2",
        "http://exa\u200cmple.org",
        "http://" + "a" * 64 + ".org",
        "http://" + ".".join(["a" * 60] * 4) + ".abcdefghij",
        "git+https://example.org",
        "xhttp://example.org",
        "@https://example.org",
        "javascript:alert(1)",
        "javascript://example.org/%0aalert(1)",
        "data://example.org",
        "file://example.org/x",
        "ftp://example.org",
        "mailto:bob@example.org",
        "magnet:great",
        "xmpp:great",
        "xmpp://example.org",
        "dat://-x",
        "dat://",
    ],
)
def test_what_only_looks_like_a_url_is_none(typed):
    assert urls(typed) == []


@pytest.mark.parametrize(
    "ending", [*".,;:!?'*…’”»", "...", "?!", "'.", "(", ".)", "（", "。", "、", "」"]
)
@pytest.mark.parametrize("url", ["https://example.org", "https://example.org/a"])
def test_what_ends_the_sentence_is_not_of_the_url(url, ending):
    assert urls(f"{url}{ending}") == [url]


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("(https://example.org/Foo_(bar))", "https://example.org/Foo_(bar)"),
        ("(https://example.org/a)b", "https://example.org/a"),
        ("[x](https://example.org/a), b", "https://example.org/a"),
        ("[https://example.org/a[0]]", "https://example.org/a[0]"),
        ("{https://example.org/{a}}", "https://example.org/{a}"),
        ("https://example.org/(a", "https://example.org/(a"),
        ("https://example.org/a(", "https://example.org/a"),
        ("https://example.org/a]", "https://example.org/a"),
        ("https://example.org/(a]", "https://example.org/(a"),
    ],
)
def test_brackets_are_of_the_url_if_opened_in_it(typed, url):
    assert urls(typed) == [url]


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("見てhttps://example.orgを見て", "https://example.org"),
        ("https://example.org/a\u202eb", "https://example.org/a"),
        ("https://example.org/a\u200bb", "https://example.org/a"),
        ("https://example.org/a\\b", "https://example.org/a"),
        ("https://example.org\\@evil.test", "https://example.org"),
        ("`https://example.org/a`", "https://example.org/a"),
        ("_https://example.org_", "https://example.org"),
        ("https://example.org--", "https://example.org"),
        ("https://example.org..x", "https://example.org"),
        ("https://example.org:", "https://example.org"),
        ("https://example.org:x", "https://example.org"),
        ("https://example.org:123456", "https://example.org"),
        ("https://example.org/a\x00b", "https://example.org/a"),
        ("http://http://example.org", "http://example.org"),
        ("mailto:http://example.org", "http://example.org"),
        ("dat://x.", "dat://x"),
        ("https://example.org/a\u200c\u200d b", "https://example.org/a"),
    ],
)
def test_a_url_stops_at_what_it_cannot_hold(typed, url):
    assert urls(typed) == [url]


@pytest.mark.parametrize("host", ["good.example", "good.example:443", "[::1]", "localhost"])
def test_a_host_before_an_at_sign_is_no_link_for_it_is_not_the_host(host):
    assert urls(f"https://{host}@evil.test/") == []


def test_several_urls_are_found_from_left_to_right():
    typed = "https://a.bc,https://d.ef/ (http://g.hi)http://j.kl"
    assert urls(typed) == ["https://a.bc", "https://d.ef/", "http://g.hi", "http://j.kl"]


# --- All together ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "https://a.bc/(@bob)",
        "https://a.bc/?q=x,@bob",
        "https://a.bc/.@bob@our.test",
        "xmpp:bob@our.test",
        "magnet:?x=.@bob",
    ],
)
def test_no_mention_inside_a_url(typed):
    assert len(urls(typed)) == 1
    assert handles(typed) == []


def test_a_url_that_begins_inside_a_hashtag_wins():
    assert urls("#日本https://a.bc") == ["https://a.bc"]
    assert tags("#日本https://a.bc") == []


def test_mentions_and_hashtags_next_to_urls_are_found():
    typed = "@ann https://a.bc/.@bob #x https://d.ef/#y @cat #z"
    assert handles(typed) == ["ann", "cat"]
    assert tags(typed) == [("x", "x"), ("z", "z")]
    kinds = [type(match).__name__[0] for match in find_all(typed, OWN)]
    assert "".join(kinds) == "MUHUMH"


@given(TEXTS)
def test_what_is_found_lies_in_order_and_apart(typed):
    end = 0
    for match in find_all(typed, OWN):
        assert end <= match.start < match.end <= len(typed)
        end = match.end


@given(TEXTS)
def test_each_search_finds_what_all_together_find(typed):
    apart = [
        *text.find_urls(typed),
        *text.find_mentions(typed, OWN),
        *text.find_hashtags(typed),
    ]
    assert sorted(apart, key=lambda match: match.start) == find_all(typed, OWN)


@given(TEXTS)
def test_what_is_found_looks_as_promised(typed):
    for mention in text.find_mentions(typed, OWN):
        assert typed[mention.start] == "@"
        assert mention.username.replace(".", "").replace("-", "").replace("_", "a").isalnum()
        assert mention.username.isascii()
        assert mention.domain != OWN
    for tag in text.find_hashtags(typed):
        assert typed[tag.start] in "#＃"
        assert tag.start == 0 or typed[tag.start - 1].isspace()
        assert not set(tag.display) & set(" \t\n@#<>&\"'/")
    for url in text.find_urls(typed):
        assert not set(url.url) & set(' \t\n<>"\\`\u202e')
