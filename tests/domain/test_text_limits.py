"""The sizes agree with each other (surroundings D1, D2; reliability 5g, T47, T54)."""

from stentor.domain import limits, text

SIZES = {name: value for name, value in vars(limits).items() if name.isupper()}
PAGES = {name: value for name, value in SIZES.items() if name.endswith("_PAGE")}


def test_no_page_is_larger_than_twice_its_default_but_the_count_of_unread():
    factors = {name: page.maximum / page.default for name, page in PAGES.items()}
    assert factors.pop("UNREAD_COUNT_PAGE") == 10
    assert set(factors.values()) == {2}


def test_a_lower_bound_is_below_its_upper_bound():
    lower = {
        name.removesuffix("_MIN"): value for name, value in SIZES.items() if name.endswith("_MIN")
    }
    assert {"POLL_OPTIONS", "POLL_SECONDS"} <= lower.keys()
    for name, least in lower.items():
        assert least < (SIZES.get(name) or SIZES[f"{name}_BYTES"]), name


def test_the_longest_texts_fit_in_a_body():
    assert limits.STATUS_BYTES * 3 < limits.BODY_BYTES  # percent-encoded it is three times as long
    assert limits.MEDIA_DESCRIPTION * 12 < limits.BODY_BYTES


def test_the_longest_character_people_send_has_room_everywhere():
    kiss = "👩🏻\u200d❤\ufe0f\u200d💋\u200d👩🏻"
    assert text.length(kiss) == 1
    assert text.fits(kiss * limits.DISPLAY_NAME, limits.DISPLAY_NAME)
    assert len((kiss * limits.STATUS_CHARACTERS).encode()) <= limits.STATUS_BYTES
    assert len(text.excerpt(kiss * 500, max_bytes=limits.PUSH_PLAINTEXT_BYTES)) > 900
