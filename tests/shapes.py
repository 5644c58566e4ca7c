"""What the JSON on the wire must look like: tables of entities, and a check of real answers.

An entity is a block of lines ``field: type``; ``field?`` may be absent, every other key must be
there and no further one may. ``Name < Parent`` has the fields of the parent, some of them
otherwise; ``- field`` takes one away. A line goes on in the next if that is indented twice. What
follows ``--`` says why a field never varies.

Types: the words of `SCALARS`, ``"literal"``, ``true``, ``null``, ``[type]``, ``[type]+`` (never
empty), ``[]`` (always empty), ``{type}`` and ``{type}+`` (an object with any keys), the name of an
entity, and ``a | b``.

`Tables.branches` is all that can be seen of them: each alternative, each optional key both there
and absent, each list both with something and with nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

Seen = set[tuple[str, str]]
Rule = Callable[[dict[str, Any]], bool]


class WrongShape(AssertionError):
    """A value that its table does not allow."""


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: type(value) is str and compiled.fullmatch(value) is not None


_DAY = r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d"


def _url(value: Any) -> bool:
    parts = urlsplit(value) if type(value) is str else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc)


SCALARS: dict[str, Callable[[Any], bool]] = {
    # A decimal string (notifications.md 0.2).
    "id": _matches(r"0|[1-9]\d{0,18}"),
    # The same of roles, whose first has a negative id.
    "role": _matches(r"-99|0|[1-9]\d*"),
    # A count that is sent as a string (trap 2).
    "digits": _matches(r"0|[1-9]\d*"),
    "int": lambda value: type(value) is int and value >= 0,
    "str": lambda value: type(value) is str,
    "text": lambda value: type(value) is str and value != "",
    "html": lambda value: type(value) is str and (not value or "<" in value),
    "url": _url,
    "ws": _matches(r"wss?://[^/]+"),
    "datetime": _matches(rf"{_DAY}T{_TIME}\.\d{{3}}Z"),
    "seconds": _matches(rf"{_DAY}T{_TIME}Z"),
    "midnight": _matches(rf"{_DAY}T00:00:00\.000Z"),
    "date": _matches(_DAY),
    "key": _matches(r"[A-Za-z0-9_-]+=*"),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One of `SCALARS`."""

    name: str

    def check(self, tables: Tables, value: Any, path: str, seen: Seen | None) -> None:  # noqa: ARG002  # all alike
        """Raises WrongShape."""
        if not SCALARS[self.name](value):
            raise WrongShape(f"{path}: {value!r} is not {self.name}")

    def branches(self, path: str) -> Iterator[str]:  # noqa: ARG002  # all alike
        """None: any value will do."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    value: str | bool | None

    @property
    def name(self) -> str:
        """As it stands in JSON."""
        words = {True: "true", False: "false", None: "null"}
        return repr(self.value) if isinstance(self.value, str) else words[self.value]

    def check(self, tables: Tables, value: Any, path: str, seen: Seen | None) -> None:  # noqa: ARG002  # all alike
        """Raises WrongShape."""
        if type(value) is not type(self.value) or value != self.value:
            raise WrongShape(f"{path}: {value!r} is not {self.name}")

    def branches(self, path: str) -> Iterator[str]:  # noqa: ARG002  # all alike
        """None."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Entity:
    """An object with a table of its own."""

    name: str

    def check(self, tables: Tables, value: Any, path: str, seen: Seen | None) -> None:
        """Raises WrongShape."""
        tables.check_entity(self.name, value, path, seen)

    def branches(self, path: str) -> Iterator[str]:  # noqa: ARG002  # all alike
        """None: those of its own table are counted there."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types."""

    types: tuple[Type, ...]

    @property
    def name(self) -> str:
        """As in the table."""
        return " | ".join(one.name for one in self.types)

    def check(self, tables: Tables, value: Any, path: str, seen: Seen | None) -> None:
        """Raises WrongShape; an entity or a list says what is wrong inside it."""
        for one in self.types:
            if isinstance(one, Entity | Many | Map) and isinstance(value, dict | list):
                one.check(tables, value, path, seen)
            elif isinstance(one, Scalar):
                if not SCALARS[one.name](value):
                    continue
            elif not (isinstance(one, Constant) and value is one.value) and not (
                isinstance(one, Constant) and isinstance(value, str) and value == one.value
            ):
                continue
            _note(seen, path, one.name)
            return
        raise WrongShape(f"{path}: {value!r} is not {self.name}")

    def branches(self, path: str) -> Iterator[str]:
        """Each of the types, and what is inside them."""
        for one in self.types:
            yield f"{path}: {one.name}"
            yield from one.branches(path)


