"""Files without a literal of their own that import Kafka-bearing names from the project.

`app/main.py` may hold no word of Kafka and yet construct a client, by a class or factory that
`app/clients.py` exports. Their import lines, at the top of the file, tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from oncelint.flow.modules import Modules

# How much of a file's beginning is searched for imports, in bytes.
_HEAD = 4096
_IMPORT = re.compile(
    rb"\n(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#]+))"
)
_NAME = re.compile(rb"\w+")


def importers(
    bearing: Iterable[str],
    others: Collection[str],
    modules: Modules,
    read: Callable[[str], bytes | None],
) -> list[str]:
    """Those of `others` that import a module of `bearing`, or one that does, to a fixed point.

    All are project paths of Python files; `read` gives a file's bytes.
    """
    imports: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    found: list[str] = []
    news = set(bearing)
    known = set(news)
    for path in others if news else ():
        data = read(path)
        if data is not None and b"import" in data:
            imports[path] = list(_imports(data[:_HEAD]))
    while news:
        words = {_stem(path) for path in news}
        fresh = [
            path
            for path, lines in imports.items()
            if path not in known and _leads(path, lines, words, news, modules)
        ]
        found.extend(fresh)
        known.update(fresh)
        news = set(fresh)
    return found


def _stem(path: str) -> str:
    """The word an import of a file ends in."""
    name = path.rpartition("/")[2].removesuffix(".py")
    return path.split("/")[-2] if name == "__init__" and "/" in path else name


def _imports(head: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Module and names of every import line."""
    for module, names, plain in _IMPORT.findall(b"\n" + head):
        if module:
            words = tuple(word.decode() for word in _NAME.findall(names))
            yield module.decode(errors="replace"), words
        for part in plain.split(b",") if plain else ():
            yield part.split()[0].decode(errors="replace") if part.split() else "", ()


def _leads(
    path: str,
    lines: list[tuple[str, tuple[str, ...]]],
    words: set[str],
    wanted: set[str],
    modules: Modules,
) -> bool:
    for module, names in lines:
        tail = module.rpartition(".")[2]
        if tail in words or (not tail and module):
            if modules.resolve(path, module) in wanted:
                return True
        for name in names:
            if name in words:
                dotted = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
                if modules.resolve(path, dotted) in wanted:
                    return True
    return False
