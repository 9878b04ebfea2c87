"""Gradle: build scripts in Groovy and Kotlin, gradle.properties, version catalogs.

A build script is a program; what is read of it are its literals, as Gradle's "Declaring
Dependencies" writes them, and the variables that hold one. None is executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from oncelint.dependencies import jvm
from oncelint.dependencies.interest import (
    CONVENTIONAL,
    GRADLE_PLUGINS,
    JVM,
    MANAGED,
    MANAGED_PROPERTIES,
    PROPERTY,
    QUARKUS,
    SPRING_BOOT,
    property_of_interest,
)
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

# A literal keeps its quotes; `${project.property("x")}` may hold quotes of its own.
_DOUBLE = r'"(?:[^"\\$\r\n]|\\.|\$\{[^{}\r\n]*\}|\$(?!\{[^{}\r\n]*\}))*"'
_SINGLE = r"'(?:[^'\\\r\n]|\\.)*'"
_STRING = rf"(?:{_DOUBLE}|{_SINGLE})"
_TOKEN = re.compile(rf"{_STRING}|//[^\r\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NAME = r"[A-Za-z_][\w.]*"

_ASSIGNED = re.compile(
    rf"(?<![\w.])(?P<name>{_NAME})(?:\s*:\s*String\??)?\s*=(?!=)\s*(?P<value>{_STRING})(?!\s*\+)"
)
_INDEXED = re.compile(
    rf"\b(?:ext|extra)\s*\[\s*(?P<name>{_STRING})\s*\]\s*=\s*(?P<value>{_STRING})"
    rf"|\bset\s*\(\s*(?P<set_name>{_STRING})\s*,\s*(?P<set_value>{_STRING})\s*\)"
)
_DELEGATED = re.compile(rf"\bval\s+(?P<name>\w+)\s+by\s+extra\s*\(\s*(?P<value>{_STRING})\s*\)")
_MAP = re.compile(rf"(?P<name>{_NAME})\s*=\s*\[(?P<body>(?:[^\[\]\"']|{_STRING})*)\]")
_MAP_ENTRY = re.compile(rf"(?P<name>\w+|{_STRING})\s*:\s*(?P<value>{_STRING})")

_LITERAL = re.compile(_STRING)
_CONCATENATED = re.compile(rf"\s*\+\s*(?P<name>{_NAME})")
_RICH = re.compile(
    rf"\s*\)?\s*\{{\s*version\s*\{{\s*(?:strictly|require|prefer)\s*\(?\s*(?P<value>{_STRING}|{_NAME})"
)
_NAMED = re.compile(
    rf"\bgroup\s*[:=]\s*(?P<group>{_STRING})\s*,\s*name\s*[:=]\s*(?P<name>{_STRING})"
    rf"(?:\s*,\s*version\s*[:=]\s*(?P<version>{_STRING}|{_NAME}))?"
)
_PLUGIN = re.compile(
    rf"\bid\s*\(?\s*(?P<id>{_STRING})\s*\)?(?:\s*\.?version\s*\(?\s*(?P<version>{_STRING}|{_NAME}))?"
)
_PROPERTY_CALL = re.compile(
    r"(?:project\s*\.\s*)?(?:property|findProperty|extra\.get|providers\.gradleProperty)"
    r"\s*\(\s*[\"']([\w.-]+)[\"']\s*\).*"
)

_CATALOG_ALIAS = re.compile(r"libs\.versions\.([\w.]+?)(?:\.get\(\))?")


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The libraries of interest in a Gradle file, told apart by the file's name.

    gradle.properties and the variables of build scripts whose names are of interest come back as
    `property:NAME`; a version that refers to another file's variable keeps the reference
    (`${kafkaVersion}`). A dependency without a version is `MANAGED` unless the script applies a
    platform of its own. A variable that is given two values in one script is unknown.

    Raises DependencyError for a catalog that is not TOML.
    """
    name = text.path.lower()
    if name.endswith(".properties"):
        return _properties(text)
    if name.endswith(".toml"):
        from oncelint.dependencies.catalog import read as read_catalog  # needs a TOML parser

        return read_catalog(text)
    return _script(text)


@dataclass(frozen=True, slots=True)
class _Variable:
    value: str
    start: int
    end: int


