"""Placement: Kafka Connect's workers and connectors under their settings' own names.

What is specific to a place (the environment of an image, a resource of an operator, a statement of
ksqlDB) is recognised elsewhere with the functions of `worker` and `connectors`, and all of it is
joined by `joins`: which connector runs on which worker, and what its clients come to there.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Document
from oncelint.frameworks.connect import connectors, worker
from oncelint.frameworks.connect.joins import assemble
from oncelint.frameworks.connect.layers import client_layers, layers
from oncelint.model.facts import ConfigFact
from oncelint.text import Text


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    yield from connectors.found(document, text, path)
    yield from worker.found(document, text)


__all__ = ["assemble", "client_layers", "layers", "recognise"]
