"""Statements: how each one changes names and objects, and whether the block goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, expressions, objects
from oncelint.flow.library import externals, texts
from oncelint.flow.state import UNROLL, Frame, Jumps, Key, Status
from oncelint.flow.trace import LoopContext
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
    ListObj,
    Lit,
    Mod,
    Obj,
    Phi,
    Ref,
    Unk,
    describe,
)
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def block(machine: Machine, body: Iterable[ir.Stmt]) -> Status:
    for stmt in body:
        status = statement(machine, stmt)
        if status is not None:
            return status
    return None


def statement(machine: Machine, stmt: ir.Stmt) -> Status:
    machine.tick()
    if isinstance(stmt, ir.Evaluate):
        expressions.evaluate(machine, stmt.value)
        return "raise" if leaves_process(machine, stmt.value) else None
    if isinstance(stmt, ir.Assign):
        return do_assign(machine, stmt)
    if isinstance(stmt, ir.If):
        return do_if(machine, stmt)
    if isinstance(stmt, ir.Return):
        value = expressions.evaluate(machine, stmt.value) if stmt.value is not None else Lit(None)
        give_back(machine, value)
        return "return"
    if isinstance(stmt, ir.Loop):
        return do_loop(machine, stmt)
    if isinstance(stmt, ir.Try):
        return do_try(machine, stmt)
    if isinstance(stmt, ir.With):
        return do_with(machine, stmt)
    if isinstance(stmt, ir.Function):
        value = Fn(
            machine.frame.path,
            stmt,
            machine.frame.id,
            defaults=default_values(machine, stmt.params),
        )
        if machine.frame.node is not None:
            machine.inner.append(value)
        machine.set_name(stmt.name, decorated(machine, stmt, value))
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
        if stmt.value is not None:
            expressions.evaluate(machine, stmt.value)
        return "raise"
    if isinstance(stmt, ir.Jump):
        return "break" if stmt.kind == "break" else "continue"
    if isinstance(stmt, ir.Delete):
        for target in stmt.targets:
            delete(machine, target)
        return None
    if isinstance(stmt, ir.Match):
        expressions.evaluate(machine, stmt.subject)
        runs = [
            (f"case {number}", _case(machine, names, body))
            for number, (names, body) in enumerate(stmt.cases, 1)
        ]
        runs.append(("no case", lambda: None))
        return machine.branch(machine.choice("match", stmt.place), runs)
    if isinstance(stmt, ir.Scope):
        names = machine.frame.globals if stmt.is_global else machine.frame.outer
        names.update(stmt.names)
        return None
    return None


def _case(
    machine: Machine, names: tuple[str, ...], body: tuple[ir.Stmt, ...]
) -> Callable[[], Status]:
    def run() -> Status:
        for name in names:
            machine.set_name(name, Unk("bound by a match pattern"))
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
            return machine.branch(test.choice, runs)
    return machine.branch(
        expressions.choice_of(machine, test, stmt.place),
        [
            ("true", lambda: block(machine, stmt.body)),
            ("false", lambda: block(machine, stmt.orelse)),
        ],
    )


def do_loop(machine: Machine, stmt: ir.Loop) -> Status:
    source: Abs | None = expressions.evaluate(machine, stmt.iter) if stmt.iter is not None else None
    if source is not None and stmt.target is not None:
        items = objects.exact_items(machine, source)
        if items is not None and (len(items) <= UNROLL or isinstance(source, File)):
            return unrolled(machine, stmt, items)
    context = LoopContext(machine.at(stmt.place))
    machine.loops.append(context)
    endless = stmt.test is not None and isinstance(stmt.test, ir.Const) and bool(stmt.test.value)
    if stmt.test is not None:
        expressions.evaluate(machine, stmt.test)
    if source is not None and stmt.target is not None:
        for site in expressions.record_sites(machine, source):
            context.consumers.setdefault(
                site, machine.at(stmt.iter.place if stmt.iter else stmt.place)
            )
        bind(machine, stmt.target, objects.element_of(machine, source))
    enter_loop(machine)
    choice = machine.choice("loop", stmt.place)

    def run() -> Status:
        return block(machine, stmt.body)

    if endless:
        machine.conditions.append((choice, "runs"))
        status = run()
        machine.conditions.pop()
    else:
        status = machine.branch(choice, [("runs", run), ("does not run", lambda: None)])
    breaks = leave_loop(machine) or status == "break"
    machine.loops.pop()
    if endless and not breaks:
        return status if status in ("return", "raise") else "raise"  # nothing comes after it
    return block(machine, stmt.orelse) if stmt.orelse and status != "break" else None


def enter_loop(machine: Machine) -> None:
    machine.layers.append({})
    machine.jumps.append(Jumps(len(machine.layers) - 1))


def leave_loop(machine: Machine) -> bool:
    """Join the states in which the loop's body was left early; whether it can be broken off."""
    jumps = machine.jumps.pop()
    for condition, changes in reversed(jumps.exits):
        machine.join_exit(condition, changes)
    machine.keep()
    return jumps.breaks


