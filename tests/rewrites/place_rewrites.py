"""Transformations of where code stands and how names lead to it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from tests.rewrites import source as s
from tests.rewrites.settings_rewrites import Changed, Transformation
from tests.rewrites.source import Source
from tests.rewrites.telling import RENAMED


def reformatted(source: Source) -> Changed | None:
    """The same tree, written by `ast.unparse`."""
    text = source.rendered()
    return {source.path: text} if text != source.text else None


# Renaming -----------------------------------------------------------------------------------------

_DYNAMIC = {"globals", "locals", "vars", "eval", "exec"}


def renamed(source: Source) -> Changed | None:
    """Variables, parameters, functions and classes get other names, each the same everywhere.

    What can be reached by name from elsewhere keeps its name: imports, attributes, what other files
    import, parameters given by keyword or by a decorator, and classes that derive from others (an
    ORM derives a table's name from the class's).
    """
    names = _renameable(source)
    if not names:
        return None
    source.tree = _Renaming(names).visit(source.tree)
    return {source.path: source.rendered()}


def _renameable(source: Source) -> frozenset[str]:
    tree = source.tree
    bound: set[str] = set()
    fixed = {"self", "cls", "__all__", *vars(builtins), *_used_elsewhere(source)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                bound.add(node.id)
            elif node.id in _DYNAMIC:
                return frozenset()
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            bound.add(node.name)
            if node.decorator_list:
                fixed |= {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)}
        elif isinstance(node, ast.ClassDef):
            (fixed if node.bases or node.decorator_list else bound).add(node.name)
            fixed |= set(_bound_in_class(node))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            fixed |= {(item.asname or item.name).partition(".")[0] for item in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            fixed.add(node.value)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            fixed.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            fixed.add(node.rest)
    return frozenset(name for name in bound - fixed if not name.startswith("__"))


def _bound_in_class(node: ast.ClassDef) -> Iterator[str]:
    for stmt in node.body:
        if isinstance(stmt, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield stmt.name
        for inner in ast.walk(stmt) if not isinstance(stmt, ast.FunctionDef) else ():
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def _used_elsewhere(source: Source) -> set[str]:
    """Names that other files import or read as attributes, and names of keyword arguments."""
    names: set[str] = set()
    for path, text in source.files.items():
        if not path.endswith(".py"):
            continue
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg:
                names.add(node.arg)
            elif path != source.path and isinstance(node, ast.ImportFrom):
                names |= {item.name for item in node.names}
            elif path != source.path and isinstance(node, ast.Attribute):
                names.add(node.attr)
    return names


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def new(self, name: str) -> str:
        return name + RENAMED if name in self.names else name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.new(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.new(node.arg)
        self.generic_visit(node)
        return node

    def visit_Global(self, node: ast.Global) -> ast.Global:
        return ast.Global([self.new(name) for name in node.names])

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        return ast.Nonlocal([self.new(name) for name in node.names])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.name = self.new(node.name) if node.name else None
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self.new(node.name)
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.name = self.new(node.name)
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self.new(node.name)
        self.generic_visit(node)
        return node


# Moving -------------------------------------------------------------------------------------------


def moved(source: Source) -> Changed | None:
    """The module under another name in the same folder; the old one hands its names on."""
    name = source.stem
    if name.startswith("__") or name.endswith("_test") or name in ("setup", "conftest"):
        return None
    path, module = source.neighbour(f"{name}_moved")
    private = [one for one in s.bound_names(source.text) if one.startswith("_") and one[:2] != "__"]
    lines = [f"from {module} import *"]
    if private:
        lines.append(f"from {module} import {', '.join(private)}")
    return {source.path: "\n".join(lines) + "\n", path: source.text}


def _movable(source: Source) -> tuple[int, list[str]] | None:
    """Where a module's statements begin that can stand in a function, and the names they bind."""
    body = source.tree.body
    start = s.head_length(source.tree)
    rest = ast.Module(body[start:], [])
    if not rest.body:
        return None
    for stmt in rest.body:
        for node in ast.walk(stmt):
            if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
                return None
    names = sorted(set(s.bound_names(ast.unparse(rest))))
    if any(name.startswith("__") for name in names):
        return None
    return start, names


