"""What a kustomization applies to what: its resources, patches and replicas.

Sources: kustomize's reference of the kustomization file (resources, bases, components, patches,
patchesStrategicMerge, patchesJson6902, replicas). What a kustomization names and the project does
not have is left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from oncelint.formats.tree import Document, FormatError, Mapping, Node, Scalar
from oncelint.formats.tree import Sequence as Items
from oncelint.frameworks.kubernetes.resources import at, items, number, string
from oncelint.text import SourceText, Text, TextError

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
Read = Callable[[str], "bytes | None"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a JSON patch (RFC 6902) with the text that its nodes' offsets count in."""

    sort: str
    path: tuple[str, ...]
    node: Mapping
    text: Text


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch of some resources. `kind` and `name` are patterns of what it is for, None where the
    patch itself names that. A merge patch is a document of `path`, or one written in place;
    `operations` are those of a JSON patch."""

    kind: re.Pattern[str] | None
    name: re.Pattern[str] | None
    path: str = ""
    inline: tuple[Document, Text] | None = None
    operations: tuple[Operation, ...] = ()

    def selects(self, kind: str, name: str) -> bool:
        return (self.kind is None or self.kind.fullmatch(kind) is not None) and (
            self.name is None or self.name.fullmatch(name) is not None
        )


@dataclass(frozen=True, slots=True)
class Kustomization:
    """`resources` are files and folders of the project; `replicas` counts by a workload's name."""

    folder: str
    path: str
    resources: tuple[str, ...]
    patches: tuple[Patch, ...]
    replicas: tuple[tuple[str, int | None], ...]


def kustomization(folder: str, read: Read) -> Kustomization | None:
    """The kustomization of a folder; None where there is none that can be read."""
    for name in NAMES:
        path = posixpath.join(folder, name)
        data = read(path)
        found = _parsed(path, data) if data is not None else None
        if found is not None:
            document, text = found
            roots = [root for root in document.roots if isinstance(root, Mapping)]
            return _kustomization(folder, path, roots[0], text, read) if roots else None
    return None


def _parsed(path: str, data: bytes) -> tuple[Document, Text] | None:
    from oncelint.formats import read as parse  # where a kustomization is found

    try:
        text = SourceText.decode(path, data)
        return parse("yaml", text), text
    except (TextError, FormatError):
        return None


def _kustomization(folder: str, path: str, root: Mapping, text: Text, read: Read) -> Kustomization:
    named = [
        string(item)
        for key in ("resources", "bases", "components")
        for item in _items(root.get(key))
    ]
    patches = [
        *(Patch(None, None, _inside(folder, string(item))) for item in _merges(root)),
        *(
            _inline(Patch(None, None), item, text)
            for item in _items(root.get("patchesStrategicMerge"))
            if isinstance(item, Scalar) and "\n" in item.text
        ),
    ]
    for key in ("patches", "patchesJson6902"):
        for item in items(root.get(key)):
            patches.extend(_patch(folder, item, text, read))
    return Kustomization(
        folder,
        path,
        tuple(_inside(folder, one) for one in named if one and "://" not in one),
        tuple(patches),
        tuple(
            (string(item.get("name")), number(item.get("count")))
            for item in items(root.get("replicas"))
        ),
    )


def _items(node: Node | None) -> Sequence[Node]:
    return node.items if isinstance(node, Items) else ()


def _merges(root: Mapping) -> Iterator[Node]:
    for item in _items(root.get("patchesStrategicMerge")):
        if "\n" not in string(item):
            yield item


def _inside(folder: str, name: str) -> str:
    """A path that a kustomization names, as one of the project."""
    found = posixpath.normpath(posixpath.join(folder, name))
    return "" if found == "." else found


def _patch(folder: str, item: Mapping, text: Text, read: Read) -> Iterator[Patch]:
    target = at(item, "target")
    patch = Patch(_pattern(target, "kind"), _pattern(target, "name"))
    name = string(item.get("path"))
    if name:
        path = _inside(folder, name)
        data = read(path)
        found = _parsed(path, data) if data is not None else None
        if found is None:
            return
        operations = _operations(*found)
        yield Patch(patch.kind, patch.name, path, None, operations)
        return
    inline = item.get("patch")
    if isinstance(inline, Scalar):
        yield _inline(patch, inline, text)


def _inline(patch: Patch, scalar: Scalar, text: Text) -> Patch:
    """A patch that is written as a text in the kustomization."""
    from oncelint.formats import read as parse
    from oncelint.formats.hosts.yaml import scalar_region

    region = scalar_region(scalar, text)
    if region is None:
        return patch
    try:
        document = parse("yaml", region)
    except FormatError:
        return patch
    operations = _operations(document, region)
    inline = None if operations else (document, region)
    return Patch(patch.kind, patch.name, "", inline, operations)


def _pattern(target: Mapping | None, key: str) -> re.Pattern[str] | None:
    """What a selector's field matches: kustomize takes it for an anchored pattern."""
    wanted = string(target.get(key)) if target is not None else ""
    if not wanted:
        return None
    try:
        return re.compile(wanted)
    except re.error:
        return re.compile(re.escape(wanted))


def _operations(document: Document, text: Text) -> tuple[Operation, ...]:
    """The operations of a JSON patch; none for a merge patch."""
    return tuple(
        Operation(string(node.get("op")), _pointer(string(node.get("path"))), node, text)
        for root in document.roots
        for node in items(root)
        if node.get("op") is not None
    )


def _pointer(path: str) -> tuple[str, ...]:
    """The keys of a JSON pointer (RFC 6901)."""
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in path.removeprefix("/").split("/")
    )
