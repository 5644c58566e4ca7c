"""What the people of the demonstration say: posts, threads, and the phrases of their live talk."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Post:
    """Something somebody says, and what others answer to it, each after some minutes."""

    by: str
    text: str
    minutes: int = 0
    replies: tuple[Post, ...] = field(default=())
    spoiler: str = ""
    visibility: str = "public"


def say(by: str, text: str, *replies: Post, minutes: int = 0, **more: str) -> Post:
    """A post with its replies."""
    return Post(by, text, minutes, replies, **more)


#: Each begins so many hours before now.
THREADS: tuple[tuple[float, Post], ...] = (
    (142, say("kavya", "The Orion Nebula, 90 minutes in two-minute exposures. My neighbour turned "
        "off the porch light without being asked. #Astronomy",
        say("elif", "@kavya I can see the porch light's absence. Beautiful.", minutes=14),
        say("greta", "@kavya How cold was it? My fingers ache looking at it.",
            say("kavya", "@greta Minus six. The tea froze before the mount did.", minutes=9),
            minutes=31),
        say("amara", "@kavya Print it and I will hang it in the workshop.", minutes=55))),
    (133, say("hugo", "Gertrude has doubled in four hours. I am so proud. #Sourdough",
        say("dmitri", "@hugo Mine has done nothing for two days. Is it dead?",
            say("hugo", "@dmitri Warm place, feed it twice, do not look at it. It knows.",
                say("dmitri", "@hugo @amara It worked!! There are BUBBLES", minutes=1260),
                minutes=6),
            minutes=22))),
    (121, say("amara", "Somebody left a 1962 tandem at the workshop door with a note: “please”. "
        "That is the whole note. #Cycling",
        say("ines", "@amara May I come and record it? The first squeak after sixty years!",
            say("amara", "@ines Saturday. Bring headphones, the freewheel is loud.", minutes=11),
            minutes=18),
        say("jonas", "@amara We have the owner's manual. Of course we have. Shelf 629.2.",
            minutes=40),
        say("bruno", "@amara Dibs on the back seat.", minutes=75))),
    (104, say("tides", "High water 05:12 (3.4 m) and 17:38 (3.6 m). Low water 11:20 (0.7 m).")),
    (98, say("elif", "Today's ferry: a man asleep with a cake on his knees, guarding it with both "
        "hands. I drew the hands. #Sketch",
        say("chiyo", "@elif The hands are everything. 手がいいですね。", minutes=25))),
    (92, say("farid", "Deleted four thousand lines today and the tests got faster. Best Tuesday in "
        "weeks.",
        say("dmitri", "@farid How did you know which four thousand?",
            say("farid", "@dmitri I asked who would notice. Then I waited a month.", minutes=13),
            minutes=8))),
    (80, say("bruno", "Slug report: they have learned about the copper tape.",
        say("greta", "@bruno Nematodes, in April. It is war, but a quiet one.", minutes=33),
        spoiler="garden, slugs")),
    (74, say("jonas", "A child returned a book today that her grandmother borrowed in 1971. She "
        "had saved the fine in coins. We do not take fines any more, so we bought ice cream. "
        "#Library",
        say("amara", "@jonas I am not crying, there is chain oil in my eye.", minutes=7),
        say("kavya", "@jonas Best thing I have read all week.", minutes=21),
        say("ines", "@jonas Please tell me somebody wrote down her name.", minutes=64))),
    (66, say("chiyo", "Folded one crane for every day of rain this month. The window sill is full. "
        "#Origami #折り紙")),
    (57, say("greta", "The bees are flying! First warm day. I sang to them and they did not mind. "
        "#Bees",
        say("hugo", "@greta Honey for the rye loaf again this year?",
            say("greta", "@hugo If you save me two. The usual rate.", minutes=17), minutes=12))),
    (50, say("ines", "The ferry terminal closes its old waiting room on Friday. I am recording the "
        "radiators tonight. If you have a memory of that room, tell me.",
        say("elif", "@ines I learned to draw there. Delay of 1998, six hours.", minutes=19),
        say("jonas", "@ines I proposed there. She missed the boat, then said yes.", minutes=48),
        say("amara", "@ines @elif My first lost bicycle lock. It is still on the railing.",
            minutes=70))),
    (41, say("dmitri", "Question for @farid and anybody: what is the smallest useful program you "
        "have ever written?",
        say("farid", "@dmitri One line that reminds me to go home. It has never been obeyed.",
            minutes=16),
        say("kavya", "@dmitri A script that tells me if tonight is clear. It says no.",
            minutes=29))),
    (33, say("amara", "Server news: more room on the disk, the same old jokes. Tell me if anything "
        "looks odd.",
        say("farid", "@amara Notifications feel instant now. What did you do?",
            say("amara", "@farid Fewer things, sooner.", minutes=5), minutes=9),
        say("bruno", "@amara The jokes look odd.", minutes=38))),
    (26, say("tides", "High water 06:01 (3.5 m) and 18:22 (3.7 m). Low water 12:09 (0.6 m).")),
    (22, say("hugo", "New on the counter: walnut and pear. Gone by eight, I am told by people who "
        "were late. #Bakery",
        say("amara", "@hugo Keep me one? I will true your delivery wheels.",
            say("hugo", "@amara Two, then. They wobble like jelly.", minutes=4), minutes=10))),
    (15, say("elif", "@amara Sketched your workshop window from the tram. The tandem looks ready "
        "to leave without you. #Sketch",
        say("amara", "@elif It probably is. May I have a copy for the wall?", minutes=12))),
    (9, say("kavya", "Clear sky tonight, new moon, no wind. Roof of the library at ten, "
        "@jonas has the key. Bring warm socks. #Astronomy",
        say("jonas", "@kavya Key, ladder, cocoa. The atlas is on the third step.", minutes=6),
        say("ines", "@kavya May I record the silence?", minutes=15),
        say("amara", "@kavya I will come by tandem. Who pedals?",
            say("bruno", "@amara @kavya Back seat! I called it!", minutes=3), minutes=21))),
    (4, say("bruno", "@amara You were right about the gears. I apologise to the gears. #Cycling")),
    (2, say("chiyo", "@amara A small folded bicycle is in the post. Mind the spokes. #Origami")),
    (1.6, say("greta", "@amara A secret: the choir sings at the tandem's first ride. Hush.",
        visibility="direct")),
    # The visitor does not follow him, so this waits among the notification requests.
    (1.2, say("jonas", "@amara Between us: the council says yes to the bicycle library. Not a word "
        "until Friday.", visibility="direct")),
)  # fmt: skip

#: Said in passing while somebody looks on.
REMARKS = {
    "amara": ["Somebody's brakes sing in B flat. #Cycling", "Tea, then the tandem."],
    "jonas": ["Found in a returned book: a tram ticket from 1983. #Library",
              "A reader asked for “the blue one”. I knew which."],
    "kavya": ["Clouds. Of course. #Astronomy", "Jupiter is up, and so am I."],
    "hugo": ["Rye is out of the oven. #Bakery", "Flour everywhere, as it should be."],
    "greta": ["Swarm season. I keep the ladder by the door. #Bees",
              "Choir at seven, altos at six."],
    "farid": ["The test was right and I was wrong.", "Renamed one function. Slept well."],
    "chiyo": ["A new nib. It writes like rain. 万年筆", "Fold, unfold, fold again. #Origami"],
    "elif": ["A dog on the ferry, drawn in eleven lines. #Sketch", "Everybody opposite me yawned."],
    "bruno": ["Slug count: do not ask. #Garden", "The beans are up!"],
    "ines": ["Recording an empty swimming pool. It hums.", "Tape of the day: a gate in the wind."],
    "dmitri": ["My loaf has a shape. Not the one I planned. #Sourdough", "It compiles. Why?"],
    "tides": ["The tide is turning.", "Slack water for the next twenty minutes."],
}  # fmt: skip

#: What is answered to somebody, who stands for the braces.
ANSWERS = (
    "@{} I had to laugh out loud on the tram.",
    "@{} This made my morning, thank you.",
    "@{} Same here, only with more flour.",
    "@{} Tell me more when we meet on Saturday?",
    "@{} I was thinking exactly that.",
    "@{} You should write this down somewhere safe.",
    "@{} Count me in.",
    "@{} Is there a picture?",
)
