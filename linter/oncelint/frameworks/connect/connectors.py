"""Connectors as the REST interface and the standalone worker take them.

`{"name": …, "config": {…}}`, the bare object of `PUT /connectors/{name}/config`, the flat object with a
name, lists of these, and the .properties form: a mapping with a `connector.class`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Document, Entry, Mapping, Node, Scalar, walk
from oncelint.frameworks.blocks import block_of
from oncelint.frameworks.connect.registering import registration
from oncelint.frameworks.needles import CONNECTOR_CLASS
from oncelint.model.facts import Block, ConfigFact
from oncelint.model.values import Span
from oncelint.text import Text

# Settings that only Confluent Cloud's managed connectors have ("Manage Kafka credentials").
_MANAGED = frozenset({"kafka.auth.mode", "kafka.api.key", "kafka.service.account.id"})


def found(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        names = _names(root)
        for node in walk(root):
            class_ = class_of(node) if isinstance(node, Mapping) else None
            if class_ is None or not isinstance(node, Mapping):
                continue
            told = registration(text)
            called = text_of(node.get("name")) or names.get(id(node)) or told.name
            kind = "properties" if path.endswith(".properties") else ""
            yield connector_fact(
                block_of(node, text),
                text.span(class_.start, class_.end),
                "connect connector",
                text_of(class_).strip(),
                connector=called,
                form=kind,
                host=told.host,
            )


def class_of(mapping: Mapping) -> Scalar | None:
    """Where a mapping names the class of a connector; None for one that is no connector's."""
    found = mapping.get(CONNECTOR_CLASS)
    return found if isinstance(found, Scalar) and isinstance(found.value, str) else None


def text_of(node: Node | None) -> str:
    """What a scalar says as text; empty for everything else."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def connector_fact(
    block: Block, span: Span, placement: str, class_: str, **details: str
) -> ConfigFact:
    """A connector of a class; of `details` "connector" is its own name and "cluster" that of the
    Connect cluster it runs on, where the place tells."""
    told = {key: value for key, value in details.items() if value}
    if not any(char == "." for char in class_) and _MANAGED & {one.key for one in block.settings}:
        told["managed"] = "confluent cloud"
    return ConfigFact(placement, ("java",), "connector", block, span, name=class_, details=told)


def _names(root: Node) -> dict[int, str]:
    """What the configuration under a `config` is called by the `name` beside it."""
    found: dict[int, str] = {}
    for node in walk(root):
        if not isinstance(node, Mapping):
            continue
        name = text_of(node.get("name"))
        for entry in node.entries:
            if isinstance(entry.value, Mapping):
                told = _name_of(entry, name)
                if told:
                    found.setdefault(id(entry.value), told)
    return found


def _name_of(entry: Entry, name: str) -> str:
    return name if entry.key.text == "config" else ""
