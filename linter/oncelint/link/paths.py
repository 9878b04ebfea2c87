"""The way a record takes, in the order it takes it."""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.flow.blocks import span_of
from oncelint.flow.story import Called
from oncelint.flow.trace import LoopContext
from oncelint.flow.values import At
from oncelint.model.project import Step
from oncelint.model.values import Position, Span


def called(node: Called) -> Step:
    """A call of the project's own as a step of the way."""
    return Step(span_of(node.at), f"calls {node.name}")


def header_of(handler: Span) -> Span:
    """The word `except` of a handler whose body stands in lines of its own; all of it otherwise."""
    start = handler.start
    if handler.end.line == start.line:
        return handler
    return Span(handler.path, start, Position(start.line, start.column + len("except")))


def call_path(
    calls: Sequence[Step], loop: LoopContext, polled: At, end: At, what: str
) -> tuple[Step, ...]:
    """From the calls that lead to the consume loop through the loop to `end`, where `what` is done.

    `calls` are all calls on the stack, outermost first; `polled` is where the loop takes a record.
    """
    around = span_of(loop.at)
    inside = next(
        (index for index, step in enumerate(calls) if around.covers(step.span)), len(calls)
    )
    return (
        *calls[:inside],
        Step(span_of(polled), "consumes here"),
        *calls[inside:],
        Step(span_of(end), what),
    )
