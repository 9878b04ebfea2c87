"""Statements: how each one changes names and objects, and whether the block goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from oncelint.flow import calls, expressions, objects
from oncelint.flow.library import decorators, externals, texts
from oncelint.flow.state import ROUNDS, UNROLL, Frame, Jumps, Key, Status
from oncelint.flow.story import (
    Attempt,
    Called,
    Catches,
    Joins,
    Leaves,
    Round,
    Story,
    Unseen,
    Within,
    out_of_loop,
    out_of_with,
    with_body,
)
from oncelint.flow.trace import LoopContext, Use
from oncelint.flow.values import (
    OBJECTS,
    Abs,
    At,
    ClassObj,
    Ext,
    File,
    Fn,
    Foreign,
    Imported,
    InstanceObj,
    KafkaClient,
    ListObj,
    Lit,
    Mod,
    Obj,
    Phi,
    Rec,
    Ref,
    Unk,
    describe,
    present,
)
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

_NOWHERE = (1, 1, 1, 1)


def block(machine: Machine, body: Iterable[ir.Stmt]) -> Status:
    for stmt in body:
        status = statement(machine, stmt)
        if status is not None:
            return status
    return None


def statement(machine: Machine, stmt: ir.Stmt) -> Status:
    machine.tick()
    if isinstance(stmt, ir.Evaluate):
        called = stmt.value.value if isinstance(stmt.value, ir.Await) else stmt.value
        machine.unused.add((machine.frame.path, called.place))
        expressions.evaluate(machine, stmt.value)
        if not leaves_process(machine, stmt.value):
            return None
        machine.tell(Leaves("exit", machine.at(stmt.place)))
        return "raise"
    if isinstance(stmt, ir.Assign):
        return do_assign(machine, stmt)
    if isinstance(stmt, ir.If):
        return do_if(machine, stmt)
    if isinstance(stmt, ir.Return):
        value = expressions.evaluate(machine, stmt.value) if stmt.value is not None else Lit(None)
        give_back(machine, value)
        machine.tell(Leaves("return", machine.at(stmt.place)))
        return "return"
    if isinstance(stmt, ir.Loop):
        return do_loop(machine, stmt)
    if isinstance(stmt, ir.Try):
        return do_try(machine, stmt)
    if isinstance(stmt, ir.With):
        return do_with(machine, stmt)
    if isinstance(stmt, ir.Function):
        define(machine, stmt)
        return None
    if isinstance(stmt, ir.Class):
        do_class(machine, stmt)
        return None
    if isinstance(stmt, ir.Import):
        do_import(machine, stmt)
        return None
    if isinstance(stmt, ir.Augment):
        do_augment(machine, stmt)
        return None
    if isinstance(stmt, ir.Raise):
        raised = expressions.evaluate(machine, stmt.value) if stmt.value is not None else None
        machine.tell(Leaves("raise", machine.at(stmt.place), raised_name(machine, raised)))
        return "raise"
    if isinstance(stmt, ir.Jump):
        kind: Literal["break", "continue"] = "break" if stmt.kind == "break" else "continue"
        machine.tell(Leaves(kind, machine.at(stmt.place)))
        machine.jumped_apart = False
        return kind
    if isinstance(stmt, ir.Delete):
        for target in stmt.targets:
            delete(machine, target)
        return None
    if isinstance(stmt, ir.Match):
        subject = expressions.evaluate(machine, stmt.subject)
        runs = [
            (f"case {number}", _case(machine, names, body, subject))
            for number, (names, body) in enumerate(stmt.cases, 1)
        ]
        runs.append(("no case", lambda: None))
        return machine.branch(machine.choice("match", stmt.place), runs)
    if isinstance(stmt, ir.Scope):
        names = machine.frame.globals if stmt.is_global else machine.frame.outer
        names.update(stmt.names)
        return None
    return None


def define(machine: Machine, stmt: ir.Function) -> None:
    """A function's definition: its name, once its decorators have had it."""
    frame = machine.frame
    frame.captured = True
    of_class = frame.node is None and frame.owner is not None
    value = Fn(
        frame.path,
        stmt,
        frame.parent if of_class and frame.parent is not None else frame.id,
        owner=frame.owner if of_class else None,
        defaults=default_values(machine, stmt.params),
    )
    if frame.node is not None:
        machine.inner.append(value)
    machine.set_name(stmt.name, decorated(machine, stmt, value))


