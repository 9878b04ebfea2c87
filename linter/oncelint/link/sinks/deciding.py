"""Whether what was looked up, or entered, decides that a write behind it is done.

Told by the text of the function in which the two ways part: a test of the rows that were found, or
of the number of those that were entered, with the write in one of its branches or behind one that
ends there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from oncelint.flow.modules import Modules
from oncelint.flow.trace import Execution
from oncelint.flow.values import At, Comp, Foreign, Lit
from oncelint.link.outline import Node, children, covers, last_name, walk
from oncelint.link.sinks.lookups import scope_of, statements
from oncelint.model import ir

# When the write is done: where nothing was found, where something was, or where it compares so.
Decision: TypeAlias = Literal["absent", "present", "differs"]

_FETCHES = frozenset(
    {"fetchone", "fetchall", "fetchmany", "fetchval", "fetch_one", "fetch_all", "fetch_val"}
    | {
        "first",
        "one",
        "one_or_none",
        "scalar",
        "scalar_one",
        "scalar_one_or_none",
        "scalars",
        "all",
    }
    | {"rowcount", "exists", "count", "get", "inserted_primary_key"}
)
_OPPOSITE: dict[Decision, Decision] = {
    "absent": "present",
    "present": "absent",
    "differs": "differs",
}


def decides(modules: Modules, first: Execution, then: Execution) -> Decision | None:
    """How the outcome of `first` decides whether `then` is done; None when that is not seen."""
    tests = _tests(modules, first, then)
    return tests.decision() if tests is not None else None


def compares(modules: Modules, first: Execution, then: Execution) -> bool:
    """Whether `then` depends on how what `first` found compares with something else."""
    tests = _tests(modules, first, then)
    return tests is not None and any(said == "differs" for said, _ in tests.decisions())


def sets_what_it_compares(modules: Modules, first: Execution, then: Execution) -> bool:
    """Whether the attribute of what `first` found that decides about `then` is set beside it."""
    tests = _tests(modules, first, then)
    if tests is None:
        return False
    return any(tests.sets(test) for said, test in tests.decisions() if said == "differs")


def _tests(modules: Modules, first: Execution, then: Execution) -> _Tests | None:
    """The tests of the function in which the ways to two executions part."""
    parting = _parting(_way(first), _way(then))
    if parting is None:
        return None
    one, other = parting
    module = modules.get(one.path)
    if module is None:
        return None
    scope, _ = scope_of(module.body, (), one.place)
    if scope_of(module.body, (), other.place)[0] is not scope or one.place >= other.place:
        return None
    return _Tests(scope, one.place, other.place)


def raises_past(modules: Modules, first: Execution, then: Execution) -> bool:
    """Whether a violation that `first` raises is caught and leads past `then`."""
    parting = _parting(_way(first), _way(then))
    module = modules.get(parting[0].path) if parting is not None else None
    if parting is None or module is None:
        return False
    one, other = parting
    scope, _ = scope_of(module.body, (), one.place)
    if not first.handlers and one.place < other.place:
        return not _in_branch(scope, one.place, other.place)
    for stmt in statements(scope):
        if not isinstance(stmt, ir.Try) or one.place >= other.place:
            continue
        if not any(covers(part.place, one.place) for part in stmt.body):
            continue
        if any(covers(part.place, other.place) for part in (*stmt.body, *stmt.orelse)):
            return True
        if stmt.place[2:] <= other.place[:2] and stmt.handlers:
            if all(_ends(handler.body) for handler in stmt.handlers):
                return True
    return False


def _in_branch(scope: tuple[ir.Stmt, ...], one: ir.Place, other: ir.Place) -> bool:
    """Whether the first of two places is in a branch of the code that leads to the other."""
    for stmt in statements(scope):
        if isinstance(stmt, (ir.If, ir.Loop, ir.Match)) and covers(stmt.place, one):
            blocks = (
                [case for _, case in stmt.cases]
                if isinstance(stmt, ir.Match)
                else [stmt.body, stmt.orelse]
            )
            for block in blocks:
                if any(covers(part.place, one) for part in block):
                    if not any(covers(part.place, other) for part in block):
                        return True
    return False


def _way(execution: Execution) -> list[At]:
    """The calls that lead to an execution, and the execution itself."""
    calls = [
        At(
            step.span.path,
            (
                step.span.start.line,
                step.span.start.column,
                step.span.end.line,
                step.span.end.column,
            ),
        )
        for step in execution.path
    ]
    return [*calls, execution.at]


def _parting(first: Sequence[At], then: Sequence[At]) -> tuple[At, At] | None:
    """The two places of one function from which the ways differ."""
    for one, other in zip(first, then, strict=False):
        if (one.path, one.place) != (other.path, other.place):
            return (one, other) if one.path == other.path else None
    return None


class _Tests:
    """The tests of a function that depend on what a call in it gave."""

    def __init__(self, scope: tuple[ir.Stmt, ...], call: ir.Place, write: ir.Place) -> None:
        self._scope = scope
        self._call = call
        self._write = write
        self._names: set[str] = set()
        self._cursors = _receivers(scope, call)
        # what a cursor tells is that of its last statement
        self._until = _next(scope, call, self._cursors)

    def decision(self) -> Decision | None:
        return next((said for said, _ in self.decisions()), None)

    def decisions(self) -> Iterator[tuple[Decision, ir.Expr]]:
        """How each test decides that the write is done."""
        for stmt in statements(self._scope):
            if isinstance(stmt, ir.Assign) and stmt.value is not None:
                if self._depends(stmt.value):
                    for target in stmt.targets:
                        self._names.update(
                            one.id for one in walk(target) if isinstance(one, ir.Name)
                        )
            elif isinstance(stmt, ir.If):
                found = self._of(stmt)
                if found is not None:
                    yield found, stmt.test

    def sets(self, test: ir.Expr) -> bool:
        """Whether an attribute that a test asks is assigned in the function."""
        asked = self._attributes(test)
        return any(
            not asked.isdisjoint(self._attributes(target))
            for stmt in statements(self._scope)
            if isinstance(stmt, ir.Assign)
            for target in stmt.targets
        )

    def _attributes(self, value: ir.Expr) -> set[tuple[str, str]]:
        """The attributes of what the call gave that an expression names."""
        return {
            (one.base.id, one.name)
            for one in walk(value)
            if isinstance(one, ir.Attribute)
            and isinstance(one.base, ir.Name)
            and one.base.id in self._names
        }

    def _of(self, stmt: ir.If) -> Decision | None:
        self._names.update(
            one.name
            for one in walk(stmt.test)
            if isinstance(one, ir.Walrus) and self._depends(one.value)
        )
        said = self._said(stmt.test)
        if said is None:
            return None
        if any(covers(one.place, self._write) for one in stmt.body):
            return said
        if any(covers(one.place, self._write) for one in stmt.orelse):
            return _OPPOSITE[said]
        if stmt.place[:2] < self._write[:2]:
            if _ends(stmt.body):
                return _OPPOSITE[said]
            if stmt.orelse and _ends(stmt.orelse):
                return said
        return None

    def _said(self, test: ir.Expr) -> Decision | None:
        """What is so where a test holds; None for a test of something else."""
        if not self._depends(test):
            return None
        if isinstance(test, ir.Other) and test.kind == "not" and test.parts:
            inner = self._said(test.parts[0])
            return _OPPOSITE[inner] if inner is not None else None
        if isinstance(test, ir.Either):
            return next((said for one in test.values if (said := self._said(one))), None)
        if isinstance(test, ir.Binary):
            nothing = isinstance(test.right, ir.Const) and test.right.value in (None, 0, False)
            if nothing and test.op in ("is", "=="):
                return "absent"
            if nothing and test.op in ("is not", "!=", ">"):
                return "present"
            if isinstance(test.right, ir.Const) and test.right.value in (1, True):
                return {"==": "present", "is": "present", ">=": "present"}.get(test.op, "absent")  # type: ignore[return-value]
            return "differs"
        if isinstance(test, ir.Call) and (last_name(test.func) or "").startswith(
            ("is_new", "not_", "missing")
        ):
            return "differs"
        return "present"

    def _depends(self, value: ir.Expr) -> bool:
        """Whether a value comes of the call."""
        for one in walk(value):
            if isinstance(one, ir.Name) and one.id in self._names:
                return True
            if isinstance(one, ir.Call) and one.place == self._call:
                return True
            if isinstance(one, ir.Attribute) and one.name in _FETCHES:
                if isinstance(one.base, ir.Name) and one.base.id in self._cursors:
                    until = min(self._write[:2], self._until)
                    if self._call[:2] < one.place[2:] and one.place[:2] < until:
                        return True
        return False


def _receivers(scope: tuple[ir.Stmt, ...], call: ir.Place) -> set[str]:
    """The name on which a call is a method, as a cursor that keeps the rows it found."""
    for stmt in scope:
        for one in walk(stmt):
            if isinstance(one, ir.Call) and one.place == call:
                func = one.func
                if isinstance(func, ir.Attribute) and isinstance(func.base, ir.Name):
                    return {func.base.id}
    return set()


_EXECUTES = frozenset({"execute", "executemany", "callproc"})


def _next(scope: tuple[ir.Stmt, ...], call: ir.Place, cursors: set[str]) -> tuple[int, int]:
    """Where the next statement behind a call is executed on the same cursor."""
    found = (
        one.place[:2]
        for stmt in scope
        for one in walk(stmt)
        if isinstance(one, ir.Call)
        and isinstance(one.func, ir.Attribute)
        and one.func.name in _EXECUTES
        and isinstance(one.func.base, ir.Name)
        and one.func.base.id in cursors
        and one.place[:2] > call[:2]
    )
    return min(found, default=_END)


_END = (1 << 30, 0)


def _ends(body: tuple[ir.Stmt, ...]) -> bool:
    """Whether nothing behind a block is done."""
    last = body[-1] if body else None
    return isinstance(last, (ir.Return, ir.Raise)) or (
        isinstance(last, ir.Jump) and last.kind in ("break", "continue")
    )


_LOCKS = re.compile(
    r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b|\bLOCK\s+TABLE\b|ADVISORY|GET_LOCK", re.I
)


def locks(execution: Execution) -> bool:
    """Whether rows or tables are locked, so that another delivery waits."""
    path = execution.receiver.path if isinstance(execution.receiver, Foreign) else ""
    if path.endswith(("with_for_update()", "select_for_update()")):
        return True
    values = execution.args[:2]
    texts = [one.value for one in values if isinstance(one, Lit)]
    texts += [one.template for one in values if isinstance(one, Comp)]
    made = [one for one in values if isinstance(one, Foreign)]
    texts += [part.value for one in made for part in one.made_from if isinstance(part, Lit)]
    return any(isinstance(one, str) and _LOCKS.search(one) for one in texts) or any(
        "with_for_update()" in one.path for one in made
    )


_DISTINCT = re.compile(r"dedup|uniq|distinct|latest|newest|by_|drop_duplicates|group|merge", re.I)


def keeps_distinct(
    scope: Sequence[ir.Stmt], called: Callable[[str], Iterable[ir.Function]], depth: int = 0
) -> bool:
    """Whether a function seems to keep one row for each key: a dict or set of them, or a name
    that says so; or makes the rows of a list within one record. `called` gives the project's
    functions of a name, which are looked into as well."""
    nodes = list(_own(scope))
    polled, listed = _polled(nodes), _listed(nodes)
    if any(_distinguishes(one, polled, listed) for one in nodes):
        return True
    if depth > 2:
        return False
    names = {(last_name(one.func) or "") for one in nodes if isinstance(one, ir.Call)}
    return any(
        keeps_distinct(function.body, called, depth + 1)
        for name in names
        for function in called(name)
    )


def _own(scope: Sequence[ir.Stmt]) -> Iterator[Node]:
    """The nodes of a function, those of functions inside it left out."""
    stack: list[Node] = list(scope)
    while stack:
        one = stack.pop()
        if not isinstance(one, (ir.Function, ir.Class)):
            yield one
            stack.extend(children(one))


def _distinguishes(one: Node, polled: frozenset[str], listed: frozenset[str]) -> bool:
    name = one.name if isinstance(one, ir.Attribute) else getattr(one, "id", "")
    if isinstance(name, str) and _DISTINCT.search(name):
        return True
    if isinstance(one, ir.Name):
        return one.id in ("set", "frozenset")
    if isinstance(one, ir.Call):
        return _values_of_a_dict(one, polled)
    if isinstance(one, ir.Comprehension):
        return one.kind in ("dict", "set") or any(_inner(rows) for _, rows in one.clauses)
    if isinstance(one, ir.Loop):
        return one.iter is not None and _inner(one.iter)
    return isinstance(one, ir.Assign) and any(
        isinstance(target, ir.Subscript) and not _is_written(target.key, listed)
        for target in one.targets
    )


def _listed(nodes: Iterable[Node]) -> frozenset[str]:
    """Names that a loop over a display binds, one written value after the other."""
    return frozenset(
        name.id
        for one in nodes
        if isinstance(one, ir.Loop) and isinstance(one.iter, ir.ListDisplay) and one.target
        for name in walk(one.target)
        if isinstance(name, ir.Name)
    )


def _is_written(key: ir.Expr, listed: frozenset[str]) -> bool:
    """Whether a key stands in the program, as those of settings do."""
    return isinstance(key, (ir.Text, ir.Const)) or (isinstance(key, ir.Name) and key.id in listed)


_POLLS = frozenset({"poll", "getmany"})


def _polled(nodes: Iterable[Node]) -> frozenset[str]:
    """Names of what a client's poll gave: records by their partition."""
    names: set[str] = set()
    for one in nodes:
        if isinstance(one, ir.Assign) and one.value is not None:
            calls = [part for part in walk(one.value) if isinstance(part, ir.Call)]
            if any((last_name(part.func) or "") in _POLLS for part in calls):
                names.update(part.id for part in one.targets if isinstance(part, ir.Name))
    return frozenset(names)


