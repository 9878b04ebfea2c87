"""Expressions: the value of each kind of IR expression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, objects, statements
from oncelint.flow.dicts import may_be_missing, merge_dicts
from oncelint.flow.library import records, texts
from oncelint.flow.state import UNROLL
from oncelint.flow.story import Called, Joins, Round, Spawned, Yields
from oncelint.flow.trace import LoopContext
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    Comp,
    DictObj,
    Ext,
    Fn,
    Foreign,
    InstanceObj,
    KafkaClient,
    ListObj,
    Lit,
    Missing,
    Mod,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Twice,
    Unk,
    describe,
    phi,
)
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def evaluate(machine: Machine, node: ir.Expr) -> Abs:
    machine.tick()
    if isinstance(node, ir.Const):
        return Lit(node.value, machine.at(node.place))
    if isinstance(node, ir.Text):
        return Lit(node.value, machine.at(node.place), node.pieces)
    if isinstance(node, ir.Name):
        return machine.get_name(node.id, machine.at(node.place))
    if isinstance(node, ir.Attribute):
        return objects.attribute(
            machine, evaluate(machine, node.base), node.name, machine.at(node.place)
        )
    if isinstance(node, ir.Call):
        return calls.do_call(machine, node)
    if isinstance(node, ir.Dict):
        return do_dict(machine, node)
    if isinstance(node, ir.ListDisplay):
        items: list[Abs] = []
        exact = True
        for item in node.items:
            value = evaluate(machine, item)
            if isinstance(item, ir.Star):
                inner = objects.elements(machine, value)
                exact = exact and inner is not None
                items.extend(inner or ())
            else:
                items.append(value)
        return machine.alloc(ListObj(tuple(items), exact))
    if isinstance(node, ir.Subscript):
        return objects.item(
            machine,
            evaluate(machine, node.base),
            evaluate(machine, node.key),
            machine.at(node.place),
        )
    if isinstance(node, ir.Format):
        return texts.format_parts(
            machine, [evaluate(machine, p) for p in node.parts], machine.at(node.place)
        )
    if isinstance(node, ir.Binary):
        left, right = evaluate(machine, node.left), evaluate(machine, node.right)
        return texts.binary(machine, node.op, left, right, machine.at(node.place))
    if isinstance(node, ir.Either):
        return do_either(machine, node)
    if isinstance(node, ir.Conditional):
        return do_conditional(machine, node)
    if isinstance(node, ir.Star):
        return evaluate(machine, node.value)
    if isinstance(node, ir.Await):
        return do_await(machine, node)
    if isinstance(node, ir.Yield):
        value = evaluate(machine, node.value) if node.value is not None else Lit(None)
        if node.delegates:
            taken = machine.generators.pop(value.id, None) if isinstance(value, Ref) else None
            if taken is not None:
                machine.tell(taken)
            machine.frame.yields.extend(
                objects.elements(machine, value) or (objects.element_of(machine, value),)
            )
        else:
            machine.frame.yields.append(value)
            machine.tell(Yields(machine.at(node.place)))
        return Unk("sent into a generator", machine.at(node.place))
    if isinstance(node, ir.Lambda):
        machine.frame.captured = True
        return Fn(
            machine.frame.path,
            node,
            machine.frame.id,
            defaults=statements.default_values(machine, node.params),
        )
    if isinstance(node, ir.Comprehension):
        return do_comprehension(machine, node)
    if isinstance(node, ir.Walrus):
        value = evaluate(machine, node.value)
        machine.set_name(node.name, value)
        return value
    if node.kind == "Ellipsis":
        return Ext("builtins.Ellipsis")
    values = [evaluate(machine, part) for part in node.parts]
    if node.kind == "not" and values:
        verdict = truth(machine, values[0])
        if verdict is not None:
            return Lit(not verdict, machine.at(node.place))
        if isinstance(values[0], Phi):
            return machine.over(values[0], lambda one: texts.negate(machine, one))
        if isinstance(values[0], (Unk, Bound, Foreign)):
            choice = choice_of(machine, values[0], node.place)
            return Phi(choice, (("true", Lit(False)), ("false", Lit(True))))
    if node.kind == "Compare" and compares_length(values):
        return Unk("a length compared", machine.at(node.place))
    return derived(machine, values, "a computed value", machine.at(node.place))


def compares_length(values: Sequence[Abs]) -> bool:
    """Whether a list's length is compared with something: not only whether it is empty."""
    if len(values) != 2 or Unk("a length") not in [_placeless(one) for one in values]:
        return False
    return not any(isinstance(one, Lit) and one.value in (0, 1) for one in values)


def _placeless(value: Abs) -> Abs:
    return Unk(value.reason) if isinstance(value, Unk) else value


# What is awaited there blocks a thread, and not the event loop.
_THREADS = ("to_thread", "run_in_executor", "run_sync")


