"""Which part of oncelint may know of which, read from the imports of every module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import oncelint_rules

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / "linter" / "oncelint"
PACK = ROOT / "rules" / "oncelint_rules"

# What each part of the engine may import of it, beside itself. `model` is the ground: it may import
# nothing. Syntax (formats, python) and vocabulary (dialects) stand beside one another; placement
# (frameworks) and linking join them.
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "version": set(),
    "patches": set(),
    "patterns": set(),
    "text": {"model"},
    "settings": {"model", "patterns"},
    "formats": {"model", "patches", "text"},
    "python": {"model", "patches", "text"},
    "sql": {"model", "patches", "text"},
    "dialects": {"model"},
    "dependencies": {"model", "text", "formats"},
    "effective": {"model", "dialects"},
    "frameworks": {"model", "patches", "text", "formats", "dialects"},
    "suppress": {"model", "text", "formats", "patterns", "settings"},
    "discover": {"model", "dependencies", "formats", "frameworks", "patterns", "python"},
    "extract": {
        *("model", "text", "discover", "dependencies", "formats", "python", "frameworks"),
        *("suppress", "sql"),
    },
    "scan": {"model", "discover", "extract"},
    "flow": {"model", "text", "formats", "frameworks", "sql"},
    "link": {
        *("model", "text", "settings", "discover", "extract", "dependencies", "dialects"),
        *("effective", "flow", "formats", "frameworks", "python", "sql"),
    },
    "check": {"model", "settings"},
    "fix": {
        *(
            "model",
            "patches",
            "text",
            "discover",
            "dialects",
            "effective",
            "frameworks",
            "formats",
            "python",
        ),
        *("sql", "suppress"),
    },
    "report": {"model", "text", "version"},
    "api": {
        *("model", "text", "settings", "discover", "scan", "dependencies", "formats", "link"),
        *("check", "fix", "suppress"),
    },
    "__main__": {"cli"},
    "cli": {"api", "check", "fix", "model", "report", "settings", "text", "version"},
}


def _modules(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the full name of everything a file imports, names of `from` included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written out in full"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _parts(name: str) -> list[str]:
    return name.split(".")


def _part(path: Path) -> str:
    """The part of the engine a module belongs to: its folder or its own name."""
    first = path.relative_to(ENGINE).parts[0]
    return first.removesuffix(".py")


def _engine_imports() -> Iterator[tuple[str, str, str]]:
    """Part, place and imported part of every import inside the engine."""
    for path in _modules(ENGINE):
        for line, name in _imports(path):
            package, *rest = _parts(name)
            if package == "oncelint" and rest:
                yield _part(path), f"{path.relative_to(ROOT)}:{line}", rest[0]


def test_every_part_imports_only_what_it_may() -> None:
    wrong = [
        f"{place}: {part} imports {other}"
        for part, place, other in _engine_imports()
        if part != other and other not in ALLOWED.get(part, set()) and part != "__init__"
    ]
    assert not wrong, "\n".join(wrong)


def test_every_part_has_its_place() -> None:
    parts = {_part(path) for path in _modules(ENGINE)} - {"__init__"}
    assert parts == set(ALLOWED)


def test_what_is_allowed_runs_in_one_direction() -> None:
    """No part comes round to itself, so that each can be understood after those it imports."""
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {part for part, others in ALLOWED.items() if part not in done and others <= done}
        assert ready, f"a circle among {sorted(set(ALLOWED) - done)}"
        done |= ready


def test_the_engine_does_not_know_single_rules() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in _modules(ENGINE)
        for line, name in _imports(path)
        if _parts(name)[0] == "oncelint_rules" and _part(path) != "check"
    ]
    assert not wrong


def test_rules_know_the_model_alone() -> None:
    wrong = []
    for path in _modules(PACK):
        for line, name in _imports(path):
            package, *rest = _parts(name)
            if package == "oncelint" and rest[:1] != ["model"]:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert not wrong, "\n".join(wrong)


def test_nothing_that_is_installed_imports_the_rest_of_the_repository() -> None:
    own = {
        path.stem for folder in ("tools", "tests", "bench") for path in (ROOT / folder).iterdir()
    }
    known = {"oncelint", "oncelint_rules"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for folder in (ENGINE, PACK)
        for path in _modules(folder)
        for line, name in _imports(path)
        if _parts(name)[0] in own - known
    ]
    assert not wrong


RULE_MODULES = [
    path
    for path in _modules(PACK)
    if path.parent != PACK and path.name != "__init__.py" and "\nRULE = " in path.read_text()
]


@pytest.mark.parametrize("path", RULE_MODULES, ids=lambda path: path.stem)
def test_a_rule_stands_where_its_name_says(path: Path) -> None:
    name = f"{path.parent.name}.{path.stem}"
    rule = import_module(f"oncelint_rules.{name}").RULE
    assert rule.id == path.stem.replace("_", "-")
    assert rule.group == path.parent.name
    listed = [subject for subject, names in oncelint_rules.MODULES.items() if name in names]
    assert listed == [rule.subject.__name__]


def test_every_listed_rule_is_there() -> None:
    listed = [name for names in oncelint_rules.MODULES.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == {f"{path.parent.name}.{path.stem}" for path in RULE_MODULES}


def test_rules_supersede_rules_that_exist() -> None:
    rules = [
        import_module(f"oncelint_rules.{path.parent.name}.{path.stem}").RULE
        for path in RULE_MODULES
    ]
    ids = {rule.id for rule in rules}
    for rule in rules:
        assert set(rule.supersedes) <= ids - {rule.id}, rule.id


SECTIONS = [
    "## What it does",
    "## The failure",
    "## What the fix costs",
    "## When it is silent",
    "## References",
]


@pytest.mark.parametrize("path", RULE_MODULES, ids=lambda path: path.stem)
def test_a_rules_page_has_its_sections(path: Path) -> None:
    page = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert [line for line in page.splitlines() if line.startswith("#")] == SECTIONS


@pytest.mark.parametrize("name", ["pipelines", "sinks"])
def test_every_field_that_rules_may_read_is_described(name: str) -> None:
    """In the docstring of its class, or in the module's where it is the same everywhere."""
    module = ast.parse((ENGINE / "model" / f"{name}.py").read_text(encoding="utf-8"))
    shared = ast.get_docstring(module) or ""
    missing = [
        f"{one.name}.{field.target.id}"
        for one in module.body
        if isinstance(one, ast.ClassDef)
        for field in one.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if f"`{field.target.id}`" not in shared + (ast.get_docstring(one) or "")
    ]
    assert not missing


