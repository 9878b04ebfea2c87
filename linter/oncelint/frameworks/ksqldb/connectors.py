"""Placement: connectors that ksqlDB creates, `CREATE SOURCE CONNECTOR … WITH (…)`.

ksqlDB hands the properties on to Connect's REST interface (ksqlDB reference, "CREATE CONNECTOR"); the
worker is one of its own (`ksql.connect.worker.config`) or a cluster (`ksql.connect.url`).
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.sql import statements
from oncelint.formats.tree import Document, Scalar
from oncelint.frameworks.blocks import block_of
from oncelint.frameworks.connect.connectors import connector_fact
from oncelint.frameworks.needles import CONNECTOR_CLASS
from oncelint.model.facts import ConfigFact
from oncelint.text import Text

_KINDS = frozenset({"create source connector", "create sink connector"})


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for statement in statements(text.text):
        options = statement.options
        if statement.kind not in _KINDS or options is None:
            continue
        found = options.get(CONNECTOR_CLASS)
        if not isinstance(found, Scalar) or not isinstance(found.value, str):
            continue
        yield connector_fact(
            block_of(options, text),
            text.span(found.start, found.end),
            "ksqldb connector",
            found.value.strip(),
            connector=statement.name,
        )
