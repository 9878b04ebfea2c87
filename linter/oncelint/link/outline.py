"""Where an expression stands in its file: what is around it, and what becomes of its value."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, TypeAlias

from oncelint.flow.modules import Modules
from oncelint.flow.story import Round, bodies
from oncelint.flow.trace import LoopContext, Trace
from oncelint.flow.values import At
from oncelint.model import ir
from oncelint.model.project import Step
from oncelint.model.values import Position, Span

Node: TypeAlias = Any
_LIBRARIES = frozenset({"kafka", "aiokafka", "confluent_kafka"})
Callable_: TypeAlias = "ir.Function | ir.Lambda"


# The fields of each type of node that hold nodes, by their annotations.
_BELOW: dict[type, tuple[str, ...]] = {}
_HOLDS = re.compile(r"\b(Expr|Stmt|Params|Keyword|Handler)\b")


def _below(kind: type) -> tuple[str, ...]:
    fields = getattr(kind, "__dataclass_fields__", {}).values()
    found = tuple(one.name for one in fields if _HOLDS.search(str(one.type)))
    _BELOW[kind] = found
    return found


def children(node: Node) -> list[Node]:
    """The IR nodes directly below a node, in the order of the code."""
    found: list[Node] = []
    fields = _BELOW.get(type(node))
    for name in fields if fields is not None else _below(type(node)):
        value = getattr(node, name)
        if type(value) is tuple:
            _flatten(value, found)
        elif value is not None:
            found.append(value)
    return found


def _flatten(value: tuple[object, ...], found: list[Node]) -> None:
    """Add the nodes of a tuple; it may hold pairs, and the names that a pattern binds."""
    for one in value:
        if type(one) is tuple:
            _flatten(one, found)
        elif one is not None and type(one) is not str:
            found.append(one)


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the code."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        below = children(one)
        below.reverse()
        stack += below


def all_nodes(body: Iterable[ir.Stmt]) -> Iterator[Node]:
    """Everything in some statements, in the order of the code."""
    for stmt in body:
        yield from walk(stmt)


def names(node: Node) -> set[str]:
    """The names an expression or statement mentions."""
    return {one.id for one in walk(node) if isinstance(one, ir.Name)}


def last_name(node: Node) -> str | None:
    """The last word of a dotted name: `producer` for `self.producer`."""
    if isinstance(node, ir.Await):
        return last_name(node.value)
    if isinstance(node, ir.Name):
        return node.id
    return node.name if isinstance(node, ir.Attribute) else None


def dotted(node: Node) -> str:
    """A dotted name as it is written; what is no name in it is left out."""
    if isinstance(node, ir.Name):
        return node.id
    if isinstance(node, ir.Attribute):
        base = dotted(node.base)
        return f"{base}.{node.name}" if base else node.name
    if isinstance(node, ir.Call):
        return dotted(node.func)
    return ""


def same(one: Node, other: Node) -> bool:
    """Whether two pieces of code say the same, wherever they stand."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one).__module__ != ir.__name__:
        return bool(one == other)
    return all(
        same(getattr(one, name), getattr(other, name))
        for name in type(one).__slots__
        if name not in ("place", "name_place", "pieces")
    )


class _Part:
    """What one statement of a module's own holds, in the order of the code."""

    __slots__ = ("attributes", "calls", "comprehensions", "functions", "loops")

    def __init__(self, top: Node, parents: dict[int, Node]) -> None:
        self.calls: dict[ir.Place, ir.Call] = {}
        self.loops: dict[ir.Place, ir.Loop] = {}
        self.functions: list[ir.Function] = []
        self.attributes: dict[str, list[ir.Attribute]] = {}
        self.comprehensions: list[ir.Comprehension] = []
        calls = self.calls
        stack = [top]
        while stack:
            node = stack.pop()
            below = children(node)
            for child in below:
                parents[id(child)] = node
            below.reverse()
            stack += below
            kind = type(node)
            if kind is ir.Call:
                calls[node.place] = node
            elif kind is ir.Attribute:
                self.attributes.setdefault(node.name, []).append(node)
            elif kind is ir.Loop:
                self.loops[node.place] = node
            elif kind is ir.Function:
                self.functions.append(node)
            elif kind is ir.Comprehension:
                self.comprehensions.append(node)


