"""The rules of the house. A rule that nothing checks is a wish."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import map_of_the_house

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "stentor"
PYPROJECT = (ROOT / "pyproject.toml").read_text()

LINES_OF_A_FILE = 500
LINES_OF_A_FUNCTION = 60  # 40 is what one aims at
POSITIONAL_PARAMETERS = 5  # 4 is what one aims at

#: Files under tests/ that hold no tests.
HELPERS = {
    "__init__",
    "__main__",
    "answers",
    "browser",
    "campaign",
    "cluster",
    "communities",
    "conftest",
    "crashes",
    "devices",
    "disks",
    "entity_tables",
    "factories",
    "faulty_files",
    "findings",
    "fixtures",
    "forgetful",
    "gullible",
    "hasty",
    "helpers",
    "invariants",
    "keeper",
    "kills",
    "mail_server",
    "map_of_the_house",
    "office",
    "people",
    "placeless",
    "post_office",
    "power_cuts",
    "push_service",
    "pushes",
    "recorders",
    "recordings",
    "recycling",
    "remembering",
    "said",
    "sequences",
    "servers",
    "serving",
    "shapes",
    "small_disks",
    "streams",
    "table",
    "tight",
    "witnesses",
    "world",
}

MACHINE_PATHS = re.compile(r"(^|[^a-zA-Z0-9_.])/(work|farm|root)/")
#: Written in two halves, so that this file may be checked too.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "npmjs" + ".org",
    "deb." + "debian.org",
]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def tracked_files() -> list[Path]:
    """What is in git, and what would be with the next `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_every_test_file_is_collected():
    strays = [
        path.relative_to(ROOT)
        for path in (ROOT / "tests").rglob("*.py")
        if not path.stem.startswith("test_") and path.stem not in HELPERS
    ]
    assert strays == []


def test_no_test_hides_in_a_file_that_is_not_collected():
    hidden = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (ROOT / "tests").rglob("*.py")
        if not path.stem.startswith("test_")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]
    assert hidden == []


def test_no_test_is_hidden_by_another_of_its_name():
    twice = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        for scope in [parsed(path), *(n for n in parsed(path).body if isinstance(n, ast.ClassDef))]:
            names = [
                node.name
                for node in scope.body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            ]
            twice += [f"{path.name}: {name}" for name in set(names) if names.count(name) > 1]
    assert twice == []


def test_no_source_file_is_too_long():
    lengths = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text().splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > LINES_OF_A_FILE} == {}


def functions() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    return [
        (f"{path.relative_to(SOURCE)}: {node.name}", node)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    parameters = [*node.args.posonlyargs, *node.args.args]
    return [one for one in parameters if one.arg not in {"self", "cls"}]


def test_no_function_is_too_long():
    lengths = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in functions()}
    assert {name: n for name, n in lengths.items() if n > LINES_OF_A_FUNCTION} == {}


def test_no_function_takes_many_things_by_position():
    numbers = {name: len(positional(node)) for name, node in functions()}
    assert {name: n for name, n in numbers.items() if n > POSITIONAL_PARAMETERS} == {}


def test_a_boolean_beside_other_parameters_is_given_by_name():
    nameless = [
        f"{name}: {one.arg}"
        for name, node in functions()
        for one in positional(node)
        if len(positional(node)) > 1
        and one.annotation is not None
        and ast.unparse(one.annotation) in {"bool", "bool | None"}
    ]
    assert nameless == []


def test_the_map_of_the_house_is_true():
    wrong = map_of_the_house.problems()
    assert wrong == [], "put right by: python -m tests.map_of_the_house --write"


def test_every_value_of_the_domain_has_a_type():
    loose = [
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "domain").rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "typing"
        and any(alias.name == "Any" for alias in node.names)
    ]
    assert loose == []


def test_no_file_names_a_place_on_one_machine():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text(errors="ignore").split("\n"), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert found == []


def test_no_file_names_a_package_registry():
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked_files()
        for host in REGISTRIES
        if host in path.read_text(errors="ignore")
    ]
    assert found == []


@pytest.mark.parametrize("name", ["run", "build", "bench", "dev"])
def test_requirements_are_pinned_by_hash_and_tell_no_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    packages = re.findall(r"^[A-Za-z0-9].*(?:\n    --hash=sha256:\S+.*)*", text, re.MULTILINE)
    assert packages
    assert [p for p in packages if "==" not in p or "--hash=" not in p] == []
    assert "://" not in text
    assert "--index" not in text


def test_the_installed_requirements_are_those_of_the_package():
    project = tomllib.loads(PYPROJECT)["project"]
    extras = project["optional-dependencies"].values()
    declared = {*project["dependencies"], *(name for extra in extras for name in extra)}
    lines = (ROOT / "requirements" / "run.in").read_text().split("\n")
    assert {line for line in lines if line and not line.startswith("#")} == declared


def test_every_ignored_lint_rule_has_a_reason():
    linter = PYPROJECT[PYPROJECT.index("[tool.ruff.lint]") :].split("\nignore = [", 1)[1]
    until = linter.index("[tool.ruff.lint.flake8")
    rules = [line for line in linter[:until].split("\n") if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert len(rules) > 5
    assert [line.strip() for line in rules if not re.search(r",\s+# \w.{10,}", line)] == []


def test_every_exception_in_a_line_names_its_rule_and_reason():
    silenced = re.compile(r"#\s*(noqa|type:\s*ignore|pragma: no cover)(?P<rest>.*)")
    explained = re.compile(r"(: [A-Z]+\d+(, [A-Z]+\d+)*|\[[a-z-]+(, ?[a-z-]+)*\])?\s+(#|-) \w.{5,}")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().split("\n"), 1)
        if (match := silenced.search(line)) and not explained.match(match["rest"])
    ]
    assert bare == []


def test_every_decision_says_why_and_how_we_would_know_it_was_wrong():
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    parts = ["## Context", "## Options", "## Choice", "## How we will know it was wrong"]
    lacking = [
        f"{path.name}: {part}" for path in records for part in parts if part not in path.read_text()
    ]
    assert lacking == []


def test_links_between_the_documents_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
