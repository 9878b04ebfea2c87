"""What the standard library and well-known libraries do with the values that matter here.

Only what carries configuration, records or SQL text is modelled; everything else is unknown.
"""

from __future__ import annotations

import builtins
import posixpath
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import calls, expressions, objects
from oncelint.flow.dicts import merge_dicts
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
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
    Missing,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Unk,
    describe,
    phi,
)
from oncelint.model.values import ComputedKind

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))

POLLS = frozenset({"poll", "consume", "getone", "getmany", "__next__", "__anext__", "next"})

SETTINGS_CLASSES = frozenset(
    {"pydantic.BaseSettings", "pydantic_settings.BaseSettings", "pydantic.v1.BaseSettings"}
)

# Functions whose result is made up anew at every start, by what makes it so.
_SOURCES: dict[str, ComputedKind] = {
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
# Objects that read variables of the environment when called, or through a method named by type.
ENVIRONMENT_READERS = frozenset({"starlette.config.Config()", "environs.Env()", "environ.Env()"})
_READER_METHODS = frozenset({"str", "int", "bool", "float", "list", "get", "url", "__call__"})

# What `with contextlib.suppress(Error):` is made with.
SUPPRESS = "contextlib.suppress()"

_HOST_VARIABLES = frozenset({"HOSTNAME", "POD_NAME", "COMPUTERNAME", "HOST"})

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


def environment(name: str, default: Abs | None, at: At) -> Abs:
    """A variable of the environment: its default is one world, the environment another."""
    if name in _HOST_VARIABLES:
        given: Abs = Comp("{" + name + "}", frozenset(("host",)), at)
    else:
        given = Unk(f"environment variable {name}", at, present=True)
    if default is None:
        return given
    return phi(f"environment variable {name}", [("is unset", default), ("is set", given)])


def setting_default(name: str, value: Abs, at: At) -> Abs:
    """A field of a settings class: its default, unless the environment sets it."""
    if isinstance(value, Foreign) and value.path == FIELD:
        default, alias = value.made_from
        if isinstance(alias, Lit) and isinstance(alias.value, str):
            name = alias.value
        return environment(name.upper(), None if isinstance(default, Ext) else default, at)
    return environment(name.upper(), value, at)


# A field of a model or dataclass that is declared by a call: its default (`...` when there is
# none) and the name it is read by elsewhere (None when that is its own).
FIELD = "Field()"


def field_default(value: Abs, at: At) -> Abs:
    """What a class attribute is worth on an instance that did not set it."""
    if isinstance(value, Foreign) and value.path == FIELD:
        default = value.made_from[0]
        return Unk("a field that has no default", at) if isinstance(default, Ext) else default
    return value


def _field(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """pydantic.Field, dataclasses.field and kin."""
    default: Abs = Ext("builtins.Ellipsis")
    if args:
        default = args[0]
    elif "default" in named:
        default = named["default"].value
    else:
        factory = named.get("default_factory") or named.get("factory")
        if factory is not None:
            default = calls.call(machine, factory.value, [], [], at)
    alias: Abs = Lit(None)
    for key in ("env", "validation_alias", "alias"):
        if key in named:
            alias = named[key].value
    return Foreign(FIELD, (default, alias), at)


def external_attribute(base: Ext, name: str, at: At) -> Abs:
    return Ext(f"{base.name}.{name}")


def file_attribute(base: File, name: str, at: At) -> Abs:
    """pathlib's ways to the neighbours of a file."""
    if name == "parent":
        return replace(base, path=posixpath.dirname(base.path))
    if name == "parents":
        return Foreign(_PARENTS, (base,), at)
    if name == "name":
        return Lit(posixpath.basename(base.path), at)
    return Bound(base, name, at)


_PARENTS = "pathlib.PurePath.parents"


def foreign_item(base: Foreign, key: Abs, at: At) -> Abs | None:
    """`parents[n]` of a path; None for an item of anything else."""
    if base.path != _PARENTS or not isinstance(key, Lit) or not isinstance(key.value, int):
        return None
    file = base.made_from[0]
    if not isinstance(file, File):
        return None
    path = file.path
    for _ in range(key.value + 1):
        path = posixpath.dirname(path)
    return replace(file, path=path)


# Text -----------------------------------------------------------------------------------------


def text_of(value: Abs) -> tuple[str, frozenset[ComputedKind], bool]:
    """Text with what is computed in braces, the kinds of it, and whether all of it is known."""
    if isinstance(value, Lit):
        return ("" if value.value is None else str(value.value)), frozenset(), True
    if isinstance(value, Comp):
        return value.template, value.kinds, bool(value.kinds)
    if isinstance(value, Rec):
        return "{record}", frozenset(("record",)), True
    if isinstance(value, Unk) and value.reason.startswith("environment variable"):
        return "{" + value.reason.rpartition(" ")[2] + "}", frozenset(("environment",)), True
    return "{}", frozenset(), False


_SOURCE_KINDS: frozenset[ComputedKind] = frozenset(("random", "time", "process", "host"))


def format_parts(machine: Machine, parts: list[Abs], at: At) -> Abs:
    """An f-string, or any other joining of parts."""
    for index, part in enumerate(parts):
        if isinstance(part, Phi):
            return machine.over(
                part,
                lambda one, index=index: format_parts(  # type: ignore[misc]
                    machine, [*parts[:index], one, *parts[index + 1 :]], at
                ),
            )
    texts = [text_of(part) for part in parts]
    if sum(len(text) for text, _, _ in texts) > _LONG:
        return expressions.derived(machine, parts, _TOO_LONG, at)
    template = "".join(text for text, _, _ in texts)
    kinds = frozenset(kind for _, found, _ in texts for kind in found)
    if all(isinstance(part, Lit) for part in parts):
        return Lit(template, at)
    sites = frozenset(s for part in parts for s in expressions.record_sites(machine, part))
    if not kinds & _SOURCE_KINDS and not all(known for _, _, known in texts):
        kinds = frozenset()
    return Comp(template, kinds, at, sites)


def binary(machine: Machine, op: str, left: Abs, right: Abs, at: At) -> Abs:
    if isinstance(left, Phi):
        return machine.over(left, lambda one: binary(machine, op, one, right, at))
    if isinstance(right, Phi):
        return machine.over(right, lambda one: binary(machine, op, left, one, at))
    if op in ("==", "!=", "is", "is not"):
        if isinstance(left, Lit) and isinstance(right, Lit):
            equal = left.value == right.value
            return Lit(equal == (op in ("==", "is")), at)
        if op in ("is", "is not") and isinstance(right, Lit) and right.value is None:
            if isinstance(left, (Ref, KafkaClient, Fn, Comp)) or _is_object(left):
                return Lit(op == "is not", at)
        if isinstance(right, Lit):
            known_at = left.at if isinstance(left, Unk) and left.at is not None else at
            return Unk(f"{describe(left)} {op} {right.value!r}", known_at)
        return Unk("a comparison", at)
    if op in ("in", "not in"):
        return _contains(machine, op, left, right, at)
    if op == "|":
        one, other = objects.deref_dict(machine, left), objects.deref_dict(machine, right)
        if one is not None and other is not None:
            return machine.alloc(merge_dicts(one, other))
    if op == "/" and isinstance(left, File):
        return _joined_path(left, [right])
    if op == "+":
        first, second = objects.elements(machine, left), objects.elements(machine, right)
        if first is not None and second is not None:
            if len(first) + len(second) > _LONG:
                return expressions.derived(machine, (left, right), _TOO_LONG, at)
            return machine.alloc(ListObj((*first, *second)))
    if isinstance(left, Lit) and isinstance(right, Lit):
        return _arithmetic(op, left, right, at)
    if op == "+" and (is_text(left) or is_text(right)):
        return format_parts(machine, [left, right], at)
    if op == "%" and is_text(left):
        return _percent(machine, left, right, at)
    if isinstance(left, Comp) or isinstance(right, Comp):
        computed = [one for one in (left, right) if isinstance(one, Comp)]
        kinds = frozenset(kind for one in computed for kind in one.kinds)
        sites = frozenset(site for one in computed for site in one.sites)
        return Comp("{" + op + "}", kinds, at, sites)
    return expressions.derived(machine, (left, right), "a computed value", at)


def _percent(machine: Machine, template: Abs, right: Abs, at: At) -> Abs:
    """`template % values`: the text where everything is known, else what it is made of."""
    values = objects.elements(machine, right)
    if values is None:
        values = (right,)
    if isinstance(template, Lit) and all(isinstance(one, Lit) for one in values):
        try:
            plain = tuple(one.value for one in values if isinstance(one, Lit))
            return Lit(str(template.value) % plain, at, template.pieces)
        except (TypeError, ValueError):
            return Unk("a format that fails", at)
    text, kinds, known = text_of(template)
    told = [text_of(one) for one in values]
    kinds = kinds.union(*(found for _, found, _ in told))
    sites = frozenset(s for one in (right, *values) for s in expressions.record_sites(machine, one))
    if sites:
        kinds = kinds | {"record"}
    elif not kinds & _SOURCE_KINDS and not (known and all(clear for _, _, clear in told)):
        kinds = frozenset()
    filled = iter(part for part, _, _ in told)
    named = re.sub(r"%(?:\(\w+\))?[srdif]", lambda found: next(filled, found.group()), text)
    return Comp(named if kinds & _SOURCE_KINDS else text, kinds, at, sites)


def _is_object(value: Abs) -> bool:
    """Whether something outside the project is certain not to be None: a module, a class, or what
    calling a class gave, but not what a method or function may give."""
    if isinstance(value, Ext):
        return True
    if not isinstance(value, Foreign) or value.path.count("()") != 1:
        return False
    name = value.path.removesuffix("()").rpartition(".")[2]
    return name[:1].isupper() or name == "connect"


def is_text(value: Abs) -> bool:
    return isinstance(value, Comp) or (isinstance(value, Lit) and isinstance(value.value, str))


# Text and lists that a program doubles again and again must not take the machine with them.
_LONG = 10_000
_TOO_LONG = "a value too long to follow"


def _arithmetic(op: str, left: Lit, right: Lit, at: At) -> Abs:
    one, other = left.value, right.value
    if isinstance(one, str) and isinstance(other, str) and op == "+":
        if len(one) + len(other) > _LONG:
            return Unk(_TOO_LONG, at)
        return Lit(one + other, at)
    if any(isinstance(value, int) and value.bit_length() > 64 for value in (one, other)):
        return Unk(_TOO_LONG, at)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        operations: dict[str, Callable[[float, float], float]] = {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "*": lambda a, b: a * b,
            "/": lambda a, b: a / b,
            "//": lambda a, b: a // b,
            "%": lambda a, b: a % b,
        }
        if op in operations:
            try:
                return Lit(operations[op](one, other), at)
            except (ZeroDivisionError, OverflowError):
                return Unk("arithmetic that fails", at)
        if op == "**" and abs(one) < 1000 and 0 <= other < 64:
            return Lit(one**other, at)
    if op == "%" and isinstance(one, str):
        return Comp(one, frozenset(), at)
    return Unk("a computed value", at)


def _contains(machine: Machine, op: str, left: Abs, right: Abs, at: At) -> Abs:
    if isinstance(left, Lit) and isinstance(right, Lit):
        if isinstance(left.value, str) and isinstance(right.value, str):
            return Lit((left.value in right.value) == (op == "in"), at)
    if isinstance(right, Ref) and isinstance(left, Lit):
        obj = machine.obj(right)
        found: bool | None = None
        if isinstance(obj, DictObj) and isinstance(left.value, str) and not obj.environment:
            slot = obj.slots.get(left.value)
            if slot is None and obj.open is None:
                found = False
            elif slot is not None and not isinstance(slot.value, (Phi, Missing)):
                found = True
        elif isinstance(obj, ListObj):
            if any(isinstance(item, Lit) and item.value == left.value for item in obj.items):
                found = True
            elif obj.exact and all(isinstance(item, Lit) for item in obj.items):
                found = False
        if found is not None:
            return Lit(found == (op == "in"), at)
    return Unk("a membership test", at)


def negate(machine: Machine, value: Abs) -> Abs:
    verdict = expressions.truth(machine, value)
    return Unk("a negation") if verdict is None else Lit(not verdict)


# Calls ----------------------------------------------------------------------------------------


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
    source = _SOURCES.get(name)
    if source is not None:
        short = name.rpartition(".")[2]
        return Comp("{" + short + "()}", frozenset((source,)), at)
    model = _MODELS.get(name)
    if model is not None:
        result = model(machine, args, dict(keywords), at)
        if model is _new_dict:
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
    if "." not in name:
        return expressions.derived(machine, values, f"the result of {name}()", at)
    if name in machine.executes_external:
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


def hidden_entries(
    machine: Machine, target: Abs, keywords: list[tuple[str, Slot]], open_args: str | None
) -> None:
    """What `**unknown` may have put into a dict beside the keywords that are seen."""
    if open_args is not None and isinstance(target, Ref):
        objects.update_dict(machine, target, DictObj(dict(keywords), open=open_args))
    elif open_args is not None:
        objects.open_dict(machine, target, open_args)


Model = Callable[["Machine", "list[Abs]", "dict[str, Slot]", At], Abs]


def _first(args: list[Abs]) -> Abs:
    return args[0] if args else Lit(None)


def _getenv(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    name = _first(args)
    default: Abs | None = args[1] if len(args) > 1 else None
    for key in ("default", "fallback"):
        if key in named:
            default = named[key].value
    if not isinstance(name, Lit) or not isinstance(name.value, str):
        return Unk("an environment variable whose name is not known", at)
    if default is None:
        default = Lit(None, at)
    return environment(name.value, default, at)


def required_variable(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """decouple.config, environs.Env, django-environ: without a default the variable must be set."""
    if len(args) > 1 or "default" in named:
        return _getenv(machine, args, named, at)
    name = _first(args)
    text = str(name.value) if isinstance(name, Lit) else "?"
    return environment(text, None, at)


def _convert(convert: Callable[[object], object]) -> Model:
    def model(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
        def one(value: Abs) -> Abs:
            if isinstance(value, Lit):
                try:
                    result = convert(value.value)
                except (TypeError, ValueError, OverflowError):
                    return Unk("a conversion that fails", at)
                if isinstance(result, (str, int, float, bool)):
                    return Lit(result, value.at)
            if isinstance(value, (Comp, Unk, Rec)):
                return value
            return expressions.derived(machine, [value], "a converted value", at)

        if not args:
            return Unk("a conversion of nothing", at)
        return machine.over(args[0], one)

    return model


def _to_int(value: object) -> object:
    return int(value) if isinstance(value, (str, int, float)) else None


def _to_float(value: object) -> object:
    return float(value) if isinstance(value, (str, int, float)) else None


def _new_dict(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:

    result = DictObj({})
    for value in args:
        inner = objects.deref_dict(machine, value)
        if inner is None:
            pairs = objects.exact_items(machine, value)
            inner = _pairs(machine, pairs) if pairs is not None else None
        if inner is None:
            inner = DictObj({}, open=f"dict({describe(value)})")
        result = merge_dicts(result, inner)
    return machine.alloc(merge_dicts(result, DictObj(dict(named))))


# A configuration file that is read line by line is run line by line, up to this many.
_LINES = 200


def file_lines(machine: Machine, file: File) -> tuple[Abs, ...] | None:
    """The lines of an opened project file; None when it cannot be read or is long."""
    found = machine.files.lines("" if file.rooted else machine.frame.path, file.path)
    if found is None or len(found[1]) > _LINES:
        return None
    path, lines = found
    machine.trace.config_files.setdefault(path, set())
    return tuple(
        Lit(line + "\n", At(path, (number, 1, number, len(line) + 1)))
        for number, line in enumerate(lines, 1)
    )


def _length(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
    if isinstance(value, Lit) and isinstance(value.value, str):
        return Lit(len(value.value), at)
    items = objects.exact_items(machine, value)
    return Lit(len(items), at) if items is not None else Unk("a length", at)


def _no_pair(value: Abs) -> bool:
    """Whether dict() and update() refuse an element: a text of two characters is a pair."""
    return isinstance(value, Lit) and not (isinstance(value.value, str) and len(value.value) == 2)


def _pairs(machine: Machine, pairs: tuple[Abs, ...]) -> DictObj | None:
    slots: dict[str, Slot] = {}
    for pair in pairs:
        parts = objects.elements(machine, pair)
        if parts is None or len(parts) != 2 or not isinstance(parts[0], Lit):
            return None
        key = parts[0]
        if not isinstance(key.value, str):
            return None
        slots[key.value] = Slot(parts[1], key.at)
    return DictObj(slots)


def _new_list(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if not args:
        return machine.alloc(ListObj(()))
    items = objects.exact_items(machine, args[0])
    if items is not None:
        return machine.alloc(ListObj(items))
    return machine.alloc(ListObj((objects.element_of(machine, args[0]),), False))


def _passes_first(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return _first(args)


def _deepcopy(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
    inner = objects.deref_dict(machine, value)
    if inner is not None:
        slots = {
            key: Slot(_deepcopy(machine, [slot.value], {}, at), slot.key_at)
            for key, slot in inner.slots.items()
        }
        return machine.alloc(replace(inner, slots=slots))
    obj = machine.obj(value) if isinstance(value, Ref) else None
    return machine.alloc(obj) if isinstance(obj, (ListObj, InstanceObj)) else value


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


def _as_dict(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
    if isinstance(value, Ref) and isinstance(machine.obj(value), InstanceObj):
        return objects.as_dict(machine, value, at)
    return expressions.derived(machine, [value], "the fields of something unknown", at)


def _enumerate(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
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
    return _first(args)


def _next(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
    if isinstance(value, KafkaClient):
        return calls.use_client(machine, value, "__next__", [], [], at)
    return objects.element_of(machine, value)


# Files ----------------------------------------------------------------------------------------


def _open(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = args[0] if args else (named["file"].value if "file" in named else Lit(None))

    def one(value: Abs) -> Abs:
        if isinstance(value, Lit) and isinstance(value.value, str):
            return File(value.value, True)
        if isinstance(value, File):
            return replace(value, opened=True)
        return Unk("a file whose name is not known", at)

    return machine.over(value, one)


def _path(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
    if isinstance(value, Lit) and isinstance(value.value, str):
        return _joined_path(File(value.value), args[1:])
    if isinstance(value, File):
        return _joined_path(value, args[1:])
    return Unk("a path that is not known", at)


def _joined_path(base: File, parts: list[Abs]) -> Abs:
    path = base.path
    for part in parts:
        if isinstance(part, Lit) and isinstance(part.value, str):
            path = posixpath.normpath(posixpath.join(path, part.value))
        else:
            return Unk("a path that is not known")
    return replace(base, path=path)


def _dirname(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = _first(args)
    return replace(value, path=posixpath.dirname(value.path)) if isinstance(value, File) else value


def _join_paths(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return _path(machine, args, named, at)


def _load(kind: str) -> Model:
    def model(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
        value = _first(args)
        if isinstance(value, Bound) and value.name == "read":
            value = value.receiver
        if kind == "dotenv" and isinstance(value, Lit) and isinstance(value.value, str):
            value = File(value.value)
        if isinstance(value, File):
            return load_file(machine, value, kind, at)
        if isinstance(value, Rec) or expressions.record_sites(machine, value):
            return Rec(expressions.record_sites(machine, value), "decoded")
        return expressions.derived(machine, [value], f"{kind} from somewhere not known", at)

    return model


def load_file(machine: Machine, file: File, kind: str, at: At) -> Abs:
    """The content of a project file named by a literal, as the loader of `kind` gives it."""
    from oncelint.flow.trees import tree_value

    found = machine.files.document("" if file.rooted else at.path, file.path)
    if found is None:
        return Unk(f"the file {file.path} is not in the project or could not be read", at)
    path, root, span = found
    machine.trace.config_files.setdefault(path, set())
    return tree_value(machine, root, path, span)


def _config_parser(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return machine.alloc(DictObj({"\0parser": Slot(Lit(True), None)}))


_MODELS: dict[str, Model] = {
    "os.environ.get": _getenv,
    "os.getenv": _getenv,
    "os.environ.setdefault": _getenv,
    "decouple.config": required_variable,
    "int": _convert(_to_int),
    "float": _convert(_to_float),
    "str": _convert(str),
    "bool": _convert(bool),
    "dict": _new_dict,
    "collections.OrderedDict": _new_dict,
    "collections.defaultdict": lambda machine, args, named, at: machine.alloc(
        DictObj({}, open="a defaultdict")
    ),
    "types.MappingProxyType": _passes_first,
    "list": _new_list,
    "tuple": _new_list,
    "set": _new_list,
    "frozenset": _new_list,
    "sorted": _new_list,
    "reversed": _new_list,
    "copy.copy": _deepcopy,
    "copy.deepcopy": _deepcopy,
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
    "multiprocessing.Process": _thread,
    "getattr": _getattr,
    "len": _length,
    "exec": _exec,
    "eval": _exec,
    "setattr": _setattr,
    "operator.setitem": _setitem,
    "os.environ.copy": lambda machine, args, named, at: machine.alloc(
        DictObj({}, open="the environment", environment=True)
    ),
    "pydantic.Field": _field,
    "pydantic.fields.Field": _field,
    "sqlmodel.Field": _field,
    "dataclasses.field": _field,
    "attr.ib": _field,
    "attrs.field": _field,
    "vars": _as_dict,
    "dataclasses.asdict": _as_dict,
    "attr.asdict": _as_dict,
    "attrs.asdict": _as_dict,
    "map": _maps,
    "enumerate": _enumerate,
    "range": _range,
    "iter": _iter,
    "aiter": _iter,
    "next": _next,
    "anext": _next,
    "open": _open,
    "io.open": _open,
    "codecs.open": _open,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "os.path.join": _join_paths,
    "os.path.dirname": _dirname,
    "os.path.abspath": _passes_first,
    "os.path.realpath": _passes_first,
    "json.load": _load("json"),
    "json.loads": _load("json"),
    "yaml.safe_load": _load("yaml"),
    "yaml.load": _load("yaml"),
    "yaml.full_load": _load("yaml"),
    "tomllib.load": _load("toml"),
    "tomli.load": _load("toml"),
    "toml.load": _load("toml"),
    "tomllib.loads": _load("toml"),
    "tomli.loads": _load("toml"),
    "toml.loads": _load("toml"),
    "configparser.ConfigParser": _config_parser,
    "configparser.RawConfigParser": _config_parser,
    "configparser.SafeConfigParser": _config_parser,
    "jproperties.Properties": _config_parser,
    "dotenv.dotenv_values": _load("dotenv"),
}


# Methods --------------------------------------------------------------------------------------


def call_method(
    machine: Machine, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs:
    receiver = func.receiver
    if isinstance(receiver, Ref):
        obj = machine.obj(receiver)
        if isinstance(obj, DictObj):
            return _dict_method(machine, receiver, obj, func.name, args, keywords, at)
        if isinstance(obj, InstanceObj) and func.name in ("model_dump", "dict"):
            return objects.as_dict(machine, receiver, at)
        if isinstance(obj, ListObj):
            return _list_method(machine, receiver, obj, func.name, args, at)
    if isinstance(receiver, Lit) and isinstance(receiver.value, str):
        return _text_method(machine, receiver, func.name, args, keywords, at)
    if isinstance(receiver, Comp):
        if func.name in ("format", "join"):
            sites = expressions.record_sites(machine, receiver) | frozenset(
                s for one in args for s in expressions.record_sites(machine, one)
            )
            return replace(receiver, at=at, sites=sites)
        return receiver
    if isinstance(receiver, File):
        return _file_method(machine, receiver, func.name, args, at)
    values = [*args, *(slot.value for _, slot in keywords)]
    if isinstance(receiver, Foreign):
        if receiver.path in ENVIRONMENT_READERS and func.name in _READER_METHODS:
            return required_variable(machine, args, dict(keywords), at)
        if func.name in ("submit", "run_in_executor", "apply_async", "to_thread", "run_sync"):
            callee = args[1:] if func.name == "run_in_executor" else args
            if callee and isinstance(callee[0], (Fn, Part, Bound)):
                result = calls.call(machine, callee[0], list(callee[1:]), keywords, at)
                return Foreign(f"{receiver.path}.{func.name}()", (result,), at)
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
        return Rec(sites, "derived") if sites else Unk(f"the result of .{func.name}()", at)

    for value in values:
        objects.open_dict(machine, value, f"passed to .{func.name}(), which cannot be seen")
    calls.hand_over(machine, values, at)
    if isinstance(receiver, (Unk, Bound)):
        sites = frozenset(s for one in values for s in expressions.record_sites(machine, one))
        if sites:
            return Rec(sites, "derived")
    return Unk(f"the result of {describe(func)}()", at)


def _dict_method(
    machine: Machine,
    ref: Ref,
    obj: DictObj,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs:

    if "\0parser" in obj.slots:
        answer = _parser_method(machine, ref, obj, name, args, keywords, at)
        if answer is not None:
            return answer
    if name == "__setitem__" and len(args) == 2:
        objects.set_item(machine, ref, args[0], args[1], at)
        return Lit(None)
    if name == "get":
        default = args[1] if len(args) > 1 else Lit(None, at)
        key = _first(args)
        if isinstance(key, Lit) and isinstance(key.value, str):
            slot = obj.slots.get(key.value)
            if slot is None and obj.environment:
                return environment(key.value, default, at)
            if slot is None:
                if obj.open is None:
                    return default
                return Unk(obj.open, at)
            return _or_default(slot.value, default)
        return expressions.derived(machine, [ref], "an entry whose key is not known", at)
    if name == "update":
        for value in args:
            inner, pairs = objects.deref_dict(machine, value), objects.exact_items(machine, value)
            if inner is None and pairs is not None:
                inner = _pairs(machine, pairs)
            if inner is None and pairs and any(_no_pair(one) for one in pairs):
                continue  # this raises at run time
            if inner is None:
                sites = expressions.record_sites(machine, value)
                slots = {"\0record": Slot(Rec(sites), None)} if sites else {}
                inner = DictObj(slots, open=f".update({describe(value)})")
            objects.update_dict(machine, ref, inner)
        if keywords:
            objects.update_dict(machine, ref, DictObj(dict(keywords)))
        return Lit(None)
    if name in ("copy", "__copy__"):
        return machine.alloc(obj)
    if name == "setdefault":
        key = _first(args)
        default = args[1] if len(args) > 1 else Lit(None, at)
        if isinstance(key, Lit) and isinstance(key.value, str):
            slot = obj.slots.get(key.value)
            value = _or_default(slot.value, default) if slot is not None else default
            if slot is None and obj.open:
                value = phi(obj.open, [("kept", Unk(obj.open)), ("set here", default)])
            key_at = slot.key_at if slot is not None else key.at
            machine.write(ref.id, replace(obj, slots={**obj.slots, key.value: Slot(value, key_at)}))
            return value
        return Unk("an entry whose key is not known", at)
    if name == "pop":
        key = _first(args)
        if isinstance(key, Lit) and isinstance(key.value, str):
            slot = obj.slots.get(key.value)
            objects.remove_item(machine, ref, key.value)
            if slot is not None:
                return slot.value
            return args[1] if len(args) > 1 and obj.open is None else Unk("a popped entry", at)
        objects.open_dict(machine, ref, "an entry was removed whose key is not known")
        return Unk("a popped entry", at)
    if name == "clear":
        machine.write(ref.id, DictObj({}))
        return Lit(None)
    if name in ("items", "keys", "values"):
        return _views(machine, ref, obj, name)
    return expressions.derived(machine, [ref, *args], f"the result of dict.{name}()", at)


def _views(machine: Machine, ref: Ref, obj: DictObj, name: str) -> Abs:
    exact = objects.exact_items(machine, ref) is not None
    items: list[Abs] = []
    for key, slot in obj.slots.items():
        literal = Lit(key, slot.key_at)
        if name == "items":
            items.append(machine.alloc(ListObj((literal, slot.value))))
        else:
            items.append(literal if name == "keys" else slot.value)
    if not exact and not items:
        items.append(Unk("an entry of a dict that is not known"))
    return machine.alloc(ListObj(tuple(items), exact))


def _or_default(value: Abs, default: Abs) -> Abs:
    if isinstance(value, Missing):
        return default
    if isinstance(value, Phi):
        return phi(value.choice, [(lb, _or_default(one, default)) for lb, one in value.branches])
    return value


def _parser_method(
    machine: Machine,
    ref: Ref,
    obj: DictObj,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs | None:
    """ConfigParser and jproperties.Properties: read a literal file, then hand out sections."""
    if name in ("read", "read_file", "load", "readfp"):
        value = _first(args)
        if isinstance(value, Lit) and isinstance(value.value, str):
            value = File(value.value)
        content = load_file(machine, value, "ini", at) if isinstance(value, File) else None
        inner = objects.deref_dict(machine, content) if content is not None else None
        if inner is None:
            machine.write(ref.id, replace(obj, open="a configuration file that is not known"))
        else:
            marker = {"\0parser": obj.slots["\0parser"]}
            machine.write(ref.id, DictObj({**marker, **inner.slots}, inner.open))
        return Lit(None)
    sections = {key: slot for key, slot in obj.slots.items() if key != "\0parser"}
    if name == "items" and args:
        section = objects.item(machine, ref, args[0], at)
        inner = objects.deref_dict(machine, section)
        return (
            _views(machine, section, inner, "items")
            if inner and isinstance(section, Ref)
            else Unk(obj.open or "a section that is not known", at)
        )
    if name in ("get", "getint", "getboolean", "getfloat") and len(args) >= 2:
        section = objects.item(machine, ref, args[0], at)
        value = objects.item(machine, section, args[1], at)
        for key, slot in keywords:
            if key == "fallback" and isinstance(value, Unk) and obj.open is None:
                return slot.value
        convert = {"getint": _to_int, "getfloat": _to_float}.get(name)
        if convert is not None:
            return _convert(convert)(machine, [value], {}, at)
        return value
    if name == "items":
        return _views(machine, ref, DictObj(sections, obj.open), "items")
    if name == "properties":
        return machine.alloc(DictObj(sections, obj.open))
    return None


def _list_method(
    machine: Machine, ref: Ref, obj: ListObj, name: str, args: list[Abs], at: At
) -> Abs:
    if name in ("append", "add", "insert", "appendleft", "put"):
        value = args[-1] if args else Lit(None)
        in_loop = bool(machine.loops)
        machine.write(ref.id, ListObj((*obj.items[:64], value), obj.exact and not in_loop))
        return Lit(None)
    if name == "extend" and args:
        extra = objects.elements(machine, args[0])
        items = extra if extra is not None else (objects.element_of(machine, args[0]),)
        exact = obj.exact and extra is not None and not machine.loops
        machine.write(ref.id, ListObj((*obj.items[:64], *items), exact))
        return Lit(None)
    if name == "copy":
        return machine.alloc(obj)
    if name in ("pop", "popleft", "get"):
        return objects.element_of(machine, ref)
    if name == "clear":
        # in a loop the list may hold what later iterations put in
        if not machine.loops:
            machine.write(ref.id, ListObj(()))
        return Lit(None)
    return expressions.derived(machine, [ref, *args], f"the result of list.{name}()", at)


def _text_method(
    machine: Machine,
    receiver: Lit,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs:
    text = str(receiver.value)
    literals = [value.value for value in args if isinstance(value, Lit)]
    known = len(literals) == len(args) and not keywords
    if name in ("strip", "lower", "upper", "title", "lstrip", "rstrip") and known:
        changed = getattr(text, name)(*[str(one) for one in literals])
        return Lit(changed, receiver.at)
    if name in ("encode", "decode", "__str__"):
        return receiver
    if name == "format":
        if known and "{" not in text.replace("{}", ""):
            try:
                if sum(len(str(one)) for one in literals) + len(text) > _LONG:
                    return Unk(_TOO_LONG, at)
                return Lit(text.format(*literals), receiver.at)
            except (IndexError, KeyError, ValueError):
                return Unk("a format that fails", at)
        parts = [*args, *(slot.value for _, slot in keywords)]
        kinds = frozenset(k for one in parts if isinstance(one, Comp) for k in one.kinds)
        sites = frozenset(s for one in parts for s in expressions.record_sites(machine, one))
        if sites:
            kinds = kinds | {"record"}
        return Comp(text, kinds, receiver.at, sites)
    if name == "join" and args:
        items = objects.elements(machine, args[0])
        if items is not None and all(isinstance(item, Lit) for item in items):
            joined = text.join(str(item.value) for item in items if isinstance(item, Lit))
            return Lit(joined, at) if len(joined) <= _LONG else Unk(_TOO_LONG, at)
        if items is not None and 0 < len(items) <= 16:
            parts_between: list[Abs] = [items[0]]
            for item in items[1:]:
                parts_between += [Lit(text), item]
            return format_parts(machine, parts_between, at)
        sites = expressions.record_sites(machine, args[0])
        return Comp("{}", frozenset(("record",)) if sites else frozenset(), at, sites)
    if name in ("split", "partition", "rpartition", "splitlines") and known:
        try:
            found = getattr(text, name)(*literals)
        except (TypeError, ValueError):
            return Unk(f"a {name} that fails", at)
        return machine.alloc(ListObj(tuple(Lit(part, receiver.at) for part in found)))
    if name == "replace" and known and len(literals) == 2:
        changed = text.replace(str(literals[0]), str(literals[1]))
        return Lit(changed, receiver.at) if len(changed) <= _LONG else Unk(_TOO_LONG, at)
    if name in ("startswith", "endswith") and known and literals:
        return Lit(bool(getattr(text, name)(str(literals[0]))), at)
    return expressions.derived(machine, args, f"the result of str.{name}()", at)


def _file_method(machine: Machine, receiver: File, name: str, args: list[Abs], at: At) -> Abs:
    if name in ("joinpath", "__truediv__"):
        return _joined_path(receiver, args)
    if name in ("with_name", "with_suffix") and args and isinstance(args[0], Lit):
        base, changed = receiver.path, str(args[0].value)
        if name == "with_suffix":
            return replace(receiver, path=posixpath.splitext(base)[0] + changed)
        return replace(receiver, path=posixpath.join(posixpath.dirname(base), changed))
    if name in ("resolve", "absolute", "expanduser", "as_posix", "__enter__"):
        return receiver
    if name == "open":
        return replace(receiver, opened=True)
    if name in ("read", "read_text", "read_bytes"):
        return receiver
    if name == "readlines":
        return replace(receiver, opened=True)
    return Unk(f"the result of {name}() on a file", at)


# Constructions --------------------------------------------------------------------------------


def making(
    machine: Machine,
    constructor: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Making:
    """The configuration block of a construction, from its arguments."""
    from oncelint.flow.blocks import block_of
    from oncelint.flow.trace import Making
    from oncelint.frameworks.python_clients import CLIENTS

    shape = CLIENTS[constructor]
    settings = DictObj({})
    topics: tuple[Abs, ...] = ()
    rest = list(args)
    named = dict(keywords)
    if shape.takes_dict:
        given = rest.pop(0) if rest else None
        for key in shape.dict_keywords:
            if given is None and key in named:
                given = named.pop(key).value
        for key in shape.other_keywords:
            named.pop(key, None)
        if given is not None:
            inner = objects.deref_dict(machine, given)
            if inner is None:
                inner = DictObj({}, open=describe(given))
            settings = merge_dicts(settings, inner)
        elif not named and open_args is None and not shape.may_be_empty:
            open_args = "no configuration that can be seen"
    else:
        if shape.topics_positional:
            topics = tuple(rest)
        for key in shape.other_keywords:
            named.pop(key, None)
    settings = merge_dicts(settings, DictObj(named, open=open_args))
    slots = {
        key: replace(slot, value=calls.settled(machine, slot.value))
        for key, slot in settings.slots.items()
    }
    block = block_of(replace(settings, slots=slots), at)
    topics = tuple(calls.settled(machine, topic) for topic in topics)
    return Making(block, topics, calls.steps_here(machine), bool(machine.calls))


if TYPE_CHECKING:
    from oncelint.flow.trace import Making
