"""Python modules read as declarations: constants, imports and classes by name, nothing executed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from oncelint.flow.modules import Modules
from oncelint.model import ir
from oncelint.model.values import Position, Span

# How many imports are followed from one name to its definition.
_HOPS = 6
# How deep a text may be put together, constants that name each other included.
_NESTED = 100


class Defined(NamedTuple):
    """What a name stands for: a statement of a project module, or a dotted name outside."""

    stmt: ir.Stmt | None
    source: Source | None
    dotted: str = ""


class Lineage(NamedTuple):
    """A class and its bases, nearest first, and the dotted names of the bases outside."""

    classes: tuple[tuple[ir.Class, Source], ...]
    outer: frozenset[str]


class Sources:
    """The project's modules, each read once."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._sources: dict[str, Source | None] = {}

    def at(self, path: str) -> Source | None:
        """The module of a path; None when it cannot be read."""
        if path not in self._sources:
            module = self._modules.get(path)
            self._sources[path] = Source(module, self) if module is not None else None
        return self._sources[path]

    def imported(self, importer: str, dotted: str) -> Source | None:
        path = self._modules.resolve(importer, dotted)
        if path is None or not path.endswith(".py") or path == importer:
            return None
        return self.at(path)


class Source:
    """One module and what its names mean."""

    def __init__(self, module: ir.Module, sources: Sources) -> None:
        self.module = module
        self.path = module.path
        self._sources = sources
        self._names: dict[str, ir.Stmt] = {}
        self._starred: list[str] = []
        for stmt in _toplevel(module.body):
            if isinstance(stmt, (ir.Class, ir.Function)):
                self._names[stmt.name] = stmt
            elif isinstance(stmt, ir.Import):
                if stmt.name == "*":
                    self._starred.append(stmt.module)
                else:
                    self._names[stmt.alias] = stmt
            elif isinstance(stmt, ir.Assign):
                for target in stmt.targets:
                    if isinstance(target, ir.Name):
                        self._names[target.id] = stmt

    def span(self, place: ir.Place) -> Span:
        start, end = Position(place[0], place[1]), Position(place[2], place[3])
        return Span(self.path, start, end)

    def classes(self) -> Iterator[ir.Class]:
        """The classes at the top of the module."""
        return (stmt for stmt in _toplevel(self.module.body) if isinstance(stmt, ir.Class))

    def assigned(self) -> Iterator[tuple[str, ir.Expr]]:
        """Names and values of the assignments at the top of the module."""
        for stmt in _toplevel(self.module.body):
            if isinstance(stmt, ir.Assign) and stmt.value is not None:
                for target in stmt.targets:
                    if isinstance(target, ir.Name):
                        yield target.id, stmt.value

    def define(self, name: str, hops: int = 0) -> Defined:
        """What a name of this module stands for, by way of project imports."""
        stmt = self._names.get(name)
        if isinstance(stmt, ir.Import):
            return self._imported(stmt, hops)
        if stmt is not None:
            return Defined(stmt, self)
        for module in self._starred:
            other = self._other(module)
            if other is not None and hops < _HOPS:
                found = other.define(name, hops + 1)
                if found.stmt is not None or found.dotted:
                    return found
            elif other is None:
                return Defined(None, None, f"{module}.{name}")
        return Defined(None, None)

    def _imported(self, stmt: ir.Import, hops: int) -> Defined:
        if not stmt.name:
            dotted = stmt.module if stmt.name == "" else stmt.alias
            return Defined(None, self._other(stmt.module), dotted)
        other = self._other(stmt.module)
        dotted = f"{stmt.module}.{stmt.name}"
        if other is not None and hops < _HOPS:
            found = other.define(stmt.name, hops + 1)
            if found.stmt is not None or found.dotted:
                return found
        inner = f"{stmt.module}{stmt.name}" if stmt.module.endswith(".") else dotted
        return Defined(None, self._other(inner), "" if stmt.module.startswith(".") else dotted)

    def _other(self, dotted: str) -> Source | None:
        return self._sources.imported(self.path, dotted)

    def look(self, value: ir.Expr) -> Defined:
        """What a name or a chain of attributes stands for."""
        if isinstance(value, ir.Name):
            found = self.define(value.id)
            return found if found.stmt or found.dotted or found.source else Defined(None, None)
        if isinstance(value, ir.Attribute):
            base = self.look(value.base)
            if base.stmt is None and base.source is not None:
                return base.source.define(value.name)
            if base.stmt is None and base.dotted:
                return Defined(None, None, f"{base.dotted}.{value.name}")
        return Defined(None, None)

    def dotted(self, value: ir.Expr) -> str:
        """The dotted name outside the project that an expression means; empty when it is none."""
        found = self.look(value)
        return found.dotted if found.stmt is None else ""

    def lineage(self, cls: ir.Class) -> Lineage:
        """A class with its project bases, and the names of those outside."""
        classes: list[tuple[ir.Class, Source]] = []
        outer: set[str] = set()

        def visit(node: ir.Class, source: Source) -> None:
            if any(node is one for one, _ in classes) or len(classes) > 20:
                return
            classes.append((node, source))
            for base in node.bases:
                found = source.look(base)
                if isinstance(found.stmt, ir.Class) and found.source is not None:
                    visit(found.stmt, found.source)
                elif isinstance(found.stmt, ir.Assign) and found.source is not None:
                    outer.add(found.source.made_by(found.stmt.value))
                else:
                    outer.add(found.dotted or self.made_by(base) or name_of(base))

        visit(cls, self)
        return Lineage(tuple(classes), frozenset(outer - {""}))

    def made_by(self, value: ir.Expr | None, depth: int = 0) -> str:
        """The dotted name of the call or class behind a value: declarative_base(), db.Model."""
        if isinstance(value, ir.Call):
            return self.dotted(value.func) or name_of(value.func)
        if isinstance(value, ir.Attribute) and depth < _HOPS:
            found = self.look(value.base)
            if isinstance(found.stmt, ir.Assign) and found.source is not None:
                made = found.source.made_by(found.stmt.value, depth + 1)
                return f"{made}().{value.name}"
        return self.dotted(value) if value is not None else ""

    def text(
        self, value: ir.Expr | None, local: dict[str, ir.Expr] | None = None, depth: int = 0
    ) -> str | None:
        """The text an expression is, by way of constants; None when it cannot be told."""
        if isinstance(value, ir.Text):
            return value.value
        if depth > _NESTED:
            return None
        if isinstance(value, ir.Name) and local and value.id in local:
            rest = {name: one for name, one in local.items() if name != value.id}
            return self.text(local[value.id], rest, depth + 1)
        if isinstance(value, (ir.Name, ir.Attribute)):
            found = self.look(value)
            if isinstance(found.stmt, ir.Assign) and found.source is not None:
                return found.source.text(found.stmt.value, None, depth + 1)
            return None
        if isinstance(value, ir.Binary) and value.op == "+":
            left = self.text(value.left, local, depth + 1)
            right = self.text(value.right, local, depth + 1)
            return left + right if left is not None and right is not None else None
        if isinstance(value, ir.Format):
            parts = [self.text(part, local, depth + 1) for part in value.parts]
            return None if None in parts else "".join(part or "" for part in parts)
        if isinstance(value, ir.Call) and name_of(value.func) in _WRAPPERS and value.args:
            return self.text(value.args[0], local, depth + 1)
        return None

    def texts(
        self, value: ir.Expr | None, local: dict[str, ir.Expr] | None = None
    ) -> tuple[str, ...] | None:
        """The texts of a list or tuple display; None when one of them cannot be told."""
        if isinstance(value, ir.Call) and name_of(value.func) in ("list", "tuple") and value.args:
            value = value.args[0]
        if not isinstance(value, ir.ListDisplay):
            return None
        found = [self.text(one, local) for one in value.items]
        return None if None in found else tuple(one for one in found if one is not None)


