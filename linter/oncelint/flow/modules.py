"""Which file of the project an import means."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection

from oncelint.model import ir

# A project that holds one of these files under the package's name is that client library itself,
# so its own examples mean the client by the name; any other package of the name is house-made.
_CLIENT_LIBRARIES = {
    "confluent_kafka": ("_util", "cimpl", "aio", "schema_registry"),
    "kafka": ("producer/kafka.py", "consumer/group.py"),
    "aiokafka": ("producer/producer.py", "consumer/consumer.py"),
    "faust": ("app/base.py",),
    "faststream": ("broker", "kafka"),
    "quixstreams": ("app.py",),
    "bytewax": ("dataflow.py",),
    "arroyo": ("processing/processor.py",),
    "kstreams": ("engine.py",),
}


class Modules:
    """Resolves dotted names to project paths and loads their IR.

    `files` are all Python files of the project; `load` reads and lowers one, or returns None when
    it cannot be analysed. `loaded_on_demand` counts files read because a name led into them.
    """

    def __init__(
        self, files: Collection[str], load: Callable[[str], ir.Module | None], limit: int = 2000
    ) -> None:
        self.files = frozenset(files)
        folders = {path.rpartition("/")[0] for path in files}
        self.folders = frozenset(
            folder[:index] for folder in folders for index in (*_slashes(folder), len(folder))
        ) - {""}
        self._load = load
        self._limit = limit
        self._modules: dict[str, ir.Module | None] = {}
        self.loaded_on_demand = 0
        self._resolved: dict[tuple[str, str], str | None] = {}

    def add(self, module: ir.Module) -> None:
        self._modules[module.path] = module

    def get(self, path: str) -> ir.Module | None:
        """The IR of a project file, read on demand; None when it cannot be had."""
        if path not in self._modules:
            if self.loaded_on_demand >= self._limit:
                return None
            self.loaded_on_demand += 1
            self._modules[path] = self._load(path)
        return self._modules[path]

    def loaded(self) -> tuple[ir.Module, ...]:
        """Every module that has been read by now."""
        return tuple(one for one in self._modules.values() if one is not None)

    def resolve(self, importer: str, dotted: str) -> str | None:
        """The project file or folder that `dotted`, with its leading dots, means in `importer`.

        Absolute names are tried from the importer's folder upwards, and in `src` and `lib`
        folders on the way, which is where scripts, packages and source roots are found.
        None for the standard library and for libraries outside the project.
        """
        folder = importer.rpartition("/")[0]
        wanted = (folder, dotted)
        if wanted not in self._resolved:
            self._resolved[wanted] = self._find(folder, dotted)
        found = self._resolved[wanted]
        return None if found == importer and not dotted.startswith(".") else found

    def _find(self, folder: str, dotted: str) -> str | None:
        level = len(dotted) - len(dotted.lstrip("."))
        tail = dotted[level:].replace(".", "/")
        if level:
            base = folder.split("/") if folder else []
            if level - 1 > len(base):
                return None
            base = base[: len(base) - (level - 1)]
            return self._at("/".join([*base, tail] if tail else base))
        head = dotted.partition(".")[0]
        if head in sys.stdlib_module_names:
            return None
        # the folders inside a package are no roots of absolute imports, unless a script of the
        # package is started by its path
        for inside_packages in (False, True):
            if inside_packages and head in _CLIENT_LIBRARIES:
                break
            found = self._absolute(folder, head, tail, inside_packages=inside_packages)
            if found is not None:
                return found
        return None

    def _absolute(self, folder: str, head: str, tail: str, *, inside_packages: bool) -> str | None:
        parts = folder.split("/") if folder else []
        for length in range(len(parts), -1, -1):
            prefix = "/".join(parts[:length])
            if _join(prefix, "__init__.py") in self.files and not inside_packages:
                continue
            for root in (prefix, _join(prefix, "src"), _join(prefix, "lib"), _join(prefix, "app")):
                top = _join(root, head)
                if not self._exists(top):
                    continue
                found = self._at(_join(root, tail))
                if found is not None and not self._is_client_library(head, top):
                    return found
        return None

    def _exists(self, base: str) -> bool:
        return base + ".py" in self.files or base in self.folders

    def _at(self, base: str) -> str | None:
        package = _join(base, "__init__.py")
        if package in self.files:
            return package
        if base + ".py" in self.files:
            return base + ".py"
        return base if base in self.folders else None

    def _is_client_library(self, head: str, top: str) -> bool:
        marks = _CLIENT_LIBRARIES.get(head, ())
        return any(
            _join(top, mark) in self.files or _join(top, mark) in self.folders for mark in marks
        )


def _slashes(path: str) -> list[int]:
    return [index for index, char in enumerate(path) if char == "/"]


def _join(base: str, name: str) -> str:
    return f"{base}/{name}" if base else name
