"""What notifications are about when it is no status: reports, warnings, events, collections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stentor.domain.collections import Collection, CollectionItem
from stentor.domain.moderation import AccountWarning
from stentor.domain.notifications import BY_NAME, TRAITS, Attached
from stentor.domain.reports import Report
from stentor.domain.severed_relationships import SeveranceEvent


@dataclass(frozen=True, slots=True)
class LoadedCollection:
    """A collection with its items, oldest first."""

    collection: Collection
    items: Sequence[CollectionItem]


Attachment = Report | SeveranceEvent | AccountWarning | LoadedCollection | int


@dataclass(frozen=True, slots=True)
class Attachments:
    """What a page of one person's notifications is about, by the type's name and the activity.

    An annual report is its year. What is gone is not there.
    """

    found: Mapping[tuple[str, int], Attachment] = field(default_factory=dict)

    def get(self, type: str, activity_id: int) -> Attachment | None:
        """What a notification of that type and activity is about, if it is still there."""
        return self.found.get((type, activity_id))

    def account_ids(self) -> Iterator[int]:
        """The accounts that are shown inside, to be loaded with the page's."""
        for one in self.found.values():
            if isinstance(one, Report | AccountWarning):
                yield one.target_account_id


#: The types that carry at most a status and that every client knows: nearly all there are.
ORDINARY = frozenset(
    name
    for name, type in BY_NAME.items()
    if TRAITS[type].baseline and TRAITS[type].attached in (Attached.NOTHING, Attached.STATUS)
)


def attached(type: str) -> Attached:
    """What notifications of a type carry; nothing for a type that nobody knows."""
    return TRAITS[BY_NAME[type]].attached if type in BY_NAME else Attached.NOTHING
