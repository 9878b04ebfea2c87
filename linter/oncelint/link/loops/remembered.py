"""Handlers that note a failure for a later decision: a flag, a list of errors, a return value.

What is decided then is not followed; it is enough to know that somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncelint.link.outline import Node, Outline, last_name, walk
from oncelint.model import ir

_ADDS = frozenset({"append", "appendleft", "add", "extend", "insert", "put", "put_nowait", "set"})
_DECIDING_CALLS = frozenset(
    {"commit", "commit_async", "seek", "pause", "exit", "_exit", "stop", "close", "store_offsets"}
)


def remembers(outline: Outline, place: ir.Place) -> bool:
    """Whether the handler at a place notes something that decides on what happens later."""
    handler = next((one for one in _handlers(outline.module.body) if one.place == place), None)
    if handler is None:
        return False
    counted = {one for node in _all(handler.body) for one in _counted(node)}
    noted = set(_noted(handler.body)) | counted
    attempt = outline.parent(handler)
    flags = noted - counted
    if isinstance(attempt, ir.Try):
        flags |= set(_noted((*attempt.body, *attempt.orelse)))
    for holder, _ in outline.around(handler):
        # a loop that ends since the tries are used up has decided nothing
        if isinstance(holder, ir.Loop) and holder.test is not None:
            if _mentions(holder.test, flags):
                return True
    inside = {id(node) for stmt in handler.body for node in walk(stmt)}
    function = outline.function(handler)
    around = function.body if isinstance(function, ir.Function) else outline.module.body
    scopes = [around] if all(isinstance(one, str) for one in noted) else [outline.module.body]
    if noted and any(
        id(node) not in inside and _decides(node, noted) for body in scopes for node in _all(body)
    ):
        return True
    returns = any(
        isinstance(node, ir.Return) and node.value is not None for node in _all(handler.body)
    )
    return returns and isinstance(function, ir.Function) and _awaited(outline, function.name)


def tells(outline: Outline, place: ir.Place) -> bool:
    """Whether the handler at a place gives the failure back as a value that is no plain True,
    False or None: those are followed."""
    handler = next((one for one in _handlers(outline.module.body) if one.place == place), None)
    function = outline.function(handler) if handler is not None else None
    if handler is None or not isinstance(function, ir.Function):
        return False
    if any(_tells(node) for node in _all(handler.body)):
        return True
    noted = set(_noted(handler.body))
    return any(
        isinstance(node, ir.Return) and node.value is not None and _mentions(node.value, noted)
        for node in _all(function.body)
    )


def _tells(node: Node) -> bool:
    if not isinstance(node, ir.Return) or node.value is None:
        return False
    return not (isinstance(node.value, ir.Const) and node.value.value in (True, False, None))


def _all(body: Iterable[Node]) -> Iterator[Node]:
    for stmt in body:
        yield from walk(stmt)


def _handlers(body: Iterable[Node]) -> Iterator[ir.Handler]:
    return (node for node in _all(body) if isinstance(node, ir.Handler))


def _counted(node: Node) -> Iterator[str | tuple[str]]:
    if isinstance(node, ir.Augment):
        yield from _named((node.target,))


def _noted(body: Iterable[Node]) -> Iterator[str | tuple[str]]:
    """The names that statements change; attributes as tuples, since others may read them."""
    for node in _all(body):
        targets: tuple[Node, ...] = ()
        if isinstance(node, ir.Assign):
            targets = node.targets
        elif isinstance(node, ir.Call) and isinstance(node.func, ir.Attribute):
            if node.func.name in _ADDS:
                targets = (node.func.base,)
        yield from _named(targets)


def _named(targets: Iterable[Node]) -> Iterator[str | tuple[str]]:
    for target in targets:
        base = target.base if isinstance(target, ir.Subscript) else target
        if isinstance(base, ir.Name):
            yield base.id
        elif isinstance(base, ir.Attribute):
            yield (base.name,)


def _decides(node: Node, noted: set[str | tuple[str]]) -> bool:
    """Whether a statement asks for what was noted, and does something about the record then."""
    if not isinstance(node, ir.If) or not _mentions(node.test, noted):
        return False
    return any(
        isinstance(inner, (ir.Raise, ir.Return, ir.Jump))
        or (isinstance(inner, ir.Call) and last_name(inner.func) in _DECIDING_CALLS)
        for inner in _all((*node.body, *node.orelse))
    )


def _mentions(test: Node, noted: set[str | tuple[str]]) -> bool:
    return any(
        (isinstance(one, ir.Name) and one.id in noted)
        or (isinstance(one, ir.Attribute) and (one.name,) in noted)
        for one in walk(test)
    )


def _awaited(outline: Outline, name: str) -> bool:
    """Whether a loop goes on for as long as a function says so."""
    return any(
        isinstance(node, ir.Loop)
        and node.test is not None
        and any(isinstance(one, ir.Call) and last_name(one.func) == name for one in walk(node.test))
        for node in _all(outline.module.body)
    )
