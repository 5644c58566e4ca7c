"""One statement for many rows of values, as PostgreSQL has it: it begins and ends but once.

What is written for one row is run for all rows of ``unnest``: an INSERT takes its values from
there, and a SELECT is joined to them row by row. The subquery ends in OFFSET 0, so that it is
planned as it stands: with each row's values as parameters, and not with all tables at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLACEHOLDER = re.compile(r"\$(\d+)")
_INSERT = re.compile(
    r"\s*(INSERT\s+INTO\s[^()]+\([^()]*\))\s*(VALUES\s*\(|SELECT\s)", re.IGNORECASE
)
_TAIL = re.compile(r"\s(?:ON\s+CONFLICT|RETURNING)\s", re.IGNORECASE)
_SELECT = re.compile(r"\s*SELECT\s", re.IGNORECASE)


def for_many(sql: str, types: Sequence[str]) -> str | None:
    """That statement for a list of values in place of each value; those are of these types.

    Rows come in the order of their values, and a SELECT's have the place of their values, from 1
    on, behind their own columns. None for what cannot be said so: an UPDATE, a DELETE, lists.
    """
    if not types or any(one.startswith("_") or one.endswith("[]") for one in types):
        return None
    lists = ", ".join(f"${number}::{one}[]" for number, one in enumerate(types, start=1))
    names = ", ".join(f"v{number}" for number in range(1, len(types) + 1))
    given = f"unnest({lists}) WITH ORDINALITY AS given ({names}, place)"
    if _SELECT.match(sql):
        return f"SELECT found.*, given.place FROM {given} {_lateral(sql)}"
    insert = _INSERT.match(sql)
    if insert is None:
        return None
    rest = sql[insert.start(2) :]
    tail = _TAIL.search(rest)
    source, end = (rest[: tail.start()], rest[tail.start() :]) if tail else (rest, "")
    if _PLACEHOLDER.search(end):
        return None
    if insert[2].upper().startswith("VALUES"):
        values = _each(source[source.index("(") + 1 : source.rindex(")")])
        return f"{insert[1]} SELECT {values} FROM {given} ORDER BY given.place{end}"
    return f"{insert[1]} SELECT found.* FROM {given} {_lateral(source)} ORDER BY given.place{end}"


def _lateral(select: str) -> str:
    return f"CROSS JOIN LATERAL ({_each(select)} OFFSET 0) AS found"


def _each(sql: str) -> str:
    return _PLACEHOLDER.sub(r"given.v\1", sql)