class Outline:
    """One module's code with the way back from every node to what holds it.

    A statement of the module's own is gone through when something in it is asked for: of most
    modules that is a function or two.
    """

    def __init__(self, module: ir.Module) -> None:
        self.path = module.path
        self.module = module
        self._parents: dict[int, Node] = {}
        self._tops = module.body
        self._ends = list(accumulate((stmt.place[2] for stmt in module.body), max))
        self._parts: dict[int, _Part] = {}
        # the functions of the project that calls were followed into
        self.followed: dict[ir.Place, list[tuple[Outline, ir.Function]]] = {}

    def _part(self, number: int) -> _Part:
        part = self._parts.get(number)
        if part is None:
            part = self._parts[number] = _Part(self._tops[number], self._parents)
        return part

    def _at(self, line: int) -> Iterator[_Part]:
        """What stands on a line; decorators stand before the place of what they decorate."""
        number = bisect_left(self._ends, line)
        if number < len(self._tops):
            yield self._part(number)
        while (number := number + 1) < len(self._tops) and self._tops[number].place[0] <= line:
            yield self._part(number)

    def _all(self) -> Iterator[_Part]:
        return map(self._part, range(len(self._tops)))

    def call(self, place: ir.Place) -> ir.Call | None:
        """The call that is written at a place."""
        found = None
        for one in self._at(place[0]):
            found = one.calls.get(place, found)
        if found is None:
            for one in self._all():
                found = one.calls.get(place, found)
        return found

    def loop(self, place: ir.Place) -> ir.Loop | None:
        """The loop that is written at a place."""
        found = None
        for one in self._at(place[0]):
            found = one.loops.get(place, found)
        if found is None:
            for one in self._all():
                found = one.loops.get(place, found)
        return found

    @property
    def calls(self) -> Iterator[ir.Call]:
        """All calls, in the order of the code."""
        return (call for one in self._all() for call in one.calls.values())

    @property
    def functions(self) -> Iterator[ir.Function]:
        """All functions, in the order of the code."""
        return (function for one in self._all() for function in one.functions)

    def in_comprehension(self, place: ir.Place) -> bool:
        """Whether what is written at a place may be run in several rounds of a comprehension."""
        return any(
            covers(found.place, place) for one in self._at(place[0]) for found in one.comprehensions
        )

    def attributes(self, name: str) -> Iterator[ir.Attribute]:
        """Where an attribute of a name is read or called, in the order of the code."""
        return (found for one in self._all() for found in one.attributes.get(name, ()))

    def parent(self, node: Node) -> Node | None:
        found = self._parents.get(id(node))
        if found is None and len(self._parts) < len(self._tops):
            if any(node is top for top in self._tops):
                return None
            place = getattr(node, "place", None)
            for _ in self._at(place[0]) if place is not None else ():
                pass
            if id(node) not in self._parents:
                for _ in self._all():
                    pass
            found = self._parents.get(id(node))
        return found

    def around(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """What encloses a node, innermost first, each with the child that leads to the node."""
        child, holder = node, self.parent(node)
        while holder is not None:
            yield holder, child
            child, holder = holder, self.parent(holder)

    def function(self, node: Node) -> Callable_ | None:
        """The function a node is run by; decorators and defaults belong to the one around."""
        for holder, child in self.around(node):
            if isinstance(holder, ir.Lambda) and child is holder.body:
                return holder
            if isinstance(holder, ir.Function) and any(child is one for one in holder.body):
                return holder
        return None

    def owner(self, function: Callable_) -> ir.Class | None:
        """The class a function is a method of."""
        holder = self.parent(function)
        while isinstance(holder, (ir.If, ir.Try)):
            holder = self.parent(holder)
        return holder if isinstance(holder, ir.Class) else None

    def loops_around(self, node: Node) -> Iterator[ir.Loop]:
        """The loops of the same function that run a node in each round, innermost first."""
        for holder, child in self.around(node):
            if isinstance(holder, (ir.Function, ir.Lambda)):
                return
            if isinstance(holder, ir.Loop):
                in_body = any(child is one for one in holder.body)
                if in_body or (holder.test is not None and child is holder.test):
                    yield holder

    def statement(self, node: Node) -> Node:
        """The statement an expression belongs to."""
        for holder, child in self.around(node):
            if isinstance(
                holder, (ir.Function, ir.Loop, ir.Try, ir.With, ir.If, ir.Handler, ir.Class)
            ) and not isinstance(child, ir.Handler):
                body = getattr(holder, "body", ())
                rest = (*getattr(holder, "orelse", ()), *getattr(holder, "final", ()))
                if any(child is one for one in (*body, *rest)):
                    return child
        last = node
        for holder, _ in self.around(node):
            last = holder
        return last

    def span(self, node: Node) -> Span:
        return span(self.path, node.place)


def imports(outline: Outline) -> Iterator[ir.Import]:
    """The imports of a module, wherever they stand in it."""
    for stmt in outline.module.body:
        for node in walk(stmt):
            if isinstance(node, ir.Import):
                yield node


def span(path: str, place: ir.Place) -> Span:
    """The span of a place in one file."""
    line, column, end_line, end_column = place
    return Span(path, Position(line, column), Position(end_line, end_column))


def header(path: str, node: Node) -> Span:
    """The first line of a compound statement."""
    line, column, end_line, end_column = node.place
    if line != end_line:
        body = getattr(node, "body", None)
        first = body[0].place if isinstance(body, tuple) and body else None
        shown = getattr(node, "iter", None) or getattr(node, "test", None)
        if shown is not None:
            end_line, end_column = shown.place[2], shown.place[3]
        elif isinstance(node, ir.Function):
            # `def ` and `async def ` stand before the name
            before = len("async def " if node.is_async else "def ")
            end_line, end_column = line, column + before + len(node.name)
        elif first is not None:
            end_line, end_column = line, column + 1
    return Span(path, Position(line, column), Position(end_line, end_column))


@dataclass(frozen=True, slots=True)
class Level:
    """One call on the way to a place: the call, and the function of the project it stands in."""

    outline: Outline
    call: ir.Call
    function: Callable_ | None

    @property
    def span(self) -> Span:
        return self.outline.span(self.call)


def traced_loops(trace: Trace) -> Iterator[LoopContext]:
    """Every loop the interpreter has run, once for each of its runs, in no order that matters."""
    seen: set[int] = set()
    stack = [node for story in trace.stories for node in story]
    while stack:
        node = stack.pop()
        inner = bodies(node)
        if not inner or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Round):
            yield node.loop
        for story in inner:
            stack += story
    for use in trace.uses:
        yield from use.loops