def _script(text: SourceText) -> tuple[Requirement, ...]:
    source = _TOKEN.sub(_without_comment, text.text)
    variables = _variables(source)
    reader = _Reader(text, source, variables)
    found = [
        item for items in (reader.literals(), reader.named(), reader.plugins()) for item in items
    ]
    distributions = {item.distribution for item in found}
    with_spring_boot = SPRING_BOOT in distributions
    if not distributions.intersection((SPRING_BOOT, QUARKUS)):
        found = [item if item not in reader.unversioned else _managed(item) for item in found]
    for name, variable in variables.items():
        if variable is None or not property_of_interest(name):
            continue
        specifier = jvm.specifier(jvm.interpolate(variable.value, reader.lookup))
        if not specifier or specifier.startswith("$"):
            continue
        span = text.span(variable.start, variable.end)
        if with_spring_boot and name in MANAGED_PROPERTIES:
            found.append(Requirement(MANAGED_PROPERTIES[name], specifier, span))
        found.append(Requirement(f"{PROPERTY}{name}", specifier, span))
    return tuple(found)


def _managed(item: Requirement) -> Requirement:
    """A dependency without a version where no platform of the same script can supply it."""
    return Requirement(item.distribution, MANAGED, item.span)


def _without_comment(match: re.Match[str]) -> str:
    """Comments become blanks, so that offsets stay true; strings, which may hold `//`, stay."""
    token = match.group()
    return re.sub(r"[^\r\n]", " ", token) if token.startswith("/") else token


def _unquoted(match: re.Match[str], group: str) -> _Variable:
    return _Variable(match[group][1:-1], match.start(group) + 1, match.end(group) - 1)


def _variables(source: str) -> dict[str, _Variable | None]:
    """What each variable holds; None for one with several values."""
    found: dict[str, _Variable | None] = {}
    for name, variable in _assignments(source):
        name = name.removeprefix("ext.").removeprefix("project.").removeprefix("extra.")
        known = found.get(name)
        if name in found and (known is None or known.value != variable.value):
            found[name] = None
        else:
            found.setdefault(name, variable)
    return found


def _assignments(source: str) -> Iterator[tuple[str, _Variable]]:
    for match in _ASSIGNED.finditer(source):
        yield match["name"], _unquoted(match, "value")
    for match in _DELEGATED.finditer(source):
        yield match["name"], _unquoted(match, "value")
    for match in _INDEXED.finditer(source):
        prefix = "" if match["name"] else "set_"
        yield match[f"{prefix}name"][1:-1], _unquoted(match, f"{prefix}value")
    for match in _MAP.finditer(source):
        for entry in _MAP_ENTRY.finditer(source, match.start("body"), match.end("body")):
            yield (
                f"{match['name']}.{entry['name'].strip(chr(34) + chr(39))}",
                _unquoted(entry, "value"),
            )


