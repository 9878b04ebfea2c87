"""Project files that Python code opens by a literal name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from oncelint.flow.files import Tree
from oncelint.text import SourceText, TextError


class ProjectFiles:
    """Reads such files, each once; `files` are all paths of the project, `read` gives bytes."""

    def __init__(self, files: frozenset[str], read: Callable[[str], bytes | None]) -> None:
        self._files = files
        self._read = read
        self._trees: dict[str, Tree | None] = {}

    def document(self, importer: str, name: str) -> Tree | None:
        """Path, tree and places of a configuration file; None when there is none."""
        path = self._path(importer, name)
        if path is None:
            return None
        if path not in self._trees:
            self._trees[path] = self._parse(path)
        return self._trees[path]

    def lines(self, importer: str, name: str) -> tuple[str, list[str]] | None:
        """Path and lines of a text file; None when there is none."""
        path = self._path(importer, name)
        text = self._text(path, latin1=False) if path is not None else None
        if path is None or text is None:
            return None
        return path, [text.line(number) for number in range(1, len(text.starts) + 1)]

    def _path(self, importer: str, name: str) -> str | None:
        """The file that `name` means: beside the importer, else in the nearest folder above."""
        if not name or posixpath.isabs(name):
            return None
        folder = posixpath.dirname(importer)
        while True:
            path = posixpath.normpath(posixpath.join(folder, name))
            if path in self._files:
                return path
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _text(self, path: str, *, latin1: bool) -> SourceText | None:
        data = self._read(path)
        if data is None:
            return None
        try:
            return SourceText.decode(path, data, latin1=latin1)
        except TextError:
            return None

    def _parse(self, path: str) -> Tree | None:
        from oncelint.discover import kind_of
        from oncelint.formats import READERS, read
        from oncelint.formats.templates import template_kind
        from oncelint.formats.tree import FormatError

        kind = kind_of(path) or "ini"
        text = self._text(path, latin1=kind == "properties") if kind in READERS else None
        if text is None or template_kind(text.text, path) is not None:
            return None
        try:
            document = read(kind, text)
        except FormatError:
            return None
        return (path, document.roots[0], text.span) if len(document.roots) == 1 else None
