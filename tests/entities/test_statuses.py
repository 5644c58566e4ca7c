"""Statuses as JSON: what is remembered of them is what would be rendered now."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from stentor.domain.accounts import Account
from stentor.domain.links import Links
from stentor.domain.statuses import LoadedStatuses, Marks, Status
from stentor.entities import statuses
from stentor.entities.memo import Memo

LINKS = Links("https", "stentor.example")
# Texts that look like what is around the counters.
KEYS = '","replies_count":1,"reblogs_count":2,"edited_at":'
COUNTERS = ("replies_count", "reblogs_count", "favourites_count", "quotes_count")
COUNT = st.integers(min_value=0, max_value=2**53)
TEXT = st.sampled_from(["", "tea", KEYS, f"\\{KEYS}", '\\"' + KEYS])

ROW = st.fixed_dictionaries(
    dict.fromkeys(COUNTERS, COUNT)
    | dict.fromkeys(("spoiler_text", "content", "uri", "url"), TEXT)
    | {"edited_at": st.sampled_from([None, 1]), "sensitive": st.booleans()}
)


def account(**columns: Any) -> Account:
    empty: dict[str, Any] = dict.fromkeys(Account._fields, "")
    names = ("id", "created_at", "role_id", *(f"{one}_count" for one in ("statuses", "followers")))
    numbers = dict.fromkeys((*names, "following_count"), 1)
    nothing = dict.fromkeys(("suspended_at", "last_status_at", "moved_to", "silenced_at"))
    return Account(**(empty | numbers | nothing | {"fields": "[]", "username": "ann"} | columns))


def load(row: dict[str, Any], author: Account, named: list[int], tags: tuple[str, ...]) -> Any:
    empty: dict[str, Any] = dict.fromkeys(Status._fields)
    plain = {"id": 7, "account_id": 1, "created_at": 1, "visibility": "public", "language": "en"}
    status = Status(**(empty | plain | {"quote_policy": "public"} | row))
    return LoadedStatuses(
        viewer_id=2,
        statuses={7: status},
        accounts={1: author, 3: account(id=3, username="cyd")},
        mentions={7: named},
        tags={7: tags},
        marks={7: Marks(favourited=True)},
    )


LOADED = st.builds(
    load,
    ROW,
    st.sampled_from([account(), account(statuses_count=2), account(domain="far.example", uri="u")]),
    st.sampled_from([[], [3]]),
    st.sampled_from([(), ("tea",)]),
)
PLAIN: dict[str, Any] = {
    **dict.fromkeys(COUNTERS, 0), "spoiler_text": KEYS, "content": KEYS, "uri": KEYS, "url": KEYS,
    "edited_at": None, "sensitive": False,
}  # fmt: skip


@given(st.lists(LOADED, min_size=2, max_size=5))
@example([load(PLAIN | {one: 5}, account(domain="x"), [3], ("tea",)) for one in COUNTERS])
def test_what_is_remembered_is_shown_with_its_present_counters(loads: list[LoadedStatuses]) -> None:
    with patch.object(statuses, "_memo", Memo(8)):
        remembered = [bytes(statuses.encoded(one, 7, LINKS)) for one in loads]
    for shown, one in zip(remembered, loads, strict=True):
        with patch.object(statuses, "_memo", Memo(8)):
            assert shown == bytes(statuses.encoded(one, 7, LINKS))
        said = msgspec.json.decode(shown)
        assert [said[name] for name in COUNTERS] == [getattr(one.statuses[7], n) for n in COUNTERS]


def test_a_status_whose_counters_move_is_not_rendered_again() -> None:
    with (
        patch.object(statuses, "_memo", Memo(8)),
        patch.object(statuses, "_render_common", wraps=statuses._render_common) as rendered,
    ):
        for row in (PLAIN, PLAIN | {"favourites_count": 1}, PLAIN | {"content": "other"}):
            statuses.encoded(load(row, account(), [3], ()), 7, LINKS)
    assert [one.args[0].content for one in rendered.call_args_list] == [KEYS, "other"]
