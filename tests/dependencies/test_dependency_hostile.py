"""No text, however broken, gets anything but requirements or DependencyError out of a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint.dependencies import DependencyError, may_matter, read, reader_for
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

PATHS = (
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.cfg",
    "setup.py",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "environment.yml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "gradle.properties",
    "gradle/libs.versions.toml",
    "Dockerfile",
    "run.sh",
)

_FRAGMENTS = (
    "kafka-python", "==2.0.2", ">=1", "^0.0.3", "[", "]", "{", "}", "(", ")", "<", ">", '"', "'",
    "=", ":", ",", ";", "#", "\\", "\n", "\r\n", " ", "$", "${", "[[package]]\n", "name = ",
    "version = ", '"2.0"', "[project]\n", "dependencies = ", "[tool.poetry.dependencies]\n",
    "setup(install_requires=", "pip install ", "RUN ", "<project>", "</project>", "<properties>",
    "<dependency>", "<version>", "</version>", "org.apache.kafka:kafka-clients:", "ext.kafka = ",
    "group: ", "name: ", "- ", "pip:", "é", "\u2028", "\ud83d\ude00", "\x00", "&amp;", "*", "~",
)  # fmt: skip
_DOCUMENTS = st.one_of(st.text(), st.lists(st.sampled_from(_FRAGMENTS), max_size=40).map("".join))


@pytest.mark.parametrize("path", PATHS)
@given(document=_DOCUMENTS)
def test_any_text(path: str, document: str) -> None:
    text = SourceText(path, f"kafka {document}")
    kind = reader_for(path)
    assert kind is not None
    _read_and_check(kind, text)
    _read_and_check(kind, SourceText(path, f"{document}\n# faust"))


def _read_and_check(kind: str, text: SourceText) -> None:
    problem: DependencyError | None = None
    found: tuple[Requirement, ...] = ()
    try:
        found = read(kind, text)
    except DependencyError as error:
        problem = error
    assert problem is None or (problem.reason and 0 <= problem.offset <= len(text.text))
    for item in found:
        assert text.slice(item.span) != ""


@given(st.sampled_from(PATHS), st.text(max_size=30))
def test_a_file_that_does_not_matter_has_no_requirement(path: str, document: str) -> None:
    kind = reader_for(path)
    assert kind is not None
    if not may_matter(document.encode("utf-8", "replace")):
        assert read(kind, SourceText(path, document)) == ()


def test_needles_see_through_utf_16_and_case() -> None:
    assert may_matter("Kafka-Python==2.0.2\r\n".encode("utf-16"))
    assert may_matter(b"FastStream")
    assert not may_matter("requests==2.31\r\n".encode("utf-16"))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("build.gradle", '"kafka' + "${a}" * 20_000),
        ("build.gradle", 'ext.kafka = "' + "$" * 50_000),
        ("build.gradle", "kafka = [" * 20_000),
        ("build.gradle.kts", "kafka/*" * 20_000),
        ("Dockerfile", "RUN (echo kafka " * 5_000 + "pip install " * 5_000),
        ("Dockerfile", "pip install kafka-python 'x\n" * 5_000),
        ("run.sh", "kafka " + "./" * 100_000),
        ("requirements.txt", "kafka-python \\\n" * 20_000),
        ("requirements.txt", "kafka" + "-" * 100_000),
        ("setup.py", "setup(install_requires=" + "[" * 50_000 + "'kafka'"),
        ("setup.py", "x = " + "kafka + " * 20_000 + "y\nsetup(install_requires=x)"),
        (
            "setup.py",
            "".join(f"a{i} = a{i + 1} + a{i + 1}\n" for i in range(200))
            + "setup(install_requires=a0, name='kafka')",
        ),
        ("pom.xml", "<project><kafka>" + "<a>&amp;</a>" * 20_000 + "</kafka></project>"),
        ("poetry.lock", "kafka = " + "[" * 50_000),
    ],
)
def test_documents_that_would_keep_a_quadratic_reader_busy_for_minutes(
    path: str, source: str
) -> None:
    kind = reader_for(path)
    assert kind is not None
    _read_and_check(kind, SourceText(path, source))
