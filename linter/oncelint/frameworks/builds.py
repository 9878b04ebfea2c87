"""What the build file of an application's folder depends on: Maven's and Gradle's, as far as names.

Which connector or binder a framework attaches follows from what is on the class path. What a parent,
a version catalog or a convention plugin adds is not seen: the caller takes an absent name for
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_FILES = ("pom.xml", "build.gradle", "build.gradle.kts")
_XML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NOT_OWN = re.compile(
    r"<(exclusions|dependencyManagement|build|profiles|parent)\b.*?</\1\s*>", re.DOTALL
)
_DEPENDENCY = re.compile(r"<dependency>(.*?)</dependency>", re.DOTALL)
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.-]+)\s*</artifactId>")
_UNUSED_SCOPE = re.compile(r"<scope>\s*(?:test|import)\s*</scope>")
_GRADLE_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w/])//[^\n]*", re.DOTALL)
_GRADLE_OWN = re.compile(
    r"^\s*(?:implementation|api|compile|runtimeOnly|runtime)\b[ (]+[^\n]*?:([\w.-]+)[:\"'@]",
    re.MULTILINE,
)
_WORD = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Build:
    """`own`: the artifacts that the application runs with for certain; `named`: all words of the
    file outside its comments, whatever they are."""

    own: frozenset[str]
    named: frozenset[str]


def build_of(module: str, read: Callable[[str], bytes | None]) -> Build | None:
    """The build file in a folder of the project; None where there is none, or more than one."""
    if "#" in module:  # the sources of tests, or a document within another file
        return None
    prefix = f"{module}/" if module else ""
    found = [(name, data) for name in _FILES if (data := read(prefix + name)) is not None]
    if len(found) != 1:
        return None
    name, data = found[0]
    text = data.decode("utf-8", "replace")
    return _maven(text) if name == "pom.xml" else _gradle(text)


def _maven(text: str) -> Build:
    text = _XML_COMMENT.sub("", text)
    own = frozenset(
        artifact[1]
        for one in _DEPENDENCY.finditer(_NOT_OWN.sub("", text))
        if not _UNUSED_SCOPE.search(one[1])
        if (artifact := _ARTIFACT.search(one[1])) is not None
    )
    return Build(own, frozenset(_WORD.findall(text)))


def _gradle(text: str) -> Build:
    text = _GRADLE_COMMENT.sub("", text)
    return Build(frozenset(_GRADLE_OWN.findall(text)), frozenset(_WORD.findall(text)))
