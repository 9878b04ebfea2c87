"""Gradle's version catalogs (`gradle/libs.versions.toml`, "Version Catalogs" in Gradle's manual)."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.dependencies import jvm
from oncelint.dependencies.interest import GRADLE_PLUGINS, JVM, PROPERTY, property_of_interest
from oncelint.dependencies.trees import entries, find, root, span_of, string
from oncelint.formats.tree import Mapping, Node, Scalar
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_RICH = ("strictly", "require", "prefer")


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The libraries and plugins of interest in a version catalog, and its versions of interest as
    `property:NAME`.

    Raises DependencyError when the file is not TOML.
    """
    document = root("toml", text)
    return (
        *_entries(text, document, "libraries"),
        *_entries(text, document, "plugins"),
        *_versions(text, document),
    )


def _versions(text: SourceText, document: Mapping) -> Iterator[Requirement]:
    for entry in entries(find(document, "versions")):
        version = _version(entry.value)
        if version is not None and property_of_interest(entry.key.text):
            specifier = jvm.specifier(version.text)
            if specifier and "$" not in specifier:
                name = f"{PROPERTY}{entry.key.text}"
                yield Requirement(name, specifier, text.span(*span_of(text, version)))


def _entries(text: SourceText, document: Mapping, table: str) -> Iterator[Requirement]:
    wanted = JVM if table == "libraries" else GRADLE_PLUGINS
    for entry in entries(find(document, table)):
        named = _named(text, entry.value, table)
        if named is None or wanted.get(named[0]) is None:
            continue
        distribution = wanted[named[0]]
        version = _version(_referred(document, find(entry.value, "version")))
        if named[1] is not None:
            value, start, end = named[1]
            yield Requirement(distribution, jvm.specifier(value), text.span(start, end))
        elif version is not None:
            span = text.span(*span_of(text, version))
            yield Requirement(distribution, jvm.specifier(version.text), span)
        else:
            yield Requirement(distribution, "", text.span(*span_of(text, entry.key)))


_Place = tuple[str, int, int]


def _named(text: SourceText, node: Node, table: str) -> tuple[str, _Place | None] | None:
    """An entry's `group:artifact` or plugin id, and the version that stands in the same string."""
    if isinstance(node, Scalar):
        parts = 2 if table == "libraries" else 1
        name = ":".join(node.text.split(":")[:parts])
        version = node.text[len(name) + 1 :]
        start, end = span_of(text, node)
        if end - start == len(node.text):
            start += len(name) + 1
        return name, ((version, start, end) if version else None)
    if table == "plugins":
        plugin = string(find(node, "id"))
        return (plugin, None) if plugin is not None else None
    module = string(find(node, "module"))
    group, artifact = string(find(node, "group")), string(find(node, "name"))
    if module is None and group is not None and artifact is not None:
        module = f"{group}:{artifact}"
    return (module, None) if module is not None else None


def _referred(document: Mapping, version: Node | None) -> Node | None:
    """The version itself, or the entry of `[versions]` that its `ref` names."""
    reference = string(find(version, "ref"))
    return find(document, "versions", reference) if reference is not None else version


def _version(node: Node | None) -> Scalar | None:
    """A version's string; of a rich version the strictest part."""
    if isinstance(node, Mapping):
        found = (node.get(key) for key in _RICH)
        node = next((part for part in found if part is not None), None)
    return node if isinstance(node, Scalar) and string(node) is not None else None
