"""Functions that a framework calls with records: each is run as a consume loop of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncelint.flow import calls
from oncelint.flow.story import Round
from oncelint.flow.trace import LoopContext, Use
from oncelint.flow.values import Abs, At, Fn, Part, Rec
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


@dataclass(frozen=True, slots=True)
class Entry:
    """A function to be called with what a consumer delivers.

    `site` is the consumer's, `at` where the function is handed to the framework. `args` are what
    it is called with; None for a record in place of every parameter that has to be given.
    Not `each` when it is called once, with the stream.
    """

    function: Abs
    site: int
    at: At
    args: tuple[Abs, ...] | None = None
    each: bool = True


def key_of(entry: Entry) -> object:
    """What makes an entry the same as another one."""
    function = entry.function
    if isinstance(function, Fn):
        return entry.site, id(function.node), function.frame, function.bound
    return entry.site, entry.at.path, entry.at.place, type(function)


def enter(machine: Machine, entry: Entry) -> None:
    """Run an entry's function with a record, in a loop that its consumer feeds."""
    function = entry.function
    path = function.path if isinstance(function, Fn) else entry.at.path
    module = machine.module_frames.get(path)
    if module is None:
        return
    machine.stack = [machine.frames[module]]
    if not entry.each:
        calls.call(machine, function, list(entry.args or ()), [], entry.at)
        return
    context = LoopContext(_place(function, entry.at), {entry.site: entry.at}, machine.new_id())
    machine.loops.append(context)

    def run() -> None:
        use = Use(entry.site, "__next__", (), (), entry.at, (context,), ())
        machine.trace.uses.append(use)
        machine.tell(use)
        record = Rec(frozenset((entry.site,)))
        args = list(entry.args) if entry.args is not None else _records(function, record)
        calls.call(machine, function, args, [], entry.at)

    _, story = machine.told(run)
    machine.loops.pop()
    machine.tell(Round(context, story, endless=True))


def _place(function: Abs, at: At) -> At:
    return At(function.path, function.node.place) if isinstance(function, Fn) else at


def _records(function: Abs, record: Rec) -> list[Abs]:
    """A record for every positional parameter without a default."""
    given = 0
    while isinstance(function, Part):
        given += len(function.args)
        function = function.func
    if not isinstance(function, Fn):
        return [record]
    params: list[ir.Param] = [one for one in function.node.params if one.kind == "positional"]
    if function.bound is not None:
        params = params[1:]
    wanted = sum(1 for one in params[given:] if one.default is None)
    several = any(one.kind == "var-positional" for one in function.node.params)
    return [record] * max(wanted, 1 if several or params[given:] else 0)