class Outlines:
    """Outlines of a project's modules, made when they are first asked for."""

    def __init__(self, modules: Modules, made: dict[str, Outline | None] | None = None) -> None:
        self._modules = modules
        self._made: dict[str, Outline | None] = made if made is not None else {}
        self._asked: set[str] = set()

    def afresh(self) -> Outlines:
        """The same outlines, none of which has been looked at."""
        return Outlines(self._modules, self._made)

    def get(self, path: str) -> Outline | None:
        self._asked.add(path)
        if path not in self._made:
            module = self._modules.get(path)
            self._made[path] = Outline(module) if module is not None else None
        return self._made[path]

    def mentions(self, attributes: frozenset[str]) -> Iterator[tuple[Outline, ir.Attribute]]:
        """Where modules that use a client library, or were looked at before, name an attribute."""
        for module in self._modules.loaded():
            if not (module.packages & _LIBRARIES or module.path in self._asked):
                continue
            outline = self.get(module.path)
            if outline is None:
                continue
            for name in attributes:
                for one in outline.attributes(name):
                    yield outline, one

    def levels(self, path: Sequence[Step], at: At) -> tuple[Level, ...]:
        """The calls on the way to a place, outermost first and the one at the place last; nothing
        where one of them is not found."""
        found: list[Level] = []
        for where, place in (
            *((step.span.path, place_of(step.span)) for step in path),
            (at.path, at.place),
        ):
            outline = self.get(where)
            call = outline.call(place) if outline is not None else None
            if outline is None or call is None:
                return ()
            found.append(Level(outline, call, outline.function(call)))
        for step, level, inner in zip(path, found, found[1:], strict=False):
            if isinstance(inner.function, ir.Function):
                if step.label == f"calls {inner.function.name}":
                    targets = level.outline.followed.setdefault(level.call.place, [])
                    if all(one is not inner.function for _, one in targets):
                        targets.append((inner.outline, inner.function))
        return tuple(found)