def raised_name(machine: Machine, value: Abs | None) -> str | None:
    """The dotted name of the exception that is raised; None for one that was caught before."""
    if isinstance(value, (Ext, Foreign)):
        name = value.name if isinstance(value, Ext) else value.path.removesuffix("()")
        return name.removeprefix("builtins.")
    if isinstance(value, Ref):
        obj = machine.obj(value)
        cls = machine.obj(obj.cls) if isinstance(obj, InstanceObj) else obj
        if isinstance(cls, ClassObj):
            return cls.name
    return None


def _case(
    machine: Machine, names: tuple[str, ...], body: tuple[ir.Stmt, ...], subject: Abs
) -> Callable[[], Status]:
    def run() -> Status:
        for name in names:
            bound = expressions.derived(
                machine, [subject], "bound by a match pattern", At("", _NOWHERE)
            )
            machine.set_name(name, bound)
        return block(machine, body)

    return run


def leaves_process(machine: Machine, value: ir.Expr) -> bool:
    if not isinstance(value, ir.Call):
        return False
    func = value.func
    return (
        isinstance(func, ir.Attribute)
        and isinstance(func.base, ir.Name)
        and (func.base.id, func.name) in (("sys", "exit"), ("os", "_exit"))
    ) or (isinstance(func, ir.Name) and func.id in ("exit", "quit"))


def give_back(machine: Machine, value: Abs) -> None:
    condition = machine.conditions[-1] if machine.conditions else None
    depth = machine.frame_depth[-1] if machine.frame_depth else 0
    machine.frame.returns.append((condition, value, machine.changed_since(depth)))


def do_assign(machine: Machine, stmt: ir.Assign) -> Status:
    if stmt.value is None:
        return None
    value = expressions.evaluate(machine, stmt.value)
    for target in stmt.targets:
        bind(machine, target, value)
    return None


def bind(machine: Machine, target: ir.Expr, value: Abs) -> None:
    if isinstance(target, ir.Name):
        machine.set_name(target.id, value)
    elif isinstance(target, ir.Attribute):
        objects.set_attribute(
            machine, expressions.evaluate(machine, target.base), target.name, value
        )
    elif isinstance(target, ir.Subscript):
        base = expressions.evaluate(machine, target.base)
        key = expressions.evaluate(machine, target.key)
        objects.set_item(machine, base, key, value, machine.at(target.key.place))
    elif isinstance(target, ir.ListDisplay):
        items = objects.elements(machine, value)
        exact = items is not None and len(items) == len(target.items)
        starred = any(isinstance(item, ir.Star) for item in target.items)
        for index, item in enumerate(target.items):
            if exact and not starred and items is not None:
                bind(machine, item, items[index])
            else:
                bind(machine, item, objects.element_of(machine, value))
    elif isinstance(target, ir.Star):
        bind(machine, target.value, value)


def delete(machine: Machine, target: ir.Expr) -> None:
    if isinstance(target, ir.Subscript):
        base, key = (
            expressions.evaluate(machine, target.base),
            expressions.evaluate(machine, target.key),
        )
        objects.delete_item(machine, base, key)


def do_augment(machine: Machine, stmt: ir.Augment) -> None:
    value = expressions.evaluate(machine, stmt.value)
    current = expressions.evaluate(machine, stmt.target)
    if stmt.op == "|":
        merged = objects.deref_dict(machine, value)
        if isinstance(current, Ref) and merged is not None:
            objects.update_dict(machine, current, merged)
            return
    if stmt.op == "+" and isinstance(current, Ref) and isinstance(machine.obj(current), ListObj):
        obj = machine.obj(current)
        extra = objects.elements(machine, value)
        if isinstance(obj, ListObj):
            items = (*obj.items, *(extra or (objects.element_of(machine, value),)))
            machine.write(current.id, ListObj(items, obj.exact and extra is not None))
        return
    result: Abs
    if machine.loops and isinstance(current, Lit) and not isinstance(current.value, str):
        result = Unk("counted in a loop", machine.at(stmt.place))
    else:
        result = texts.binary(machine, stmt.op, current, value, machine.at(stmt.place))
    bind(machine, stmt.target, result)


