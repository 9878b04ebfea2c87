"""Streams applications in the documents, and the clients inside, held to StreamsConfig itself.

Every application that oncelint sees is configured at the releases in VERSIONS that the document leaves
open, and its producer and main consumer are built as Streams would: what Streams refuses oncelint
has to tell, what fixes leave must not be refused, and the guarantee, the producer's settings and the
consumer's isolation have to be those that oncelint works out. Needs Java and Maven; runs only where
ONCELINT_JAVA=1.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.java import stage

from java_facts.measure import Measured, measure
from oncelint.model.project import Client, World
from oncelint.model.values import Known

pytestmark = stage.needs_java

VERSIONS = ("2.8.2", "3.0.0", "3.9.2", "4.0.2")
DOCUMENTS = stage.found(r"application[.-]id|processing[.-]guarantee", "placements/*", "rules/*")
# what only a cluster, and classes of the application, make complete
ELSEWHERE = ("sasl.", "security.", "ssl.", "bootstrap.servers")
REFUSED = "does not start ("
CLASSES = ("serde", "extractor", "handler", "interceptor", "reporters", "supplier", "setter")


@dataclass(frozen=True, slots=True)
class Case:
    """An application, and the clients inside that oncelint derives from it."""

    path: Path
    kind: str
    client: Client
    worlds: tuple[World, ...]
    settings: Mapping[str, str]
    inner: tuple[Client, ...]

    def __str__(self) -> str:
        return f"{stage.name_of(self.path)} {self.kind} {self.client.span.path}"


def cases(version: str) -> Iterator[Case]:
    for path in DOCUMENTS:
        for kind, subjects in stage.clients(path).items():
            for client in subjects:
                settings = stage.settings_of(client)
                worlds = stage.worlds_at(client, version)
                java = client.role == "streams" and client.dialect == "java"
                if java and settings is not None and worlds:
                    inner = tuple(
                        one
                        for one in subjects
                        if one.placement == f"{client.placement} producer"
                        and one.span.path == client.span.path
                    )
                    yield Case(path, kind, client, worlds, settings, inner)


@functools.cache
def applications(version: str) -> list[tuple[Case, Measured]]:
    """The applications, and what Streams makes of each."""
    found = list(cases(version))
    told = measure(version, "streams", [given(case.settings) for case in found])
    assert told is not None
    return list(zip(found, told, strict=True))


def given(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings without what the test cannot know."""
    return {
        key: value
        for key, value in settings.items()
        if not key.startswith(ELSEWHERE) and not key.endswith(CLASSES) and "{n}" not in value
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_applications(version: str) -> None:
    wrong: list[str] = []
    for case, answer in applications(version):
        told = refusal_told(case)
        if not case.client.client_versions and "for configuration processing.guarantee" in str(
            answer.exceptions
        ):
            continue  # how it is spelled depends on the release, which the document leaves open
        if told is answer.accepted:
            said = "says that it does not start" if told else "takes it"
            wrong.append(f"{case}: oncelint {said}; {answer.exceptions or 'it is accepted'}")
        if answer.accepted:
            wrong += differences(str(case), case.worlds, answer.effective, "")
    assert not wrong, "\n".join(wrong)


def refusal_told(case: Case) -> bool:
    """Whether oncelint says of the application, or of a client inside, that it does not start."""
    worlds = [world for one in case.inner for world in stage.worlds_at(one, _of(case))]
    return (
        any(world.refuses() for world in (*case.worlds, *worlds))
        or any(one.refused for one in case.client.value_problems)
        or any(one.refused for one in case.client.keys)
        or any(one.refused for inner in case.inner for one in inner.value_problems)
        or _told(case)
    )


def _of(case: Case) -> str:
    return case.worlds[0].versions[0]


@functools.cache
def _lines(path: Path, kind: str) -> tuple[str, ...]:
    import tempfile

    import documents

    form = next(one for one in stage.forms(path) if one.kind == kind)
    with tempfile.TemporaryDirectory() as folder:
        report = documents.run(dict(form.files), Path(folder))
    return tuple(f"{one.span.path} {one.message}" for one in report.findings)


def _told(case: Case) -> bool:
    """Whether a finding in the application's file says so."""
    lines = _lines(case.path, case.kind)
    return any(REFUSED in one and one.startswith(case.client.span.path) for one in lines)


def differences(
    named: str, worlds: tuple[World, ...], values: Mapping[str, object], prefix: str
) -> Iterator[str]:
    """Where a value in force is not the one that oncelint works out in its only world."""
    if len(worlds) != 1:
        return
    for name, setting in worlds[0].settings.items():
        measured = f"{prefix}{name}"
        if measured not in values or name in ("transactional.id", "group.id", "bootstrap.servers"):
            continue
        if not isinstance(setting.value, Known) or name.endswith(CLASSES):
            continue
        if name.startswith(ELSEWHERE):
            continue
        mine, real = same(setting.value.value), same(values[measured])
        if mine != real and mine != "<required>":
            yield f"{named}: {measured} is {real!r}, and not {mine!r}"


def same(value: object) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(same, value))
    text = "null" if value is None else str(value).strip().lower()
    return "all" if text == "-1" else text


@pytest.mark.parametrize("version", VERSIONS)
def test_producers_inside(version: str) -> None:
    """The producer that Streams makes has the settings that oncelint derives for it."""
    wrong: list[str] = []
    for case, answer in applications(version):
        for inner in case.inner if answer.accepted else ():
            worlds = stage.worlds_at(inner, version)
            if len(case.inner) == 1:
                wrong += differences(f"{case} producer", worlds, answer.effective, "producer.")
    assert not wrong, "\n".join(wrong)


def test_the_documents_are_met() -> None:
    """The comparisons above are about something: producers inside, and refusals."""
    found = applications("3.9.2")
    assert len(found) > 50
    assert sum(bool(case.inner) for case, _ in found) > 3
    assert any(not answer.accepted for version in VERSIONS for _, answer in applications(version))
