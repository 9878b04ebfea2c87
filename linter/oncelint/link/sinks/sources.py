"""What a value derives from: parts of the record, constants, or things that change at every run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.values import (
    Abs,
    Bound,
    Built,
    ClassObj,
    Comp,
    DictObj,
    Ext,
    Fn,
    Foreign,
    InstanceObj,
    Items,
    ListObj,
    Lit,
    Missing,
    Phi,
    Rec,
    Ref,
    Unk,
)
from oncelint.model.sinks import CHANGING_KINDS, RECORD_KINDS, Source

UNKNOWN = Source(frozenset(), known=False)
CONSTANT = Source(frozenset(("constant",)))

# Calls that give the same for the same arguments, by their last name: parsing, hashing, formats.
_PURE = frozenset(
    {"uuid3", "uuid5", "UUID", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "new"}
    | {"blake2b", "blake2s", "sha3_256", "sha3_512", "crc32", "adler32", "xxh32", "xxh64"}
    | {"xxh3_64", "xxh128", "hash128", "hash64", "digest", "hexdigest", "intdigest", "update"}
    | {"hex", "hexlify", "b64encode", "urlsafe_b64encode", "encode", "decode", "loads", "dumps"}
    | {"Decimal", "Json", "Jsonb", "Binary", "fromtimestamp", "utcfromtimestamp", "fromisoformat"}
    | {"strptime", "strftime", "isoformat", "parse", "isoparse", "timestamp", "date", "replace"}
    | {"astimezone", "quantize", "as_tuple", "get", "strip", "lower", "upper", "split", "join"}
    | {"model_validate", "model_validate_json", "parse_raw", "parse_obj", "model_dump", "dict"}
    | {"from_json", "from_dict", "from_bytes", "to_dict", "asdict", "FromString", "ParseFromString"}
    | {"MessageToDict", "deserialize", "unpackb", "packb", "structure", "from_orm", "validate"}
    | {"int", "float", "str", "bytes", "Text", "ObjectId", "Int64", "copy", "items", "values"}
)
# Some are that only as methods of what such a call gave.
_METHODS = frozenset({"get", "update", "items", "values", "copy", "replace", "join", "dict"})
# Of these a method named like one above is no pure function.
_STATEFUL = frozenset({"execute", "fetch", "get", "post", "connect", "cursor", "query", "session"})
_DEPTH = 6


def source_of(machine: Machine, value: Abs | None, depth: int = 0) -> Source:
    """What a value, as the interpreter left it, derives from.

    Not known where a part of it was not followed; a choice is the union of its branches.
    """
    if value is None or depth > _DEPTH:
        return UNKNOWN
    span = getattr(value, "at", None)
    found = _source(machine, value, depth)
    if found.span is None and span is not None and span.path:
        return replace(found, span=span_of(span))
    return found


def constant(value: object) -> Source:
    """A constant of the program or the statement, with its text."""
    return Source(frozenset(("constant",)), constant="null" if value is None else str(value))


def join(sources: Iterable[Source]) -> Source:
    """The union of several sources; known when all of them are."""
    kinds: frozenset[str] = frozenset()
    known = True
    span = None
    given = tuple(sources)
    if len(given) == 1:
        return given[0]
    for one in given:
        kinds |= one.kinds
        known = known and one.known
        span = span or one.span
    if kinds - {"constant"}:
        kinds -= {"constant"}
    return Source(kinds, known, span)


def _source(machine: Machine, value: Abs, depth: int) -> Source:
    if isinstance(value, Lit):
        return constant(value.value)
    if isinstance(value, Fn) or (isinstance(value, Ext) and _is_constant(value)):
        return CONSTANT
    if isinstance(value, Rec):
        if value.part in RECORD_KINDS:
            return Source(frozenset((value.part,)))
        return Source(frozenset(("record",)), known=value.part == "decoded")
    if isinstance(value, Comp):
        return _computed(value)
    if isinstance(value, Unk):
        if value.reason.startswith("environment variable"):
            return Source(frozenset(("environment",)))
        if value.reason == "counted in a loop":
            return Source(frozenset(("sequence",)))
        return UNKNOWN
    if isinstance(value, Phi):
        given = [one for _, one in value.branches if not isinstance(one, Missing)]
        return _either([source_of(machine, one, depth + 1) for one in given])
    if isinstance(value, Items):
        return join((CONSTANT, *(source_of(machine, one, depth + 1) for one in value.items)))
    if isinstance(value, Built):
        fields = [one for _, one in value.fields]
        return join((CONSTANT, *(source_of(machine, one, depth + 1) for one in fields)))
    if isinstance(value, Ref):
        return _held(machine, value, depth)
    if isinstance(value, Bound):
        return source_of(machine, value.receiver, depth + 1)  # an attribute that is not called
    if isinstance(value, Foreign):
        return _made(machine, value, depth)
    return UNKNOWN


def _is_constant(value: Ext) -> bool:
    """uuid.NAMESPACE_URL, datetime.timezone.utc, and classes that are handed over."""
    last = value.name.rpartition(".")[2]
    return last.isupper() or last[:1].isupper() or last == "utc"


def _either(found: list[Source]) -> Source:
    """One of several sources; whether it repeats is not known where they differ in that."""
    union = join(found)
    if all(one.kinds <= {"constant", "sequence"} and one.known for one in found):
        return union  # a counter and where it begins
    if len({one.repeats() is False for one in found}) > 1:
        return Source(union.kinds - CHANGING_KINDS, False, union.span)
    return union


# What is the same for a whole day: a record that comes again seconds later meets it.
_DAY = "{today()}"
# Calls in a text that give the time itself.
_TIMES = re.compile(r"\{(?:now|utcnow|time|time_ns|monotonic|strftime)\(\)\}")


def changing(value: Comp) -> frozenset[str]:
    """What of a computed value is another one when the same record is processed again."""
    found = frozenset(str(kind) for kind in value.kinds) & CHANGING_KINDS
    if _DAY in value.template and not _TIMES.search(value.template):
        return found - {"time"}
    return found


def _computed(value: Comp) -> Source:
    kinds: frozenset[str] = frozenset(str(kind) for kind in value.kinds)
    if kinds & CHANGING_KINDS != changing(value):
        kinds = kinds - CHANGING_KINDS | changing(value) | {"other"}
    if not kinds:
        return Source(frozenset(("record",)) if value.sites else frozenset(), known=False)
    if value.sites and not kinds & RECORD_KINDS:
        kinds |= {"record"}
    known = "other" not in kinds
    if kinds & (RECORD_KINDS - {"record"}):
        kinds -= {"record"}
    return Source(kinds - {"other"}, known)


def _held(machine: Machine, value: Ref, depth: int) -> Source:
    obj = machine.obj(value)
    inner: Iterable[Abs] = ()
    known = True
    if isinstance(obj, DictObj):
        inner, known = [slot.value for slot in obj.slots.values()], obj.open is None
    elif isinstance(obj, ListObj):
        inner = obj.items
    elif isinstance(obj, InstanceObj):
        inner, known = obj.attrs.values(), obj.open is None
    elif isinstance(obj, ClassObj):
        return CONSTANT
    else:
        return UNKNOWN
    found = join((CONSTANT, *(source_of(machine, one, depth + 1) for one in inner)))
    return found if known else Source(found.kinds, False, found.span)


def _made(machine: Machine, value: Foreign, depth: int) -> Source:
    """What a library's call gave: that of its arguments, where it is known to add nothing."""
    given = join(source_of(machine, one, depth + 1) for one in value.made_from)
    if _asks_sequence(value):
        return Source(given.kinds | {"sequence"}, given.known)
    steps = [step.removesuffix("[]") for step in value.path.split("()") if step.strip("[]")]
    names = [step.rpartition(".")[2] for step in steps]
    pure = bool(names) and all(name in _PURE for name in names)
    pure = pure and (len(names) > 1 or names[0] not in _METHODS)
    if pure and not set(names[:-1]) & _STATEFUL and value.made_from:
        return given
    kinds = given.kinds & (RECORD_KINDS | CHANGING_KINDS)
    return Source(kinds, known=False)


def _asks_sequence(value: Foreign) -> bool:
    """Whether the database was asked for the next number of a sequence."""
    return any(
        isinstance(one, Lit) and isinstance(one.value, str) and "nextval(" in one.value.lower()
        for one in value.made_from
    )
