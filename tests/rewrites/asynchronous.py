"""From confluent-kafka's synchronous clients to its asyncio ones, with every function on the way."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.rewrites import source as s
from tests.rewrites.place_rewrites import in_main
from tests.rewrites.settings_rewrites import Changed
from tests.rewrites.source import Source
from tests.rewrites.telling import Files

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"

_ASYNCHRONOUS = {
    "confluent_kafka.Producer": "AIOProducer",
    "confluent_kafka.Consumer": "AIOConsumer",
}
_RELEASE = "2.13.0"
"""confluent-kafka's first release with confluent_kafka.aio."""

_PIN = re.compile(r"^confluent-kafka(\[[\w,-]*\])?[^\n#;]*", re.M | re.I)


def with_a_recent_client(files: Files) -> Files | None:
    """The files with confluent-kafka pinned to a release that has both kinds of clients; None when
    something else than a requirements file tells the version."""
    result = {}
    for path, text in files.items():
        if path.endswith(".txt"):
            result[path] = _PIN.sub(rf"confluent-kafka\1=={_RELEASE}", text)
        elif not path.endswith(".py") and "confluent-kafka" in text:
            return None
        else:
            result[path] = text
    return result


def asynchronous(source: Source) -> Changed | None:
    """`Producer` and `Consumer` become `AIOProducer` and `AIOConsumer`, their methods are awaited,
    and functions that await become coroutines. None where a coroutine cannot stand (constructors,
    lambdas, properties, generators, callbacks) and for clients without an asyncio counterpart."""
    if any(
        source.clients[s.dotted(one.func) or ""] not in _ASYNCHRONOUS
        for one in s.client_calls(source)
    ):
        return None
    if _subclassed(source):
        return None
    handles = _handles(source)
    if _used_at_top_level(source, handles):
        wrapped = in_main(source)
        if wrapped is None:
            return None
        source = s.parse({**source.files, source.path: wrapped[source.path] or ""}, source.path)
        handles = _handles(source)
    coroutines = _coroutines(source, handles)
    if coroutines is None or not coroutines:
        return None
    source.tree = _Awaiting(handles, coroutines).visit(source.tree)
    if not _with_new_classes(source):
        return None
    s.insert_at_head(
        source,
        s.statements("import asyncio\nfrom confluent_kafka.aio import AIOConsumer, AIOProducer"),
    )
    return {source.path: source.rendered()}


def _subclassed(source: Source) -> bool:
    return any(
        isinstance(node, ast.ClassDef)
        and any(s.dotted(base) in source.clients for base in node.bases)
        for node in ast.walk(source.tree)
    )


@dataclass(slots=True)
class _Handles:
    """Names of variables, attributes and functions that hold or give clients."""

    constructors: frozenset[str]
    variables: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    givers: set[str] = field(default_factory=set)

    def holds(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self.variables
        if isinstance(node, ast.Attribute):
            return node.attr in self.attributes
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            return self.holds(node.value)
        if isinstance(node, ast.Call):
            return s.dotted(node.func) in self.constructors or _called(node) in self.givers
        return False

    def size(self) -> int:
        return len(self.variables) + len(self.attributes) + len(self.givers)


def _called(node: ast.Call) -> str | None:
    """The name a call is made by: of a function or of a method."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else None


def _handles(source: Source) -> _Handles:
    handles = _Handles(frozenset(source.clients))
    parameters = _parameters(source.tree)
    size = -1
    while size != handles.size():
        size = handles.size()
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    _hold(handles, target, node.value)
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                _hold(handles, node.target, node.value)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                returns = (one for one in ast.walk(node) if isinstance(one, ast.Return))
                if any(one.value is not None and handles.holds(one.value) for one in returns):
                    handles.givers.add(node.name)
            elif isinstance(node, ast.Call):
                names = parameters.get(_called(node) or "", [])
                for name, argument in zip(names, node.args, strict=False):
                    if handles.holds(argument):
                        handles.variables.add(name)
                handles.variables |= {
                    pair.arg for pair in node.keywords
                    if pair.arg in names and pair.arg and handles.holds(pair.value)
                }  # fmt: skip
    return handles


def _hold(handles: _Handles, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            _hold(handles, one, other)
    elif handles.holds(value):
        if isinstance(target, ast.Name):
            handles.variables.add(target.id)
        elif isinstance(target, ast.Attribute):
            handles.attributes.add(target.attr)


def _parameters(tree: ast.Module) -> dict[str, list[str]]:
    """Parameter names of the module's functions and, by their class, of constructors."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = [one.arg for one in [*node.args.args, *node.args.kwonlyargs]]
            found[node.name] = names[1:] if names[:1] in (["self"], ["cls"]) else names
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                    found[node.name] = [one.arg for one in inner.args.args[1:]]
    return found


def _is_client_method(node: ast.AST, handles: _Handles) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and handles.holds(node.func.value)
    )