def do_if(machine: Machine, stmt: ir.If) -> Status:
    test = expressions.evaluate(machine, stmt.test)
    verdict = expressions.truth(machine, test)
    if verdict is True:
        return block(machine, stmt.body)
    if verdict is False:
        return block(machine, stmt.orelse)
    if isinstance(test, Phi):
        runs: list[tuple[str, Callable[[], Status]]] = []
        for label, value in test.branches:
            one = expressions.truth(machine, value)
            if one is None:
                break
            body = stmt.body if one else stmt.orelse
            runs.append((label, lambda body=body: block(machine, body)))  # type: ignore[misc]
        else:
            return machine.branch(test.choice, runs, asks=True)
    return machine.branch(
        expressions.choice_of(machine, test, stmt.place),
        [
            ("true", lambda: block(machine, stmt.body)),
            ("false", lambda: block(machine, stmt.orelse)),
        ],
    )


def do_loop(machine: Machine, stmt: ir.Loop) -> Status:
    if stmt.is_async and stmt.iter is not None:
        machine.awaited.add((machine.frame.path, stmt.iter.place))
    source: Abs | None = expressions.evaluate(machine, stmt.iter) if stmt.iter is not None else None
    if source is not None and stmt.target is not None:
        items = objects.exact_items(machine, source)
        if items is not None and (len(items) <= UNROLL or isinstance(source, File)):
            return unrolled(machine, stmt, items)
    context = LoopContext(machine.at(stmt.place), since=machine.new_id())
    machine.loops.append(context)
    endless = stmt.test is not None and isinstance(stmt.test, ir.Const) and bool(stmt.test.value)
    source = objects.iterated(machine, present(source)) if source is not None else None
    generator = machine.generators.pop(source.id, None) if isinstance(source, Ref) else None
    if source is not None and stmt.target is not None:
        taken_at = machine.at(stmt.iter.place if stmt.iter else stmt.place)
        for site in expressions.record_sites(machine, source):
            context.consumers.setdefault(site, taken_at)
    enter_loop(machine)
    choice = machine.choice("loop", stmt.place)
    stories: list[Story] = []

    def run() -> Status:
        status, story = machine.told(round_of)
        stories.append(story)
        return status

    def round_of() -> Status:
        # what an earlier round made outlives this one
        context.since = machine.new_id()
        if stmt.test is not None:
            expressions.evaluate(machine, stmt.test)
        if source is not None and stmt.target is not None:
            if generator is None:
                taken_by(machine, passed_on(machine, stmt.iter) or source, taken_at)
            bind(machine, stmt.target, objects.element_of(machine, source))
        return block(machine, stmt.body)

    before = machine.mark()
    machine.layers.append({})
    machine.conditions.append((choice, "runs"))
    status = run()
    machine.conditions.pop()
    changes = machine.undo()
    matters = bool(context.consumers) or machine.watching
    if matters and status in (None, "continue") and nesting(machine) < ROUNDS:
        # what a round leaves behind decides what the next one does: a batch that is full
        machine.back_to(before)
        machine.join(choice, [("runs", changes), ("does not run", {})])
        again = run
    else:
        again = _replay(machine, status, changes)
    if endless:
        machine.conditions.append((choice, "runs"))
        status = again()
        machine.conditions.pop()
    else:
        status = machine.branch(choice, [("runs", again), ("does not run", lambda: None)])
    only_breaks = endless and (status != "break" or machine.jumped_apart)
    breaks = leave_loop(machine, only_breaks=only_breaks) or status == "break"
    machine.loops.pop()
    ends: Status = None
    orelse: Story = ()
    if stmt.orelse and status != "break" and not endless:
        ends, orelse = machine.told(lambda: block(machine, stmt.orelse))
    tell_loop(machine, context, stories[-1], generator, endless, orelse, rounds_of(machine, stmt))
    if endless and not breaks:
        return status if status in ("return", "raise") else "raise"  # nothing comes after it
    return None if breaks else ends