# What gives back the text it is given: alembic's op.f(), sqlalchemy's text(), names in quotes.
_WRAPPERS = frozenset({"f", "text", "quoted_name", "dedent", "str", "DDL"})


def _toplevel(body: Iterable[ir.Stmt]) -> Iterator[ir.Stmt]:
    """Statements of a module, those under `if` and `try` included."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, (ir.If, ir.Try)):
            yield from _toplevel((*stmt.body, *stmt.orelse))


def name_of(value: ir.Expr) -> str:
    """The last name of a chain of attributes, or of what is called or subscripted."""
    if isinstance(value, ir.Attribute):
        return value.name
    if isinstance(value, ir.Subscript):
        return name_of(value.base)
    if isinstance(value, ir.Call):
        return name_of(value.func)
    return value.id if isinstance(value, ir.Name) else ""


def keyword(call: ir.Call, *names: str) -> ir.Expr | None:
    """The value of the first of these keywords that a call has."""
    for name in names:
        for word in call.keywords:
            if word.name == name:
                return word.value
    return None


def keywords(call: ir.Call) -> frozenset[str | None]:
    """The names of a call's keywords; None among them for `**values`."""
    return frozenset(word.name for word in call.keywords)


def constant(value: ir.Expr | None) -> object:
    """The literal an expression is, else None."""
    if isinstance(value, ir.Const):
        return value.value
    return value.value if isinstance(value, ir.Text) else None


def is_true(call: ir.Call, *names: str) -> bool:
    """Whether a call is given True by any of some keywords."""
    return constant(keyword(call, *names)) is True


def is_false(call: ir.Call, *names: str) -> bool:
    """Whether a call is given False by any of some keywords."""
    return constant(keyword(call, *names)) is False