@dataclass(frozen=True, slots=True)
class Many:
    """A list; of nothing when it is always empty."""

    of: Type | None
    empty: Literal["never", "sometimes", "always"]

    @property
    def name(self) -> str:
        """As in the table."""
        return f"[{self.of.name if self.of else ''}]{'+' if self.empty == 'never' else ''}"

    def check(self, tables: Tables, value: Any, path: str, seen: Seen | None) -> None:
        """Raises WrongShape."""
        if type(value) is not list or (value and not self.of) or (
            not value and self.empty == "never"
        ):  # fmt: skip
            raise WrongShape(f"{path}: {value!r} is not {self.name}")
        _note(seen, path, "with items" if value else "empty")
        for one in value:
            assert self.of is not None
            self.of.check(tables, one, f"{path}[]", seen)

    def branches(self, path: str) -> Iterator[str]:
        """Full and empty, and what is inside."""
        if self.of is not None:
            yield f"{path}: with items"
            yield from self.of.branches(f"{path}[]")
            if self.empty == "sometimes":
                yield f"{path}: empty"


@dataclass(frozen=True, slots=True)
class Map:
    """An object whose keys are data."""

    of: Type
    empty: bool

    @property
    def name(self) -> str:
        """As in the table."""
        return f"{{{self.of.name}}}{'' if self.empty else '+'}"

    def check(self, tables: Tables, value: Any, path: str, seen: Seen | None) -> None:
        """Raises WrongShape."""
        if type(value) is not dict or not (value or self.empty):
            raise WrongShape(f"{path}: {value!r} is not {self.name}")
        _note(seen, path, "with items" if value else "empty")
        for key, one in value.items():
            if not key:
                raise WrongShape(f"{path}: an empty key")
            self.of.check(tables, one, f"{path}{{}}", seen)

    def branches(self, path: str) -> Iterator[str]:
        """Full and empty, and what is inside."""
        yield f"{path}: with items"
        yield from self.of.branches(f"{path}{{}}")
        if self.empty:
            yield f"{path}: empty"


Type = Scalar | Constant | Entity | Union | Many | Map
BOOL = Union((Constant(True), Constant(False)))


def _note(seen: Seen | None, path: str, branch: str) -> None:
    if seen is not None:
        entity, _, inside = path.partition(".")
        seen.add((entity, f"{inside}: {branch}"))


_TOKEN = re.compile(r'\s*("[^"]*"|[A-Za-z]\w*|\[|[\]}]\+?|[{|])')


def parse_type(text: str) -> Type:
    """The type that a table's line names."""
    tokens = [found[1] for found in _TOKEN.finditer(text)]
    if "".join(tokens) != text.replace(" ", ""):
        raise ValueError(f"{text!r} is no type")
    parsed = _union(tokens)
    if tokens:
        raise ValueError(f"{text!r} goes on with {tokens}")
    return parsed


def _union(tokens: list[str]) -> Type:
    types = [_one(tokens)]
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        types.append(_one(tokens))
    flat = [inner for one in types for inner in (one.types if isinstance(one, Union) else [one])]
    return flat[0] if len(flat) == 1 else Union(tuple(flat))