def _values_of_a_dict(call: ir.Call, polled: frozenset[str]) -> bool:
    """`rows.values()` of a dict that has one row for each key."""
    func = call.func
    if not isinstance(func, ir.Attribute) or func.name != "values" or call.args or call.keywords:
        return False
    base = func.base
    if isinstance(base, ir.Name):
        return base.id not in polled
    return not any(
        isinstance(one, ir.Call) and (last_name(one.func) or "") in _POLLS for one in walk(base)
    )


def _inner(rows: ir.Expr) -> bool:
    """`order["lines"]`, `order.get("lines")`: a list within one record."""
    if isinstance(rows, ir.Subscript):
        return isinstance(rows.key, ir.Text)
    if isinstance(rows, ir.Call) and (last_name(rows.func) or "") == "get" and rows.args:
        return isinstance(rows.args[0], ir.Text)
    return False


def mentions(body: Sequence[ir.Stmt], word: str) -> bool:
    """Whether a text or a name of a module contains a word in capitals (SERIALIZABLE)."""
    return any(word in one.upper() for stmt in body for one in _words(stmt))


def _words(stmt: ir.Stmt) -> Iterator[str]:
    for one in walk(stmt):
        if isinstance(one, ir.Text):
            yield one.value
        elif isinstance(one, ir.Attribute):
            yield one.name
        elif isinstance(one, ir.Name):
            yield one.id
