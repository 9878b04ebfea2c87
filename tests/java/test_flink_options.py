"""The Kafka tables, sinks and jobs of Flink in the documents, and their fixes, held to Flink itself.

Every table that oncelint sees is handed to the connector's own factory (by way of FactoryUtil), every sink
of a program to KafkaSinkBuilder, and every setting of a job's checkpoints to the ConfigOption it is for, at
the releases that the document leaves open. What Flink refuses oncelint has to speak of, what it says
that Flink refuses has to be, and what a fix leaves must not be refused. Needs Java and Maven; runs only
where ONCELINT_JAVA=1.
"""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.java import stage

import documents
from oncelint.model.project import Client

pytestmark = stage.needs_java

PROGRAM = Path(__file__).parent / "FlinkOptions.java"
# Flink's release, and that of the connector for it
RELEASES = (("1.17.2", "3.0.2-1.18"), ("1.20.0", "3.3.0-1.20"), ("2.0.0", "4.0.0-2.0"))
DOCUMENTS = stage.found(r"[Ff]link", "placements/*flink*", "rules/*")
KINDS = {"flink-sink": "sink", "flink-source": "source", "flink-job": "job"}
# formats whose factories are not among the artifacts
FORMATS = ("json", "csv", "debezium-json", "canal-json", "maxwell-json", "ogg-json")
REFUSED = ("Flink refuses", "does not start")
# what the planner refuses of a query, which the table's factory does not see
QUERY = "Flink refuses the INSERT"


@functools.cache
def _path(flink: str, connector: str) -> str:
    artifacts = [
        f"org.apache.flink:{name}:{flink}"
        for name in (
            "flink-table-common",
            "flink-connector-base",
            "flink-streaming-java",
            "flink-json",
            "flink-csv",
        )
    ]
    return stage.class_path(f"org.apache.flink:flink-connector-kafka:{connector}", *artifacts)


def _asked(path: str, lines: list[str]) -> list[str]:
    """What Flink answers, from a program that is compiled against the release it asks."""
    with tempfile.TemporaryDirectory(prefix="oncelint-java-") as folder:
        subprocess.run(
            ["javac", "-nowarn", "-cp", path, "-d", folder, str(PROGRAM)],
            check=True,
            capture_output=True,
        )
        run = subprocess.run(
            ["java", "-cp", f"{folder}{os.pathsep}{path}", PROGRAM.stem],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.splitlines()


@dataclass(frozen=True, slots=True)
class Case:
    """A table, a sink or a job in one form of a document."""

    path: Path
    kind: str
    client: Client
    settings: Mapping[str, str]

    def __str__(self) -> str:
        where = f"{self.client.span.path}:{self.client.span.start.line}"
        return f"{stage.name_of(self.path)} {self.kind} {where}"

    @property
    def line(self) -> str:
        kind = KINDS[self.client.role]
        if kind == "sink" and not self.client.details.get("table"):
            kind = "builder"
        if kind == "source" and not self.client.details.get("table"):
            kind = "none"
        options = [f"{key}\t{value}" for key, value in self.settings.items()]
        return "\t".join([kind, self.client.details.get("key", ""), *options])


def _cases(version: str) -> Iterator[Case]:
    for path, kind, client in stage.each_form(DOCUMENTS):
        if client.role not in KINDS or not stage.worlds_at(client, version):
            continue
        settings = stage.settings_of(client)
        if settings is None or client.details.get("class"):
            continue
        if client.role != "flink-job" and client.block.open_reason is not None:
            continue
        # what stands in several values, or in none that one line can tell of, is nobody's to ask
        if any("\t" in one or "\n" in one for one in settings.values()):
            continue
        formats = [value for key, value in settings.items() if key.endswith("format")]
        if any(one not in FORMATS for one in formats):
            continue
        case = Case(path, kind, client, settings)
        if not case.line.startswith("none"):
            yield case


@functools.cache
def _lines(path: Path, kind: str) -> tuple[str, ...]:
    form = next(one for one in stage.forms(path) if one.kind == kind)
    with tempfile.TemporaryDirectory() as folder:
        report = documents.run(dict(form.files), Path(folder))
    return tuple(f"{one.span.path} {one.rule} {one.message}" for one in report.findings)


@pytest.mark.parametrize(("flink", "connector"), RELEASES)
def test_flink_agrees(flink: str, connector: str) -> None:
    cases = list(_cases(flink))
    answers = _asked(_path(flink, connector), [one.line for one in cases])
    assert len(answers) == len(cases)
    assert len(cases) > 100
    wrong: list[str] = []
    refused_before = {
        (case.path, case.client.span.path, case.client.details.get("table", ""))
        for case, answer in zip(cases, answers, strict=True)
        if case.kind == "written" and answer != "ok"
    }
    for case, answer in zip(cases, answers, strict=True):
        here = [
            one for one in _lines(case.path, case.kind) if one.startswith(case.client.span.path)
        ]
        refusals = [one for one in here if any(word in one for word in REFUSED)]
        told = [one for one in refusals if QUERY not in one]
        at = (case.path, case.client.span.path, case.client.details.get("table", ""))
        if answer == "ok":
            if told and case.client.role == "flink-sink" and len(_sinks(cases, case)) == 1:
                wrong.append(f"{case}: taken, though oncelint says {told[0]}")
        elif case.kind != "written" and at not in refused_before:
            wrong.append(f"{case}: the fix is {answer}")
        elif not here:
            wrong.append(f"{case}: {answer}, and oncelint says nothing")
    assert not wrong, "\n".join(wrong)


def _sinks(cases: list[Case], case: Case) -> list[Case]:
    """The sinks of a case's file, in its form of the document."""
    return [
        one
        for one in cases
        if (one.path, one.kind, one.client.role) == (case.path, case.kind, "flink-sink")
        and one.client.span.path == case.client.span.path
    ]
