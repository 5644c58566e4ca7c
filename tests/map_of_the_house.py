"""docs/develop/map.md against the modules there are: `python -m tests.map_of_the_house [--write]`.

A module's sentence on the map is the first paragraph of its docstring, so it is written once
(without the places in the specification that it may name in brackets).
Without --write the differences are printed; with it the map's lists are put right.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "stentor"
MAP = ROOT / "docs" / "develop" / "map.md"
TOP = "The top"
PLACES = re.compile(r" \((notifications\.md|surroundings|reliability|[A-D]\d+\.)[^)]*\)")
ENTRY = re.compile(r"^- `([\w/]+\.py)`: (.+)$")


def modules() -> dict[str, str]:
    """Every module (but the rooms' own `__init__`) with the sentence it says of itself."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name != "__init__.py":
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            name = path.relative_to(SOURCE).as_posix()
            says = " ".join(text.split("\n\n")[0].split()).replace("``", "`")
            found[name] = PLACES.sub("", says)
    return found


def entries(text: str) -> dict[str, str]:
    """What the map says."""
    return dict(match.groups() for line in text.split("\n") if (match := ENTRY.match(line)))


def room(module: str) -> str:
    """The heading that a module stands under."""
    return f"{module.split('/')[0]}/" if "/" in module else TOP


def problems() -> list[str]:
    """Differences between the map and the house, one line each."""
    text = MAP.read_text()
    there, told = modules(), entries(text)
    rooms = {room(name) for name in there} | {
        f"{p.parent.name}/" for p in SOURCE.glob("*/__init__.py")
    }
    headings = set(re.findall(rf"^## (\S+/|{TOP})", text, re.MULTILINE))
    return [
        *(f"{name}: has no docstring" for name in there if not there[name]),
        *(f"{name}: not on the map" for name in there.keys() - told.keys()),
        *(f"{name}: on the map, but gone" for name in told.keys() - there.keys()),
        *(
            f"{name}: on the map in other words"
            for name in there.keys() & told
            if told[name] != there[name]
        ),
        *(f"{name}: no heading for it" for name in rooms - headings),
        *(f"{name}: a heading for nothing" for name in headings - rooms),
    ]


def written(text: str) -> str:
    """The map with its lists put right; a room without a heading gets one at the end."""
    there = modules()
    body = "\n".join(line for line in text.split("\n") if not ENTRY.match(line))
    sections = re.split(r"\n(?=## )", body)
    for name in sorted({room(module) for module in there}):
        listed = "\n".join(f"- `{m}`: {say}" for m, say in there.items() if room(m) == name)
        if not any(re.match(rf"## {name}(\s|$)", section) for section in sections):
            sections.append(f"## {name}")
        sections = [
            f"{section.rstrip()}\n\n{listed}\n"
            if re.match(rf"## {name}(\s|$)", section)
            else f"{section.rstrip()}\n"
            for section in sections
        ]
    return "\n".join(sections)


def main() -> int:
    """Prints what is wrong, or mends it."""
    if "--write" in sys.argv:
        MAP.write_text(written(MAP.read_text()))
    wrong = problems()
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
