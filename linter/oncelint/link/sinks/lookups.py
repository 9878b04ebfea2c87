"""What a function does with the rows it looked up: whether a write behind the lookup can depend
on them.

Told by the text of the function alone. A lookup is idle only where its rows go into a name and
everything that is done with that name is seen and decides nothing; any other lookup counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.link.outline import covers
from oncelint.model import ir

# Calls that show a value and do nothing else with it.
_SHOWS = frozenset({"print", "debug", "info", "warning", "error", "exception", "log", "pprint"})
_BLOCKS = ("body", "orelse", "final")
_VALUES = ("value", "test", "iter", "subject")


def is_idle(body: tuple[ir.Stmt, ...], at: ir.Place) -> bool:
    """Whether the rows of the lookup at `at`, somewhere in a module's `body`, decide nothing.

    True for rows that are printed or logged at most, or compared by `is` with the very class they
    are rows of, which they never are.
    """
    scope, _ = scope_of(body, (), at)
    found = next((one for one in statements(scope) if _holds(one, at)), None)
    if not isinstance(found, ir.Assign) or found.value is None or len(found.targets) != 1:
        return False
    target = found.targets[0]
    if not isinstance(target, ir.Name):
        return False
    classes = {one.id for one in _expressions(found.value) if isinstance(one, ir.Name)}
    idle = {id(target)}
    mentions: set[int] = set()
    for stmt in statements(scope):
        if isinstance(stmt, ir.Scope) or _names_it(stmt, target.id):
            return False  # other functions may do anything with it
        for one in _heads(stmt):
            for part in _expressions(one):
                if isinstance(part, ir.Name) and part.id == target.id:
                    mentions.add(id(part))
                idle |= {id(name) for name in _shown(part) | _never(part, classes)}
    return mentions <= idle


def _names_it(stmt: ir.Stmt, name: str) -> bool:
    """Whether a nested function or class mentions a name."""
    if isinstance(stmt, ir.Function):
        return name in stmt.names
    return isinstance(stmt, ir.Class) and any(_names_it(one, name) for one in stmt.body)


def given(body: tuple[ir.Stmt, ...], at: ir.Place, index: int) -> bool:
    """Whether the argument `index` of the call at `at` is a parameter of the function around it."""
    scope, params = scope_of(body, (), at)
    for stmt in statements(scope):
        for head in _heads(stmt):
            for one in _expressions(head):
                if isinstance(one, ir.Call) and one.place == at and index < len(one.args):
                    handed = one.args[index]
                    return isinstance(handed, ir.Name) and handed.id in params
    return False


def within(body: tuple[ir.Stmt, ...], at: ir.Place, other: ir.Place) -> bool:
    """Whether two places stand in the same function, or both in none."""
    return scope_of(body, (), at)[0] is scope_of(body, (), other)[0]


def scope_of(
    body: tuple[ir.Stmt, ...], params: tuple[str, ...], at: ir.Place
) -> tuple[tuple[ir.Stmt, ...], tuple[str, ...]]:
    """The body of the innermost function around a place and its parameters' names."""
    for stmt in statements(body):
        if isinstance(stmt, (ir.Function, ir.Class)) and covers(stmt.place, at):
            names = (
                tuple(one.name for one in stmt.params) if isinstance(stmt, ir.Function) else params
            )
            return scope_of(stmt.body, names, at)
    return body, params


def statements(body: tuple[ir.Stmt, ...]) -> Iterator[ir.Stmt]:
    """All statements of a body, those of nested blocks included, of nested functions not."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, (ir.Function, ir.Class)):
            continue
        for name in _BLOCKS:
            yield from statements(getattr(stmt, name, ()))
        if isinstance(stmt, ir.Try):
            for handler in stmt.handlers:
                yield from statements(handler.body)
        if isinstance(stmt, ir.Match):
            for _, case in stmt.cases:
                yield from statements(case)


def _heads(stmt: ir.Stmt) -> Iterator[ir.Expr]:
    """The expressions of a statement itself, those of its blocks left out."""
    for name in _VALUES:
        value = getattr(stmt, name, None)
        if value is not None:
            yield value
    if isinstance(stmt, (ir.Assign, ir.Delete)):
        yield from stmt.targets
    elif isinstance(stmt, (ir.Augment, ir.Loop)) and stmt.target is not None:
        yield stmt.target
    elif isinstance(stmt, ir.With):
        for context, bound in stmt.items:
            yield context
            if bound is not None:
                yield bound


def _holds(stmt: ir.Stmt, at: ir.Place) -> bool:
    return any(one.place == at for head in _heads(stmt) for one in _expressions(head))


def _expressions(value: ir.Expr) -> Iterator[ir.Expr]:
    """An expression and everything in it."""
    yield value
    for name in getattr(type(value), "__slots__", ()):
        for part in _parts(getattr(value, name)):
            yield from _expressions(part)


def _parts(value: object) -> Iterator[ir.Expr]:
    if isinstance(value, tuple):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, ir.Keyword):
        yield value.value
    elif isinstance(value, ir.Param):
        yield from _parts(value.default)
    elif hasattr(value, "place"):
        yield value  # type: ignore[misc]


def _shown(value: ir.Expr) -> set[ir.Name]:
    """The names in the arguments of a call that prints or logs them."""
    if not isinstance(value, ir.Call):
        return set()
    func = value.func
    called = func.name if isinstance(func, ir.Attribute) else getattr(func, "id", "")
    if called not in _SHOWS:
        return set()
    args = (*value.args, *(keyword.value for keyword in value.keywords))
    return {one for arg in args for one in _expressions(arg) if isinstance(one, ir.Name)}


def _never(value: ir.Expr, classes: set[str]) -> set[ir.Name]:
    """The name in a comparison `name is Class` of rows with their class."""
    if not isinstance(value, ir.Binary) or value.op != "is":
        return set()
    left, right = value.left, value.right
    if isinstance(left, ir.Name) and isinstance(right, ir.Name):
        if right.id in classes and right.id[:1].isupper():
            return {left}
    return set()
