"""What is known of commits: whether anything was touched after one of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stentor.store import changes

KEYS = st.sets(st.integers(0, 12), max_size=4)


@pytest.mark.parametrize("recent", [1, 3, 64])
@given(commits=st.lists(st.none() | KEYS, max_size=12), ground=KEYS, asking=st.booleans())
def test_whatever_was_touched_since_is_known_and_nothing_else(
    recent: int, commits: list[set[int] | None], ground: set[int], asking: bool
) -> None:
    """Whether the commit is among the last ones or not, and whoever has asked before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(changes, "RECENT", recent)
        known = changes.Changes()
        for number, commit in enumerate(commits, 1):
            known.note(commit)
            assert known.number == number
            assert len(known._recent) <= recent
            if asking:
                known.untouched(ground, since=number - 1)
        for since in range(len(commits) + 1):
            expected = all(one is not None and not one & ground for one in commits[since:])
            assert known.untouched(ground, since=since) is expected


@given(commits=st.lists(KEYS, max_size=12), ground=KEYS)
def test_when_too_much_was_touched_everything_was(
    commits: list[set[int]], ground: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(changes, "MOST", 3)
        known = changes.Changes()
        for one in commits:
            known.note(one)
        for since in range(len(commits) + 1):
            if known.untouched(ground, since=since):
                assert not any(one & ground for one in commits[since:])
        assert known.untouched(ground, since=len(commits))
    assert len(known._last) <= 3
