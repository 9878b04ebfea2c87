"""What the tests that ask a real parser share: when they run, the documents, and artifacts by name."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import documents
from oncelint.model.project import Client, World
from oncelint.model.values import Known, scalar_text

MISSING = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
REASON = (
    f"needs {', '.join(MISSING)}"
    if MISSING
    else "fetches artifacts from Maven Central: set ONCELINT_JAVA=1 to run"
)
RUNS = not MISSING and os.environ.get("ONCELINT_JAVA") == "1"
needs_java = pytest.mark.skipif(not RUNS, reason=REASON)

FIXTURES = documents.ROOT / "fixtures"
_PLACEHOLDER = re.compile(r"\$\{|\{\{")


def found(needle: str, *folders: str) -> list[Path]:
    """The documents under the folders of fixtures whose text has the pattern; none where the stage
    does not run, so that nothing is read then."""
    if not RUNS:
        return []
    wanted = re.compile(needle)
    paths = {path for folder in folders for path in FIXTURES.glob(f"{folder}/*.md")}
    return [path for path in sorted(paths) if wanted.search(path.read_text(encoding="utf-8"))]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@dataclass(frozen=True, slots=True)
class Form:
    """A document's project as it is ("written"), or as a kind of fix leaves it."""

    kind: str
    files: Mapping[str, str]


@functools.cache
def forms(path: Path) -> tuple[Form, ...]:
    """The project of a document as it is written, and as its safe and unsafe fixes leave it."""
    document = documents.read(path)
    made = [Form("written", document.files)]
    if document.safe:
        made.append(Form("safe", {**document.files, **document.safe}))
    if document.unsafe:
        made.append(Form("unsafe", {**document.files, **document.safe, **document.unsafe}))
    return tuple(made)


@functools.cache
def clients(path: Path) -> Mapping[str, tuple[Client, ...]]:
    """The subjects that oncelint sees in each form of a document, those of tests left out."""
    return {form.kind: seen(form.files) for form in forms(path)}


def seen(files: Mapping[str, str]) -> tuple[Client, ...]:
    """The subjects that oncelint sees in a project, those of tests left out."""
    with tempfile.TemporaryDirectory() as folder:
        report = documents.run(dict(files), Path(folder))
    assert not report.errors, report.errors
    return tuple(one for one in report.subjects if not one.in_tests)


def settings_of(client: Client) -> dict[str, str] | None:
    """What is written of a client, as text by its own keys; None where something is not known, or is
    filled in where it runs: then nobody can be asked about it."""
    settings = {}
    for one in client.block.settings:
        value = one.value
        if not isinstance(value, Known):
            return None
        text = scalar_text(value.value)
        if _PLACEHOLDER.search(text):
            return None
        settings[one.key] = text
    return settings


def worlds_at(client: Client, version: str) -> tuple[World, ...]:
    """The worlds that a version belongs to, by the nearest release that the tables have."""
    wanted = numbers(version)
    best: tuple[int, ...] | None = None
    for world in client.worlds:
        for one in world.versions:
            if numbers(one)[:2] == wanted[:2] and (best is None or _nearer(one, best, wanted)):
                best = numbers(one)
    return tuple(w for w in client.worlds if best in [numbers(one) for one in w.versions])


def _nearer(one: str, best: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return abs(numbers(one)[2] - wanted[2]) < abs(best[2] - wanted[2])


def numbers(version: str) -> tuple[int, ...]:
    """A release as numbers, three at least."""
    parts = [int(part) for part in re.findall(r"\d+", version)[:3]]
    return tuple([*parts, 0, 0, 0][:3])


@functools.cache
def class_path(*artifacts: str) -> str:
    """The run-time class path of artifacts of Maven Central, each `group:name:version`, where the
    earlier ones decide the versions of what they share."""
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>"
        "</dependency>".format(*artifact.split(":"))
        for artifact in artifacts
    )
    pom = (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>oncelint</groupId><artifactId>classpath</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pom.xml").write_text(pom, encoding="utf-8")
        written = Path(folder, "class-path.txt")
        goal = ["dependency:build-classpath", f"-Dmdep.outputFile={written}"]
        run = subprocess.run(
            ["mvn", "-B", "-q", *goal, "-DincludeScope=runtime"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-2000:]
        return written.read_text(encoding="utf-8").strip()


@functools.cache
def compiled(source: Path) -> tempfile.TemporaryDirectory[str]:
    """The folder with a program's classes; it needs nothing but Java to compile, and goes when the
    process does."""
    folder = tempfile.TemporaryDirectory(prefix="oncelint-java-")
    subprocess.run(["javac", "-nowarn", "-d", folder.name, str(source)], check=True)
    return folder


def asked(source: Path, path: str, lines: Iterable[str]) -> Sequence[str]:
    """The lines that a program answers with, by way of one virtual machine."""
    run = subprocess.run(
        ["java", "-cp", f"{compiled(source).name}{os.pathsep}{path}", source.stem],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.splitlines()


def each_form(paths: Sequence[Path]) -> Iterator[tuple[Path, str, Client]]:
    """Every subject of every form of the documents."""
    for path in paths:
        for kind, subjects in clients(path).items():
            for client in subjects:
                yield path, kind, client
