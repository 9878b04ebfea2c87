"""Placement: which part of which file is whose configuration.

A recogniser is a module here that `needles.RECOGNISERS` names; its `recognise(document, text, path)`
yields the configurations of one document. It is loaded for the first document that it may fire on:
what decides that, `relevant`, needs only the tables of `needles`. What several files say together
(a worker and its connectors, a profile and its default) is joined by the modules that `ASSEMBLERS`
names; their `assemble(facts, read)` gets all facts of the project and yields them joined.
"""

from __future__ import annotations

from importlib import import_module

from oncelint.frameworks.needles import BEHIND, NEEDLES, RECOGNISERS

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oncelint.formats.tree import Document
    from oncelint.model.facts import ConfigFact
    from oncelint.text import Text

ASSEMBLERS: tuple[str, ...] = (
    "kubernetes",
    "containers",
    "terraform",
    "connect",
    "applications.spring",
    "applications.quarkus",
    "applications.micronaut",
    "ksqldb",
    "kafka_streams",
    "flink",
    "kubernetes.mounts",
)
"""The modules that join what several files say, in the order in which they are asked."""

_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def relevant(kind: str, data: bytes) -> bool:
    """Whether a file's bytes hold a literal without which nothing here can fire on this kind."""
    if data[:2] in _BYTE_ORDER_MARKS:  # UTF-16 puts a zero byte beside every letter
        data = data.replace(b"\0", b"")
    if any(needle in data for needle in NEEDLES.get(kind, ())):
        return True
    common, further = BEHIND.get(kind, (b"", ()))
    return bool(further) and common in data and any(needle in data for needle in further)


def recognise(kind: str, document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """The configurations that the recognisers of a kind find in one document, by recogniser.

    `path` is the document's own name: for an embedded one what it would be called as a file.
    """
    for name, kinds in RECOGNISERS.items():
        literals = kinds.get(kind)
        if literals is not None and any(literal in text.text for literal in literals):
            yield from import_module(f"{__name__}.{name}").recognise(document, text, path)


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The configurations of a project, joined over its files.

    `read` gives the bytes of a project's file (an env_file), None where there is none.
    """
    joined = list(facts)
    for name in ASSEMBLERS:
        joined = list(import_module(f"{__name__}.{name}").assemble(joined, read))
    return joined


__all__ = ["ASSEMBLERS", "RECOGNISERS", "assemble", "recognise", "relevant"]