def do_await(machine: Machine, node: ir.Await) -> Abs:
    """What is handed over and awaited at once is done here; a name that is awaited is a task."""
    machine.awaited.add((machine.frame.path, node.value.place))
    value, story = machine.told(lambda: evaluate(machine, node.value))
    for one in story:
        if isinstance(one, Spawned) and one is story[-1]:
            if one.how.endswith(_THREADS):
                machine.tell(Called(one.at, one.how, one.body))
            else:
                machine.tale.extend(one.body)
        else:
            machine.tell(one)
    if not isinstance(node.value, ir.Call):
        machine.tell(Joins(machine.at(node.place), "await"))
    return value


def choice_of(machine: Machine, test: Abs, place: ir.Place) -> str:
    """The name of what an unknown test decides.

    It is named by the tested value, so that two tests of one value are one choice; a value that
    has no name of its own is named by the place of the test.
    """
    source: Abs = test
    while isinstance(source, Bound):
        source = source.receiver
    at = source.at if isinstance(source, (Unk, Foreign)) else None
    if at is None or not at.path:
        return machine.choice("condition", place)
    again = f", run {at.turn + 1}" if at.turn else ""
    return f"{describe(test)} ({at.path}:{at.place[0]}{again})"


def derived(machine: Machine, values: Iterable[Abs], what: str, at: At) -> Abs:
    """The result of something not modelled: a record's data stays a record's data."""
    values = list(values)
    sites = frozenset(site for value in values for site in record_sites(machine, value))
    if sites:
        return records.worked_out(values, sites)
    return Unk(what, at)


def record_sites(machine: Machine, value: Abs, depth: int = 0) -> frozenset[int]:
    """The consumers whose records a value derives from, looking into containers."""
    kind = type(value)
    if kind in _WITHOUT_RECORDS or (depth > 4 and kind is not Rec and kind is not Comp):
        return _NOBODY
    if isinstance(value, (Rec, Comp)):
        return value.sites
    if isinstance(value, Bound) and isinstance(value.receiver, (Foreign, Bound)):
        return record_sites(machine, value.receiver, depth + 1)
    if isinstance(value, Foreign):
        return _sites_of(machine, value.made_from, depth + 1)
    if isinstance(value, Phi):
        return _sites_of(machine, [one for _, one in value.branches], depth)
    if isinstance(value, Ref):
        obj = machine.obj(value)
        inner: Iterable[Abs] = ()
        if isinstance(obj, DictObj):
            inner = [slot.value for slot in obj.slots.values()]
        elif isinstance(obj, ListObj):
            inner = obj.items
        elif isinstance(obj, InstanceObj):
            if obj.client is not None and depth == 0:
                return record_sites(machine, obj.client)
            inner = [one for one in obj.attrs.values() if not isinstance(one, Ref) or depth < 2]
        return _sites_of(machine, inner, depth + 1)
    if isinstance(value, KafkaClient) and depth == 0:
        site = machine.trace.sites[value.site]
        return frozenset((value.site,)) if site.constructor in machine.takes_records else _NOBODY
    return _NOBODY


_NOBODY: frozenset[int] = frozenset()
_WITHOUT_RECORDS = frozenset({Lit, Ext, Unk, Missing, Fn, Mod})


def _sites_of(machine: Machine, values: Iterable[Abs], depth: int) -> frozenset[int]:
    found = _NOBODY
    for one in values:
        sites = record_sites(machine, one, depth)
        if sites:
            found = found | sites
    return found


def truth(machine: Machine, value: Abs) -> bool | None:
    if isinstance(value, Lit):
        return bool(value.value)
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, DictObj):
            if obj.slots and not any(may_be_missing(s.value) for s in obj.slots.values()):
                return True
            return False if not obj.slots and obj.open is None and not obj.environment else None
        if isinstance(obj, ListObj):
            return bool(obj.items) if obj.exact else None
        return True
    if isinstance(value, (KafkaClient, Fn, Mod, Part)):
        return True
    if isinstance(value, Phi):
        verdicts = {truth(machine, one) for _, one in value.branches}
        return verdicts.pop() if len(verdicts) == 1 else None
    return None


