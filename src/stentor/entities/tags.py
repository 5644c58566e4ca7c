"""Tag and FeaturedTag as JSON (surroundings C5.1); their numbers are strings (trap 2)."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from stentor.domain import tags, times
from stentor.domain.links import Links


class Day(Struct, gc=False):
    """How often a hashtag was used on one day, and by how many accounts."""

    day: str
    uses: str
    accounts: str


class Tag(Struct, gc=False):
    """A hashtag with its last seven days. What the viewer does with it is absent for nobody."""

    id: str
    name: str
    url: str
    history: list[Day]
    following: bool | UnsetType = UNSET
    featuring: bool | UnsetType = UNSET


class FeaturedTag(Struct, gc=False):
    """A hashtag on somebody's profile."""

    id: str
    name: str
    url: str
    statuses_count: str
    last_status_at: str | None


def render(
    tag: tags.Tag,
    used: dict[int, dict[int, tuple[int, int]]],
    links: Links,
    *,
    now: int,
    anonymous: bool,
) -> Tag:
    """Tag; ``used`` as `store.tags.history` has it. A tag that nobody ever used has the id ''."""
    days = used.get(tag.id, {}) if tag.id is not None else {}
    return Tag(
        "" if tag.id is None else str(tag.id),
        tag.name,
        links.tag(tag.name),
        [Day(str(day), str(uses), str(people)) for day, uses, people in tags.history(days, now)],
        UNSET if anonymous else bool(tag.following),
        UNSET if anonymous else bool(tag.featuring),
    )


def render_featured(tag: tags.FeaturedTag, username: str, links: Links) -> FeaturedTag:
    """FeaturedTag of the account with that user name."""
    return FeaturedTag(
        str(tag.id),
        tag.name,
        links.featured_tag(username, tag.tag_name),
        str(tag.statuses_count),
        None if tag.last_status_at is None else times.date(tag.last_status_at),
    )
