"""Query and body to values: one decoder for every endpoint (surroundings C0.1).

Path, query and body make one map; the body wins. Brackets nest as Rails nests them. A value of
the wrong shape counts as missing; only what no reading can make sense of is an error (400).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from stentor.domain import ids, paging
from stentor.errors import BadRequest, ParameterMissing, Unprocessable

DEPTH = 16
PAIRS = 4096
ITEMS = 1000
_FALSE = frozenset({"0", "f", "false", "off"})
_KEY = re.compile(r"\A([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SURROGATE = re.compile("[\ud800-\udfff\x00]")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart form."""

    filename: str
    content_type: str
    data: bytes


def from_json(body: bytes) -> dict[str, Any]:
    """A JSON object; anything else that is valid JSON says nothing. Raises BadRequest."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        raise BadRequest("The request body is not valid JSON") from problem
    if not isinstance(value, dict):
        return {}
    _check_depth(value, DEPTH)
    return value


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict | list):
        if left == 0:
            raise BadRequest("The request body is nested too deeply")
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, left - 1)


def from_query(text: str) -> dict[str, Any]:
    """A query string or an urlencoded body. Raises BadRequest if it is not UTF-8."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PAIRS)
    except ValueError as problem:
        raise BadRequest("The request parameters cannot be read") from problem
    return nest(pairs)


def nest(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Brackets to maps and lists: ``a[]``, ``a[b]``, ``a[0][b]``, ``a[][b]``.

    A key that contradicts an earlier one is left out, as if it had not been sent.
    """
    root: dict[str, Any] = {}
    for key, value in pairs:
        match = _KEY.match(key)
        if match is None:
            root[key] = value
            continue
        path = _BRACKET.findall(match.group(2))
        if len(path) > DEPTH:
            raise BadRequest("The request parameters are nested too deeply")
        _put(root, match.group(1), path, value)
    return root


def _put(target: dict[str, Any], name: str, path: list[str], value: Any) -> None:
    if not path:
        target[name] = value
        return
    step, rest = path[0], path[1:]
    if step != "":
        below = target.setdefault(name, {})
        if isinstance(below, dict):
            _put(below, step, rest, value)
        return
    items = target.setdefault(name, [])
    if not isinstance(items, list):
        return
    if not rest:
        items.append(value)
        return
    # a[][b]: a new map begins when the last one has that key already
    if not items or not isinstance(items[-1], dict) or _has(items[-1], rest):
        items.append({})
    _put(items[-1], rest[0], rest[1:], value)


def _has(item: dict[str, Any], path: list[str]) -> bool:
    current: Any = item
    for step in path:
        if step == "" or not isinstance(current, dict) or step not in current:
            return False
        current = current[step]
    return True


def merge(*maps: dict[str, Any]) -> dict[str, Any]:
    """One map; a later one wins."""
    merged: dict[str, Any] = {}
    for one in maps:
        merged.update(one)
    return merged


def clean(text: str) -> str:
    """The text without NUL and without halves of surrogate pairs, which no database takes."""
    return _SURROGATE.sub("", text)


class Params:
    """What a request asks, read by name and kind."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """A scalar as text; None if it is absent, null, a list or a map."""
        return _scalar(self.values.get(name))

    def require(self, name: str) -> str:
        """A scalar that is not blank. Raises ParameterMissing."""
        value = self.text(name)
        if value is None or not value.strip():
            raise ParameterMissing(name)
        return value

    def boolean(self, name: str) -> bool | None:
        """True or False; None if it is absent or blank.

        Rails's false words, in any case: toot and Mastodon.py send Python's ``False``.
        """
        value = self.text(name)
        if value is None or value == "":
            return None
        return value.lower() not in _FALSE

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Like `boolean`, with a value for absent."""
        value = self.boolean(name)
        return default if value is None else value

    def integer(self, name: str) -> int | None:
        """A whole number (its prefix, 0 for garbage), within 63 bits; None if absent or blank."""
        value = self.text(name)
        if value is None or value == "":
            return None
        return max(-ids.LARGEST, min(paging.integer_prefix(value), ids.LARGEST))

    def id(self, name: str) -> int | None:
        """An id, or None if it is absent or no id at all."""
        return paging.parse_id(self.text(name))

    def texts(self, name: str) -> list[str]:
        """A list of scalars; one scalar is a list of one; an index map is in its order.

        Raises Unprocessable beyond 1,000 items.
        """
        return [text for item in self.items(name) if (text := _scalar(item)) is not None]

    def ids(self, name: str) -> list[int]:
        """The ids of a list, each once, in their order; what is no id is left out."""
        found = (paging.parse_id(text) for text in self.texts(name))
        return list(dict.fromkeys(one for one in found if one is not None))

    def items(self, name: str) -> list[Any]:
        """A list as it came. Raises Unprocessable beyond 1,000 items."""
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, dict):
            value = [value[key] for key in sorted(value, key=_index_order)]
        elif not isinstance(value, list):
            value = [value]
        if len(value) > ITEMS:
            raise Unprocessable(f"Too many values for {name}")
        return value

    def nested(self, name: str) -> Params | None:
        """A map, or None if it is absent or something else."""
        value = self.values.get(name)
        return Params(value) if isinstance(value, dict) else None

    def maps(self, name: str) -> list[Params]:
        """A list of maps; other items are left out."""
        return [Params(item) for item in self.items(name) if isinstance(item, dict)]

    def upload(self, name: str) -> Upload | None:
        """A file, or None."""
        value = self.values.get(name)
        return value if isinstance(value, Upload) else None

    def cursor(self, default: int, maximum: int) -> paging.Cursor:
        """The page asked for with limit, max_id, since_id and min_id."""
        return paging.cursor(
            max_id=self.text("max_id"),
            since_id=self.text("since_id"),
            min_id=self.text("min_id"),
            limit=paging.limit(self.text("limit"), default, maximum),
        )

    def pairs(self, *names: str) -> list[tuple[str, str]]:
        """The named parameters as a query repeats them; ``types[]`` names a list."""
        return list(self._pairs(names))

    def _pairs(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            plain = name.removesuffix("[]")
            if plain not in self.values:
                continue
            if name != plain:
                for item in self.texts(plain):
                    yield name, item
            elif (value := self.text(name)) is not None:
                yield name, value


def _index_order(key: str) -> tuple[int, int, str]:
    return (0, int(key), "") if key.isascii() and key.isdigit() and len(key) < 10 else (1, 0, key)


def _scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return clean(value) if _SURROGATE.search(value) else value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int | float):
        return str(value)
    return None
