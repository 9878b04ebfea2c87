"""Calls of the standard library and of well-known libraries, by dotted name.

Only what carries configuration, records or SQL text is modelled; everything else is unknown."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, expressions, objects
from oncelint.flow.library import builders, records, streams, waiting
from oncelint.flow.library.containers import (
    deep_copy,
    dict_method,
    fields_of,
    hidden_entries,
    length_of,
    list_method,
    new_dict,
    new_list,
    new_parser,
)
from oncelint.flow.library.conversions import conversion, to_float, to_int
from oncelint.flow.library.environment import (
    ENVIRONMENT_READERS,
    READER_METHODS,
    declare_field,
    optional_variable,
    required_variable,
)
from oncelint.flow.library.injection import PROVIDERS, provided
from oncelint.flow.library.models import Model, first_of
from oncelint.flow.library.paths import (
    file_method,
    folder_of,
    join_paths,
    loader,
    open_file,
    path_of,
)
from oncelint.flow.library.running import method_by_name, method_runs, timer
from oncelint.flow.library.texts import text_method
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    ClassObj,
    Comp,
    DictObj,
    Ext,
    File,
    Fn,
    Foreign,
    InstanceObj,
    KafkaClient,
    ListObj,
    Lit,
    Part,
    Rec,
    Ref,
    Slot,
    SourceKind,
    Unk,
    describe,
    phi,
)

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


# Functions whose result is made up anew at every start, by what makes it so.
_SOURCES: dict[str, SourceKind] = {
    "uuid.uuid1": "random",
    "uuid.uuid4": "random",
    "uuid.uuid7": "random",
    "os.urandom": "random",
    "secrets.token_hex": "random",
    "secrets.token_urlsafe": "random",
    "secrets.token_bytes": "random",
    "random.random": "random",
    "random.randint": "random",
    "random.randrange": "random",
    "random.choice": "random",
    "random.choices": "random",
    "random.getrandbits": "random",
    "shortuuid.uuid": "random",
    "ulid.new": "random",
    "time.time": "time",
    "time.time_ns": "time",
    "time.monotonic": "time",
    "time.strftime": "time",
    "datetime.datetime.now": "time",
    "datetime.datetime.utcnow": "time",
    "datetime.datetime.today": "time",
    "datetime.date.today": "time",
    "os.getpid": "process",
    "os.getppid": "process",
    "threading.get_ident": "process",
    "socket.gethostname": "host",
    "socket.getfqdn": "host",
    "platform.node": "host",
}


# What `with contextlib.suppress(Error):` is made with.
SUPPRESS = "contextlib.suppress()"


_LOGGING = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print"}
)


def exports(module: str, constructors: Mapping[str, str]) -> list[str]:
    """The names `from module import *` of a client library binds, as far as they matter."""
    prefix = module + "."
    return [
        name[len(prefix) :]
        for name in constructors
        if name.startswith(prefix) and "." not in name[len(prefix) :]
    ]


def call_external(
    machine: Machine,
    func: Ext,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs:
    """A call of something outside the project, by its dotted name."""
    name = func.name.removeprefix("builtins.")
    if name == "functools.partial" and args:
        given = tuple((key, slot.value) for key, slot in keywords)
        return Part(args[0], tuple(args[1:]), given, open_args)
    waiting.tell_function(machine, name, args, at)
    built = builders.call_function(machine, name, args, keywords, at, open_args)
    if built is None:
        built = streams.call_function(machine, name, args, keywords, at)
    if built is not None:
        return built
    source = _SOURCES.get(name)
    if source is not None:
        short = name.rpartition(".")[2]
        return Comp("{" + short + "()}", frozenset((source,)), at)
    model = _MODELS.get(name)
    if model is not None:
        result = model(machine, args, dict(keywords), at)
        if model is new_dict:
            hidden_entries(machine, result, keywords, open_args)
        return result
    if name.startswith("sqlalchemy") and name.endswith((".text",)) and args:
        return args[0]
    if name.startswith("dict.") and args and isinstance(args[0], Ref):
        return calls.call_method(machine, Bound(args[0], name[5:], at), args[1:], keywords, at)
    values = [*args, *(slot.value for _, slot in keywords)]
    if may_mutate(name):
        for value in args:
            objects.open_dict(machine, value, f"passed to {name}(), which may change it")
    calls.hand_over(machine, values, at)
    made = getattr(builtins, name, None)
    if isinstance(made, type) and issubclass(made, BaseException):
        return Foreign(f"builtins.{name}()", (), at)  # raised by its name
    if "." not in name:
        return expressions.derived(machine, values, f"the result of {name}()", at)
    has_client = any(machine.client_of(value) is not None for value in values)
    if has_client or calls.records_call(machine, name):
        calls.record_execution(machine, func, name, args, keywords, at)
    return Foreign(f"{name}()", tuple(values), at)


# Libraries whose functions take a configuration and leave it as it is.
_READ_ONLY = frozenset(
    {"confluent_kafka", "kafka", "aiokafka", "faust", "quixstreams", "faststream", "loguru"}
    | {"structlog", "rich", "pydantic", "yaml", "prometheus_client", "click", "typer", "pytest"}
    | {"requests", "httpx", "fastapi", "flask", "django", "sqlalchemy", "orjson", "ujson"}
)


def may_mutate(name: str) -> bool:
    """Whether a function out of sight may change a dict that it is given."""
    top, dot, _ = name.partition(".")
    return bool(dot) and top not in sys.stdlib_module_names and top not in _READ_ONLY


def _passes_first(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return first_of(args)


def _calls_first(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """map(f, items), executor.submit(f, *args), asyncio.to_thread(f, *args)."""
    if not args:
        return Unk("a call of nothing", at)
    rest = list(named.items())
    return calls.call(machine, args[0], list(args[1:]), rest, at)


def _maps(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if len(args) < 2:
        return Unk("a call of nothing", at)
    result = calls.call(
        machine, args[0], [objects.element_of(machine, value) for value in args[1:]], [], at
    )
    return machine.alloc(ListObj((result,), False))


def _thread(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    target = named.get("target")
    if target is not None:
        given = named.get("args")
        values = objects.elements(machine, given.value) if given is not None else ()
        extra = named.get("kwargs")
        inner = objects.deref_dict(machine, extra.value) if extra is not None else None
        calls.call(
            machine,
            target.value,
            list(values or ()),
            list(inner.slots.items()) if inner else [],
            at,
        )
    return Foreign("threading.Thread()", (), at)


def _getattr(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if len(args) >= 2 and isinstance(args[1], Lit) and isinstance(args[1].value, str):
        found = objects.attribute(machine, args[0], args[1].value, at)
        if isinstance(found, Unk) and len(args) > 2:
            return phi(f"attribute {args[1].value}", [("is there", found), ("is not", args[2])])
        return found
    if len(args) >= 2:
        found_by_name = method_by_name(machine, args[0], args[1], at)
        if found_by_name is not None:
            return found_by_name
    return Unk("getattr with a name that is not known", at)


def _setattr(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if len(args) == 3 and isinstance(args[1], Lit) and isinstance(args[1].value, str):
        objects.set_attribute(machine, args[0], args[1].value, args[2])
    return Lit(None)


def _exec(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """Text that is run may change every dict in sight."""
    for key, value in list(machine.cells.items()):
        if isinstance(key, tuple) and key[0] == machine.frame.id and isinstance(value, Ref):
            objects.open_dict(machine, value, "text that is executed may change it")
    return Unk("the result of text that is executed", at)


def _setitem(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if len(args) == 3:
        objects.set_item(machine, args[0], args[1], args[2], at)
    return Lit(None)


def _enumerate(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    items = objects.exact_items(machine, value)
    if items is not None:
        pairs = tuple(
            machine.alloc(ListObj((Lit(number), item))) for number, item in enumerate(items)
        )
        return machine.alloc(ListObj(pairs))
    pair = machine.alloc(ListObj((Unk("a counter"), objects.element_of(machine, value))))
    return machine.alloc(ListObj((pair,), False))


def _range(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return machine.alloc(ListObj((Unk("a counter"),), False))


def _iter(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if len(args) == 2:
        got = calls.call(machine, args[0], [], [], at)
        return machine.alloc(ListObj((got,), False))
    return first_of(args)


def _hash(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """hash() of a text is salted anew in every process (PYTHONHASHSEED)."""
    sites = expressions.record_sites(machine, first_of(args))
    return Comp("{hash()}", frozenset(("hash",)), at, sites)


def _next(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    if isinstance(value, Foreign) and value.path == "itertools.count()":
        return Comp("{count()}", frozenset(("sequence",)), at)
    if isinstance(value, KafkaClient):
        return calls.use_client(machine, value, "__next__", [], [], at)
    return objects.element_of(machine, value)


def _chained(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """itertools.chain(one, other): an element of any of them."""
    if len(args) == 1:
        return args[0]
    items = tuple(objects.element_of(machine, one) for one in args)
    return machine.alloc(ListObj(items, False))


def _flattened(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return objects.element_of(machine, first_of(args))


def _wrapped(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """Something that is iterated over in pieces, each of them a list."""
    piece = machine.alloc(ListObj((objects.element_of(machine, first_of(args)),), False))
    return machine.alloc(ListObj((piece,), False))


def _filtered(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if len(args) < 2:
        return Unk("a filter of nothing", at)
    element = objects.element_of(machine, args[1])
    if isinstance(args[0], (Fn, Part)):
        calls.call(machine, args[0], [element], [], at)
    return machine.alloc(ListObj((element,), False))


def _zipped(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    row = machine.alloc(ListObj(tuple(objects.element_of(machine, one) for one in args)))
    return machine.alloc(ListObj((row,), False))


def _queue(holder: str) -> Model:
    """A queue or deque: what is taken from it was put into it before."""

    def model(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
        items = objects.exact_items(machine, args[0]) if args else ()
        return machine.alloc(ListObj(tuple(items or ()), False, holder=holder))

    return model


_MODELS: dict[str, Model] = {
    "os.environ.get": optional_variable,
    "os.getenv": optional_variable,
    "os.environ.setdefault": optional_variable,
    "decouple.config": required_variable,
    "int": conversion(to_int),
    "float": conversion(to_float),
    "str": conversion(str),
    "bool": conversion(bool),
    "dict": new_dict,
    "pydantic.ConfigDict": new_dict,
    "pydantic_settings.SettingsConfigDict": new_dict,
    "collections.OrderedDict": new_dict,
    "collections.defaultdict": lambda machine, args, named, at: machine.alloc(
        DictObj({}, open="a defaultdict", default=args[0] if args else None)
    ),
    "types.MappingProxyType": _passes_first,
    "list": new_list,
    "tuple": new_list,
    "set": new_list,
    "frozenset": new_list,
    "sorted": new_list,
    "reversed": new_list,
    "copy.copy": deep_copy,
    "copy.deepcopy": deep_copy,
    "typing.cast": lambda machine, args, named, at: args[-1] if args else Lit(None),
    "asyncio.run": _passes_first,
    "asyncio.create_task": _passes_first,
    "asyncio.ensure_future": _passes_first,
    "asyncio.wait_for": _passes_first,
    "asyncio.shield": _passes_first,
    "asyncio.to_thread": _calls_first,
    "anyio.run": _calls_first,
    "trio.run": _calls_first,
    "uvloop.run": _passes_first,
    "contextlib.suppress": lambda machine, args, named, at: Foreign(SUPPRESS, tuple(args)),
    "contextlib.aclosing": _passes_first,
    "pathlib.Path.cwd": lambda machine, args, named, at: File(""),
    "threading.Thread": _thread,
    "threading.Timer": timer,
    "multiprocessing.Process": _thread,
    "multiprocessing.context.Process": _thread,
    "asyncio.run_coroutine_threadsafe": _passes_first,
    "fastapi.concurrency.run_in_threadpool": _calls_first,
    "starlette.concurrency.run_in_threadpool": _calls_first,
    "anyio.to_thread.run_sync": _calls_first,
    "trio.to_thread.run_sync": _calls_first,
    "asgiref.sync.sync_to_async": _passes_first,
    "asgiref.sync.async_to_sync": _passes_first,
    "fastapi.Depends": provided,
    "faststream.Depends": provided,
    "fast_depends.Depends": provided,
    **PROVIDERS,
    "itertools.chain": _chained,
    "itertools.islice": _passes_first,
    "itertools.chain.from_iterable": _flattened,
    "more_itertools.flatten": _flattened,
    "more_itertools.chunked": _wrapped,
    "itertools.batched": _wrapped,
    "filter": _filtered,
    "zip": _zipped,
    "contextlib.closing": _passes_first,
    "queue.Queue": _queue("queue queue.Queue"),
    "queue.SimpleQueue": _queue("queue queue.SimpleQueue"),
    "queue.LifoQueue": _queue("queue queue.LifoQueue"),
    "asyncio.Queue": _queue("queue asyncio.Queue"),
    "multiprocessing.Queue": _queue("queue multiprocessing.Queue"),
    "collections.deque": _queue("collections.deque"),
    "getattr": _getattr,
    "len": length_of,
    "exec": _exec,
    "eval": _exec,
    "setattr": _setattr,
    "operator.setitem": _setitem,
    "os.environ.copy": lambda machine, args, named, at: machine.alloc(
        DictObj({}, open="the environment", environment=True)
    ),
    "pydantic.Field": declare_field,
    "pydantic.fields.Field": declare_field,
    "sqlmodel.Field": declare_field,
    "dataclasses.field": declare_field,
    "attr.ib": declare_field,
    "attrs.field": declare_field,
    "vars": fields_of,
    "dataclasses.asdict": fields_of,
    "attr.asdict": fields_of,
    "attrs.asdict": fields_of,
    "map": _maps,
    "hash": _hash,
    "enumerate": _enumerate,
    "range": _range,
    "iter": _iter,
    "aiter": _iter,
    "next": _next,
    "anext": _next,
    "open": open_file,
    "io.open": open_file,
    "codecs.open": open_file,
    "pathlib.Path": path_of,
    "pathlib.PurePath": path_of,
    "os.path.join": join_paths,
    "os.path.dirname": folder_of,
    "os.path.abspath": _passes_first,
    "os.path.realpath": _passes_first,
    "json.load": loader("json"),
    "json.loads": loader("json"),
    "yaml.safe_load": loader("yaml"),
    "yaml.load": loader("yaml"),
    "yaml.full_load": loader("yaml"),
    "tomllib.load": loader("toml"),
    "tomli.load": loader("toml"),
    "toml.load": loader("toml"),
    "tomllib.loads": loader("toml"),
    "tomli.loads": loader("toml"),
    "toml.loads": loader("toml"),
    "configparser.ConfigParser": new_parser,
    "configparser.RawConfigParser": new_parser,
    "configparser.SafeConfigParser": new_parser,
    "jproperties.Properties": new_parser,
    "dotenv.dotenv_values": loader("dotenv"),
}


def call_method(
    machine: Machine, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs:
    receiver = func.receiver
    if isinstance(receiver, Ref):
        obj = machine.obj(receiver)
        if isinstance(obj, DictObj):
            return dict_method(machine, receiver, obj, func.name, args, keywords, at)
        if isinstance(obj, InstanceObj) and func.name in ("model_dump", "dict"):
            return objects.as_dict(machine, receiver, at)
        if isinstance(obj, ClassObj) and func.name in objects.MODEL_MAKERS:
            return objects.validated(machine, receiver, first_of(args), at)
        if isinstance(obj, ListObj):
            return list_method(machine, receiver, obj, func.name, args, at)
    if isinstance(receiver, Lit) and isinstance(receiver.value, str):
        return text_method(machine, receiver, func.name, args, keywords, at)
    if isinstance(receiver, Comp):
        if func.name in ("format", "join"):
            sites = expressions.record_sites(machine, receiver) | frozenset(
                s for one in args for s in expressions.record_sites(machine, one)
            )
            return replace(receiver, at=at, sites=sites)
        return receiver
    if isinstance(receiver, File):
        return file_method(machine, receiver, func.name, args, at)
    ran = method_runs(machine, func, args, keywords, at)
    if ran is None:
        ran = streams.call_method(machine, func, args, keywords, at)
    if ran is not None:
        return ran
    values = [*args, *(slot.value for _, slot in keywords)]
    if isinstance(receiver, Foreign):
        if receiver.path in ENVIRONMENT_READERS and func.name in READER_METHODS:
            return required_variable(machine, args, dict(keywords), at)
        if func.name in ("run_until_complete", "create_task") and args:
            return args[0]
        calls.hand_over(machine, values, at)
        return Foreign(f"{receiver.path}.{func.name}()", (*receiver.made_from, *values), at)
    if isinstance(receiver, Unk) and func.name in ("run_until_complete", "create_task") and args:
        return args[0]
    if func.name in _LOGGING:
        return Lit(None)
    if isinstance(receiver, (Lit, Rec)):
        sites = frozenset(
            s for one in (receiver, *values) for s in expressions.record_sites(machine, one)
        )
        calls.hand_over(machine, values, at)
        if sites:
            return records.worked_out([receiver, *values], sites)
        return Unk(f"the result of .{func.name}()", at)

    for value in values:
        objects.open_dict(machine, value, f"passed to .{func.name}(), which cannot be seen")
    calls.hand_over(machine, values, at)
    if isinstance(receiver, (Unk, Bound)):
        sites = frozenset(s for one in values for s in expressions.record_sites(machine, one))
        if sites:
            return Rec(sites, "derived")
    return Unk(f"the result of {describe(func)}()", at)
