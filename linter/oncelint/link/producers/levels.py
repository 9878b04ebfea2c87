"""Questions about one function on the way to a producer: what is around a call, and how often it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oncelint.flow.trace import Use
from oncelint.link.outline import (
    Level,
    Node,
    Outline,
    dotted,
    header,
    last_name,
    names,
)
from oncelint.model import ir
from oncelint.model.project import Step
from oncelint.model.values import Span

_SPAWNS = frozenset(
    {"Thread", "Process", "submit", "to_thread", "run_in_executor", "create_task", "apply_async"}
    | {"start_soon", "spawn", "ensure_future", "start_new_thread"}
)


_MAPS = frozenset({"map", "imap", "imap_unordered", "starmap"})


def nodes_at(
    writes: Sequence[tuple[Use, tuple[Level, ...]]], level: Level
) -> list[tuple[Level, Node]]:
    """The calls in the function of a level that lead to sends."""
    return [
        (step, step.call)
        for _, way in writes
        for step in way
        if step.outline is level.outline and step.function is level.function
    ]


def ends_with(way: Sequence[Level], other: Sequence[Level]) -> bool:
    """Whether a way is a longer one that ends as another does: its callers are known."""
    behind = way[-len(other) :]
    return len(way) > len(other) and all(
        one.call is two.call for one, two in zip(behind, other, strict=True)
    )


def steps_of(way: Sequence[Level]) -> tuple[Step, ...]:
    """The calls on a way, the last of which makes the producer."""
    *calls, last = way
    return (
        *(Step(one.span, f"calls {last_name(one.call.func) or 'a function'}") for one in calls),
        Step(last.span, "makes a producer here"),
    )


def loop_span(outline: Outline, loop: ir.Loop) -> Span:
    return header(outline.path, loop)


def _around(outline: Outline, node: Node) -> Iterator[tuple[Node, Node]]:
    """What encloses an expression within its statement."""
    for holder, child in outline.around(node):
        if isinstance(holder, (ir.Function, ir.Lambda, ir.Loop, ir.If, ir.Try, ir.With, ir.Class)):
            return
        yield holder, child


def _comprehended(level: Level, node: Node) -> bool:
    return any(isinstance(one, ir.Comprehension) for one, _ in _around(level.outline, node))


def repeats(level: Level, node: Node) -> bool:
    """Whether what is put into a container is put there again and again, or under any key."""
    parent = level.outline.parent(node)
    keyed = isinstance(parent, ir.Assign) and isinstance(parent.targets[0], ir.Subscript)
    looped = next(level.outline.loops_around(node), None) is not None
    return keyed or looped or _comprehended(level, node)


def at_once(level: Level) -> bool:
    """Whether a call has a function run several times at once: threads, processes or tasks that are
    started in a loop or comprehension, or a pool's map()."""
    func, outline = level.call.func, level.outline
    if isinstance(func, ir.Attribute) and func.name in _MAPS:
        return True
    comprehended = _comprehended(level, level.call)
    if not comprehended and next(outline.loops_around(level.call), None) is None:
        return False
    around = {
        last_name(one.func) for one, _ in _around(outline, level.call) if isinstance(one, ir.Call)
    }
    tasks = {"create_task", "ensure_future"} | ({"gather", "wait"} if comprehended else set())
    return last_name(func) in _SPAWNS or bool(around & tasks)


def is_inside(outline: Outline, node: Node, loop: ir.Loop) -> bool:
    return any(
        holder is loop and any(child is one for one in loop.body)
        for holder, child in outline.around(node)
    )


def matters(outline: Outline, use: ir.Name) -> bool:
    """Whether a mention of the producer's name does more than give it nothing."""
    parent = outline.parent(use)
    empty = isinstance(parent, ir.Assign) and isinstance(parent.value, ir.Const)
    return not empty and not isinstance(parent, ir.Delete)


def is_call_of(call: ir.Call, function: ir.Function | ir.Lambda) -> bool:
    return isinstance(function, ir.Function) and last_name(call.func) == function.name


def cached(function: ir.Function | ir.Lambda | None) -> bool:
    """Whether a decorator keeps what a function gives back."""
    if not isinstance(function, ir.Function):
        return False
    words = " ".join(dotted(one).lower() for one in function.decorators)
    return any(word in words for word in ("cache", "singleton", "memo", "fixture", "once"))


def always_runs(outline: Outline, node: Node) -> bool:
    """Whether a call is made whenever its function is, or its loop's round comes."""
    for holder, child in outline.around(node):
        if isinstance(holder, (ir.Function, ir.Lambda, ir.Loop)):
            return True
        if isinstance(holder, ir.If) and child is not holder.test:
            if "__name__" not in names(holder.test):
                return False
        if isinstance(holder, (ir.Handler, ir.Conditional, ir.Either)):
            return False
    return True


def job_of(way: Sequence[Level]) -> str | None:
    """The script that a way begins in: code a module runs when it is started."""
    first = way[0]
    return first.outline.path if first.function is None else None


def receiver_of(way: Sequence[Level]) -> Node:
    """What the last call of a way is a method of."""
    func = way[-1].call.func
    return func.base if isinstance(func, ir.Attribute) else func


def is_followed(outline: Outline, node: Node) -> bool:
    """Whether a call leads into a function of the project, which is looked at itself."""
    return isinstance(node, ir.Call) and node.place in outline.followed


def is_script(outline: Outline, writes: Sequence[tuple[Use, tuple[Level, ...]]]) -> bool:
    """Whether everything is sent by the code a module runs when it is started, here."""
    return all(way and way[0].function is None and way[0].outline is outline for _, way in writes)
