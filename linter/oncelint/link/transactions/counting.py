"""Code that takes offsets for a count without gaps.

A transaction ends with a control record, which takes an offset and is never delivered (KIP-98): the
record before the high watermark may be one, and so may the offset behind the last record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from oncelint.flow.trace import Trace, Use
from oncelint.frameworks.python.clients import POLLS
from oncelint.link.clients import Made
from oncelint.link.outline import (
    Level,
    Node,
    Outline,
    Outlines,
    last_name,
    names,
    traced_loops,
    walk,
)
from oncelint.model import ir
from oncelint.model.project import Consumer, Step

_HIGH = frozenset({"get_watermark_offsets", "end_offsets", "highwater"})
_READS = frozenset({*POLLS, "position", "get_watermark_offsets", "end_offsets", "highwater"})


def counted_offsets(made: Sequence[Made], trace: Trace, outlines: Outlines) -> list[Made]:
    """The clients, consumers with the comparisons that count on their offsets.

    A comparison belongs to the consumers that are read, or asked for their watermarks, in the
    same function.
    """
    uses: dict[int, list[Use]] = {}
    for use in trace.uses:
        uses.setdefault(use.site, []).append(use)
    loops: dict[int, dict[tuple[str, ir.Place], None]] = {}
    for loop in traced_loops(trace):
        for site in loop.consumers:
            loops.setdefault(site, {})[(loop.at.path, loop.at.place)] = None
    return [
        replace(one, client=replace(one.client, counts_offsets=found))
        if isinstance(one.client, Consumer)
        and (found := _of(uses.get(one.site, []), loops.get(one.site, {}), outlines))
        else one
        for one in made
    ]


def _of(
    uses: Iterable[Use], loops: Iterable[tuple[str, ir.Place]], outlines: Outlines
) -> tuple[Step, ...]:
    found: dict[Step, None] = {}
    for outline, scope in _scopes(uses, loops, outlines):
        for step in _counted(outline, scope):
            found[step] = None
    return tuple(found)


def _scopes(
    uses: Iterable[Use], loops: Iterable[tuple[str, ir.Place]], outlines: Outlines
) -> Iterator[tuple[Outline, tuple[Node, ...]]]:
    """The functions, or modules' own code, in which a consumer is read."""
    seen: set[int] = set()
    for use in uses:
        if use.method not in _READS:
            continue
        way: tuple[Level, ...] = outlines.levels((), use.at)
        if way:
            yield from _scope(way[-1].outline, way[-1].call, seen)
    for path, place in loops:
        outline = outlines.get(path)
        loop = outline.loop(place) if outline is not None else None
        if outline is not None and loop is not None:
            yield from _scope(outline, loop, seen)


def _scope(
    outline: Outline, node: Node, seen: set[int]
) -> Iterator[tuple[Outline, tuple[Node, ...]]]:
    function = outline.function(node)
    body: tuple[Node, ...] = (function,)
    if function is None:
        body = tuple(
            one for one in outline.module.body if not isinstance(one, (ir.Function, ir.Class))
        )
    if id(body[0]) not in seen:
        seen.add(id(body[0]))
        yield outline, body


def _counted(outline: Outline, scope: tuple[Node, ...]) -> Iterator[Step]:
    highs = _watermarks(scope)
    lasts = _last_offsets(scope)
    for stmt in scope:
        for node in walk(stmt):
            sides = _sides(node)
            if sides is None:
                continue
            for one, other in (sides, sides[::-1]):
                # whether the watermark itself is reached is a question of positions, not records
                if _is_offset(one) and _one_off(other, "-", highs):
                    yield Step(outline.span(node), "waits for the record before the high watermark")
                elif _equality(node) and _is_offset(one) and _one_off(other, "+", lasts):
                    yield Step(outline.span(node), "expects the next offset to be one higher")
                elif _equality(node) and _one_off(one, "+", None) and _is_offset_plus(one):
                    if _in(other, highs):
                        yield Step(
                            outline.span(node), "waits for the record before the high watermark"
                        )


def _sides(node: Node) -> tuple[Node, Node] | None:
    if isinstance(node, ir.Binary) and node.op in ("==", "!="):
        return node.left, node.right
    if isinstance(node, ir.Other) and node.kind == "Compare" and len(node.parts) == 2:
        return node.parts[0], node.parts[1]
    return None


def _equality(node: Node) -> bool:
    return isinstance(node, ir.Binary)


def _is_offset(node: Node) -> bool:
    """`msg.offset()` or `msg.offset`."""
    if isinstance(node, ir.Call):
        return not node.args and isinstance(node.func, ir.Attribute) and node.func.name == "offset"
    return isinstance(node, ir.Attribute) and node.name == "offset"


def _one_off(node: Node, op: str, held: set[str] | None) -> bool:
    """`high - 1`, `last + 1`; `held` are the names that may stand on the left."""
    return (
        isinstance(node, ir.Binary)
        and node.op == op
        and isinstance(node.right, ir.Const)
        and node.right.value == 1
        and (held is None or _in(node.left, held))
    )


def _is_offset_plus(node: Node) -> bool:
    return isinstance(node, ir.Binary) and _is_offset(node.left)


def _in(node: Node, held: set[str]) -> bool:
    if isinstance(node, ir.Subscript):
        return _in(node.base, held)
    if isinstance(node, ir.Call):
        if last_name(node.func) in _HIGH:
            return last_name(node.func) in held
        if isinstance(node.func, ir.Attribute) and node.func.name == "get":
            return _in(node.func.base, held)
        return False
    return last_name(node) in held


def _watermarks(scope: Iterable[Node]) -> set[str]:
    """The names that hold a high watermark: the second of get_watermark_offsets(), what
    end_offsets() and highwater() give."""
    held = set(_HIGH)
    for stmt in scope:
        for node in walk(stmt):
            if not isinstance(node, ir.Assign) or node.value is None:
                continue
            given = {
                last_name(one.func) for one in walk(node.value) if isinstance(one, ir.Call)
            } & _HIGH
            if not given:
                continue
            for target in node.targets:
                if isinstance(target, ir.ListDisplay):
                    if "get_watermark_offsets" in given and len(target.items) == 2:
                        held |= names(target.items[1])
                elif not _low(node.value):
                    kept = target.base if isinstance(target, ir.Subscript) else target
                    name = last_name(kept)
                    held |= {name} if name is not None else set()
    return held


def _low(value: Node) -> bool:
    """`get_watermark_offsets(…)[0]`."""
    return (
        isinstance(value, ir.Subscript) and isinstance(value.key, ir.Const) and value.key.value == 0
    )


def _last_offsets(scope: Iterable[Node]) -> set[str]:
    """The names that are given a record's offset, to be compared with the next one's."""
    held: set[str] = set()
    for stmt in scope:
        for node in walk(stmt):
            if isinstance(node, ir.Assign) and node.value is not None and _is_offset(node.value):
                for target in node.targets:
                    kept = target.base if isinstance(target, ir.Subscript) else target
                    name = last_name(kept)
                    held |= {name} if name is not None else set()
    return held