class _Reader:
    """The dependency notations of one build script."""

    def __init__(
        self, text: SourceText, source: str, variables: dict[str, _Variable | None]
    ) -> None:
        self._text = text
        self._source = source
        self._variables = variables
        self.unversioned: set[Requirement] = set()
        self.lookup: Callable[[str], str | None] = self._value

    def _variable(self, name: str) -> _Variable | None:
        for prefix in (
            "",
            "ext.",
            "extra.",
            "project.",
            "rootProject.",
            "rootProject.ext.",
            "project.ext.",
        ):
            if prefix and not name.startswith(prefix):
                continue
            variable = self._variables.get(name[len(prefix) :])
            if variable is not None:
                return variable
        return None

    def _value(self, name: str) -> str | None:
        variable = self._variable(_property_name(name))
        return variable.value if variable is not None else None

    def _requirement(self, distribution: str, version: str, start: int, end: int) -> Requirement:
        """`version` stands at `start`; a variable of this script has its own place."""
        specifier, (start, end) = self._resolved(version, start, end)
        return Requirement(distribution, specifier, self._text.span(start, end))

    def _resolved(self, version: str, start: int, end: int) -> tuple[str, tuple[int, int]]:
        name = jvm.reference(version)
        variable = self._variable(_property_name(name)) if name is not None else None
        if variable is not None:
            start, end = variable.start, variable.end
        specifier = jvm.specifier(jvm.interpolate(version, self.lookup))
        reference = jvm.reference(specifier)
        if reference is not None:
            specifier = "${" + _property_name(reference) + "}"
        return specifier, (start, end)

    def _operand(self, match: re.Match[str], group: str) -> tuple[str, int, int]:
        """A literal's contents, or a variable's name as a reference, and the place."""
        token = match[group]
        if token[0] in "\"'":
            return token[1:-1], match.start(group) + 1, match.end(group) - 1
        return "${" + token + "}", match.start(group), match.end(group)

    def literals(self) -> Iterator[Requirement]:
        """String notation: `'group:artifact:version'`."""
        for match in _LITERAL.finditer(self._source):
            content = match.group()[1:-1]
            parts = _coordinate_parts(content)
            distribution = JVM.get(self._coordinates(parts)) if len(parts) > 1 else None
            if distribution is None:
                continue
            start = match.start() + 1
            rich = _RICH.match(self._source, match.end())
            joined = _CONCATENATED.match(self._source, match.end())
            if len(parts) > 2 and parts[2]:
                begin = start + len(parts[0]) + len(parts[1]) + 2
                yield self._requirement(distribution, parts[2], begin, begin + len(parts[2]))
            elif len(parts) > 2 and joined is not None:
                yield self._requirement(distribution, *self._operand(joined, "name"))
            elif rich is not None:
                yield self._requirement(distribution, *self._operand(rich, "value"))
            else:
                begin = start + len(parts[0]) + 1
                yield self._unversioned(distribution, begin, begin + len(parts[1]))

    def _coordinates(self, parts: Sequence[str]) -> str:
        """`group:artifact` with what the script or a convention says of its variables."""
        name = ":".join(parts[:2])
        if "$" not in name:
            return name
        return jvm.interpolate(jvm.interpolate(name, self.lookup), CONVENTIONAL.get)

    def named(self) -> Iterator[Requirement]:
        """Map notation: `group: 'g', name: 'a', version: 'v'`, in Kotlin with `=`."""
        for match in _NAMED.finditer(self._source):
            distribution = JVM.get(f"{match['group'][1:-1]}:{match['name'][1:-1]}")
            if distribution is not None:
                yield self._versioned(distribution, match, "name")

    def plugins(self) -> Iterator[Requirement]:
        """`id 'org.springframework.boot' version '3.2.0'`; the version of a plugin that has none is
        the settings', the enclosing project's or that of the sources of the build."""
        for match in _PLUGIN.finditer(self._source):
            distribution = GRADLE_PLUGINS.get(match["id"][1:-1])
            if distribution is None:
                continue
            if match["version"] is not None:
                yield self._versioned(distribution, match, "id")
            else:
                span = self._text.span(match.start("id") + 1, match.end("id") - 1)
                yield Requirement(distribution, MANAGED, span)

    def _unversioned(self, distribution: str, start: int, end: int) -> Requirement:
        requirement = Requirement(distribution, "", self._text.span(start, end))
        self.unversioned.add(requirement)
        return requirement

    def _versioned(self, distribution: str, match: re.Match[str], name: str) -> Requirement:
        if match["version"] is None:
            return self._unversioned(distribution, match.start(name) + 1, match.end(name) - 1)
        return self._requirement(distribution, *self._operand(match, "version"))


def _coordinate_parts(content: str) -> list[str]:
    """`group`, `artifact` and `version`; colons inside `${…}` separate nothing."""
    parts = re.findall(r"(?:\$\{[^{}]*\}|[^:])+|(?<=:)(?=:|\Z)", content)
    if parts:
        parts[-1] = parts[-1].partition("@")[0]
    return parts


def _property_name(reference: str) -> str:
    """The property a reference means: `project.property("kafkaVersion")` is `kafkaVersion`."""
    call = _PROPERTY_CALL.fullmatch(reference.strip())
    if call is not None:
        return call.group(1)
    alias = _CATALOG_ALIAS.fullmatch(reference.strip())
    if alias is not None:
        return alias.group(1)
    indexed = re.fullmatch(
        r"(?:ext|extra|project\.extra)\[[\"']([\w.-]+)[\"']\].*", reference.strip()
    )
    return indexed.group(1) if indexed is not None else reference.strip()


def _properties(text: SourceText) -> tuple[Requirement, ...]:
    from oncelint.dependencies import DependencyError
    from oncelint.formats import read as read_format
    from oncelint.formats.tree import FormatError, Mapping, Scalar

    try:
        document = read_format("properties", text)
    except FormatError as error:
        raise DependencyError(error.reason, error.offset) from None
    found: list[Requirement] = []
    for root in document.roots:
        for entry in root.entries if isinstance(root, Mapping) else ():
            if isinstance(entry.value, Scalar) and property_of_interest(entry.key.text):
                value = entry.value.text.rstrip()
                specifier = jvm.specifier(value)
                if specifier and "$" not in specifier:
                    span = text.span(entry.value.start, entry.value.start + len(value))
                    found.append(Requirement(f"{PROPERTY}{entry.key.text}", specifier, span))
    return tuple(found)
