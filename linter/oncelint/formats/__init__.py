"""Syntax: one reader for each format, from a `Text` to a tree with code point offsets."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncelint.formats.tree import Document
    from oncelint.text import Text

READERS: dict[str, str] = {
    "properties": "oncelint.formats.properties",
    "yaml": "oncelint.formats.yaml",
    "json": "oncelint.formats.json",
    "toml": "oncelint.formats.toml",
    "dotenv": "oncelint.formats.dotenv",
    "ini": "oncelint.formats.ini",
    "logstash": "oncelint.formats.logstash",
    "fluent-bit": "oncelint.formats.fluent_bit",
    "shell": "oncelint.formats.shell",
    "markdown": "oncelint.formats.markdown",
    "sql": "oncelint.formats.sql",
    "hcl": "oncelint.formats.hcl",
    "dockerfile": "oncelint.formats.dockerfile",
}


def read(kind: str, text: Text) -> Document:
    """Read `text` as `kind`, one of `READERS`.

    The reader's module is imported on first use: parsers are slow to load and most runs need few.

    Raises FormatError when the text is not of that format, KeyError for an unknown kind.
    """
    document: Document = import_module(READERS[kind]).read(text)
    return document
