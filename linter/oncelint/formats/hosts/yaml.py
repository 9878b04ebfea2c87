"""Texts in YAML: block scalars whose key is a file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.formats.hosts import Embedded
from oncelint.formats.tree import Document, Mapping, Scalar, walk
from oncelint.text import Piece, Region, Text

_FILES: dict[str, str] = {
    ".properties": "properties",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".ini": "ini",
    ".env": "dotenv",
    ".sh": "shell",
    ".sql": "sql",
    ".conf": "conf",
}
_HEADER = re.compile(r"[|>](?:[-+]?[1-9]?|[1-9][-+])[ \t]*(?:#[^\r\n]*)?\r?\n")


def find(document: Document, text: Text) -> Iterator[Embedded]:
    for root in document.roots:
        for node in walk(root):
            if isinstance(node, Mapping):
                for entry in node.entries:
                    kind = _kind(entry.key.text)
                    if kind is None or entry.merged or not isinstance(entry.value, Scalar):
                        continue
                    region = scalar_region(entry.value, text)
                    if region is not None:
                        yield Embedded(kind, entry.key.text, region)


def _kind(name: str) -> str | None:
    return next((kind for ending, kind in _FILES.items() if name.endswith(ending)), None)


def scalar_region(scalar: Scalar, text: Text) -> Region | None:
    """The text of a literal block (`|`) as a region of its host; None for other scalars.

    An edit of it is indented as the block is.
    """
    source = text.text
    header = _HEADER.match(source, scalar.start)
    if header is None or source[scalar.start] != "|":
        return None
    body = source[header.end() : scalar.end]
    lines = body.splitlines(keepends=True)
    filled = [line for line in lines if line.strip()]
    if not filled:
        return None
    indent = len(filled[0]) - len(filled[0].lstrip(" "))
    pieces: list[Piece] = []
    parts: list[str] = []
    host, own = header.end(), 0
    for line in lines:
        cut = min(indent, len(line) - len(line.lstrip(" ")))
        content = line[cut:]
        if content:
            pieces.append(Piece(own, len(content), host + cut, len(content)))
            parts.append(content)
            own += len(content)
        host += len(line)
    return Region("".join(parts), text, tuple(pieces), margin=" " * indent)