class _WithoutAnnotations(ast.NodeTransformer):
    """Top-level `x: T = 1` becomes `x = 1`: a global name cannot be annotated in a function."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        if not isinstance(node.target, ast.Name):
            return node
        return ast.Assign([node.target], node.value) if node.value is not None else None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        return node


def _statements_for_a_function(rest: list[ast.stmt], names: list[str]) -> list[ast.stmt]:
    stripped = [_WithoutAnnotations().visit(stmt) for stmt in rest]
    body: list[ast.stmt] = [stmt for stmt in stripped if stmt is not None]
    if names:
        body.insert(0, ast.Global(names))
    return body or [ast.Pass()]


def in_main(source: Source) -> Changed | None:
    """Everything below the imports in a function that the module calls; its names stay global."""
    found = _movable(source)
    if found is None:
        return None
    start, names = found
    function = source.fresh("main")
    (definition,) = s.statements(f"def {function}():\n    pass")
    assert isinstance(definition, ast.FunctionDef)
    definition.body = _statements_for_a_function(source.tree.body[start:], names)
    source.tree.body[start:] = [definition, *s.statements(f"{function}()")]
    return {source.path: source.rendered()}


def in_a_method(source: Source) -> Changed | None:
    """Everything below the imports in a method of a class that the module makes and calls."""
    found = _movable(source)
    if found is None:
        return None
    start, names = found
    if any(one.startswith("__") and not one.endswith("__") for one in source.taken):
        return None  # names of two underscores mean something else inside a class
    cls = source.fresh("Application")
    (definition,) = s.statements(f"class {cls}:\n    def run(self):\n        pass")
    assert isinstance(definition, ast.ClassDef)
    run = definition.body[0]
    assert isinstance(run, ast.FunctionDef)
    run.body = _statements_for_a_function(source.tree.body[start:], names)
    source.tree.body[start:] = [definition, *s.statements(f"{cls}().run()")]
    return {source.path: source.rendered()}


# Imports ------------------------------------------------------------------------------------------


def _client_imports(source: Source) -> list[tuple[ast.ImportFrom, ast.alias, str]]:
    """(statement, name, module) of each client class imported from its package by its name."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                if (item.asname or item.name) in source.clients:
                    found.append((node, item, node.module))
    return found


class _Replacing(ast.NodeTransformer):
    """Puts an expression for a name, wherever it is read."""

    def __init__(self, names: dict[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


def _rebound(source: Source, names: set[str]) -> bool:
    return any(
        isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node.id in names
        for node in ast.walk(source.tree)
    )


def alias_of_the_package(source: Source) -> Changed | None:
    """`from pkg import Class` becomes `import pkg as p`, and `Class` becomes `p.Class`."""
    imports = _client_imports(source)
    names = {item.asname or item.name for _, item, _ in imports}
    if not imports or _rebound(source, names) or names & _used_elsewhere(source):
        return None
    uses: dict[str, ast.expr] = {}
    aliases: dict[str, str] = {}  # one for a name, however often it is imported
    for node, item, module in imports:
        name = item.asname or item.name
        alias = aliases.setdefault(name, source.fresh("library"))
        uses[name] = ast.Attribute(s.name(alias), item.name, ast.Load())
        node.names.remove(item)
        _beside(source.tree, node, ast.Import([ast.alias(module, alias)]))
    source.tree = _Replacing(uses).visit(source.tree)
    _without_empty_imports(source.tree)
    return {source.path: source.rendered()}


def alias_of_the_class(source: Source) -> Changed | None:
    """`from pkg import Class` becomes `from pkg import Class as C`; `pkg.Class` does, too."""
    imports = _client_imports(source)
    names = {item.asname or item.name for _, item, _ in imports}
    if names & _used_elsewhere(source) or _rebound(source, names):
        return None
    uses: dict[str, ast.expr] = {}
    aliases: dict[str, str] = {}
    for _, item, _ in imports:
        name = item.asname or item.name
        alias = aliases.setdefault(name, source.fresh("Client"))
        uses[name] = s.name(alias)
        item.asname = alias
    source.tree = _Replacing(uses).visit(source.tree)
    changed = bool(imports)
    for call in s.client_calls(source):
        written = s.dotted(call.func) or ""
        if "." in written:
            canonical = source.clients[written]
            package, _, cls = canonical.rpartition(".")
            alias = source.fresh("Client")
            text = f"from {package} import {cls} as {alias}"
            s.insert_at_head(source, s.statements(text))
            call.func = s.name(alias)
            changed = True
    return {source.path: source.rendered()} if changed else None


def re_exported(source: Source) -> Changed | None:
    """Client classes imported through a module of the project."""
    imports = _client_imports(source)
    if not imports:
        return None
    path, module = source.neighbour(f"{source.stem}_names")
    lines = []
    for node, item, package in imports:
        lines.append(f"from {package} import {item.name}")
        node.names.remove(item)
        text = f"from {module} import {item.name} as {item.asname or item.name}"
        _beside(source.tree, node, s.statements(text)[0])
    _without_empty_imports(source.tree)
    return {source.path: source.rendered(), path: "\n".join(lines) + "\n"}


def _beside(tree: ast.Module, old: ast.stmt, new: ast.stmt) -> None:
    """Put a statement behind another, in whatever block that stands."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and old in block:
                block.insert(block.index(old) + 1, new)
                return


def _without_empty_imports(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                kept = [one for one in block if not isinstance(one, ast.ImportFrom) or one.names]
                block[:] = kept


PLACES: dict[str, Transformation] = {
    "reformatted": reformatted,
    "renamed": renamed,
    "moved to another module": moved,
    "wrapped in main()": in_main,
    "wrapped in a method": in_a_method,
    "alias of the package": alias_of_the_package,
    "alias of the class": alias_of_the_class,
    "re-exported by a module": re_exported,
}
