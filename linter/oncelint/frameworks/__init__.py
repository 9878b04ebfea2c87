"""Placement: which part of which file is whose configuration.

A recogniser is a module here that `RECOGNISERS` names; its `recognise(document, text, path)` yields
the configurations of one file. The recognisers are loaded for the first file that one of them may
fire on: what decides that, `relevant`, needs only the tables of `needles`.
"""

from __future__ import annotations

from importlib import import_module

from oncelint.frameworks.needles import BEHIND, NEEDLES

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Iterator

    from oncelint.formats.tree import Document
    from oncelint.model.facts import ConfigFact
    from oncelint.text import Text

RECOGNISERS = ("connect", "plain")

_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def relevant(kind: str, data: bytes) -> bool:
    """Whether a file's bytes hold a literal without which nothing here can fire on this kind."""
    if data[:2] in _BYTE_ORDER_MARKS:  # UTF-16 puts a zero byte beside every letter
        data = data.replace(b"\0", b"")
    if any(needle in data for needle in NEEDLES.get(kind, ())):
        return True
    common, further = BEHIND.get(kind, (b"", ()))
    return bool(further) and common in data and any(needle in data for needle in further)


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    """The configurations that the recognisers find in one file, by recogniser."""
    for name in RECOGNISERS:
        yield from import_module(f"{__name__}.{name}").recognise(document, text, path)
