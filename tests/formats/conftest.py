"""What the format tests share: a readable outline of what a reader made of a text.

It makes `tests.formats` importable however pytest is started.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from oncelint.formats import read
from oncelint.formats.tree import Document, Mapping, Node, Scalar, Sequence
from oncelint.model.values import Scalar as ScalarValue
from oncelint.text import SourceText

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

Row: TypeAlias = "tuple[str, str, ScalarValue]"


def rows(source: str, node: Node, path: str = "") -> Iterator[Row]:
    """(path of written keys, written token, value) of each scalar under `node`, in order."""
    if isinstance(node, Scalar):
        yield path, source[node.start : node.end], node.value
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from rows(source, item, f"{path}/{index}")
    else:
        for entry in node.entries:
            written = source[entry.key.start : entry.key.end]
            yield from rows(source, entry.value, f"{path}/{written}")


@pytest.fixture(scope="session")
def outline() -> Callable[[str, str], list[Row]]:
    """`outline(kind, source)`: the rows of every document in `source`."""

    def make(kind: str, source: str) -> list[Row]:
        document = read(kind, SourceText("file", source))
        return [row for root in document.roots for row in rows(source, root)]

    return make


@pytest.fixture(scope="session")
def document() -> Callable[[str, str], Document]:
    """`document(kind, source)`: what the reader yields."""
    return lambda kind, source: read(kind, SourceText("file", source))


@pytest.fixture(scope="session")
def comments() -> Callable[[str, str], list[tuple[str, str]]]:
    """`comments(kind, source)`: each comment as (written, text)."""

    def make(kind: str, source: str) -> list[tuple[str, str]]:
        found = read(kind, SourceText("file", source)).comments
        return [(source[comment.start : comment.end], comment.text) for comment in found]

    return make


@pytest.fixture(scope="session")
def mapping() -> Callable[[str, str], Mapping]:
    """`mapping(kind, source)`: the first document, which must be a mapping."""

    def make(kind: str, source: str) -> Mapping:
        root = read(kind, SourceText("file", source)).roots[0]
        assert isinstance(root, Mapping)
        return root

    return make
