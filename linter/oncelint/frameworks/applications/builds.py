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
_NOT_OWN = ("exclusions", "dependencyManagement", "build", "profiles", "parent")
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.-]+)\s*</artifactId>")
_UNUSED_SCOPE = re.compile(r"<scope>\s*(?:test|import)\s*</scope>")
_GRADLE_OWN = re.compile(
    r"\s*(?:implementation|api|compile|runtimeOnly|runtime)\b[ (]+[^:]*:([\w.-]+)[:\"'@]"
)
_WORD = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Build:
    """`own`: the artifacts that the application runs with for certain; `named`: all words of the
    file outside its comments and the name of its parent, whatever they are."""

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
    text = _without(text, "<!--", "-->")
    own = text
    for one in _NOT_OWN:
        own = _without(own, f"<{one}>", f"</{one}>")
    found: set[str] = set()
    for part in own.split("<dependency>")[1:]:
        dependency = part.partition("</dependency>")[0]
        artifact = _ARTIFACT.search(dependency)
        if artifact is not None and not _UNUSED_SCOPE.search(dependency):
            found.add(artifact[1])
    return Build(
        frozenset(found), frozenset(_WORD.findall(_without(text, "<parent>", "</parent>")))
    )


def _gradle(text: str) -> Build:
    text = _without(text, "/*", "*/")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    own = (match[1] for line in lines if (match := _GRADLE_OWN.match(line)) is not None)
    return Build(frozenset(own), frozenset(_WORD.findall("\n".join(lines))))


def _without(text: str, start: str, end: str) -> str:
    """A text without what stands between two marks."""
    first, *parts = text.split(start)
    return first + "".join(part.partition(end)[2] for part in parts)