def _used_at_top_level(source: Source, handles: _Handles) -> bool:
    stack: list[ast.AST] = list(source.tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if _is_client_method(node, handles):
            return True
        stack.extend(ast.iter_child_nodes(node))
    return False


def _coroutines(source: Source, handles: _Handles) -> set[str] | None:
    """Names of the functions that await; None when one of them cannot become a coroutine."""
    functions = [
        node for node in ast.walk(source.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]  # fmt: skip
    names: set[str] = set()
    while True:
        found = {one.name for one in functions if _awaits(one, handles, names)}
        if found <= names:
            break
        names |= found
    for one in functions:
        if one.name in names and not _may_become_one(one):
            return None
    imported = any(
        isinstance(node, ast.ImportFrom) and names & {item.name for item in node.names}
        for path, text in source.files.items()
        if path.endswith(".py") and path != source.path
        for node in ast.walk(ast.parse(text))
    )
    if imported or _handed_on(source.tree, names) or _in_lambda(source.tree, handles, names):
        return None
    return names


def _awaits(function: Function, handles: _Handles, coroutines: set[str]) -> bool:
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if _is_client_method(node, handles):
            return True
        if isinstance(node, ast.Call) and _called(node) in coroutines:
            return True
        stack.extend(ast.iter_child_nodes(node))
    return False


def _may_become_one(function: Function) -> bool:
    generates = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
    properties = ("property", "cached_property", "contextmanager")
    decorated = any((s.dotted(one) or "").endswith(properties) for one in function.decorator_list)
    return not generates and not decorated and not function.name.startswith("__")


def _handed_on(tree: ast.Module, names: set[str]) -> bool:
    """Whether one of the functions is used as a value: a callback is called, not awaited."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return any(
        id(node) not in called
        and (
            (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names)
            or (isinstance(node, ast.Attribute) and node.attr in names)
        )
        for node in ast.walk(tree)
    )


def _in_lambda(tree: ast.Module, handles: _Handles, names: set[str]) -> bool:
    return any(
        _is_client_method(inner, handles)
        or (isinstance(inner, ast.Call) and _called(inner) in names)
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        for inner in ast.walk(node)
    )


class _Awaiting(ast.NodeTransformer):
    def __init__(self, handles: _Handles, coroutines: set[str]) -> None:
        self.handles = handles
        self.coroutines = coroutines
        self.inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        outer, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = outer
        if node.name not in self.coroutines:
            return node
        (new,) = s.statements("async def function():\n    pass")
        for part in node._fields:
            setattr(new, part, getattr(node, part))
        return new

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        outer, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = outer
        return node

    def visit_Await(self, node: ast.Await) -> ast.expr:
        self.generic_visit(node)
        return node.value if isinstance(node.value, ast.Await) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        waits = _is_client_method(node, self.handles) or _called(node) in self.coroutines
        self.generic_visit(node)
        if not waits or s.dotted(node.func) == "asyncio.run":
            return node
        if self.inside:
            return ast.Await(node)
        run = ast.Attribute(s.name("asyncio"), "run", ast.Load())
        return s.call(run, node)


def _with_new_classes(source: Source) -> bool:
    for call in s.client_calls(source):
        shape = s.shape_of(source, call)
        conf = [pair for pair in call.keywords if pair.arg in shape.dict_keywords]
        if len(conf) != len(call.keywords) or len(call.args) + len(conf) != 1:
            return False  # the asyncio clients take one mapping and no settings as keywords
        call.args = call.args or [conf[0].value]
        call.keywords = []
        call.func = s.name(_ASYNCHRONOUS[source.clients[s.dotted(call.func) or ""]])
    return True