def nesting(machine: Machine) -> int:
    """How many loops that take records are around the statement."""
    return sum(1 for loop in machine.loops if loop.consumers)


# Functions that hand on the elements of what they are given, one by one.
_PASSING = frozenset({"enumerate", "zip", "islice", "tqdm", "iter", "aiter", "takewhile"})


def passed_on(machine: Machine, value: ir.Expr | None) -> KafkaClient | None:
    """The client in `enumerate(consumer)` and its like, given by its name."""
    if not isinstance(value, ir.Call):
        return None
    func = value.func
    name = func.name if isinstance(func, ir.Attribute) else getattr(func, "id", "")
    if name not in _PASSING:
        return None
    plain = [one for one in value.args if isinstance(one, (ir.Name, ir.Attribute))]
    given = (machine.client_of(expressions.evaluate(machine, one)) for one in plain)
    return next((one for one in given if one is not None), None)


def taken_by(machine: Machine, source: Abs, at: At) -> None:
    """Iterating over a client takes a record from it, as poll() does."""
    client = machine.client_of(source)
    if client is not None:
        for loop in machine.loops:
            loop.consumers.setdefault(client.site, at)
        steps = calls.steps_here(machine)
        machine.tell(Use(client.site, "__next__", (), (), at, tuple(machine.loops), steps))


def tell_loop(
    machine: Machine,
    context: LoopContext,
    body: Story,
    generator: Called | None,
    endless: bool,
    orelse: Story,
    bounded: int | None = None,
) -> None:
    """Tell a loop's rounds; the body of one over a generator stands in the generator's story."""
    if generator is not None:
        spliced = with_body(generator.body, out_of_loop(body), thrown=False)
        machine.tell(replace(generator, body=spliced))
        for node in orelse:
            machine.tell(node)
    elif body or orelse:
        machine.tell(Round(context, body, endless, bounded, orelse))


def rounds_of(machine: Machine, stmt: ir.Loop) -> int | None:
    """How often a loop over range() of known numbers runs at most."""
    call = stmt.iter
    if not isinstance(call, ir.Call) or not isinstance(call.func, ir.Name):
        return None
    if call.func.id != "range" or call.keywords:
        return None
    numbers = []
    for one in call.args:
        value = expressions.evaluate(machine, one)
        if not isinstance(value, Lit) or not isinstance(value.value, int):
            return None
        numbers.append(value.value)
    return len(range(*numbers)) if 0 < len(numbers) < 4 and numbers[2:] != [0] else None


def enter_loop(machine: Machine) -> None:
    """Collect from here on what leaves the loop early."""
    machine.layers.append({})
    machine.jumps.append(Jumps(len(machine.layers) - 1))


def leave_loop(machine: Machine, *, only_breaks: bool = False) -> bool:
    """Join the states in which the loop's body was left early; whether it can be broken off.

    `only_breaks`: nothing else leads out of the loop, neither a test nor the end of its body.
    """
    jumps = machine.jumps.pop()
    broken = [jumps.exits[index] for index in jumps.breaks]
    only_breaks = only_breaks and bool(broken)
    for index, (condition, changes) in reversed(list(enumerate(jumps.exits))):
        if not only_breaks or index not in jumps.breaks:
            machine.join_exit(condition, changes, alike=index in jumps.breaks)
    if only_breaks:
        machine.take_exit(*broken[-1])
        for condition, changes in reversed(broken[:-1]):
            machine.join_exit(condition, changes, alike=True)
    machine.keep()
    return bool(jumps.breaks)


