"""Kubernetes resources of a document: multi-document files, lists, OpenShift templates.

A resource is a mapping with an `apiVersion` and a `kind`. What is read of it here is what all kinds
have in common; a template's `${PARAMETER}` makes a value unknown and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass, replace

from oncelint.formats.tree import Document, Entry, Mapping, Node, Scalar, Sequence
from oncelint.frameworks.blocks import block_of, is_placeholder
from oncelint.model.facts import Block, WrittenSetting
from oncelint.model.values import Span
from oncelint.text import Text


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: `group` and `version` are its apiVersion's parts, `span` the place of its name
    (or of its kind where it has none)."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str
    labels: Names[str, str]
    annotations: Names[str, str]
    spec: Mapping
    node: Mapping
    span: Span

    @property
    def full_name(self) -> str:
        """Namespace and name: what another resource of the kind cannot have."""
        return f"{self.namespace}/{self.name}"


def resources(document: Document, text: Text) -> Iterator[Resource]:
    """The resources of a document, those in its lists and templates included."""
    stack: list[Node] = list(reversed(document.roots))
    while stack:
        node = stack.pop()
        if not isinstance(node, Mapping):
            continue
        kind = string(node.get("kind"))
        for key in ("items", "objects") if kind.endswith("List") or kind == "Template" else ():
            held = node.get(key)
            if isinstance(held, Sequence):
                stack.extend(reversed(held.items))
        found = _resource(node, kind, text)
        if found is not None:
            yield found


def _resource(node: Mapping, kind: str, text: Text) -> Resource | None:
    group, slash, version = string(node.get("apiVersion")).rpartition("/")
    if not kind or not version:
        return None
    metadata = node.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    place = name if isinstance(name, Scalar) else node.get("kind")
    spec = node.get("spec")
    assert place is not None
    return Resource(
        group if slash else "",
        version,
        kind,
        string(name),
        string(metadata.get("namespace")) if isinstance(metadata, Mapping) else "",
        strings(metadata.get("labels")) if isinstance(metadata, Mapping) else {},
        strings(metadata.get("annotations")) if isinstance(metadata, Mapping) else {},
        spec if isinstance(spec, Mapping) else _EMPTY,
        node,
        text.span(place.start, place.end),
    )


_EMPTY = Mapping(0, 0, ())


def string(node: Node | None) -> str:
    """A scalar's text; empty for everything else."""
    return node.text if isinstance(node, Scalar) else ""


def strings(node: Node | None) -> dict[str, str]:
    if not isinstance(node, Mapping):
        return {}
    return {entry.key.text: string(entry.value) for entry in node.entries}


def number(node: Node | None) -> int | None:
    """A count as a manifest writes it; None for a placeholder and for what is none."""
    if (
        isinstance(node, Scalar)
        and isinstance(node.value, int)
        and not isinstance(node.value, bool)
    ):
        return node.value
    return None


def at(node: Mapping, *keys: str) -> Mapping | None:
    """The mapping that keys lead to; None where they lead to none."""
    found: Node | None = node
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


def items(node: Node | None) -> Iterator[Mapping]:
    """The mappings of a sequence."""
    if isinstance(node, Sequence):
        yield from (item for item in node.items if isinstance(item, Mapping))


@dataclass(frozen=True, slots=True)
class Refused:
    """Settings that an operator takes out of what it is given: by the beginnings of their keys,
    but for the exceptions."""

    prefixes: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    keys: Collection[str] = ()

    def takes(self, entry: Entry) -> bool:
        key = entry.key.text.lower()
        if key in self.keys:
            return False
        return not key.startswith(self.prefixes) or key.startswith(self.exceptions)


def settings_in(node: Mapping | None, text: Text, refused: Refused, strip: str = "") -> Block:
    """The block of a mapping of settings, or an empty one that has no place for another setting."""
    if node is None:
        return Block(())
    return block_of(
        node,
        text,
        keep=lambda entry: entry.key.text.startswith(strip) and refused.takes(entry),
        strip=strip,
    )


def fields_of(node: Mapping, text: Text, names: Names[str, str]) -> Block:
    """Fields of a resource that stand for settings: `names` has the setting by field."""
    block = block_of(node, text, keep=lambda entry: entry.key.text in names)
    settings = tuple(replace(one, key=names[one.key], shown=one.key) for one in block.settings)
    return Block(settings, block.open_reason, block.duplicates)


def joined(fields: Block, config: Block) -> Block:
    """Fields and a `config` as one block; a field counts over the setting beside it."""
    own = {one.key for one in fields.settings}
    settings: list[WrittenSetting] = [one for one in config.settings if one.key not in own]
    return Block(
        (*fields.settings, *settings),
        fields.open_reason or config.open_reason,
        (*fields.duplicates, *config.duplicates),
        config.homes,
    )


def opened(block: Block, reason: str | None) -> Block:
    """A block of which more may stand elsewhere."""
    return block if reason is None else replace(block, open_reason=block.open_reason or reason)


def given(value: str) -> str:
    """A name, or nothing where it is a placeholder."""
    return "" if is_placeholder(value) else value
