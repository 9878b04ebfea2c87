"""The import lines of a Python file, found without a parser.

What they miss (a line that is continued by a backslash, an import behind a semicolon) is rare.
"""

from __future__ import annotations

import re
import sys

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    Line: TypeAlias = "tuple[bytes, tuple[bytes, ...]]"

# How much of a file's beginning is searched for imports line by line, in bytes. Behind it an
# import is looked for by its word, which is rare there: one inside a function.
_HEAD = 4096
_IMPORT = re.compile(
    rb"\n[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#]+))"
)
_WORD = b"import "
_NAME = re.compile(rb"\w+")
_STANDARD = frozenset(name.encode() for name in sys.stdlib_module_names)


def import_lines(data: bytes) -> list[Line]:
    """What the import lines of a Python file name that may lead into its project: modules, each with
    the names that are imported from it; without names the module itself is imported."""
    found: list[Line] = []
    lines = _IMPORT.findall(b"\n" + data[:_HEAD]) if b"import" in data else []
    if len(data) > _HEAD:
        lines += _lines_behind(data)
    for module, names, plain in lines:
        if module and module.partition(b".")[0] not in _STANDARD:
            found.append((module, tuple(_NAME.findall(names))))
        for part in plain.split(b",") if plain else ():
            name = part.split()[0] if part.split() else b""
            if name.partition(b".")[0] not in _STANDARD:
                found.append((name, ()))
    return found


def _lines_behind(data: bytes) -> Iterator[tuple[bytes, ...]]:
    """The import lines that begin behind the head of a file."""
    first = data.rfind(b"\n", 0, _HEAD)
    at = data.find(_WORD, _HEAD)
    while at >= 0:
        begin = data.rfind(b"\n", 0, at)
        match = _IMPORT.match(data, begin) if begin >= first else None
        if match is not None:
            yield match.groups(b"")
        at = data.find(_WORD, at + len(_WORD))