def unrolled(machine: Machine, stmt: ir.Loop, items: Sequence[Abs]) -> Status:
    """A loop over known elements, one round after the other."""
    enter_loop(machine)
    context = LoopContext(machine.at(stmt.place))
    machine.loops.append(context)
    status: Status = None
    rounds: list[Story] = []
    for item in items:
        if stmt.target is not None:
            bind(machine, stmt.target, item)
        status, story = machine.told(lambda: block(machine, stmt.body))
        rounds.append(story)
        if status in ("break", "return", "raise"):
            break
    machine.loops.pop()
    breaks = leave_loop(machine)
    ended = status in ("break", "return", "raise")
    if not ended:
        status, orelse = machine.told(lambda: block(machine, stmt.orelse))
        rounds.append(orelse)
    if breaks:
        # a break leaves out the rounds that would follow, as it does an else
        following: Story = () if ended else rounds.pop()
        for story in reversed(rounds):
            following = (Round(context, story, False, bounded=1, orelse=following),)
        for node in following:
            machine.tell(node)
        return None
    for story in rounds if ended else rounds[:-1]:
        if story:
            machine.tell(Round(context, story, False, bounded=1))
    for node in () if ended else rounds[-1]:
        machine.tell(node)
    return None if status == "break" else status


def do_try(machine: Machine, stmt: ir.Try) -> Status:
    names = tuple(
        name for handler in stmt.handlers for name in (caught(machine, handler) or ("*",))
    )
    machine.handlers.append(names)
    choice = machine.choice("try", stmt.place)
    depth = len(machine.handlers)
    only_imports = all(
        isinstance(inner, (ir.Import, ir.Assign, ir.Try)) for inner in stmt.body
    ) and any(isinstance(inner, ir.Import) for inner in stmt.body)
    handlers = [] if only_imports else list(stmt.handlers)
    catches: list[Catches] = []
    orelse: Story = ()
    if not handlers:
        status, body = machine.told(lambda: block(machine, stmt.body))
        del machine.handlers[depth - 1 :]
        if status is None:
            status, orelse = machine.told(lambda: block(machine, stmt.orelse))
    else:
        machine.layers.append({})
        machine.conditions.append((choice, "succeeds"))
        status, body = machine.told(lambda: block(machine, stmt.body))
        del machine.handlers[depth - 1 :]
        done = dict(machine.changed_since(-1))
        if status is None:
            status, orelse = machine.told(lambda: block(machine, stmt.orelse))
        machine.conditions.pop()
        success = _replay(machine, status, machine.undo())
        runs: list[tuple[str, Callable[[], Status]]] = [("succeeds", success)]
        for handler in handlers:
            kinds = caught(machine, handler)
            label = f"fails with {' or '.join(kinds or ('any exception',))}"
            run = _handler(machine, handler, choice, done)
            runs.append((label, _telling(machine, run, handler, label, kinds, catches)))
        status = machine.branch(choice, runs)
    apart = machine.jumped_apart
    final, ending = machine.told(lambda: block(machine, stmt.final))
    if final is None:
        machine.jumped_apart = apart
    if body or orelse or ending or any(one.body for one in catches):
        at = machine.at(stmt.place)
        final_at = machine.at(stmt.final[0].place) if stmt.final else None
        machine.tell(Attempt(choice, body, tuple(catches), orelse, ending, at, final_at=final_at))
    return status if final is None else final


def _telling(
    machine: Machine,
    run: Callable[[], Status],
    handler: ir.Handler,
    label: str,
    kinds: tuple[str, ...],
    catches: list[Catches],
) -> Callable[[], Status]:
    """A handler that adds its story to those of its statement."""

    def telling() -> Status:
        status, story = machine.told(run)
        catches.append(Catches(label, kinds or ("*",), story, machine.at(handler.place)))
        return status

    return telling


def _replay(
    machine: Machine, status: Status, changes: dict[Key, Abs | Obj]
) -> Callable[[], Status]:
    """A branch that has been run already: its changes, and how it ended."""

    def run() -> Status:
        for key, value in changes.items():
            machine.write(key, value)
        return status

    return run


def _handler(
    machine: Machine, handler: ir.Handler, choice: str, done: dict[Key, Abs | Obj]
) -> Callable[[], Status]:
    """A handler begins with nothing or all of the body done: where it failed is not known."""

    def run() -> Status:
        now = {key: machine.cells[key] for key in done if key in machine.cells}
        begun = {key: done[key] for key in now}
        machine.join(f"how far {choice} gets", [("nowhere", now), ("to its end", begun)])
        if handler.name:
            machine.set_name(handler.name, Unk("an exception"))
        for at in _put_aside(machine, handler.body):
            machine.tell(Unseen(at, "an assignment", record=True))
        return block(machine, handler.body)

    return run