def _map() -> Iterator[tuple[str, list[str]]]:
    """The rows of the table "to change this, look here", with the names in their second cell."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for line in text.partition("|---|---|")[2].partition("\n\n")[0].splitlines():
        if line:
            yield line, re.findall(r"`([\w/.<>*]+)`", line.partition(" | ")[2])


def _places(names: list[str]) -> Iterator[tuple[str, list[Path]]]:
    """Where the names of a row lead to; one without a folder stands in the folder before it."""
    folder = ENGINE
    for name in names:
        if "<" in name or "*" in name or not ("/" in name or name.endswith(".py")):
            continue
        found = [base / name for base in (folder, ENGINE, ROOT) if (base / name).exists()]
        yield name, found
        if found:
            folder = found[0] if found[0].is_dir() else found[0].parent


def test_the_map_leads_to_rooms_that_are_there() -> None:
    missing = [
        (line, name) for line, names in _map() for name, found in _places(names) if not found
    ]
    assert not missing


def test_the_map_names_every_room_of_linking() -> None:
    named = {place for _, names in _map() for _, found in _places(names) for place in found}
    link = ENGINE / "link"
    rooms = {path for path in link.iterdir() if (path / "__init__.py").exists()}
    rooms |= set(link.glob("*.py")) - {link / "__init__.py"}
    named |= {path.parent for path in named if path.parent.parent == link}
    assert not rooms - named
