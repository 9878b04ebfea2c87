"""Files without a literal of their own that import Kafka-bearing names from the project.

`app/main.py` may hold no word of Kafka and yet construct a client, by a class or factory that
`app/clients.py` exports. Their import lines, at the top of the file, tell.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from oncelint.flow.modules import Modules

# How much of a file's beginning is searched for imports, in bytes.
_HEAD = 4096
_IMPORT = re.compile(
    rb"\n(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#]+))"
)
_NAME = re.compile(rb"\w+")
_STANDARD = frozenset(name.encode() for name in sys.stdlib_module_names)


def importers(
    bearing: Iterable[str],
    others: Collection[str],
    modules: Modules,
    read: Callable[[str], bytes | None],
) -> list[str]:
    """Those of `others` that import a module of `bearing`, or a module that does, to a fixed point.

    In a small project that is every way in. Where it would be most of a large one, a module that
    imports a bearing one is entered through the names alone that it hands on. All are project
    paths of Python files; `read` gives a file's bytes.
    """
    frontier: dict[str, frozenset[str] | None] = dict.fromkeys(bearing)
    imports: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for path in others if frontier else ():
        data = read(path)
        if data is not None and b"import" in data:
            imports[path] = list(_imports(data[:_HEAD]))
    found: list[str] = []
    handed_on = frontier
    while frontier:
        fresh = _entered(imports, frontier, modules)
        if len(found) + len(fresh) > _MANY and handed_on is not frontier:
            fresh = _entered(imports, handed_on, modules)
        for path in fresh:
            del imports[path]
        found.extend(fresh)
        handed_on = dict(fresh)
        frontier = dict.fromkeys(fresh)
    return found


# From this many files on, a project is entered through handed-on names alone.
_MANY = 60


def _entered(
    imports: dict[str, list[tuple[str, tuple[str, ...]]]],
    wanted: Mapping[str, frozenset[str] | None],
    modules: Modules,
) -> dict[str, frozenset[str]]:
    """The files that import a wanted name, with the names they import of it."""
    words = {_stem(path) for path in wanted}
    entered = {}
    for path, lines in imports.items():
        names = _wanted_names(path, lines, words, wanted, modules)
        if names is not None:
            entered[path] = names
    return entered


def _stem(path: str) -> str:
    """The word an import of a file ends in."""
    name = path.rpartition("/")[2].removesuffix(".py")
    return path.split("/")[-2] if name == "__init__" and "/" in path else name


def _imports(head: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Module and names of every import line that may lead into the project."""
    for module, names, plain in _IMPORT.findall(b"\n" + head):
        if module and module.partition(b".")[0] not in _STANDARD:
            words = tuple(word.decode(errors="replace") for word in _NAME.findall(names))
            yield module.decode(errors="replace"), words
        for part in plain.split(b",") if plain else ():
            name = part.split()[0] if part.split() else b""
            if name.partition(b".")[0] not in _STANDARD:
                yield name.decode(errors="replace"), ()


def _wanted_names(
    path: str,
    lines: list[tuple[str, tuple[str, ...]]],
    words: set[str],
    wanted: Mapping[str, frozenset[str] | None],
    modules: Modules,
) -> frozenset[str] | None:
    """The names a file imports from wanted modules; None when it imports none that is wanted."""
    found: set[str] = set()
    entered = False
    for module, names in lines:
        tail = module.rpartition(".")[2]
        if tail in words or (not tail and module):
            target = modules.resolve(path, module)
            if target is not None and target in wanted:
                offered = wanted[target]
                taken = {name for name in names if offered is None or name in offered}
                entered = entered or bool(taken) or not names
                found |= taken
        for name in names:
            if name in words:
                dotted = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
                if modules.resolve(path, dotted) in wanted:
                    entered = True
                    found.add(name)
    return frozenset(found) if entered else None
