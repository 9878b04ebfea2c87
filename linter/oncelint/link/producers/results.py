"""What becomes of what a send gives back: looked at, waited for, forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from oncelint.link.outline import (
    Level,
    Node,
    dotted,
    last_name,
    names,
    walk,
)
from oncelint.link.producers.levels import is_followed
from oncelint.model import ir

_FUTURE = frozenset(
    {"get", "result", "add_callback", "add_errback", "add_both", "add_done_callback"}
    | {"succeeded", "failed", "exception"}
)


# The position of the callback among the arguments of produce() (confluent_kafka/src/Producer.c).
_CALLBACK_AT = 4


def has_callback(call: ir.Call, dialect: str) -> bool:
    if any(one.name in ("callback", "on_delivery", None) for one in call.keywords):
        return True
    if any(isinstance(one, ir.Star) for one in call.args):
        return True
    return dialect == "librdkafka" and len(call.args) > _CALLBACK_AT


def looked_at(level: Level, dialect: str, method: str) -> bool:
    """Whether anything is done with what a send gives back."""
    parent, awaited = level.outline.parent(level.call), 0
    while isinstance(parent, ir.Await):
        parent, awaited = level.outline.parent(parent), awaited + 1
    if isinstance(parent, ir.Evaluate):
        return awaited > 1 or (method == "send_and_wait" and awaited > 0)
    if isinstance(parent, ir.Assign) and dialect != "librdkafka":
        kept = {name for target in parent.targets for name in names(target)}
        if kept <= {"_", "__"}:
            return False
        scope = level.function if level.function is not None else None
        body: Iterable[Node] = (scope,) if scope is not None else level.outline.module.body
        mentions = [
            one
            for stmt in body
            for one in walk(stmt)
            if isinstance(one, ir.Name) and one.id in kept
        ]
        return len(mentions) > len(parent.targets) or not all(
            isinstance(target, ir.Name) for target in parent.targets
        )
    return not isinstance(parent, ir.Assign)


def forgotten(level: Level, dialect: str, method: str) -> bool:
    """Whether a coroutine is made and dropped: aiokafka's send() does nothing until awaited."""
    return (
        dialect == "aiokafka"
        and method in ("send", "send_and_wait")
        and isinstance(level.outline.parent(level.call), ir.Evaluate)
        and isinstance(level.function, ir.Function)
        and level.function.is_async
    )


# What keeps a program alive after it has sent, or gives the client's thread time to send.
_WAITING = frozenset(
    {"sleep", "join", "wait", "input", "run_forever", "serve", "serve_forever", "mainloop", "pause"}
    | {"start_polling", "loop_forever", "start_consuming", "run_app", "get", "result", "gather"}
    | {"wait_for", "as_completed", "shutdown"}
)


def goes_on(level: Level, polled: Collection[tuple[str, ir.Place]]) -> bool:
    """Whether the function of a level, or its module's code, runs on for long, or waits."""
    scope: Iterable[Node]
    if level.function is not None:
        scope = (level.function,)
    else:
        scope = [
            one for one in level.outline.module.body if not isinstance(one, (ir.Function, ir.Class))
        ]
        if any(
            isinstance(one, ir.Call) and last_name(one.func) in ("run", "start", "main_loop")
            for stmt in scope
            for one in walk(stmt)
            if dotted(one) != "asyncio.run" and not is_followed(level.outline, one)
        ):
            return True
    for stmt in scope:
        for node in walk(stmt):
            if isinstance(node, ir.Loop):
                endless = node.iter is None and not isinstance(node.test, ir.Other)
                if endless or (level.outline.path, node.place) in polled:
                    return True
            elif isinstance(node, ir.Call) and last_name(node.func) in _WAITING:
                if dotted(node.func).endswith("environ.get") or _plain_get(node):
                    continue
                if not is_followed(level.outline, node):
                    return True
    return False


def _plain_get(node: ir.Call) -> bool:
    """`settings.get("key")`: a lookup, not a future that is waited for."""
    return last_name(node.func) == "get" and bool(node.args) and isinstance(node.args[0], ir.Text)
