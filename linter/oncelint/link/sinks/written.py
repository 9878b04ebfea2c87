"""What a call looks like where it is written: keywords that values lost, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, Foreign
from oncelint.link.outline import covers
from oncelint.link.sinks.lookups import scope_of, statements
from oncelint.model import ir


def keywords_of(machine: Machine, value: Foreign) -> dict[str, Abs]:
    """The keyword arguments an object was made with; empty where they cannot be told apart."""
    if value.at is None or value.path.count("()") != 1:
        return {}
    call = call_at(machine, value.at)
    if call is None or any(one.name is None for one in call.keywords):
        return {}
    if any(isinstance(one, ir.Star) for one in call.args):
        return {}
    if len(value.made_from) != len(call.args) + len(call.keywords):
        return {}
    given = value.made_from[len(call.args) :]
    return {
        one.name: made
        for one, made in zip(call.keywords, given, strict=True)
        if one.name is not None
    }


def stands_alone(machine: Machine, at: At) -> bool:
    """Whether a call is a statement of its own, so that nothing depends on what it returns."""
    for stmt in _scope(machine, at):
        if isinstance(stmt, ir.Evaluate):
            value = stmt.value
            value = value.value if isinstance(value, ir.Await) else value
            if value.place == at.place:
                return True
    return False


def handles_failure(machine: Machine, execution: Execution) -> bool:
    """Whether a call, or one of those that lead to it, stands in an exception handler."""
    steps = [one.span for one in execution.path]
    places = [
        At(one.path, (one.start.line, one.start.column, one.end.line, one.end.column))
        for one in steps
    ]
    return any(_in_handler(machine, at) for at in (*places, execution.at))


def _in_handler(machine: Machine, at: At) -> bool:
    return any(
        isinstance(stmt, ir.Try)
        and any(covers(one.place, at.place) for handler in stmt.handlers for one in handler.body)
        for stmt in _scope(machine, at)
    )


def mentions(machine: Machine, path: str, word: str) -> bool:
    """Whether a module has a text of its own that is just this word, a dict's key for instance."""
    module = machine.modules.get(path)
    return module is not None and any(one.value == word for one in _texts(module.body))


def _texts(value: object) -> Iterator[ir.Text]:
    if isinstance(value, ir.Text):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name))


def _scope(machine: Machine, at: At) -> Iterator[ir.Stmt]:
    module = machine.modules.get(at.path)
    if module is not None:
        body, _ = scope_of(module.body, (), at.place)
        yield from statements(body)


def call_at(machine: Machine, at: At) -> ir.Call | None:
    """The call that stands at a place."""
    for stmt in _scope(machine, at):
        if covers(stmt.place, at.place):
            for one in _calls(stmt):
                if one.place == at.place:
                    return one
    return None


def _calls(value: object) -> Iterator[ir.Call]:
    """All calls below a statement or expression."""
    if isinstance(value, ir.Call):
        yield value
    if isinstance(value, tuple):
        for one in value:
            yield from _calls(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _calls(getattr(value, one.name))