def _one(tokens: list[str]) -> Type:
    token = tokens.pop(0)
    if token == "[":
        if tokens[0] == "]":
            tokens.pop(0)
            return Many(None, "always")
        of = _union(tokens)
        return Many(of, "never" if tokens.pop(0) == "]+" else "sometimes")
    if token == "{":
        of = _union(tokens)
        return Map(of, empty=tokens.pop(0) != "}+")
    if token[0] == '"':
        return Constant(token[1:-1])
    words: dict[str, Type] = {
        "bool": BOOL, "true": Constant(True), "false": Constant(False), "null": Constant(None),
    }  # fmt: skip
    if token in words:
        return words[token]
    return Scalar(token) if token in SCALARS else Entity(token)


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table; ``entity`` is where it stands."""

    entity: str
    name: str
    type: Type
    optional: bool
    reason: str

    @property
    def path(self) -> str:
        """Where coverage counts it."""
        return f"{self.entity}.{self.name}"


_HEAD = re.compile(r"(\w+)(?: < (\w+))?")
_LINE = re.compile(r'  (?:- (?P<gone>\S+)|(?P<name>"[^"]+"|\w+)(?P<optional>\?)?: (?P<type>.+))')


@dataclass
class Tables:
    """Entities by name, rules that join several of their fields, and the answers of routes.

    ``answers`` are lines ``METHOD /path: type``, with ``{name}`` for a variable segment.
    """

    entities: str
    answers: str
    rules: dict[str, dict[str, Rule]] = field(default_factory=dict)

    @cached_property
    def fields(self) -> dict[str, dict[str, Field]]:
        """All entities, in the order of the tables, inherited fields included."""
        found: dict[str, dict[str, Field]] = {}
        entity = ""
        for line in self.entities.replace("\n    ", " ").splitlines():
            line, _, reason = line.partition(" -- ")
            if not line.strip() or line.startswith("#"):
                continue
            head, row = _HEAD.fullmatch(line.rstrip()), _LINE.fullmatch(line.rstrip())
            if head:
                entity, parent = head[1], head[2]
                found[entity] = dict(found[parent]) if parent else {}
            elif row and row["gone"]:
                del found[entity][row["gone"]]
            elif row:
                name = row["name"].strip('"')
                found[entity][name] = Field(
                    entity, name, parse_type(row["type"]), bool(row["optional"]), reason.strip()
                )
            else:
                raise ValueError(f"what is {line!r}?")
        return found

    @cached_property
    def _keys(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        return {
            name: (
                frozenset(one.name for one in fields.values() if not one.optional),
                frozenset(fields),
            )
            for name, fields in self.fields.items()
        }

    @cached_property
    def _lineage(self) -> dict[str, list[str]]:
        parents = {
            found[1]: found[2]
            for line in self.entities.splitlines()
            if (found := _HEAD.fullmatch(line.partition(" -- ")[0].rstrip()))
        }
        lineage: dict[str, list[str]] = {}
        for name, parent in parents.items():
            lineage[name] = [name, *(lineage[parent] if parent else [])]
        return lineage

    @cached_property
    def routes(self) -> dict[tuple[str, str], Type]:
        """The types of answers by method and path."""
        found = {}
        for line in self.answers.split("\n"):
            if line.strip() and not line.startswith("#"):
                route, _, expected = line.partition(": ")
                method, path = route.split()
                found[method, path] = parse_type(expected)
        return found

    def check_entity(self, name: str, value: Any, path: str, seen: Seen | None) -> None:
        """Raises WrongShape unless the keys, their values and the rules are right."""
        if type(value) is not dict:
            raise WrongShape(f"{path}: {value!r} is not {name}")
        needed, known = self._keys[name]
        if not needed <= value.keys() <= known:
            missing, unknown = needed - value.keys(), value.keys() - known
            raise WrongShape(f"{path}: {name} lacks {set(missing)}, has unknown {set(unknown)}")
        for one in self.fields[name].values():
            there = one.name in value
            if one.optional:
                _note(seen, one.path, "present" if there else "absent")
            if there:
                one.type.check(self, value[one.name], one.path, seen)
        for ancestor in self._lineage[name]:
            if seen is not None:
                seen.add((ancestor, "seen"))
            for promise, holds in self.rules.get(ancestor, {}).items():
                if not holds(value):
                    raise WrongShape(f"{path}: {name} breaks {promise!r}: {value!r}")

    def check(self, type: str | Type, value: Any, seen: Seen | None = None) -> None:
        """Raises WrongShape unless the value is of that type."""
        parsed = parse_type(type) if isinstance(type, str) else type
        parsed.check(self, value, "answer.", seen)

    def branches(self) -> Seen:
        """Everything that can be seen of the entities."""
        found: Seen = set()
        for name, fields in self.fields.items():
            found.add((name, "seen"))
            for one in fields.values():
                if one.entity != name:
                    continue
                if one.optional:
                    found |= {(name, f"{one.name}: present"), (name, f"{one.name}: absent")}
                found |= {(name, branch) for branch in one.type.branches(one.name)}
        return found

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str], Type]]:
        """Literal segments win over variable ones."""
        ordered = sorted(self.routes, key=lambda route: (route[1].count("{"), route))
        return [
            (method, re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), expected)
            for (method, path), expected in (
                ((method, path), self.routes[method, path]) for method, path in ordered
            )
        ]

    def of_answer(self, method: str, path: str) -> Type | None:
        """What that request is answered with, None if no line speaks of it."""
        for wanted, pattern, expected in self._patterns:
            if wanted == method and pattern.fullmatch(path):
                return expected
        return None
