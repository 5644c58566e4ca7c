"""A memory with a bound."""

from __future__ import annotations

from stentor.domain.bounded import make_room


def test_it_never_grows_beyond_its_bound_and_keeps_the_newest() -> None:
    entries: dict[int, int] = {}
    for number in range(1000):
        make_room(entries, 50)
        entries[number] = number
        assert len(entries) <= 50
    assert set(range(960, 1000)) <= set(entries)
    assert 0 not in entries
