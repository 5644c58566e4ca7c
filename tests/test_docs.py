"""What the documents promise to be checked, is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EDGE_CASES = ROOT / "docs" / "develop" / "edge-cases.md"
#: A row: its number, its words, its tests.
ROW = re.compile(r"^\| ([AC]-?\d+) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
NODE = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Words and tests by the number of the case; fails if one is there twice."""
    found = ROW.findall(page)
    numbers = [number for number, _, _ in found]
    assert len(set(numbers)) == len(numbers), "a case is there twice"
    return {number: (words, tests) for number, words, tests in found}


def names_of_tests(path: Path) -> set[str]:
    """The names of the tests in a file; none if there is no such file."""
    if not path.is_file():
        return set()
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def missing_tests(cell: str) -> list[str]:
    """What a cell names that does not exist; a file by itself must hold a test."""
    missing = []
    for file, name in NODE.findall(cell):
        known = names_of_tests(ROOT / file)
        if not known or (name and name not in known):
            missing.append(f"{file}::{name}" if name else file)
    return missing


@pytest.mark.parametrize(
    "numbers",
    [
        [f"A{n}" for n in (*range(1, 85), *range(103, 111), *range(85, 103))],
        [f"C-{n}" for n in range(1, 42)],
    ],
    ids=["edge cases", "weaknesses"],
)
def test_every_case_has_its_row(numbers: list[str]) -> None:
    known = rows(EDGE_CASES.read_text())
    assert [one for one in numbers if one not in known] == []
    order = [one for one in known if one in numbers]
    assert order == numbers


def test_every_case_names_a_test_that_exists() -> None:
    wrong: dict[str, object] = {}
    for number, (_, cell) in rows(EDGE_CASES.read_text()).items():
        named = NODE.findall(cell)
        if not named:
            wrong[number] = "names no test"
        elif missing := missing_tests(cell):
            wrong[number] = missing
        elif NODE.sub("", cell).strip():
            wrong[number] = f"odd: {cell}"
    assert wrong == {}


def test_every_weakness_says_what_becomes_of_it() -> None:
    known = rows(EDGE_CASES.read_text())
    fates = {number: words for number, (words, _) in known.items() if number.startswith("C")}
    unclear = [n for n, words in fates.items() if not re.match("mended|kept", words)]
    assert unclear == []


def test_a_control_that_the_check_can_see() -> None:
    page = "| A1 | x | `tests/test_docs.py::test_nothing` |\n| C-2 | y | `tests/none.py` |\n"
    known = rows(page)
    assert set(known) == {"A1", "C-2"}
    assert missing_tests(known["A1"][1]) == ["tests/test_docs.py::test_nothing"]
    assert missing_tests(known["C-2"][1]) == ["tests/none.py"]
    assert missing_tests("`tests/test_docs.py::test_a_control_that_the_check_can_see`") == []
    with pytest.raises(AssertionError):
        rows(page + page)
