"""Placement: connectors that ksqlDB creates, `CREATE SOURCE CONNECTOR … WITH (…)`.

ksqlDB hands the properties on to Connect's REST interface (ksqlDB reference, "CREATE CONNECTOR"); the
worker is one of its own (`ksql.connect.worker.config`) or a cluster (`ksql.connect.url`).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.sql import statements
from oncelint.formats.tree import Document
from oncelint.frameworks.blocks import block_of
from oncelint.frameworks.connect.connectors import class_of, connector_fact, text_of
from oncelint.model.facts import ConfigFact
from oncelint.text import Text

_KINDS = frozenset({"create source connector", "create sink connector"})


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for statement in statements(text.text):
        options = statement.options
        if statement.kind not in _KINDS or options is None:
            continue
        class_ = class_of(options)
        if class_ is None:
            continue
        yield connector_fact(
            block_of(options, text),
            text.span(class_.start, class_.end),
            "ksqldb connector",
            text_of(class_).strip(),
            connector=statement.name,
        )
