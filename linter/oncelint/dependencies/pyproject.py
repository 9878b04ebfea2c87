"""pyproject.toml (PEP 621, PEP 735, Poetry, PDM, Hatch, uv) and Pipfile."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.dependencies import pep508
from oncelint.dependencies.interest import PYTHON, normalise
from oncelint.dependencies.trees import (
    entries,
    find,
    items,
    requirement_list,
    root,
    span_of,
    string,
)
from oncelint.formats.tree import Entry, Mapping, Node, Scalar
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_PIPFILE_SETTINGS = frozenset(("source", "requires", "scripts", "pipenv"))


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The requirements in pyproject.toml or a Pipfile, told apart by the file's name.

    Every group counts, the optional and the development ones too. Requirements to build with
    (`[build-system]`) do not.

    Raises DependencyError when the file is not TOML.
    """
    document = root("toml", text)
    if text.path.lower().endswith("pipfile"):
        return tuple(_pipfile(text, document))
    return tuple(_pyproject(text, document))


def _pyproject(text: SourceText, document: Mapping) -> Iterator[Requirement]:
    for node in _lists(document):
        yield from requirement_list(text, node)
    poetry = find(document, "tool", "poetry")
    for table in ("dependencies", "dev-dependencies"):
        yield from _table(text, find(poetry, table))
    for group in entries(find(poetry, "group")):
        yield from _table(text, find(group.value, "dependencies"))


def _lists(document: Mapping) -> Iterator[Node | None]:
    """The places in pyproject.toml where PEP 508 strings stand in a list."""
    yield find(document, "project", "dependencies")
    groups = [
        find(document, "project", "optional-dependencies"),
        find(document, "dependency-groups"),
        find(document, "tool", "pdm", "dev-dependencies"),
    ]
    for group in groups:
        yield from (entry.value for entry in entries(group))
    for environment in entries(find(document, "tool", "hatch", "envs")):
        yield find(environment.value, "dependencies")
        yield find(environment.value, "extra-dependencies")
    for name in ("dev-dependencies", "constraint-dependencies", "override-dependencies"):
        yield find(document, "tool", "uv", name)


def _pipfile(text: SourceText, document: Mapping) -> Iterator[Requirement]:
    for category in document.entries:
        if category.key.text not in _PIPFILE_SETTINGS:
            yield from _table(text, category.value)


def _table(text: SourceText, table: Node | None) -> Iterator[Requirement]:
    """A table of `name = constraint`, as Poetry and Pipenv write it.

    A constraint is a string, a table with a `version`, or a list of such; one without a version
    (a path, an address) has no specifier.
    """
    for entry in entries(table):
        if normalise(entry.key.text) not in PYTHON:
            continue
        alternatives = items(entry.value) or (entry.value,)
        for alternative in alternatives:
            yield from _constraint(text, entry, alternative)


def _constraint(text: SourceText, entry: Entry, node: Node) -> Iterator[Requirement]:
    name = normalise(entry.key.text)
    extras = tuple(
        normalise(extra)
        for item in items(find(node, "extras"))
        if (extra := string(item)) is not None
    )
    version = find(node, "version") if isinstance(node, Mapping) else node
    value = string(version)
    if value is None or not isinstance(version, Scalar):
        named = pep508.Named(name, extras, "", *span_of(text, entry.key))
        yield from pep508.requirements(text, named)
        return
    start, end = span_of(text, version)
    verbatim = end - start == len(value)
    alternatives = pep508.poetry_specifiers(value) or (("", 0, len(value)),)
    for specifier, first, last in alternatives:
        place = (start + first, start + last) if verbatim else (start, end)
        yield from pep508.requirements(text, pep508.Named(name, extras, specifier, *place))
