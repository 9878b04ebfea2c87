"""Who else reads a value: a dict or a constant of Python that a client is given.

What stands in a client's own construction nobody else can read. What has a name may be read
wherever the name is, and an edit changes it for all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from oncelint.model.ir import Place
from oncelint.patches import CannotWrite
from oncelint.python.editing.source import Source, source

_CHANGES = ("update", "setdefault", "pop", "__setitem__")
_ONE_KEY = ("get", "pop", "setdefault")
_TELLS = ("print", "debug", "info", "warning", "error", "exception", "log", "pprint")
_ALIASES = 6


@dataclass(frozen=True, slots=True)
class Readers:
    """The 1-based lines of a file in which a value is read beside the allowed places, and the name
    by which other modules can have it (None: by none)."""

    lines: tuple[int, ...] = ()
    name: str | None = None


def readers(
    text: str, place: Place, allowed: Sequence[Place], keys: Sequence[Place] = ()
) -> Readers:
    """Who else reads what is written at `place`.

    `allowed` are the places that read it anyway, the constructions it is meant for, and `keys`
    those of the settings that take it. Writing to it, reading one entry of it and printing it do not count.
    A file that cannot be parsed has no readers.
    """
    try:
        return _Reading(source(text), allowed, keys).of(place)
    except CannotWrite:
        return Readers()


def callers(text: str, place: Place, allowed: Sequence[Place]) -> Readers:
    """Who else names the function that `place` stands in, beside the calls at `allowed` places."""
    try:
        reading = _Reading(source(text), allowed)
    except CannotWrite:
        return Readers()
    start, end = reading.file.offsets(place)
    node = reading.expression(start, end)
    function = reading.function(node) if node is not None else None
    if function is None:
        return Readers()
    lines = sorted(set(reading.named(function)))
    return Readers(tuple(lines), function.name if reading.is_top(function) else None)


def importers(
    text: str, name: str, module: str, allowed: Sequence[Place], keys: Sequence[Place] = ()
) -> tuple[int, ...]:
    """The lines of another file that read `name` of a module (by its last name)."""
    try:
        reading = _Reading(source(text), allowed, keys)
    except CannotWrite:
        return ()
    return tuple(sorted(set(reading.imported(name, module))))


class _Reading:
    def __init__(self, file: Source, allowed: Sequence[Place], keys: Sequence[Place] = ()) -> None:
        self.file = file
        self.parents = file.parents
        self.allowed = [file.offsets(place) for place in allowed]
        self.keys = {file.offsets(place) for place in keys}
        self.nested = False
        self.within: ast.AST = file.tree

    def of(self, place: Place) -> Readers:
        start, end = self.file.offsets(place)
        node = self.expression(start, end)
        if node is None or self._is_inside(node):
            return Readers()
        self.nested = self._is_nested(node)
        name, attribute, top = self._name_of(node)
        if name is None:
            return Readers()
        function = self.function(node)
        if function is not None and not attribute and not top and function.name != name:
            self.within = function
        lines = sorted(set(self._loads(name, attribute, {name})))
        return Readers(tuple(lines), name if top else None)

    def imported(self, name: str, module: str) -> Iterator[int]:
        for node in ast.walk(self.file.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(module):
                for one in node.names:
                    if one.name == name:
                        local = one.asname or one.name
                        yield from self._loads(local, False, {local})
            elif (
                isinstance(node, ast.Attribute)
                and node.attr == name
                and isinstance(node.value, ast.Name)
                and not self._is_harmless(node)
                and not self._is_allowed(node)
                and self._imports_module(node.value.id, module)
            ):
                yield node.lineno

    def _imports_module(self, local: str, module: str) -> bool:
        return any(
            (one.asname or one.name.rpartition(".")[2]) == local
            and one.name.rpartition(".")[2] == module
            for node in ast.walk(self.file.tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for one in node.names
        )

    # Finding ----------------------------------------------------------------------------------

    def _span(self, node: ast.AST) -> tuple[int, int]:
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        end_line, end = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
        return self.file.offset(line, column), self.file.offset(end_line, end)

    def expression(self, start: int, end: int) -> ast.AST | None:
        """The outermost expression at a place, else the innermost that holds it."""
        found: ast.AST | None = None
        for left, right, node in self.file.expressions:
            if (left, right) == (start, end):
                return node
            if left <= start and end <= right:
                found = node
        return found

    def _is_nested(self, node: ast.AST) -> bool:
        """Whether a dict is an entry of another one, so that one key leads to all of it."""
        displays = 0 if isinstance(node, ast.Dict) else -1
        held: ast.AST | None = self.parents.get(node)
        while held is not None and not isinstance(held, ast.stmt):
            displays += isinstance(held, (ast.Dict, ast.List))
            held = self.parents.get(held)
        return displays > 0

    def _is_inside(self, node: ast.AST) -> bool:
        start, end = self._span(node)
        return any(left <= start and end <= right for left, right in self.allowed)

    def _is_allowed(self, node: ast.AST) -> bool:
        """Whether a node stands in an allowed place, or is what a key is given."""
        if self._is_inside(node):
            return True
        value, parent = node, self.parents.get(node)
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.Dict):
                for key, given in zip(parent.keys, parent.values, strict=True):
                    if given is value and key is not None and self._span(key) in self.keys:
                        return True
            if isinstance(parent, ast.keyword):
                start = self._span(parent)[0]
                return any(left == start for left, _ in self.keys)
            value, parent = parent, self.parents.get(parent)
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Subscript):
            return self._span(parent.targets[0].slice) in self.keys
        return False

    def _name_of(self, node: ast.AST) -> tuple[str | None, bool, bool]:
        """The name that a value has, whether it is an attribute's, and whether it is the module's."""
        held: ast.AST | None = node
        while held is not None and not isinstance(held, ast.stmt):
            held = self.parents.get(held)
        if isinstance(held, ast.Return):
            function = self.function(held)
            return (
                (function.name, self._in_class(function), self.is_top(function))
                if function
                else (None, False, False)
            )
        target: ast.expr | None = None
        if isinstance(held, ast.Assign) and len(held.targets) == 1:
            target = held.targets[0]
        elif isinstance(held, (ast.AnnAssign, ast.AugAssign)):
            target = held.target
        elif isinstance(held, ast.Expr) and isinstance(held.value, ast.Call):
            func = held.value.func
            target = func.value if isinstance(func, ast.Attribute) else None
        if isinstance(target, ast.Subscript):
            target = target.value
        if isinstance(target, ast.Attribute):
            return target.attr, True, False
        if isinstance(target, ast.Name) and held is not None:
            in_class = self._in_class(held)
            return target.id, in_class, self.is_top(held)
        return None, False, False

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        held = self.parents.get(node)
        while held is not None and not isinstance(held, (ast.FunctionDef, ast.AsyncFunctionDef)):
            held = self.parents.get(held)
        return held

    def _in_class(self, node: ast.AST) -> bool:
        return isinstance(self.parents.get(node), ast.ClassDef)

    def is_top(self, node: ast.AST) -> bool:
        return isinstance(self.parents.get(node), ast.Module)

    # Reading ----------------------------------------------------------------------------------

    def _loads(self, name: str, attribute: bool, seen: set[str]) -> Iterator[int]:
        for node in ast.walk(self.within if len(seen) == 1 and not attribute else self.file.tree):
            if isinstance(node, ast.Name) and not attribute:
                matches = node.id == name and isinstance(node.ctx, ast.Load)
            elif isinstance(node, ast.Attribute):
                matches = attribute and node.attr == name and isinstance(node.ctx, ast.Load)
            else:
                continue
            if not matches or self._is_allowed(node) or self._is_harmless(node):
                continue
            alias = self._alias(node)
            if alias is None:
                yield node.lineno
            elif alias[0] not in seen and len(seen) < _ALIASES:
                yield from self._loads(*alias, {*seen, alias[0]})

    def named(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
        """The lines that name a function, the allowed places apart."""
        for node in ast.walk(self.file.tree):
            name = node.id if isinstance(node, ast.Name) else ""
            name = node.attr if isinstance(node, ast.Attribute) else name
            if name == function.name and not self._is_inside(node):
                yield getattr(node, "lineno", 0)

    def _is_harmless(self, node: ast.AST) -> bool:
        """Whether a load writes to what it loads, reads one entry of it, or prints it."""
        parent = self.parents.get(node)
        if isinstance(parent, ast.Subscript) and parent.value is node:
            one = isinstance(parent.slice, ast.Constant) and not self.nested
            return one or not isinstance(parent.ctx, ast.Load)
        if isinstance(parent, ast.Attribute) and parent.value is node:
            call = self.parents.get(parent)
            called = isinstance(call, ast.Call) and call.func is parent
            return called and parent.attr in (
                (*_CHANGES, *_ONE_KEY) if not self.nested else _CHANGES
            )
        if isinstance(parent, ast.Compare) and node in parent.comparators:
            return all(isinstance(op, (ast.In, ast.NotIn)) for op in parent.ops)
        if isinstance(parent, ast.Call) and node in parent.args:
            func = parent.func
            told = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            return told in _TELLS
        return isinstance(parent, (ast.AugAssign, ast.FormattedValue))

    def _alias(self, node: ast.AST) -> tuple[str, bool] | None:
        """The name that takes over what is loaded, and whether it is an attribute's: a variable it
        is assigned to, the function that returns it."""
        value: ast.AST = node
        parent = self.parents.get(value)
        while isinstance(parent, (ast.Await, ast.Call)) and (
            isinstance(parent, ast.Await) or parent.func is value
        ):
            value, parent = parent, self.parents.get(parent)
        if isinstance(parent, ast.Return):
            function = self.function(parent)
            return (function.name, self._in_class(function)) if function is not None else None
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and parent.value is value:
            target = parent.targets[0]
            if isinstance(target, ast.Name):
                return target.id, False
            if isinstance(target, ast.Attribute):
                return target.attr, True
        return None


def said(lines: Iterable[int], path: str) -> str:
    """Lines of a file as a reader finds them: `app.py:4 and 6`."""
    *most, last = (str(line) for line in lines)
    return f"{path}:{', '.join(most)} and {last}" if most else f"{path}:{last}"
