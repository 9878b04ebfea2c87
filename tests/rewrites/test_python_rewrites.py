"""Code that means the same is told the same: every document with Python clients, rewritten.

A transformation keeps what each client is given and what is done with its records. Places may move;
the findings' rules, severities, confidences, settings and messages may not, nor what is seen of
each client. What a transformation cannot be applied to is left out by the predicates below.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from tests.rewrites import source as s
from tests.rewrites.asynchronous import asynchronous, with_a_recent_client
from tests.rewrites.corpus import corpus
from tests.rewrites.place_rewrites import PLACES, moved
from tests.rewrites.settings_rewrites import SETTINGS, Transformation
from tests.rewrites.telling import Files, Telling, check, differences, telling, with_files

from oncelint.link.clients import is_test

PER_RULE = 7
"""Documents of one rule, first by name, that are rewritten: enough for variety, soon done."""

TRANSFORMATIONS: dict[str, Transformation] = {**PLACES, **SETTINGS, "asynchronous": asynchronous}

# What each transformation must have been applied to at least, so that none silently does nothing.
LEAST: dict[str, int] = {
    **dict.fromkeys(TRANSFORMATIONS, 50),
    "**mapping to keyword arguments": 8,
    "keyword arguments to **{...}": 30,
    "display to keyword arguments": 30,
    "an attribute of self": 10,
    "asynchronous": 30,
}

# What is not yet told the same: (transformation, document) to the reason. An entry that has become
# wrong fails, too.
KNOWN: dict[tuple[str, str], str] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """A document's files, and those of them that construct clients by an import of their own."""

    name: str
    files: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]


def comments_matter(files: Files, paths: tuple[str, ...]) -> bool:
    """Suppression comments do not outlive `ast.unparse`, and they speak of lines."""
    return any("oncelint:" in files[path] for path in paths)


def key_twice_in_a_display(files: Files, paths: tuple[str, ...]) -> bool:
    """A key written twice in one display is itself what such a document is about; split up, it is an
    assignment after another."""
    for path in paths:
        for node in ast.walk(ast.parse(files[path])):
            if isinstance(node, ast.Dict):
                keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
                if len(keys) != len(set(keys)):
                    return True
    return False


def two_spellings_in_a_display(files: Files, paths: tuple[str, ...]) -> bool:
    """Whether a setting is written under two names in one place: in two places that is deliberate."""
    return any(
        s.has_two_spellings(given.entries)
        for path in paths
        for given in s.givens(s.parse(files, path))
    )


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for _, rows in groupby(corpus(), key=lambda row: row[0]):
        found = []
        for rule, name, files in rows:
            sources = tuple(path for path in files if s.constructs_clients(files, path))
            if sources:
                found.append(Case(f"{rule}/{name}", tuple(files.items()), sources))
        yield from found[:PER_RULE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder the files are laid over."""
    return tmp_path_factory.mktemp("rewrites")


_BEFORE: dict[tuple[tuple[str, str], ...], Telling] = {}


def before(files: Files, folder: Path) -> Telling:
    key = tuple(files.items())
    if key not in _BEFORE:
        _BEFORE[key] = telling(check(files, folder))
    return _BEFORE[key]


def applies(name: str, case: Case) -> bool:
    files = dict(case.files)
    if TRANSFORMATIONS[name] is not moved and comments_matter(files, case.sources):
        return False
    if name == "re-exported by a module" and any(map(is_test, case.sources)):
        return False  # a test is read for what it constructs itself, its imports are not followed
    if name == "asynchronous" and case.name.startswith("delivery-result-ignored/"):
        return False  # AIOProducer takes its delivery reports itself
    return name not in SETTINGS or not key_twice_in_a_display(files, case.sources)


def rewritten(transform: Transformation, files: Files, paths: tuple[str, ...]) -> Files | None:
    """The files with each source rewritten that can be; None when none can."""
    result = files
    for path in paths:
        changed = transform(s.parse(result, path))
        if changed is not None:
            result = with_files(result, changed)
    return None if result is files else result


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_rewritten_code_is_told_the_same(name: str, folder: Path) -> None:
    transform = TRANSFORMATIONS[name]
    applied = 0
    problems: list[str] = []
    for case in cases():
        files: Files | None = dict(case.files)
        if not applies(name, case):
            continue
        if transform is asynchronous:
            files = with_a_recent_client(dict(case.files))
        new = rewritten(transform, files, case.sources) if files is not None else None
        if files is None or new is None:
            continue
        applied += 1
        lines = differences(before(files, folder), telling(check(new, folder)))
        known = KNOWN.get((name, case.name))
        if lines and known is None:
            problems.append("\n  ".join([case.name, *lines]))
        if known is not None and not lines:
            problems.append(f"{case.name} is told the same now; take it off KNOWN")
    assert not problems, "\n".join(problems)
    assert applied >= LEAST[name], f"applied to {applied} documents only"


@pytest.mark.parametrize("turn", range(4))
def test_code_rewritten_three_times_is_told_the_same(turn: int, folder: Path) -> None:
    """Another three transformations for each document, one upon the other."""
    chosen = [name for name in TRANSFORMATIONS if TRANSFORMATIONS[name] is not asynchronous]
    applied = 0
    problems: list[str] = []
    for number, case in enumerate(cases()):
        names = [chosen[(number * 3 + turn * 11 + step * 7) % len(chosen)] for step in range(3)]
        files = dict(case.files)
        if not all(applies(name, case) for name in names):
            continue
        if two_spellings_in_a_display(files, case.sources):
            continue
        for name in names:
            sources = tuple(path for path in files if s.constructs_clients(files, path))
            new = rewritten(TRANSFORMATIONS[name], files, sources)
            files = new if new is not None else files
        applied += files != dict(case.files)
        lines = differences(before(dict(case.files), folder), telling(check(files, folder)))
        if lines:
            problems.append("\n  ".join([f"{case.name}: {', '.join(names)}", *lines]))
    assert not problems, "\n".join(problems)
    assert applied >= 100


def test_the_predicates_leave_out_few() -> None:
    everything = cases()
    assert len(everything) >= 100
    for name in TRANSFORMATIONS:
        kept = [case for case in everything if applies(name, case)]
        assert len(kept) >= 0.9 * len(everything), name


# The harness itself -------------------------------------------------------------------------------


def without_the_last(source: s.Source) -> dict[str, str | None] | None:
    """No transformation at all: the last setting is lost."""
    done = False
    for given in s.givens(source):
        if len(given.entries) > 1:
            given.put(s.display(given.entries[:-1]))
            done = True
    return {source.path: source.rendered()} if done else None


def with_other_values(source: s.Source) -> dict[str, str | None] | None:
    """No transformation at all: a constant becomes another."""
    done = False
    for given in s.givens(source):
        entries = [
            (key, ast.Constant("elsewhere") if s.is_constant(value) else value)
            for key, value in given.entries
        ]
        given.put(s.display(entries))
        done = done or any(s.is_constant(value) for _, value in given.entries)
    return {source.path: source.rendered()} if done else None


@pytest.mark.parametrize("change", [without_the_last, with_other_values])
def test_a_change_of_meaning_is_noticed(change: Transformation, folder: Path) -> None:
    noticed, applied = 0, 0
    for case in cases():
        files = dict(case.files)
        new = rewritten(change, files, case.sources) if applies("copied", case) else None
        if new is not None:
            applied += 1
            noticed += bool(differences(before(files, folder), telling(check(new, folder))))
    assert applied >= 50
    assert noticed >= 0.9 * applied
