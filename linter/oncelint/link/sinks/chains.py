"""Statements and query sets that a mapper's calls build, step by step, as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, Foreign, Items, Rec
from oncelint.link.outline import walk
from oncelint.link.sinks.sources import CONSTANT, UNKNOWN, source_of
from oncelint.link.sinks.written import call_at
from oncelint.model import ir
from oncelint.model.sinks import RECORD_KINDS, Change, Source
from oncelint.model.values import Span


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a chain: its name, what it was given, and how it is written (None: not seen)."""

    name: str
    execution: Execution
    call: ir.Call | None

    @property
    def keywords(self) -> dict[str, Abs]:
        return dict(self.execution.keywords)

    def written(self, name: str) -> ir.Expr | None:
        """The expression of a keyword."""
        for word in self.call.keywords if self.call is not None else ():
            if word.name == name:
                return word.value
        return None

    def argument(self, index: int) -> ir.Expr | None:
        """The expression of a positional argument."""
        if self.call is None or index >= len(self.call.args):
            return None
        return self.call.args[index]


class Chains:
    """Finds the calls that a value was made by; `executions` are the whole trace's."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._made: dict[At, Execution] = {}
        self._seen = 0

    def steps(self, value: Abs) -> list[Step]:
        """The calls that made a value, first one first; those outside of loops are not seen."""
        found: list[Step] = []
        while isinstance(value, Foreign) and value.at is not None and len(found) < 30:
            execution = self._execution(value.at)
            if execution is None:
                break
            found.append(self.step(execution))
            value = execution.receiver
        return found[::-1]

    def step(self, execution: Execution) -> Step:
        receiver = execution.receiver
        name = execution.method.rpartition(".")[2]
        if name == "__call__" and isinstance(receiver, Foreign):
            name = receiver.path.rpartition(".")[2]
        return Step(name, execution, call_at(self._machine, execution.at))

    def _execution(self, at: At) -> Execution | None:
        executions = self._machine.trace.executions
        for execution in executions[self._seen :]:
            self._made[execution.at] = execution
        self._seen = len(executions)
        return self._made.get(at)


def derived(steps: list[Step]) -> bool | None:
    """Whether something that a chain was given derives from the record."""
    told = [step.execution.record for step in steps]
    if any(told):
        return True
    return None if None in told else False


def path_steps(path: str) -> list[str]:
    """The names of the calls on a way, `sqlalchemy.insert().values()` for instance."""
    return [call.rpartition(".")[2] for call in path.split("()") if call.strip(".[]")]


def conditions(steps: list[Step]) -> tuple[str, ...]:
    """The columns that where(), filter() and kin compare, by attribute."""
    names: list[str] = []
    for step in steps:
        if step.name not in _CONDITIONS:
            continue
        names += [name.partition("__")[0] for name in step.keywords if name != "defaults"]
        for arg in step.call.args if step.call is not None else ():
            for node in walk(arg):
                names += [side.name for side in _compared(node) if isinstance(side, ir.Attribute)]
    return tuple(dict.fromkeys(names))


_CONDITIONS = frozenset({"where", "filter", "filter_by", "get", "aget"})
_COMPARES = frozenset({"==", "!=", "is", "in"})


def _compared(node: object) -> list[ir.Expr]:
    """The columns that a node compares: Order.n == 1, Order.n < 1, Order.n.in_([1])."""
    sides: tuple[ir.Expr, ...] = ()
    if isinstance(node, ir.Binary) and node.op in _COMPARES:
        sides = (node.left, node.right)
    elif isinstance(node, ir.Other) and node.kind == "Compare":
        sides = node.parts
    elif isinstance(node, ir.Call) and isinstance(node.func, ir.Attribute):
        sides = (node.func.base,)
    return [side for side in sides if is_column(side)]


def is_column(value: ir.Expr) -> bool:
    """Whether an expression looks like an attribute of a mapped class or of a table's `c`."""
    if not isinstance(value, ir.Attribute):
        return False
    base = value.base
    if isinstance(base, ir.Name):
        return base.id[:1].isupper()
    return isinstance(base, ir.Attribute) and (base.name == "c" or base.name[:1].isupper())


def assignments(
    value: Abs | None, written: ir.Expr | None
) -> Iterator[tuple[str, Abs | None, ir.Expr | None]]:
    """The entries of a dict of new values: {"n": …}, {Order.n: …}, {Order.c.n: …}."""
    values: Mapping[str, Abs] = {}
    if isinstance(value, Items) and value.keys:
        values = dict(zip(value.keys, value.items, strict=False))
    if isinstance(written, ir.Call):  # dict(n=…)
        for word in written.keywords:
            if word.name is not None:
                yield word.name, values.get(word.name), word.value
        return
    if not isinstance(written, ir.Dict):
        yield from ((name, one, None) for name, one in values.items())
        return
    for key, one in written.items:
        if isinstance(key, ir.Text):
            yield key.value, values.get(key.value), one
        elif isinstance(key, ir.Attribute):
            yield key.name, values.get(key.name), one


def change(
    machine: Machine,
    column: str,
    attribute: str,
    value: Abs | None,
    written: ir.Expr | None,
    span: Span | None,
) -> Change:
    """What becomes of a column: `attribute` is its name in the code, `written` the new value."""
    source = source_of(machine, value)
    if written is None:
        return Change(column, "set", source, span)
    if isinstance(written, ir.Binary) and written.op in ("+", "-", "*"):
        for old, other in ((written.left, written.right), (written.right, written.left)):
            if is_old(old, attribute):
                added = CONSTANT if isinstance(other, ir.Const) else _given(source, value)
                if written.op == "*" or (written.op == "-" and old is written.right):
                    return Change(column, "other", added, span)
                return Change(column, "add", added, span)
    if is_old(written, attribute):
        return Change(column, "kept", CONSTANT, span)
    if any(is_old(node, attribute) for node in walk(written)):
        return Change(column, "other", source, span)
    if any(is_column(node) and "excluded" not in _names(node) for node in walk(written)):
        return Change(column, "other", source, span)
    return Change(column, "set", source, span)


def _given(source: Source, value: Abs | None) -> Source:
    """What is added: that of the sum, whose other part is a column."""
    if isinstance(value, Rec) or source.kinds & RECORD_KINDS:
        return Source(source.kinds, source.known, source.span)
    return source if source.known else UNKNOWN


def _names(value: ir.Expr) -> set[str]:
    return {
        node.name if isinstance(node, ir.Attribute) else node.id
        for node in walk(value)
        if isinstance(node, (ir.Attribute, ir.Name))
    }


def is_old(value: ir.Expr, attribute: str) -> bool:
    """Whether an expression is the column as it is: Order.n, orders.c.n, F("n")."""
    if isinstance(value, ir.Attribute):
        return value.name == attribute and is_column(value) and "excluded" not in _names(value)
    if isinstance(value, ir.Call) and value.args:
        func = value.func
        name = func.name if isinstance(func, ir.Attribute) else getattr(func, "id", "")
        first = value.args[0]
        return name == "F" and isinstance(first, ir.Text) and first.value == attribute
    return False
