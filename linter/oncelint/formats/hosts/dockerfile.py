"""Files that a Dockerfile writes from here-documents."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.hosts import Embedded
from oncelint.formats.hosts.yaml import kind_of_file
from oncelint.formats.tree import Document, Mapping, Scalar
from oncelint.text import Piece, Region, Text


def find(document: Document, text: Text) -> Iterator[Embedded]:
    for root in document.roots:
        for entry in root.entries if isinstance(root, Mapping) else ():
            if entry.key.text not in ("COPY", "ADD") or not isinstance(entry.value, Mapping):
                continue
            for file in entry.value.entries:
                kind = kind_of_file(file.key.text)
                body = file.value
                if kind is None or not isinstance(body, Scalar) or body.start == body.end:
                    continue
                length = body.end - body.start
                piece = Piece(0, length, body.start, length)
                name = file.key.text.rpartition("/")[2]
                yield Embedded(kind, name, Region(body.text, text, (piece,)))