def do_dict(machine: Machine, node: ir.Dict) -> Abs:
    result = DictObj({})
    twice: list[Twice] = []
    own: dict[str, At] = {}
    for key_node, value_node in node.items:
        value = evaluate(machine, value_node)
        if key_node is None:
            inner = objects.deref_dict(machine, value)
            result = (
                merge_dicts(result, inner)
                if inner is not None
                else replace(result, open=result.open or f"**{describe(value)}")
            )
            continue
        key = evaluate(machine, key_node)
        key_at = machine.at(key_node.place)
        if isinstance(key, Lit) and isinstance(key.value, str):
            if key.value in own:
                twice.append(Twice(key.value, own[key.value], key_at))
            own[key.value] = key_at
            slots = {**result.slots, key.value: Slot(value, key_at)}
            result = replace(result, slots=slots)
        elif objects.is_handler(machine, value):
            unnamed = {**result.slots, f"\0{len(result.slots)}": Slot(value, key_at)}
            reason = result.open or "entries whose keys are no text"
            result = replace(result, slots=unnamed, open=reason)
        elif not isinstance(key, Lit):
            result = replace(result, open=result.open or "an entry whose key is not known")
            if isinstance(value, (Foreign, Rec)):  # the offsets of partitions
                hidden = f"\0{len(result.slots)}"
                result = replace(result, slots={**result.slots, hidden: Slot(value, key_at)})
    home = machine.at(node.place)
    return machine.alloc(replace(result, twice=(*result.twice, *twice), home=home))


def do_either(machine: Machine, node: ir.Either) -> Abs:
    value = evaluate(machine, node.values[0])
    for index, other in enumerate(node.values[1:]):
        place = node.values[index].place
        value = _either(machine, node.op, value, other, place)
    return value


def _either(machine: Machine, op: str, value: Abs, other: ir.Expr, place: ir.Place) -> Abs:
    verdict = truth(machine, value)
    if verdict is not None:
        return value if verdict == (op == "or") else evaluate(machine, other)
    if isinstance(value, Phi):
        return phi(
            value.choice,
            [(label, _either(machine, op, one, other, place)) for label, one in value.branches],
        )
    if isinstance(value, Rec):
        evaluate(machine, other)
        return value
    second = evaluate(machine, other)
    if op == "and":
        return derived(machine, (value, second), "depends on a condition", machine.at(place))
    return phi(machine.choice("left side of or", place), [("used", value), ("empty", second)])


def do_conditional(machine: Machine, node: ir.Conditional) -> Abs:
    test = evaluate(machine, node.test)
    verdict = truth(machine, test)
    if verdict is not None:
        return evaluate(machine, node.body if verdict else node.orelse)
    body, orelse = evaluate(machine, node.body), evaluate(machine, node.orelse)
    if isinstance(test, Phi):
        picked = [(label, truth(machine, one)) for label, one in test.branches]
        if all(one is not None for _, one in picked):
            return phi(test.choice, [(label, body if one else orelse) for label, one in picked])
    choice = choice_of(machine, test, node.place)
    return phi(choice, [("true", body), ("false", orelse)])


def do_comprehension(machine: Machine, node: ir.Comprehension) -> Abs:
    (first, outer), *inner = node.clauses
    source = evaluate(machine, outer)
    items = objects.exact_items(machine, source) if not inner else None
    if items is not None and len(items) <= UNROLL:
        return unrolled_comprehension(machine, node, items)

    def run() -> tuple[Abs, Abs]:
        statements.bind(machine, first, objects.element_of(machine, source))
        for target, further in inner:
            statements.bind(
                machine, target, objects.element_of(machine, evaluate(machine, further))
            )
        for test in node.tests:
            evaluate(machine, test)
        element = evaluate(machine, node.element)
        return element, evaluate(machine, node.value) if node.value is not None else Lit(None)

    (element, value), story = machine.told(run)
    if story:
        machine.tell(Round(LoopContext(machine.at(node.place)), story, endless=False))
    if node.kind == "dict":
        sites = record_sites(machine, value)
        slots = {"": Slot(Rec(sites), None)} if sites else {}
        return machine.alloc(DictObj(slots, open="entries computed in a comprehension"))
    return machine.alloc(ListObj((element,), False))


def unrolled_comprehension(machine: Machine, node: ir.Comprehension, items: Sequence[Abs]) -> Abs:
    values: list[Abs] = []
    result = DictObj({})
    exact = True
    for item in items:
        statements.bind(machine, node.clauses[0][0], item)
        verdicts = [truth(machine, evaluate(machine, test)) for test in node.tests]
        if False in verdicts:
            continue
        element = evaluate(machine, node.element)
        if node.kind != "dict":
            exact = exact and None not in verdicts
            values.append(element)
            continue
        value = evaluate(machine, node.value) if node.value is not None else Lit(None)
        if isinstance(element, Lit) and isinstance(element.value, str):
            if None in verdicts:
                choice = machine.choice(f"filter for {element.value}", node.place)
                value = phi(choice, [("keeps it", value), ("drops it", Missing())])
            slot = Slot(value, element.at or machine.at(node.place))
            result = replace(result, slots={**result.slots, element.value: slot})
        else:
            result = replace(result, open="an entry whose key is not known")
    if node.kind == "dict":
        return machine.alloc(result)
    return machine.alloc(ListObj(tuple(values), exact))
