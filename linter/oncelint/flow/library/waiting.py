"""Calls that hand work to tasks and threads, wait for it, or only wait; and those of no account."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from oncelint.flow import expressions
from oncelint.flow.story import Joins, Keeps, Leaves, Spawned, Story, Waits, bodies, nodes
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    DictObj,
    Ext,
    Foreign,
    ListObj,
    Lit,
    Ref,
    Slot,
    Unk,
)

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

_SPAWNS = {
    "asyncio.create_task": "asyncio.create_task",
    "asyncio.ensure_future": "asyncio.ensure_future",
    "asyncio.run_coroutine_threadsafe": "asyncio.run_coroutine_threadsafe",
    "threading.Thread": "threading.Thread",
    "threading.Timer": "threading.Timer",
    "multiprocessing.Process": "multiprocessing.Process",
    "_thread.start_new_thread": "_thread.start_new_thread",
    "asyncio.to_thread": "asyncio.to_thread",
    "anyio.to_thread.run_sync": "anyio.to_thread.run_sync",
    "trio.to_thread.run_sync": "trio.to_thread.run_sync",
}
_SPAWNING_METHODS = frozenset(
    {"create_task", "submit", "run_in_executor", "start_soon", "apply_async", "map_async"}
    | {"call_soon", "call_soon_threadsafe", "call_later", "spawn"}
)
_TOLD = {"submit": "executor.submit", "run_in_executor": "loop.run_in_executor"}
_JOINS = frozenset(
    {"asyncio.gather", "asyncio.wait", "asyncio.as_completed", "asyncio.wait_for"}
    | {"concurrent.futures.wait", "concurrent.futures.as_completed", "gevent.joinall"}
)
_JOINING_METHODS = frozenset({"result", "join", "shutdown", "wait", "exception"})
# Taken from a queue, or asked of it (queue.Queue, asyncio.Queue).
_ANSWERING_METHODS = frozenset({"get", "get_nowait", "empty", "qsize"})
_SLEEPS = {
    "time.sleep": True,
    "asyncio.sleep": False,
    "anyio.sleep": False,
    "trio.sleep": False,
    "gevent.sleep": False,
    "eventlet.sleep": False,
}
_KEEPING_METHODS = frozenset(
    {"append", "appendleft", "extend", "add", "insert", "put", "put_nowait", "setdefault", "push"}
)
_HOLDERS = ("collections.deque()", "queue.", "asyncio.Queue", "asyncio.queues.", "multiprocessing.")

# Modules of the standard library through which something leaves the process.
_INTO_FILES = frozenset({"json.dump", "pickle.dump"})
_OUTWARD = frozenset(
    {"csv", "smtplib", "urllib", "sqlite3", "http", "socket", "subprocess", "ftplib"}
)
# Libraries that compute, describe or observe, and change nothing that a record is processed for.
_OBSERVES = frozenset(
    {"loguru", "structlog", "rich", "click", "typer", "prometheus_client", "opentelemetry"}
    | {"sentry_sdk", "statsd", "datadog", "ddtrace", "newrelic", "tqdm", "colorama", "termcolor"}
    | {"orjson", "ujson", "simplejson", "msgpack", "fastavro", "avro", "google.protobuf", "attr"}
    | {"pydantic", "attrs", "marshmallow", "cattrs", "dacite", "numpy", "dateutil", "pytz", "yaml"}
    | {"jsonschema", "tenacity", "backoff", "dotenv", "decouple", "environs", "cryptography"}
    | {"confluent_kafka", "kafka", "aiokafka", "pytest", "xmltodict", "lxml", "bs4", "regex"}
)
_QUIET = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print"}
    | {"inc", "dec", "observe", "labels", "set_tag", "increment", "gauge", "timing", "histogram"}
    | {"get", "keys", "values", "items", "format", "encode", "decode", "strip", "split", "join"}
    | {"lower", "upper", "isoformat", "strftime", "startswith", "endswith", "bind", "span"}
)


def matters(dotted: str) -> bool:
    """Whether calls of something from a library may change anything outside the process."""
    top = dotted.partition(".")[0].partition("(")[0]
    if top in sys.stdlib_module_names:
        return top in _OUTWARD or dotted in _INTO_FILES
    return top not in _OBSERVES and top != "builtins"


def is_quiet(name: str) -> bool:
    """Whether a method of that name logs, measures or reads, whatever it is called on."""
    return name in _QUIET


def spawner(func: Abs) -> str | None:
    """The name of what hands its work to a task, thread or executor; None for anything else."""
    if isinstance(func, Ext):
        return _SPAWNS.get(func.name)
    if isinstance(func, Bound) and func.name in _SPAWNING_METHODS:
        if isinstance(func.receiver, (Foreign, Unk)):
            return _TOLD.get(func.name, func.name)
    return None


def tell_spawned(machine: Machine, story: Story, how: str, at: At) -> None:
    """Tell of work that is handed over, if anything is done in it."""
    if any(not isinstance(node, Leaves) for node in story):
        record = any(
            isinstance(node, (Execution, Use)) and node.loops for node in nodes(story)
        ) or any(bodies(node) for node in story)
        machine.tell(Spawned(at, how, story, record))


def tell_function(machine: Machine, name: str, args: list[Abs], at: At) -> None:
    """Tell of a sleep, or of waiting for tasks."""
    if name in _SLEEPS:
        machine.tell(Waits(at, name, _seconds(args), _SLEEPS[name]))
    elif name in _JOINS:
        machine.tell(Joins(at, name))


def _seconds(args: list[Abs]) -> float | None:
    value = args[0].value if args and isinstance(args[0], Lit) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def tell_method(
    machine: Machine, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> None:
    """Tell of waiting for a task or thread, or of a record that is kept."""
    receiver = func.receiver
    obj = machine.obj(receiver) if isinstance(receiver, Ref) else None
    queued = isinstance(obj, ListObj) and bool(obj.holder)
    if func.name in _JOINING_METHODS and (queued or isinstance(receiver, (Foreign, Unk))):
        machine.tell(Joins(at, func.name))
    elif func.name == "get" and isinstance(receiver, Foreign) and receiver.path.endswith(".send()"):
        machine.tell(Joins(at, func.name))  # kafka-python's future
    elif func.name in _ANSWERING_METHODS and (queued or _is_holder(receiver)):
        machine.tell(Joins(at, func.name))  # what a worker puts in when it has done its work
    if func.name not in _KEEPING_METHODS:
        return
    if isinstance(receiver, Ref):
        for value in args:
            tell_kept(machine, receiver, value, at)
    elif isinstance(receiver, Foreign) and _is_holder(receiver):
        if any(expressions.record_sites(machine, value) for value in args):
            holder = receiver.path.partition("()")[0]
            machine.tell(Keeps(at, holder if "deque" in holder else f"queue {holder}"))


def _is_holder(receiver: Abs) -> bool:
    return isinstance(receiver, Foreign) and receiver.path.startswith(_HOLDERS)


def tell_kept(machine: Machine, container: Ref, value: Abs, at: At) -> None:
    """Tell of a record that is put where it outlives the round of its loop."""
    loop = next((one for one in machine.loops if one.consumers), None)
    if loop is None or container.id > loop.since:
        return
    obj = machine.obj(container)
    if isinstance(obj, (ListObj, DictObj)) and expressions.record_sites(machine, value):
        holder = obj.holder or "a list" if isinstance(obj, ListObj) else "a dict"
        machine.tell(Keeps(at, holder))
