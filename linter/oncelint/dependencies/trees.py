"""Looking into the trees of formats/: a value by its path, and the place inside a string."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.dependencies import DependencyError, pep508
from oncelint.formats import read as read_format
from oncelint.formats.tree import Entry, FormatError, Mapping, Node, Scalar, Sequence
from oncelint.model.facts import Requirement
from oncelint.text import SourceText


def root(kind: str, text: SourceText) -> Mapping:
    """The one mapping a document of `kind` consists of; an empty one when it is none.

    Raises DependencyError when the text is not of that kind.
    """
    try:
        document = read_format(kind, text)
    except FormatError as error:
        raise DependencyError(error.reason, error.offset) from None
    first = document.roots[0] if document.roots else None
    return first if isinstance(first, Mapping) else Mapping(0, 0, ())


def find(node: Node | None, *path: str) -> Node | None:
    """The node under the keys of `path`, or None."""
    for key in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(key)
    return node


def entries(node: Node | None) -> tuple[Entry, ...]:
    """A mapping's entries; of anything else none."""
    return node.entries if isinstance(node, Mapping) else ()


def items(node: Node | None) -> tuple[Node, ...]:
    """A sequence's items; of anything else none."""
    return node.items if isinstance(node, Sequence) else ()


def string(node: Node | None) -> str | None:
    """A scalar's text when it is a string."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    return None


def place(text: SourceText, scalar: Scalar) -> tuple[int, bool]:
    """Where a string's first character stands, and whether the string stands there verbatim: an
    escape inside makes offsets differ, and then the token is the only place there is."""
    raw = text.text[scalar.start : scalar.end]
    quotes = next((quote for quote in ('"""', "'''", '"', "'") if raw.startswith(quote)), "")
    inner = scalar.start + len(quotes)
    if text.text.startswith(scalar.text, inner) and inner + len(scalar.text) <= scalar.end:
        return inner, True
    return scalar.start, False


def span_of(text: SourceText, scalar: Scalar) -> tuple[int, int]:
    """The offsets of a string without its quotes, or of the token."""
    start, verbatim = place(text, scalar)
    return (start, start + len(scalar.text)) if verbatim else (scalar.start, scalar.end)


def requirement(text: SourceText, node: Node, *, locked: bool = False) -> tuple[Requirement, ...]:
    """The requirement a string states as PEP 508 has it."""
    value = string(node)
    if value is None or not isinstance(node, Scalar):
        return ()
    named = pep508.parse(value)
    start, verbatim = place(text, node)
    if named is not None and not verbatim:
        named = pep508.Named(named.name, named.extras, named.specifier, node.start, node.end)
        start = 0
    return pep508.requirements(text, named, start, locked=locked)


def requirement_list(text: SourceText, node: Node | None) -> Iterator[Requirement]:
    """The requirements a sequence of strings states; items of other kinds say nothing."""
    for item in items(node):
        yield from requirement(text, item)