def _put_aside(machine: Machine, body: Sequence[ir.Stmt]) -> Iterator[At]:
    """Where a handler gives records to a name that is there already, or to an attribute, so that
    they may be tried again later."""
    for stmt in body:
        if isinstance(stmt, ir.If):
            yield from _put_aside(machine, (*stmt.body, *stmt.orelse))
        if not isinstance(stmt, ir.Assign) or not isinstance(stmt.value, ir.Name):
            continue
        value = expressions.evaluate(machine, stmt.value)
        if not isinstance(value, (Rec, Ref)) or not expressions.record_sites(machine, value):
            continue
        for target in stmt.targets:
            named = isinstance(target, ir.Name) and (machine.frame.id, target.id) in machine.cells
            if named or isinstance(target, ir.Attribute):
                yield machine.at(stmt.place)


def caught(machine: Machine, handler: ir.Handler) -> tuple[str, ...]:
    """The dotted names of what a handler catches; `an exception` for what is not known."""
    names: list[str] = []
    for kind in handler.types:
        value = expressions.evaluate(machine, kind)
        several = objects.exact_items(machine, value)
        for one in [value] if several is None else several:
            attribute = kind.name if isinstance(kind, ir.Attribute) else "an exception"
            names.append(_class_name(machine, one) or attribute)
    return tuple(names)


def _class_name(machine: Machine, value: Abs) -> str | None:
    """The dotted name of an exception class; that of one of the project is its own alone."""
    if isinstance(value, Ext):
        return value.name.removeprefix("builtins.")
    if isinstance(value, Foreign):
        return value.path
    obj = machine.obj(value) if isinstance(value, Ref) else None
    return obj.name if isinstance(obj, ClassObj) else None


def do_with(machine: Machine, stmt: ir.With) -> Status:
    suppressed = len(machine.handlers)
    status, body = machine.told(lambda: _with_items(machine, stmt, stmt.items))
    del machine.handlers[suppressed:]
    machine.tale.extend(body)
    return status


def _with_items(
    machine: Machine, stmt: ir.With, items: Sequence[tuple[ir.Expr, ir.Expr | None]]
) -> Status:
    """Enter the managers one after the other, run the body, and leave them in reverse."""
    if not items:
        return block(machine, stmt.body)
    (expr, target), *others = items
    at = machine.at(expr.place)
    if stmt.is_async:
        machine.awaited.add((at.path, expr.place))
    manager = expressions.evaluate(machine, expr)
    if isinstance(manager, Foreign) and manager.path == externals.SUPPRESS:
        machine.handlers.append(tuple(describe(one) for one in manager.made_from))
    generator = machine.generators.pop(manager.id, None) if isinstance(manager, Ref) else None
    value = enter(machine, manager, at)
    if target is not None:
        bind(machine, target, value)
    status, body = machine.told(lambda: _with_items(machine, stmt, others))
    leave(machine, manager, generator, body, at)
    return status


def leave(machine: Machine, manager: Abs, generator: Called | None, body: Story, at: At) -> None:
    """Tell the body of a `with` together with what its manager does behind it."""
    if generator is not None:
        machine.tell(
            replace(generator, body=with_body(generator.body, out_of_with(body), thrown=True))
        )
        return
    exits = leaving(machine, manager, at)
    choice = f"the with at {at.path}:{at.place[0]}"
    if isinstance(manager, Foreign) and manager.path == externals.SUPPRESS:
        names = tuple(describe(one).removeprefix("builtins.") for one in manager.made_from)
        skipping = Catches("is suppressed", names, (), at)
        machine.tell(Attempt(choice, body, (skipping,), (), (), at))
        return
    if exits is not None:
        usual, failing = exits
        again = Catches("fails", ("*",), failing, at)
        machine.tell(Attempt(choice, body, (again,), usual, (), at, leaving=usual))
        return
    held = closed(manager)
    client = machine.client_of(held)
    if client is not None:
        steps = calls.steps_here(machine)
        method = "__exit__" if held is manager else "close"
        close = Use(client.site, method, (), (), at, tuple(machine.loops), steps)
        machine.trace.uses.append(close)
        machine.tell(Attempt(choice, body, (), (), (close,), at))
        return
    if body:
        machine.tell(Within(manager, body, at))
    if isinstance(manager, Foreign) and manager.path.endswith(_JOINING):
        machine.tell(Joins(at, manager.path.removesuffix("()")))