def place_of(span: Span) -> ir.Place:
    """A span as the IR has it; `span_of` of flow/blocks.py is the way back."""
    return span.start.line, span.start.column, span.end.line, span.end.column


def covers(outer: ir.Place, inner: ir.Place) -> bool:
    """Whether a place lies inside another one of the same file."""
    return outer[:2] <= inner[:2] and inner[2:] <= outer[2:]


Kind: TypeAlias = Literal["local", "returned", "attribute", "module", "kept"]
_ORDER: tuple[Kind, ...] = ("local", "returned", "attribute", "module", "kept")


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an expression's value in the function it stands in.

    `local`: it is dropped at the function's end at the latest; `returned`; `attribute`: kept by
    the object the method belongs to; `module`: kept by the module; `kept`: somewhere else, or it
    is not known. `name` is the name or attribute it gets, `uses` where that name is mentioned.
    `pooled`: it is put into a container.
    """

    kind: Kind
    name: str | None = None
    uses: tuple[ir.Name, ...] = ()
    pooled: bool = False


# Functions of Python that look at what they are given and keep nothing of it.
_HARMLESS = frozenset(
    {"print", "len", "isinstance", "bool", "id", "repr", "str", "type", "hasattr", "callable"}
)
_CONTAINERS = frozenset({"append", "add", "put", "put_nowait", "insert", "extend", "setdefault"})


def fate(outline: Outline, expr: Node, depth: int = 3) -> Fate:
    """What becomes of an expression's value."""
    node, parent = expr, outline.parent(expr)
    while isinstance(parent, (ir.Await, ir.Either)) or (
        isinstance(parent, ir.Conditional) and parent.test is not node
    ):
        node, parent = parent, outline.parent(parent)
    if isinstance(parent, ir.Walrus):
        return _name_fate(outline, parent.name, outline.function(expr), depth)
    if isinstance(parent, ir.Attribute):
        call = outline.parent(parent)
        called = isinstance(call, ir.Call) and call.func is parent
        return Fate("local" if called else "kept")
    if isinstance(parent, ir.Evaluate):
        return Fate("local")
    if isinstance(parent, ir.Assign):
        return _worst(_target_fate(outline, expr, target, depth) for target in parent.targets)
    if isinstance(parent, ir.With):
        target = next((to for one, to in parent.items if one is node), None)
        return Fate("local") if target is None else _target_fate(outline, expr, target, depth)
    if isinstance(parent, (ir.Return, ir.Lambda)):
        return Fate("returned")
    if isinstance(parent, ir.Yield):
        return Fate("returned" if _is_manager(outline.function(expr)) else "kept")
    if isinstance(parent, ir.ListDisplay):
        loop = outline.parent(parent)
        if isinstance(loop, ir.Loop) and loop.iter is parent:
            return Fate("local")  # `for client in (consumer, producer):`
    pooled = isinstance(parent, (ir.ListDisplay, ir.Comprehension, ir.Dict))
    if isinstance(parent, ir.Call) and isinstance(parent.func, ir.Attribute):
        pooled = parent.func.name in _CONTAINERS
    return Fate("kept", pooled=pooled)


