"""Files without a literal of their own that import Kafka-bearing names from the project.

`app/main.py` may hold no word of Kafka and yet construct a client, by a class or factory that
`app/clients.py` exports. Their import lines tell, at the top of the file and inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from oncelint.flow.modules import Modules
from oncelint.python.imports import import_lines

if TYPE_CHECKING:
    from oncelint.python.imports import Line


class Imports:
    """The import lines of Python files that were not extracted, as far as they lead into the
    project. All paths are project paths; `seen` has the lines that are known already, and `read`
    gives a file's bytes."""

    def __init__(
        self,
        others: Collection[str],
        modules: Modules,
        seen: Mapping[str, Sequence[Line]],
        read: Callable[[str], bytes | None],
    ) -> None:
        self._others = others
        self._modules = modules
        self._seen = seen
        self._read = read
        self._lines: dict[str, Sequence[Line]] | None = None

    def _known(self) -> dict[str, Sequence[Line]]:
        if self._lines is None:
            self._lines = {}
            for path in self._others:
                lines = self._seen.get(path)
                if lines is None:
                    data = self._read(path)
                    lines = import_lines(data) if data is not None else ()
                if lines:
                    self._lines[path] = lines
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
    imports: Mapping[str, Sequence[Line]],
    wanted: Mapping[str, frozenset[str] | None],
    modules: Modules,
) -> dict[str, frozenset[str]]:
    """The files that import a wanted name, with the names they import of it."""
    words = {_stem(path).encode(errors="surrogateescape") for path in wanted}
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


def _wanted_names(
    path: str,
    lines: Sequence[Line],
    words: set[bytes],
    wanted: Mapping[str, frozenset[str] | None],
    modules: Modules,
) -> frozenset[str] | None:
    """The names a file imports from wanted modules; None when it imports none that is wanted."""
    found: set[str] = set()
    entered = False
    for module, names in lines:
        tail = module.rpartition(b".")[2]
        if tail in words or (not tail and module):
            target = modules.resolve(path, module.decode(errors="replace"))
            if target is not None and target in wanted:
                offered = wanted[target]
                texts = [name.decode() for name in names]
                taken = {name for name in texts if offered is None or name in offered}
                entered = entered or bool(taken) or not names
                found |= taken
        for name in names:
            if name in words:
                separator = b"" if module.endswith(b".") else b"."
                dotted = (module + separator + name).decode(errors="replace")
                if modules.resolve(path, dotted) in wanted:
                    entered = True
                    found.add(name.decode())
    return frozenset(found) if entered else None
