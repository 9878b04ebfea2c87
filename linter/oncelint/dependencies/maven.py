"""pom.xml (Maven's "POM Reference")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oncelint.dependencies import DependencyError, jvm
from oncelint.dependencies.interest import (
    CONVENTIONAL,
    JVM,
    MANAGED,
    MANAGED_PROPERTIES,
    PROJECT,
    PROPERTY,
    SPRING_BOOT,
    property_of_interest,
)
from oncelint.model.facts import Requirement
from oncelint.model.values import Span
from oncelint.text import SourceText

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

_DEPTH = 200
_HOLDERS = ("dependency", "parent", "plugin")
_COORDINATES = ("groupId", "artifactId", "version", "scope")


@dataclass(slots=True)
class _Element:
    """An element while it is read; `start` and `end` are byte offsets of its text's first and
    last characters that are no blanks."""

    name: str
    text: list[str] = field(default_factory=list)
    start: int = -1
    end: int = -1
    children: dict[str, _Element] = field(default_factory=dict)

    @property
    def value(self) -> str:
        return "".join(self.text).strip()


@dataclass(slots=True)
class _Pom:
    """What one pom.xml says: its coordinates in file order, and its properties. Those that only
    profiles set come after those of the project."""

    artifact: _Element | None = None
    coordinates: list[_Element] = field(default_factory=list)
    properties: dict[str, _Element] = field(default_factory=dict)
    profile_properties: dict[str, _Element] = field(default_factory=dict)


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The libraries of interest a pom.xml names as dependency, managed dependency, parent or plugin,
    its properties of interest (`property:NAME`), to which poms below it may refer, and its own
    name with its parent's (`project:NAME`).

    A version that is a property of the same file has the property's place. A dependency without
    a version is `MANAGED` when a parent may manage it, and has an empty specifier when an imported
    platform may. Where Spring Boot manages and the file sets `kafka.version`, that is a
    requirement too.

    Raises DependencyError for malformed XML, for a document type declaration (entities can expand
    without bound) and for elements nested deeper than any pom.
    """
    pom = _parse(text)
    places = _Bytes(text)
    found = [
        requirement
        for element in pom.coordinates
        if (requirement := _requirement(element, pom, places)) is not None
    ]
    with_spring_boot = any(item.distribution == SPRING_BOOT for item in found)
    for name, element in pom.properties.items():
        value = jvm.specifier(jvm.interpolate(element.value, _lookup(pom)))
        if not value.startswith("$") and value and property_of_interest(name):
            span = places.span(element)
            if with_spring_boot and name in MANAGED_PROPERTIES:
                found.append(Requirement(MANAGED_PROPERTIES[name], value, span))
            found.append(Requirement(f"{PROPERTY}{name}", value, span))
    parent = _parent(pom)
    if pom.artifact is not None:
        name = f"{PROJECT}{pom.artifact.value}"
        found.append(Requirement(name, parent or "", places.span(pom.artifact)))
    return tuple(found)


def _parent(pom: _Pom) -> str | None:
    """The artifact id of the parent, unless it is a framework's, which is no file of the project."""
    for element in pom.coordinates:
        if element.name == "parent" and "artifactId" in element.children:
            parts = element.children
            group = parts["groupId"].value if "groupId" in parts else ""
            artifact = parts["artifactId"].value
            return artifact if f"{group}:{artifact}" not in JVM else None
    return None


def _unversioned(pom: _Pom) -> str:
    """What the specifier of a dependency without a version is in this pom."""
    scopes = (element.children.get("scope") for element in pom.coordinates)
    imports = any(scope is not None and scope.value == "import" for scope in scopes)
    return MANAGED if _parent(pom) is not None and not imports else ""


