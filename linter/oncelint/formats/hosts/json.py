"""Texts in JSON manifests: strings of several lines whose key is the name of a properties file.

Also the command that a file called .json holds instead: `curl … -d '{…}'`, kept to be typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.formats.hosts import Embedded
from oncelint.formats.hosts.scalars import region_of
from oncelint.formats.json import is_command
from oncelint.formats.tree import Document, Mapping, Scalar, walk
from oncelint.text import Piece, Region, Text


def find(document: Document, text: Text) -> Iterator[Embedded]:
    """The files in a document's objects: in JSON a string's escapes are those of YAML's quotes."""
    body = text.text
    if not document.roots and is_command(body):
        piece = Piece(0, len(body), 0, len(body))
        yield Embedded("shell", "command.sh", Region(body, text, (piece,)))
    for root in document.roots:
        for node in walk(root):
            for entry in node.entries if isinstance(node, Mapping) else ():
                name, value = entry.key.text, entry.value
                if not name.endswith(".properties") or not isinstance(value, Scalar):
                    continue
                quoted = replace(value, style="double")
                region = region_of(quoted, text) if "\n" in value.text else None
                if region is not None:
                    yield Embedded("properties", name, region)