def _worst(fates: Iterable[Fate]) -> Fate:
    return max(fates, key=lambda one: _ORDER.index(one.kind))


def _is_manager(function: Callable_ | None) -> bool:
    """Whether a generator becomes a context manager, whose `with` gets what it yields."""
    return isinstance(function, ir.Function) and any(
        last_name(one) in ("contextmanager", "asynccontextmanager") for one in function.decorators
    )


def _target_fate(outline: Outline, expr: Node, target: Node, depth: int) -> Fate:
    function = outline.function(expr)
    if isinstance(target, ir.Name):
        return _name_fate(outline, target.id, function, depth)
    if isinstance(target, ir.Attribute) and isinstance(function, ir.Function):
        first = function.params[0].name if function.params else None
        if isinstance(target.base, ir.Name) and target.base.id == first:
            return Fate("attribute", target.name)
    pooled = isinstance(target, ir.Subscript) and not isinstance(target.key, (ir.Text, ir.Const))
    return Fate("kept", last_name(target), pooled=pooled)


def _name_fate(outline: Outline, name: str, function: Callable_ | None, depth: int) -> Fate:
    if function is None:
        mentioned = (node for stmt in outline.module.body for node in walk(stmt))
        uses = tuple(node for node in mentioned if isinstance(node, ir.Name) and node.id == name)
        worst = _worst((Fate("module", name), *(_use_fate(outline, use, depth) for use in uses)))
        return Fate(worst.kind, name, uses, worst.pooled)
    for node in walk(function):
        if isinstance(node, ir.Scope) and name in node.names:
            return _name_fate(outline, name, None, depth) if node.is_global else Fate("kept", name)
    uses = tuple(node for node in walk(function) if isinstance(node, ir.Name) and node.id == name)
    worst = _worst(
        (Fate("local", name), *(_use_fate(outline, use, depth) for use in uses)),
    )
    kept_as = worst.name if worst.kind in ("attribute", "module") else name
    return Fate(worst.kind, kept_as, uses, worst.pooled)


def _use_fate(outline: Outline, use: ir.Name, depth: int) -> Fate:
    """What the mention of a name does to its value."""
    parent = outline.parent(use)
    if isinstance(parent, ir.Attribute):
        holder = outline.parent(parent)
        called = isinstance(holder, ir.Call) and holder.func is parent
        stored = isinstance(holder, ir.Assign) and any(one is parent for one in holder.targets)
        told = isinstance(holder, (ir.Format, ir.Binary, ir.If, ir.Other))
        return Fate("local" if called or stored or told else "kept")
    if isinstance(parent, ir.Assign) and any(one is use for one in parent.targets):
        return Fate("local")
    if isinstance(parent, (ir.With, ir.Delete, ir.If, ir.Binary, ir.Other, ir.Format, ir.Loop)):
        return Fate("local")
    if isinstance(parent, ir.Conditional) and parent.test is use:
        return Fate("local")
    if isinstance(parent, (ir.Call, ir.Keyword)) and depth > 0:
        passed = _passed_fate(outline, use, parent, depth - 1)
        if passed is not None:
            return passed
    return fate(outline, use, depth - 1) if depth > 0 else Fate("kept")


def _passed_fate(outline: Outline, use: ir.Name, parent: Node, depth: int) -> Fate | None:
    """What a function does with an argument; None when it is not known what is called."""
    call = parent if isinstance(parent, ir.Call) else outline.parent(parent)
    if not isinstance(call, ir.Call):
        return None
    if isinstance(call.func, ir.Name) and call.func.id in _HARMLESS:
        return Fate("local")
    called = callees(outline, call)
    if not called:
        return None
    fates = [_param_fate(inner, one, call, use, parent, depth) for inner, one in called]
    return None if any(one is None for one in fates) else _worst(one for one in fates if one)