def _requirement(element: _Element, pom: _Pom, places: _Bytes) -> Requirement | None:
    lookup = _lookup(pom)
    parts = element.children
    if "artifactId" not in parts:
        return None
    group = parts["groupId"].value if "groupId" in parts else "org.apache.maven.plugins"
    coordinate = jvm.interpolate(f"{group}:{parts['artifactId'].value}", lookup)
    distribution = JVM.get(jvm.interpolate(coordinate, CONVENTIONAL.get))
    if distribution is None:
        return None
    version = parts.get("version")
    if version is None or not version.value:
        # an imported platform manages libraries, no plugins
        of_parent = MANAGED if _parent(pom) is not None else ""
        specifier = of_parent if element.name == "plugin" else _unversioned(pom)
        return Requirement(distribution, specifier, places.span(parts["artifactId"]))
    holder, seen = version, 0
    while (name := jvm.reference(holder.value)) in pom.properties and seen < 8:
        holder, seen = pom.properties[name or ""], seen + 1
    specifier = jvm.specifier(jvm.interpolate(version.value, lookup))
    return Requirement(distribution, specifier, places.span(holder))


def _lookup(pom: _Pom) -> Callable[[str], str | None]:
    def value(name: str) -> str | None:
        element = pom.properties.get(name)
        return element.value if element is not None else None

    return value


class _Bytes:
    """Places from the byte offsets that expat counts."""

    def __init__(self, text: SourceText) -> None:
        self._text = text
        self._encoded = None if text.text.isascii() else _encode(text.text)

    def _offset(self, index: int) -> int:
        if self._encoded is None:
            return index
        return len(self._encoded[:index].decode("utf-8", "ignore"))

    def span(self, element: _Element) -> Span:
        return self._text.span(self._offset(element.start), self._offset(element.end))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _parse(text: SourceText) -> _Pom:
    from xml.parsers import expat  # only projects that hold a pom.xml pay for it

    pom = _Pom()
    # The text is decoded already, whatever its declaration says.
    parser = expat.ParserCreate("utf-8")
    stack: list[_Element] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(stack) >= _DEPTH:
            raise DependencyError("elements nested too deeply", _offset_of(parser, text))
        stack.append(_Element(name.rpartition(":")[2]))

    def data(value: str) -> None:
        if not stack or not value.strip():
            return
        element = stack[-1]
        lead = len(value) - len(value.lstrip())
        if element.start < 0:
            element.start = parser.CurrentByteIndex + lead
            element.end = element.start
        element.text.append(value)
        body = _encode(value.rstrip())
        element.end = max(element.end, parser.CurrentByteIndex + len(body))

    def end(_name: str) -> None:
        _close(stack, pom)

    def doctype(*_arguments: object) -> None:
        raise DependencyError("document type declaration", _offset_of(parser, text))

    parser.StartElementHandler = start
    parser.CharacterDataHandler = data
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(_encode(text.text), True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "malformed"
        raise DependencyError(f"not XML: {reason}", _offset_of(parser, text)) from None
    for name, element in pom.profile_properties.items():
        pom.properties.setdefault(name, element)
    return pom


def _close(stack: list[_Element], pom: _Pom) -> None:
    """Files a finished element with its parent, or in the pom when it holds coordinates."""
    element = stack.pop()
    path = [item.name for item in stack]
    if element.name == "artifactId" and path == ["project"]:
        pom.artifact = element
    elif element.name in _COORDINATES:
        if stack and stack[-1].name in _HOLDERS:
            stack[-1].children.setdefault(element.name, element)
    elif element.name in _HOLDERS:
        # The dependencies of a plugin are the plugin's, not the application's.
        if not (element.name == "dependency" and "plugin" in path):
            pom.coordinates.append(element)
    elif path == ["project", "properties"] and element.value:
        pom.properties[element.name] = element
    elif path[-2:] == ["profile", "properties"] and element.value:
        pom.profile_properties.setdefault(element.name, element)


def _offset_of(parser: XMLParserType, text: SourceText) -> int:
    prefix = _encode(text.text)[: max(parser.CurrentByteIndex, 0)]
    return min(len(prefix.decode("utf-8", "ignore")), len(text.text))