# Managers that wait at their end for the work that was handed to them.
_JOINING = ("TaskGroup()", "ThreadPoolExecutor()", "ProcessPoolExecutor()", "create_task_group()")


def closed(manager: Abs) -> Abs:
    """What a manager closes at its end: itself, or what closing() was given."""
    if isinstance(manager, Foreign) and manager.path in _CLOSING and manager.made_from:
        return manager.made_from[0]
    return manager


_CLOSING = ("contextlib.closing()", "contextlib.aclosing()")


def leaving(machine: Machine, manager: Abs, at: At) -> tuple[Story, Story] | None:
    """The stories of a project class's `__exit__`, without and with an exception."""
    if not isinstance(manager, Ref) or not isinstance(machine.obj(manager), InstanceObj):
        return None
    methods = (objects.find_method(machine, manager, one) for one in ("__exit__", "__aexit__"))
    method = next((one for one in methods if one is not None), None)
    if method is None:
        return None
    error = Foreign("builtins.Exception()", (), at)
    given: list[Abs] = [Ext("builtins.Exception"), error, Unk("a traceback")]
    machine.layers.append({})
    value, failing = machine.told(lambda: calls.call(machine, method, given, [], at))
    machine.undo()
    if expressions.truth(machine, value) is not True:
        failing = (*failing, Leaves("raise", at))
    nothing: list[Abs] = [Lit(None), Lit(None), Lit(None)]
    _, usual = machine.told(lambda: calls.call(machine, method, nothing, [], at))
    return usual, failing


def enter(machine: Machine, value: Abs, at: At) -> Abs:
    """What `with value as x` binds."""
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, ListObj) and obj.generated and obj.items:
            return obj.items[0]
        if isinstance(obj, InstanceObj):
            for name in ("__enter__", "__aenter__"):
                method = objects.find_method(machine, value, name)
                if method is not None:
                    return calls.call(machine, method, [], [], at)
    if isinstance(value, Foreign) and value.path == "contextlib.closing()" and value.made_from:
        return value.made_from[0]
    return value


def default_values(machine: Machine, params: ir.Params) -> tuple[tuple[str, Abs], ...]:
    """What parameters left out will take: evaluated once, where the function is defined."""
    return tuple(
        (param.name, expressions.evaluate(machine, param.default))
        for param in params
        if param.default is not None
    )


def decorated(machine: Machine, stmt: ir.Function, value: Abs) -> Abs:
    """What a function's name means once its decorators have been called, the last one first."""
    evaluated = [(expressions.evaluate(machine, one), one.place) for one in stmt.decorators]
    for decorator, place in reversed(evaluated):
        value = decorators.decorate(machine, decorator, value, machine.call_at(place))
    return value


def do_class(machine: Machine, stmt: ir.Class) -> None:
    bases = tuple(expressions.evaluate(machine, base) for base in stmt.bases)
    for decorator in stmt.decorators:
        expressions.evaluate(machine, decorator)
    machine.frame.captured = True
    ref = Ref(machine.new_id())
    frame = Frame(machine.new_id(), machine.frame.id, machine.frame.path, None, owner=ref)
    machine.frames[frame.id] = frame
    machine.stack.append(frame)
    annotations: list[str] = []
    for inner in stmt.body:
        if isinstance(inner, ir.Assign) and inner.annotation is not None:
            annotations.extend(t.id for t in inner.targets if isinstance(t, ir.Name))
        statement(machine, inner)
    machine.stack.pop()
    names = bound_names(stmt.body)
    attrs: dict[str, Abs] = {}
    for name in names:
        value = machine.cells.get((frame.id, name))
        if value is None or isinstance(value, OBJECTS):
            continue
        if isinstance(value, Fn) and value.owner == ref and machine.frame.node is not None:
            machine.inner.append(value)
        attrs[name] = value
    machine.write(
        ref.id,
        ClassObj(stmt.name, machine.frame.path, stmt, bases, attrs, tuple(annotations)),
    )
    machine.classes.append(ref)
    for base in bases:
        if isinstance(base, Ref):
            machine.subclasses.setdefault(base.id, []).append(ref)
    machine.set_name(stmt.name, ref)
    hook = (
        objects.class_attribute(machine, bases[0], "__init_subclass__")
        if bases and isinstance(bases[0], Ref)
        else None
    )
    if isinstance(hook, Fn):
        reason = "keywords of a class statement"
        calls.call_function(
            machine, replace(hook, bound=ref), [], [], machine.call_at(stmt.place), reason
        )


