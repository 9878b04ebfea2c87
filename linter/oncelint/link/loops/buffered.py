"""Which records still wait in their producer when produce() or send() has returned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from oncelint.flow.story import Node, Round, Story, nodes
from oncelint.flow.trace import Use
from oncelint.flow.values import Abs, Bound, Fn, Lit, Part
from oncelint.link.outline import last_name, walk
from oncelint.model import ir

_BUFFERS = frozenset({"produce", "send"})
_CALLBACKS = frozenset({"callback", "on_delivery"})
# Where produce() of confluent-kafka takes its callback (confluent_kafka/src/Producer.c).
_CALLBACK_AT = 4
# What a delivery callback does that only tells of the delivery.
_TELLS = frozenset(
    {"debug", "info", "warning", "error", "exception", "critical", "print", "log", "format"}
    | {"topic", "partition", "offset", "key", "value", "str", "repr", "code", "name", "decode"}
    | {"inc", "dec", "labels", "observe", "increment", "incr", "write"}
)


def buffered(story: Story, transactional: Collection[int]) -> dict[int, int]:
    """By id() of the call, the site of the producer in which its record waits to be sent.

    Left out are producers in a transaction, those whose program polls until something is delivered,
    and records whose delivery callback does more than tell of it: it may be what commits.
    """
    every = [node for node in nodes(story) if isinstance(node, Use)]
    waited = {use.site for use in every if use.method == "poll" and not _at_once(use)}
    waited |= {use.site for use in _polled_in_a_loop(nodes(story))}
    return {
        id(use): use.site
        for use in every
        if use.method in _BUFFERS
        and use.site not in waited
        and use.site not in transactional
        and all(_only_tells(one) for one in _callbacks(use))
    }


def _at_once(use: Use) -> bool:
    """Whether a poll() looks for reports without waiting for one."""
    given = [*use.args, *(value for name, value in use.keywords if name == "timeout")]
    return len(given) == 1 and isinstance(given[0], Lit) and given[0].value == 0


def _polled_in_a_loop(story: Iterator[Node]) -> Iterator[Use]:
    """poll() in a loop of its own, which ends when everything is delivered."""
    for node in story:
        if isinstance(node, Round) and not node.loop.consumers:
            for one in nodes(node.body):
                if isinstance(one, Use) and one.method == "poll":
                    yield one


def _callbacks(use: Use) -> Sequence[Abs]:
    named = [value for name, value in use.keywords if name in _CALLBACKS]
    placed = use.args[_CALLBACK_AT : _CALLBACK_AT + 1] if use.method == "produce" else ()
    return [one for one in (*named, *placed) if not (isinstance(one, Lit) and one.value is None)]


def _only_tells(callback: Abs) -> bool:
    if isinstance(callback, Part):
        return _only_tells(callback.func)
    if isinstance(callback, Bound):
        return callback.name in _TELLS
    if not isinstance(callback, Fn) or isinstance(callback.node, ir.Lambda):
        return False
    for stmt in callback.node.body:
        for node in walk(stmt):
            if isinstance(node, ir.Scope):
                return False
            targets = node.targets if isinstance(node, ir.Assign) else ()
            if isinstance(node, ir.Augment):
                targets = (node.target,)
            if any(isinstance(one, (ir.Attribute, ir.Subscript)) for one in targets):
                return False
            if isinstance(node, ir.Call) and last_name(node.func) not in _TELLS:
                return False
    return True
