"""What a build file names: the dependencies an application runs with, and everything else in it."""

from __future__ import annotations

import pytest

from oncelint.frameworks.applications.builds import Build, build_of

_KAFKA = "<dependency><groupId>g</groupId><artifactId>binder</artifactId>{}</dependency>"


def _build(name: str, body: str) -> Build | None:
    return build_of("svc", lambda path: body.encode() if path == f"svc/{name}" else None)


def _own(name: str, body: str) -> frozenset[str]:
    build = _build(name, body)
    assert build is not None
    return build.own


def test_a_dependency_is_the_applications_own() -> None:
    assert _own("pom.xml", _KAFKA.format("")) == {"binder"}


@pytest.mark.parametrize(
    "body",
    [
        _KAFKA.format("<scope>test</scope>"),
        f"<!-- {_KAFKA.format('')} -->",
        f"<dependencyManagement>{_KAFKA.format('')}</dependencyManagement>",
        f"<profiles><profile>{_KAFKA.format('')}</profile></profiles>",
        f"<build><plugins>{_KAFKA.format('')}</plugins></build>",
        "<parent><artifactId>binder</artifactId></parent>",
        f"<!-- left open {_KAFKA.format('')}",
    ],
)
def test_what_is_not_certain_is_not_the_applications_own(body: str) -> None:
    assert _own("pom.xml", body) == frozenset()


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ("implementation 'g:binder'", {"binder"}),
        ('    implementation("g:binder:1.0")', {"binder"}),
        ("runtimeOnly 'g:binder:1.0@jar'", {"binder"}),
        ("testImplementation 'g:binder'", set()),
        ("// implementation 'g:binder'", set()),
        ("/* implementation 'g:binder' */", set()),
        ("implementation libs.binder", set()),
    ],
)
def test_lines_of_gradle(line: str, own: set[str]) -> None:
    assert _own("build.gradle", f"dependencies {{\n{line}\n}}\n") == own


def test_a_word_is_named_wherever_it_stands_but_in_a_comment() -> None:
    build = _build("pom.xml", f"<profiles>{_KAFKA.format('')}</profiles><!-- rabbit -->")
    assert build is not None
    assert "binder" in build.named
    assert "rabbit" not in build.named


def test_no_build_file_two_of_them_or_the_sources_of_tests() -> None:
    assert build_of("svc", lambda path: None) is None
    assert build_of("svc", lambda path: b"") is None
    assert build_of("svc#test", lambda path: b"" if path.endswith("pom.xml") else None) is None
