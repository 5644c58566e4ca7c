"""The people of the demonstration. All are made up; their portraits are drawn by us."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: how they are called, what they say of themselves, how long they are here."""

    name: str
    display_name: str
    note: str
    days_here: int
    role: str = "user"
    locked: bool = False
    bot: bool = False
    fields: tuple[tuple[str, str], ...] = ()


#: The first is who the visitor signs in as. From the eldest to the newest account.
PEOPLE = (
    Person(
        "amara", "Amara Okafor",
        "I mend bicycles by day and run this server by night. #Cycling, bread, bad puns.",
        days_here=420, role="owner",
        fields=(("Pronouns", "she/her"), ("Workshop", "Tue to Sat, 10 to 18")),
    ),
    Person(
        "jonas", "Jonas Lindqvist",
        "Lighthouse keeper (the lighthouse is a library). I follow back people who read.",
        days_here=390, locked=True, fields=(("Reading", "whatever is overdue"),),
    ),
    Person(
        "kavya", "Kavya Raman",
        "Star charts, long exposures, short sentences. #Astronomy",
        days_here=350, role="moderator",
        fields=(("Telescope", "200 mm Dobsonian"), ("Sky", "Bortle 4")),
    ),
    Person(
        "hugo", "Hugo Batista",
        "Baker. Up at three, asleep by nine. Sourdough questions welcome, answers not guaranteed.",
        days_here=310, fields=(("Starter", "called Gertrude, aged 9"),),
    ),
    Person(
        "greta", "Greta Vogel", "Choir alto, beekeeper, retired maths teacher. #Bees",
        days_here=260,
    ),
    Person(
        "farid", "Farid Haddad",
        "Software, mostly the parts nobody sees. Here for the people.",
        days_here=240, fields=(("Editor", "yes"),),
    ),
    Person(
        "chiyo", "千代 Chiyo", "Paper, ink and folded things. 折り紙と万年筆。 #Origami",
        days_here=200,
    ),
    Person(
        "elif", "Elif Şahin", "Ferry commuter. I draw whoever sits opposite. #Sketch",
        days_here=170,
    ),
    Person(
        "bruno", "Bruno Keller", "Allotment 14b. The slugs are winning. #Garden",
        days_here=120,
    ),
    Person(
        "ines", "Inês Duarte", "Radio documentaries. I collect sounds of places that close.",
        days_here=90,
    ),
    Person(
        "dmitri", "Dmitri", "Learning to bake, learning to code, learning when to stop.",
        days_here=45,
    ),
    Person(
        "tides", "Harbour Tides", "High and low water for the old harbour. I am a bot; ask @elif.",
        days_here=60, bot=True, fields=(("Kept by", "@elif"),),
    ),
)  # fmt: skip
