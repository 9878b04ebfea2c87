"""Every placement is told the same however its own reader lets it be written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from tests.rewrites.configuration import Written, read
from tests.rewrites.corpus import PLACEMENTS, RULES, corpus
from tests.rewrites.placement_forms import REWRITINGS
from tests.rewrites.telling import Files, Telling, check, differences, telling

from oncelint.discover import kind_of
from oncelint.frameworks import relevant

LEAST: dict[str, int] = {
    "in the reverse order": 200,
    "in flow style": 100,
    "environment as a list": 20,
    "environment as a mapping": 3,
    "application.properties": 15,
    "application.yml": 8,
    "here-document": 50,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A document's files, what is said of them, and one file with settings of some placements."""

    name: str
    files: tuple[tuple[str, str], ...]
    before: Telling
    path: str
    placements: tuple[str, ...]
    written: Written


@cache
def _cases(folder: Path) -> tuple[Case, ...]:
    return tuple(_found(folder))


def _found(folder: Path) -> Iterator[Case]:
    for group, name, files in (*corpus(RULES), *corpus(PLACEMENTS)):
        sources = {
            path: written
            for path, text in files.items()
            if not folded(text) and (written := read(path, text))
        }
        if not sources:
            continue
        report = check(files, folder)
        placements: dict[str, set[str]] = {}
        for client in report.subjects:
            placements.setdefault(client.span.path, set()).add(client.placement)
        for path, written in sources.items():
            if path in placements:
                found = tuple(sorted(placements[path]))
                rows = tuple(files.items())
                yield Case(f"{group}/{name}", rows, telling(report), path, found, written)


def folded(text: str) -> bool:
    """A folded text is not read for a document inside, which its one line hardly is."""
    return re.search(r":\s*>[-+]?\s*$", text, re.M) is not None


def tells_the_first(name: str, case: Case) -> bool:
    """The rule names the first of the refused settings, in the order of the file."""
    return name == "in the reverse order" and case.name.startswith("connect-override-forbidden/")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder the files are laid over."""
    return tmp_path_factory.mktemp("placements")


def _is_opened(path: str, text: str) -> bool:
    return relevant(kind_of(path, text.encode()) or "", text.encode())


def rewritten(case: Case, name: str) -> Files | None:
    """The case with its file written otherwise; None where that cannot be."""
    placements, rewrite = REWRITINGS[name]
    if not all(placements.match(one) for one in case.placements):
        return None
    new = rewrite(case.written)
    if new is not None and not all(_is_opened(path, text) for path, text in new.items()):
        return None  # YAML without a word of Kafka's is not opened, which .properties are
    rest = {path: text for path, text in case.files if path != case.path}
    return None if new is None or set(new) & set(rest) else {**rest, **new}


@pytest.mark.parametrize("name", REWRITINGS)
def test_a_placement_written_otherwise_is_told_the_same(name: str, folder: Path) -> None:
    applied = 0
    problems: list[str] = []
    for case in _cases(folder):
        files = None if tells_the_first(name, case) else rewritten(case, name)
        if files is None:
            continue
        applied += 1
        lines = differences(case.before, telling(check(files, folder)))
        if lines:
            problems.append("\n  ".join([f"{case.name}: {case.path}", *lines]))
    assert not problems, "\n".join(problems)
    assert applied >= LEAST[name], f"applied to {applied} files only"