def unrolled(machine: Machine, stmt: ir.Loop, items: Sequence[Abs]) -> Status:
    """A loop over known elements, one round after the other."""
    enter_loop(machine)
    machine.loops.append(LoopContext(machine.at(stmt.place)))
    status: Status = None
    for item in items:
        if stmt.target is not None:
            bind(machine, stmt.target, item)
        status = block(machine, stmt.body)
        if status in ("break", "return", "raise"):
            break
    machine.loops.pop()
    leave_loop(machine)
    if status in ("return", "raise"):
        return status
    return block(machine, stmt.orelse) if status != "break" else None


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
    if not handlers:
        status = block(machine, stmt.body)
        del machine.handlers[depth - 1 :]
        if status is None:
            status = block(machine, stmt.orelse)
    else:
        machine.layers.append({})
        machine.conditions.append((choice, "succeeds"))
        status = block(machine, stmt.body)
        del machine.handlers[depth - 1 :]
        done = dict(machine.changed_since(-1))
        if status is None:
            status = block(machine, stmt.orelse)
        machine.conditions.pop()
        success = _replay(machine, status, machine.undo())
        runs: list[tuple[str, Callable[[], Status]]] = [("succeeds", success)]
        runs.extend(
            (
                f"fails with {' or '.join(caught(machine, handler) or ('any exception',))}",
                _handler(machine, handler, choice, done),
            )
            for handler in handlers
        )
        status = machine.branch(choice, runs)
    if stmt.final:
        final = block(machine, stmt.final)
        if final is not None:
            return final
    return status


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
        return block(machine, handler.body)

    return run


def caught(machine: Machine, handler: ir.Handler) -> tuple[str, ...]:
    names = []
    for kind in handler.types:
        value = expressions.evaluate(machine, kind)
        if isinstance(value, Ext):
            names.append(value.name.removeprefix("builtins."))
        elif isinstance(value, Foreign):
            names.append(value.path)
        else:
            names.append(kind.name if isinstance(kind, ir.Attribute) else "an exception")
    return tuple(names)


def do_with(machine: Machine, stmt: ir.With) -> Status:
    suppressed = len(machine.handlers)
    for expr, target in stmt.items:
        manager = expressions.evaluate(machine, expr)
        if isinstance(manager, Foreign) and manager.path == externals.SUPPRESS:
            machine.handlers.append(tuple(describe(one) for one in manager.made_from))
        value = enter(machine, manager, machine.at(expr.place))
        if target is not None:
            bind(machine, target, value)
    status = block(machine, stmt.body)
    del machine.handlers[suppressed:]
    return status


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
    for decorator in stmt.decorators:
        expressions.evaluate(machine, decorator)
    return value


def do_class(machine: Machine, stmt: ir.Class) -> None:
    bases = tuple(expressions.evaluate(machine, base) for base in stmt.bases)
    for decorator in stmt.decorators:
        expressions.evaluate(machine, decorator)
    frame = Frame(machine.new_id(), machine.frame.id, machine.frame.path, None)
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
    ref = Ref(machine.new_id())
    for name in names:
        value = machine.cells.get((frame.id, name))
        if value is None or isinstance(value, OBJECTS):
            continue
        if isinstance(value, Fn):
            value = replace(value, owner=ref, frame=machine.frame.id)
            if machine.frame.node is not None:
                machine.inner.append(value)
        attrs[name] = value
    machine.write(
        ref.id,
        ClassObj(stmt.name, machine.frame.path, stmt, bases, attrs, tuple(annotations)),
    )
    machine.set_name(stmt.name, ref)


def do_import(machine: Machine, stmt: ir.Import) -> None:
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
