"""Correct pipelines, each of their mutants, and both rewritten: a mutant is noticed however it is
written, and a rewriting that means the same changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rewrites import source as s
from tests.rewrites.asynchronous import asynchronous
from tests.rewrites.mutations import MUTATIONS
from tests.rewrites.place_rewrites import PLACES
from tests.rewrites.settings_rewrites import Transformation
from tests.rewrites.sink_rewrites import SINKS
from tests.rewrites.telling import Files, check, with_files

import documents

PIPELINES = sorted((documents.ROOT / "fixtures" / "pipelines").glob("*.py"))
REWRITINGS: dict[str, Transformation] = {**PLACES, **SINKS, "asynchronous": asynchronous}
# What is said of correct pipelines by those who ask for everything.
PEDANTIC = {"output-not-transactional"}
# How many mutants there must be of each kind, and how many of them must be rewritten by each
# rewriting, so that none silently does nothing.
MUTANTS = dict.fromkeys(MUTATIONS, 1) | {"commit first": 4, "swallowing": 4, "random group": 5}
LEAST = dict.fromkeys(REWRITINGS, 10) | {"asynchronous": 6, "reformatted": 5}


def _files(path: Path) -> Files:
    versions = "confluent-kafka==2.11.0\nkafka-python==2.2.15\naiokafka==0.12.0\n"
    return {"requirements.txt": versions, f"app/{path.name}": path.read_text(encoding="utf-8")}


def _mutants() -> Iterator[tuple[str, str, Path, Files]]:
    """(mutation, rule, pipeline, files) of every mutation that applies to a pipeline."""
    for path in PIPELINES:
        for name, (mutate, rule) in MUTATIONS.items():
            files = _files(path)
            changed = mutate(s.parse(files, f"app/{path.name}"))
            if changed is not None:
                yield name, rule, path, with_files(files, changed)


ALL = list(_mutants())


def _rules(files: Files, folder: Path) -> set[str]:
    report = check(files, folder)
    assert not report.errors, report.errors
    return {one.rule for one in report.findings} - PEDANTIC


def _rewritten(transform: Transformation, files: Files, path: str) -> Files | None:
    changed = transform(s.parse(files, path))
    return with_files(files, changed) if changed is not None else None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutations")


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_nothing_is_said_of_a_correct_pipeline(path: Path, folder: Path) -> None:
    assert _rules(_files(path), folder) == set()


@pytest.mark.parametrize(
    ("name", "rule", "path", "files"), ALL, ids=[f"{path.stem}: {name}" for name, _, path, _ in ALL]
)
def test_a_mutant_is_noticed(name: str, rule: str, path: Path, files: Files, folder: Path) -> None:
    assert rule in _rules(files, folder)


def test_every_mutation_applies() -> None:
    for name, least in MUTANTS.items():
        assert sum(1 for one, *_ in ALL if one == name) >= least, name


@pytest.mark.parametrize("name", REWRITINGS)
def test_a_rewritten_mutant_is_told_the_same(name: str, folder: Path) -> None:
    applied = 0
    problems: list[str] = []
    for mutation, _, path, files in [*ALL, *(("none", "", p, _files(p)) for p in PIPELINES)]:
        new = _rewritten(REWRITINGS[name], files, f"app/{path.name}")
        if new is None:
            continue
        applied += 1
        before, after = _rules(files, folder), _rules(new, folder)
        if before != after:
            problems.append(f"{path.stem}, {mutation}: {sorted(before)} became {sorted(after)}")
    assert not problems, "\n".join(problems)
    assert applied >= LEAST[name], f"applied to {applied} only"
