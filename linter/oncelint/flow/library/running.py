"""Ways to have a function called by something else: executors, pools, task queues, timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow import calls, objects
from oncelint.flow.story import Spawned
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    ClassObj,
    Comp,
    DictObj,
    Ext,
    Fn,
    Foreign,
    InstanceObj,
    ListObj,
    Part,
    Phi,
    Ref,
    Slot,
    Unk,
)
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

# Methods that call their first argument with those behind it, by library:
# concurrent.futures.Executor, asyncio's loop, starlette's BackgroundTasks, anyio and trio
# task groups, rq's Queue, apscheduler, tornado's IOLoop, multiprocessing.pool.Pool.
_CALLS_WITH_REST = frozenset(
    {"submit", "call_soon", "call_soon_threadsafe", "to_thread", "run_sync", "start_soon"}
    | {"add_task", "enqueue", "add_callback", "spawn", "apply_async", "run_in_executor"}
)
_MAPS = frozenset({"map", "imap", "imap_unordered", "map_async", "starmap", "starmap_async"})
# Methods of a task's function: celery's Task, dramatiq's Actor.
_TASK_METHODS = frozenset({"delay", "send", "kiq"})
_TASK_ARGUMENTS = frozenset({"apply_async", "send_with_options", "apply"})


def method_runs(
    machine: Machine,
    func: Bound,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs | None:
    """The result of a method that has a function called; None if it is no such method."""
    if isinstance(func.receiver, Fn):
        return _task(machine, func.receiver, func.name, args, keywords, at)
    if isinstance(func.receiver, Ref) and not isinstance(
        machine.obj(func.receiver), (InstanceObj, type(None))
    ):
        return None
    if func.name == "run_in_executor":
        args = args[1:]
    if not args or not _is_callable(machine, args[0]):
        return None
    if func.name in ("apply_async", "apply") and len(args) > 1:
        # multiprocessing.pool.Pool.apply_async(f, (1, 2), {"c": 3})
        given = objects.elements(machine, args[1])
        rest = list(given) if given is not None else [objects.element_of(machine, args[1])]
        named = objects.deref_dict(machine, args[2]) if len(args) > 2 else None
        result = calls.call(machine, args[0], rest, list(named.slots.items()) if named else [], at)
    elif func.name in _CALLS_WITH_REST:
        result = calls.call(machine, args[0], list(args[1:]), keywords, at)
    elif func.name in _MAPS and len(args) > 1:
        return _mapped(machine, args[0], args[1:], at, spread=func.name.startswith("starmap"))
    else:
        return None
    path = func.receiver.path if isinstance(func.receiver, Foreign) else "an executor"
    return Foreign(f"{path}.{func.name}()", (result,), at)


def _mapped(machine: Machine, callee: Abs, over: list[Abs], at: At, *, spread: bool) -> Abs:
    values = [objects.element_of(machine, one) for one in over]
    if spread:
        given = objects.elements(machine, values[0])
        values = list(given) if given is not None else [objects.element_of(machine, values[0])]
    result = calls.call(machine, callee, values, [], at)
    return machine.alloc(ListObj((result,), False))


def _is_callable(machine: Machine, value: Abs) -> bool:
    if isinstance(value, Phi):
        return all(_is_callable(machine, one) for _, one in value.branches)
    if isinstance(value, Ref):
        obj = machine.obj(value)
        return (
            isinstance(obj, InstanceObj)
            and objects.class_attribute(machine, obj.cls, "__call__") is not None
        )
    return isinstance(value, (Fn, Part, Bound, Ext))


def _task(
    machine: Machine,
    task: Fn,
    method: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs | None:
    """A call of a task queue's function: `book.delay(number)`, `book.apply_async((number,))`."""
    if method == "register":
        return Foreign("functools.singledispatch().register()", (task, *args), at)
    before: list[Abs] = [Unk("the task itself", at)] if _takes_itself(task) else []
    if method in ("s", "si", "signature", "message"):
        named = tuple((name, slot.value) for name, slot in keywords)
        return Part(task, (*before, *args), named)
    if method in _TASK_METHODS:
        _queued(machine, task, [*before, *args], keywords, method, at)
        return Foreign(f"a task.{method}()", (), at)
    if method in _TASK_ARGUMENTS:
        named_args = dict(keywords)
        given = args[0] if args else _slot(named_args, "args")
        extra = args[1] if len(args) > 1 else _slot(named_args, "kwargs")
        values = objects.elements(machine, given) if given is not None else ()
        if values is None and given is not None:
            values = (objects.element_of(machine, given),)
        inner = objects.deref_dict(machine, extra) if extra is not None else DictObj({})
        slots = list(inner.slots.items()) if inner is not None else []
        _queued(machine, task, [*before, *(values or ())], slots, method, at)
        return Foreign(f"a task.{method}()", (), at)
    return None


def _queued(
    machine: Machine,
    task: Fn,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    method: str,
    at: At,
) -> None:
    """What happens here is that the queue gets a message; the task runs elsewhere, later."""
    if calls.watched(machine):
        calls.record_execution(machine, Foreign(TASK, (), at), method, args, keywords, at)
    _, story = machine.told(lambda: calls.call(machine, task, args, keywords, at))
    if story:
        machine.tell(Spawned(at, "callback", story, False))


# What a task of the project is called on, for who asks what a message is sent to.
TASK = "a task of the project"


def _slot(named: dict[str, Slot], name: str) -> Abs | None:
    found = named.get(name)
    return found.value if found is not None else None


def _takes_itself(task: Fn) -> bool:
    """Whether celery hands the task to its function: `@app.task(bind=True)`."""
    node = task.node
    return isinstance(node, ir.Function) and any(
        isinstance(one, ir.Call)
        and any(
            keyword.name == "bind"
            and isinstance(keyword.value, ir.Const)
            and keyword.value.value is True
            for keyword in one.keywords
        )
        for one in node.decorators
    )


def timer(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """threading.Timer(seconds, function, args, kwargs)."""
    target = args[1] if len(args) > 1 else _slot(named, "function")
    given = args[2] if len(args) > 2 else _slot(named, "args")
    if target is not None:
        values = objects.elements(machine, given) if given is not None else ()
        calls.call(machine, target, list(values or ()), [], at)
    return Foreign("threading.Timer()", (), at)


def method_by_name(machine: Machine, owner: Abs, name: Abs, at: At) -> Abs | None:
    """`getattr(handlers, f"on_{kind}")`: one of the methods whose name begins like that."""
    obj = machine.obj(owner) if isinstance(owner, Ref) else None
    if not isinstance(name, Comp) or not isinstance(obj, InstanceObj):
        return None
    before, brace, after = name.template.partition("{")
    behind = after.rpartition("}")[2]
    if not brace or len(before) + len(behind) < 2:
        return None
    found: dict[str, Abs] = {}
    for cls in objects.resolution_order(machine, obj.cls):
        known = machine.obj(cls) if isinstance(cls, Ref) else None
        methods = known.attrs if isinstance(known, ClassObj) else {}
        for attr, value in methods.items():
            if attr.startswith(before) and attr.endswith(behind) and isinstance(value, Fn):
                found.setdefault(attr, objects.attribute(machine, owner, attr, at))
    return objects.one_of(machine, list(found.values()), f"the name at {at.path}:{at.place[0]}")
