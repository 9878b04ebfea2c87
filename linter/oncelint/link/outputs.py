"""Whether a stream application writes to Kafka or keeps state, as far as its code tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from oncelint.flow.modules import Modules
from oncelint.flow.trace import Site, Trace
from oncelint.frameworks.python import builders
from oncelint.link.clients import is_test
from oncelint.link.outline import Node, all_nodes, children
from oncelint.model import ir

YES, MAYBE, NO = "yes", "maybe", "no"


def writes(site: Site, trace: Trace, modules: Modules) -> str:
    """What is known of an application: it is seen to write or to keep state, it may (a call of such
    a name stands in its code, or a part of it is handed to something that is not followed), or it
    does neither."""
    seen = trace.repeats.get(site.index)
    if seen is not None:
        return YES if seen else MAYBE
    folder = _folder(site.at.path, modules)
    others = {one.at.path for one in trace.sites if one.constructor in builders.HANDLES}
    near = {
        one.path: one
        for one in modules.loaded()
        if one.path == site.at.path
        or (one.path.startswith(folder) and one.path not in others and not is_test(one.path))
    }
    parts, around = _parts(near, site, modules)
    nodes = chain(
        (node for one in parts for node in all_nodes(one.body)),
        (node for one in around for node in _unregistered(one)),
    )
    return MAYBE if any(_writes(node, site.constructor) for node in nodes) else NO


def _parts(
    near: Mapping[str, ir.Module], site: Site, modules: Modules
) -> tuple[list[ir.Module], list[ir.Module]]:
    """Of the modules near an application those that its functions can call, and those of the
    programs that start it, which may hand something to these.

    A module that has nothing to do with the application is another program's, or only looks like
    a part of it: the producer of a web server in the same folder.
    """
    handles = builders.HANDLES[site.constructor]
    imports = {path: _imports(module, modules) for path, module in near.items()}
    starts = {site.at.path} | {
        path
        for path, module in near.items()
        if any(
            isinstance(node, ir.Attribute) and node.name in handles
            for node in all_nodes(module.body)
        )
    }
    programs = {path for path in near if starts & _reached({path}, imports)}
    around = _reached(programs, imports)
    parts = _reached(starts, imports, modules)
    if parts & {path for path, found in imports.items() if found is None}:
        return list(near.values()), []
    return (
        [module for path, module in near.items() if path in parts],
        [module for path, module in near.items() if path in around - parts],
    )


def _reached(
    starts: Iterable[str],
    imports: dict[str, frozenset[str] | None],
    modules: Modules | None = None,
) -> frozenset[str]:
    """The modules that some import, with themselves; those that are not in `imports` are read from
    `modules`."""
    found: set[str] = set()
    left = list(starts)
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        if path not in imports and modules is not None:
            module = modules.get(path)
            imports[path] = _imports(module, modules) if module is not None else frozenset()
        left += imports.get(path) or ()
    return frozenset(found)


def _imports(module: ir.Module, modules: Modules) -> frozenset[str] | None:
    """The modules of the project that one imports; None when it finds some by their names."""
    found: set[str] = set()
    for node in all_nodes(module.body):
        if isinstance(node, ir.Import):
            names = [node.module]
            if node.name is not None:
                dot = "" if node.module.endswith(".") else "."
                names.append(f"{node.module}{dot}{node.name}")
            for name in names:
                path = modules.resolve(module.path, name)
                if path is not None:
                    found.add(path if path.endswith(".py") else f"{path}/__init__.py")
        elif _name(node) in _BY_NAME:
            return None
    return frozenset(found) & modules.files


def _name(node: Node) -> str:
    if isinstance(node, ir.Attribute):
        return node.name
    return node.id if isinstance(node, ir.Name) else ""


_BY_NAME = frozenset({"import_module", "__import__", "import_string"})


def _unregistered(module: ir.Module) -> Iterator[Node]:
    """Everything in a module but what functions do that are handed to a framework by a decorator:
    those of a web server send outside of what an application does for its records."""
    stack: list[Node] = list(module.body)
    while stack:
        one = stack.pop()
        if not (isinstance(one, ir.Function) and any(map(_registers, one.decorators))):
            yield one
            stack += children(one)


def _registers(decorator: Node) -> bool:
    """`@app.post("/orders")`: of an object, which a `@property` or a `@cache` is not."""
    func = decorator.func if isinstance(decorator, ir.Call) else None
    return isinstance(func, ir.Attribute)


def _folder(path: str, modules: Modules) -> str:
    """Where the code of an application stands: its folder, or the one its package is in."""
    folder = path.rpartition("/")[0]
    while folder and f"{folder}/__init__.py" in modules.files:
        folder = folder.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def _writes(node: Node, constructor: str) -> bool:
    if not isinstance(node, ir.Call):
        return False
    if isinstance(node.func, ir.Attribute) and node.func.name in builders.WRITES[constructor]:
        return True
    # what an agent's sinks are is seen where it is declared, and functions write nothing
    keywords = builders.WRITE_KEYWORDS[builders.QUIX] if constructor == builders.QUIX else ()
    return any(one.name in keywords for one in node.keywords)


__all__ = ["MAYBE", "NO", "YES", "writes"]