def _param_fate(
    outline: Outline, called: ir.Function, call: ir.Call, use: ir.Name, parent: Node, depth: int
) -> Fate | None:
    """What one function does with an argument of a call."""
    params = [one for one in called.params if one.kind in ("positional", "keyword")]
    made = called.name == "__init__"
    if (made or isinstance(call.func, ir.Attribute)) and outline.owner(called) is not None:
        params = params[1:]
    if isinstance(parent, ir.Keyword):
        param = next((one for one in params if one.name == parent.name), None)
    else:
        at = next((index for index, one in enumerate(call.args) if one is use), len(params))
        param = params[at] if at < len(params) else None
    if param is None or any(isinstance(one, ir.Star) for one in call.args):
        return None
    inner = _name_fate(outline, param.name, called, depth)
    return inner if inner.kind == "local" else Fate("kept")


def given_away(outline: Outline, node: Node) -> bool:
    """Whether a mention of something hands it to code that is not followed: as an argument of a
    function that is none of the module's, or into a container."""
    parent = outline.parent(node)
    while isinstance(parent, (ir.Await, ir.Either, ir.Star)):
        node, parent = parent, outline.parent(parent)
    if isinstance(parent, (ir.ListDisplay, ir.Dict, ir.Lambda)):
        return True
    call = outline.parent(parent) if isinstance(parent, ir.Keyword) else parent
    if not isinstance(call, ir.Call) or call.func is node:
        return False
    known = isinstance(call.func, ir.Name) and call.func.id in _HARMLESS
    return not known and not callees(outline, call)


def callees(outline: Outline, call: ir.Call) -> Sequence[tuple[Outline, ir.Function]]:
    """The functions of the project that a call means: those it was followed into, or one of the
    same module by its name or as a method of self. Nothing if that is not known."""
    followed = outline.followed.get(call.place)
    if followed:
        return followed
    named = _callee(outline, call)
    return [(outline, named)] if named is not None else []


def _callee(outline: Outline, call: ir.Call) -> ir.Function | None:
    func = call.func
    named = [one for one in outline.functions if one.name == last_name(func)]
    if isinstance(func, ir.Name):
        plain = [one for one in named if outline.owner(one) is None]
        return plain[0] if len(plain) == 1 else None
    if isinstance(func, ir.Attribute) and isinstance(func.base, ir.Name):
        inside = outline.function(call)
        cls = outline.owner(inside) if inside is not None else None
        if cls is not None and func.base.id in ("self", "cls"):
            methods = [one for one in named if outline.owner(one) is cls]
            return methods[0] if len(methods) == 1 else None
    return None


def derived_names(seeds: Iterable[str], body: Iterable[Node]) -> set[str]:
    """The names that hold something made of `seeds` in some statements, seeds included."""
    tainted = set(seeds)
    for _ in range(2):
        for stmt in body:
            for node in walk(stmt):
                if isinstance(node, ir.Assign) and node.value is not None:
                    if names(node.value) & tainted:
                        for target in node.targets:
                            tainted |= _bound(target)
                elif isinstance(node, ir.Loop) and node.target is not None:
                    if node.iter is not None and names(node.iter) & tainted:
                        tainted |= _bound(node.target)
                elif isinstance(node, ir.With):
                    for item, to in node.items:
                        if to is not None and names(item) & tainted:
                            tainted |= _bound(to)
    return tainted


def _bound(target: Node) -> set[str]:
    """The names a target binds, or whose content it changes."""
    if isinstance(target, ir.Subscript):
        return _bound(target.base)
    if isinstance(target, ir.Attribute):
        return set()
    return names(target)
