"""Files without a literal of their own that import Kafka-bearing names from the project.

`app/main.py` may hold no word of Kafka and yet construct a client, by a class or factory that
`app/clients.py` exports. Their import lines tell, at the top of the file and inside functions.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from oncelint.flow.modules import Modules

# How much of a file's beginning is searched for imports line by line, in bytes. Behind it an
# import is looked for by its word, which is rare there: one inside a function.
_HEAD = 4096
_IMPORT = re.compile(
    rb"\n[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#]*)|import[ \t]+([^\n#]+))"
)
_WORD = b"import "
_NAME = re.compile(rb"\w+")
_STANDARD = frozenset(name.encode() for name in sys.stdlib_module_names)


class Imports:
    """The import lines of Python files that were not extracted, as far as they lead into the
    project. All paths are project paths; `read` gives a file's bytes."""

    def __init__(
        self, others: Collection[str], modules: Modules, read: Callable[[str], bytes | None]
    ) -> None:
        self._others = others
        self._modules = modules
        self._read = read
        self._lines: dict[str, list[tuple[str, tuple[str, ...]]]] | None = None

    def _known(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        if self._lines is None:
            self._lines = {}
            for path in self._others:
                data = self._read(path)
                if data is not None and b"import" in data:
                    self._lines[path] = list(_imports(data))
        return self._lines

    def leading_to(self, bearing: Iterable[str]) -> list[str]:
        """Those that import a module of `bearing`, or a module that does, to a fixed point.

        In a small project that is every way in. Where it would be most of a large one, a module
        that imports a bearing one is entered through the names alone that it hands on.
        """
        frontier: dict[str, frozenset[str] | None] = dict.fromkeys(bearing)
        imports = dict(self._known()) if frontier else {}
        found: list[str] = []
        handed_on = frontier
        while frontier:
            fresh = _entered(imports, frontier, self._modules)
            if len(found) + len(fresh) > _MANY and handed_on is not frontier:
                fresh = _entered(imports, handed_on, self._modules)
            for path in fresh:
                del imports[path]
            found.extend(fresh)
            handed_on = dict(fresh)
            frontier = dict.fromkeys(fresh)
        return found

    def of_name(self, path: str, name: str) -> list[str]:
        """Those that import a name from a module, or the module itself."""
        wanted: dict[str, frozenset[str] | None] = {path: frozenset((name,))}
        return list(_entered(self._known(), wanted, self._modules))


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


def _imports(data: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Module and names of every import line that may lead into the project."""
    for match in _import_lines(data):
        module, names, plain = match.groups()
        if module and module.partition(b".")[0] not in _STANDARD:
            words = tuple(word.decode(errors="replace") for word in _NAME.findall(names))
            yield module.decode(errors="replace"), words
        for part in plain.split(b",") if plain else ():
            name = part.split()[0] if part.split() else b""
            if name.partition(b".")[0] not in _STANDARD:
                yield name.decode(errors="replace"), ()


def _import_lines(data: bytes) -> Iterator[re.Match[bytes]]:
    yield from _IMPORT.finditer(b"\n" + data[:_HEAD])
    first = data.rfind(b"\n", 0, _HEAD)
    at = data.find(_WORD, _HEAD)
    while at >= 0:
        begin = data.rfind(b"\n", 0, at)
        match = _IMPORT.match(data, begin) if begin >= first else None
        if match is not None:
            yield match
        at = data.find(_WORD, at + len(_WORD))


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