def do_import(machine: Machine, stmt: ir.Import) -> None:
    bind_import(machine, stmt)
    frame = machine.frame
    module = machine.modules.get(frame.path) if frame.path in machine.bearing else None
    if module is None or stmt.alias not in module.idle or frame.path.endswith("__init__.py"):
        return
    # nobody mentions the name: the import is there for what running the module does
    joint = "" if stmt.module.endswith(".") else "."
    dotted = f"{stmt.module}{joint}{stmt.name}" if stmt.name else stmt.module
    for name in (dotted, stmt.module):
        path = machine.modules.resolve(frame.path, name)
        if path is not None and path.endswith(".py"):
            machine.module(path)
            return


def bind_import(machine: Machine, stmt: ir.Import) -> None:
    if stmt.name is None:
        top = stmt.module.partition(".")[0]
        path = machine.modules.resolve(machine.frame.path, top)
        if path is not None and machine.modules.resolve(machine.frame.path, stmt.module) is None:
            path = None
        machine.set_name(stmt.alias, Mod(path) if path is not None else Ext(top))
        return
    path = machine.modules.resolve(machine.frame.path, stmt.module)
    if stmt.name == "":
        machine.set_name(stmt.alias, Mod(path) if path is not None else Ext(stmt.module))
        return
    if stmt.name == "*":
        if path is not None and path.endswith(".py"):
            frame = machine.module(path)
            module = machine.modules.get(path)
            if frame is not None and module is not None:
                for name in (*bound_names(module.body), *machine.frames[frame].starred):
                    cell = machine.look_up((frame, name))
                    if cell is not None:
                        machine.set_name(name, cell)
                        machine.frame.starred.add(name)
        else:
            for name in externals.exports(stmt.module, machine.constructors):
                machine.set_name(name, Ext(f"{stmt.module}.{name}"))
                machine.frame.starred.add(name)
        return
    dotted = stmt.module.lstrip(".")
    outside = f"{dotted}.{stmt.name}" if dotted else stmt.name
    if path is None:
        machine.set_name(stmt.alias, machine.patched.get(outside, Ext(outside)))
        return
    relative = path.endswith(".py") and stmt.module.startswith(".")
    imported = Imported(path, stmt.name, None if relative else outside, machine.at(stmt.place))
    machine.set_name(stmt.alias, imported)


def bound_names(body: Iterable[ir.Stmt]) -> list[str]:
    """Names a block binds, nested blocks included, functions and classes not entered."""
    names: dict[str, None] = {}
    stack: list[Iterable[ir.Stmt]] = [body]
    while stack:
        for stmt in stack.pop():
            if isinstance(stmt, (ir.Function, ir.Class)):
                names[stmt.name] = None
            elif isinstance(stmt, ir.Import):
                names[stmt.alias] = None
            elif isinstance(stmt, ir.Assign):
                for target in stmt.targets:
                    parts = target.items if isinstance(target, ir.ListDisplay) else (target,)
                    names.update((part.id, None) for part in parts if isinstance(part, ir.Name))
            elif isinstance(stmt, ir.If):
                stack.extend((stmt.body, stmt.orelse))
            elif isinstance(stmt, ir.Try):
                stack.extend((stmt.body, stmt.orelse, stmt.final, *(h.body for h in stmt.handlers)))
            elif isinstance(stmt, (ir.With, ir.Loop)):
                stack.append(stmt.body)
    return list(names)
