"""Documentation: Markdown and AsciiDoc, as far as examples stand in them (formats/hosts/markdown.py)."""

from __future__ import annotations

from oncelint.formats.guards import check
from oncelint.formats.tree import Document
from oncelint.text import Text


def read(text: Text) -> Document:
    """Read a page. It has no tree of its own.

    Raises FormatError past the limits of `oncelint.formats.guards`.
    """
    check(text.text, "markdown")
    return Document(())
